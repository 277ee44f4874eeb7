"""The page: nothing remote, everything named once, every figure with its numbers; hostile names are text."""

import copy
import csv
import dataclasses
import gc
import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from fairwatt.analysis.across_verdict import AcrossVerdict
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.load import Results, load
from fairwatt.analysis.statistics import Interval
from fairwatt.analysis.verdict import Comparison, Outcome
from fairwatt.errors import UserError
from fairwatt.problem import Reference
from fairwatt.report import (
    across_sections,
    curve_sections,
    front_sections,
    hitting_sections,
    page,
    provenance_sections,
    section,
    spend_sections,
    verdict_sections,
)
from fairwatt.report.captions import brief
from fairwatt.report.page import render, verdicts_csv, write_report
from fairwatt.report.section import Material, Part, Section
from fairwatt.sealed import DamagedFileError

VOID_TAGS = {"meta", "input", "br", "img", "link"}


class Element:
    """A node of the parsed page."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: "Element | None") -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element] = []
        self.text = ""

    def all(self, *tags: str) -> "Iterator[Element]":
        for child in self.children:
            if not tags or child.tag in tags:
                yield child
            yield from child.all(*tags)


class Tree(HTMLParser):
    """The page as a tree; tags that do not close as they opened are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        assert len(element.attributes) == len(attrs), f"an attribute of {tag} is there twice"
        self.here.children.append(element)
        if tag not in VOID_TAGS:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.text += data


def test_the_page_is_well_formed_and_whole(rendered: str) -> None:
    root = Tree(rendered).root
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    ids = Counter(element.attributes["id"] for element in root.all() if "id" in element.attributes)
    assert set(ids.values()) == {1}
    links = [link.attributes["href"] for link in root.all("a")]
    assert len(links) > 10
    assert all(link[1:] in ids for link in links)
    assert all(
        part in ids
        for element in root.all()
        for name in ("aria-describedby", "aria-labelledby")
        for part in element.attributes.get(name, "").split()
    )
    levels = [int(heading.tag[1]) for heading in root.all("h1", "h2", "h3")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_every_figure_a_table(rendered: str) -> None:
    root = Tree(rendered).root
    tables, figures = list(root.all("table")), list(root.all("figure"))
    assert len(figures) >= 5
    assert len(tables) > len(figures)
    for table in tables:
        (caption,) = table.all("caption")
        assert "".join(child.text for child in caption.all()).strip()
        assert all(heading.attributes["scope"] in ("col", "row", "colgroup") for heading in table.all("th"))
        spans = [sum(int(cell.attributes.get("colspan", "1")) for cell in row.children) for row in table.all("tr")]
        assert len(set(spans)) == 1
    for figure in figures:
        (drawn,) = [svg for svg in figure.all("svg") if svg.attributes.get("role") == "img"]
        assert drawn.attributes["aria-label"]
        assert list(figure.all("figcaption"))
        assert list(figure.all("tbody"))
        assert any("hit" in mark.attributes.get("class", "") for mark in drawn.all("rect", "circle"))


def test_figures_and_tables_of_a_space_say_seeds_budgets_and_policy(
    rendered: str, comparisons: list[Comparison]
) -> None:
    (comparison,) = comparisons
    policy = f"policy {comparison.books[0].policy.policy_id}."
    root = Tree(rendered).root
    captions = {caption.text for caption in root.all("figcaption")}
    assert len(captions) == len(list(root.all("figure")))
    for caption in captions:
        assert "n = 6 seeds; " in caption
        assert "toy-cells" in caption
        assert " full" in caption
        assert caption.endswith(policy)
    told = f"n = 6 seeds; 5 and 10 full; {policy}"
    for part in (
        parent for parent in root.all("div") if parent.attributes.get("id") in ("verdicts", "spend", "numbers")
    ):
        assert [(line.tag, line.text) for line in part.children[1:3]] == [("h3", "toy-cells"), ("p", told)]


def test_captions_count_the_seeds_that_they_are_of(results: Results) -> None:
    kept = [run for run in results.runs["toy-cells"] if run.header.arm != "re" or run.header.seed > 0]
    (comparison,) = dataclasses.replace(results, runs={"toy-cells": tuple(kept)}).comparisons()
    policy = comparison.books[0].policy.policy_id
    assert brief(comparison, ["rs", "re"], comparison.books) == f"n = 5 to 6 seeds; 5 and 10 full; policy {policy}"
    assert brief(comparison, ["rs", "re"], (), paired=True) == f"n = 5 seeds; policy {policy}"
    material = Material(results, [comparison])
    for made, told in (
        (curve_sections.anytime(material), "n = 5 to 6 seeds; 5 and 10 full; "),
        (curve_sections.ranks(material), "n = 5 seeds; 5 and 10 full; "),
        (hitting_sections.to_target(material), "n = 5 to 6 seeds; 10 full; "),
    ):
        assert told in made.parts[0].drawings[0].caption


def test_arms_that_can_be_switched_off_are_called_as_in_figures(results: Results) -> None:
    runs = [
        dataclasses.replace(run, header=dataclasses.replace(run.header, optimizer="semoa-release"))
        if run.header.arm == "semoa"
        else run
        for run in results.runs["toy-cells"]
    ]
    changed = dataclasses.replace(results, runs={"toy-cells": tuple(runs)})
    switches = next(Tree(page._page(Material(changed, changed.comparisons()), [])).root.all("label")).parent
    assert switches is not None
    assert [span.text for span in switches.all("span")] == ["rs", "re", "semoa (semoa-release)"]


def test_nothing_is_remote_and_nothing_runs_but_what_is_named(rendered: str) -> None:
    root = Tree(rendered).root
    elements = list(root.all())
    assert not {element.tag for element in elements} & {"iframe", "object", "link", "embed", "form", "base"}
    names = {name for element in elements for name in element.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "style" not in names  # the policy would refuse it
    sources = [
        e.attributes[name] for e in elements for name in ("src", "href", "action", "data") if name in e.attributes
    ]
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    (policy,) = [e.attributes["content"] for e in root.all("meta") if "http-equiv" in e.attributes]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    (script,), (style,) = root.all("script"), root.all("style")
    assert page._hash(script.text) in policy
    assert page._hash(style.text) in policy
    bare = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]*|http-equiv|http://www\.w3\.org/2000/svg", "", rendered)
    assert "http" not in bare
    assert "url(" not in bare


def test_page_one_says_who_won_by_how_much_and_what_flips(rendered: str, comparisons: list[Comparison]) -> None:
    root = Tree(rendered).root
    answers = next(section for section in root.all("section") if "answers" in section.attributes["aria-labelledby"])
    statements = list(answers.all("li"))
    verdicts = [verdict for comparison in comparisons for verdict in comparison.verdicts]
    assert len(statements) == len(verdicts) == 4
    assert all(next(iter(item.all("span"))).text == "VOID" for item in statements)
    sections = [e.attributes["aria-labelledby"].removesuffix("-title") for e in root.all("section")]
    assert sections[:3] == ["answers", "glance", "verdicts"]
    assert sections[-1] == "again"
    shown = [e for e in root.all("section") if not [c for c in e.children if c.tag == "details"]]
    assert len(shown) == 3  # everything else is one click deeper


def test_hostile_names_are_text(hostile_page: Path, hostile: str) -> None:
    text = hostile_page.read_text(encoding="utf-8")
    root = Tree(text).root
    assert "&lt;script&gt;" in text
    assert len(list(root.all("script"))) == 1
    assert not [name for element in root.all() for name in element.attributes if name.startswith("on")]
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert hostile[:200] not in text  # nowhere in full: 5,000 characters would bury the page
    assert not list(root.all("img"))


@pytest.mark.slow
def test_the_page_is_the_same_for_the_same_results(rendered: str, results: Results) -> None:
    assert render(results, results.comparisons()) == rendered  # computed again from the files


def test_files_are_written_beside_the_page(results: Results, comparisons: list[Comparison], tmp_path: Path) -> None:
    write_report(results, comparisons, tmp_path / "r.html", tmp_path / "figures")
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    wanted = ("regret", "hypervolume-regret", "ranks-single", "fronts-5-full", "fronts-10-full", "targets-multi")
    wanted += tuple(f"differences-{arm}" for arm in comparisons[0].endpoints.arms(RANKINGS[1]) if arm != "rs")
    assert {f"toy-cells-{figure}.svg" for figure in wanted} <= set(names)
    assert "var(" not in (tmp_path / "figures" / "toy-cells-regret.svg").read_text()
    assert (tmp_path / "r.csv").is_file()


def test_no_figure_of_a_page_replaces_another(results: Results, comparisons: list[Comparison]) -> None:
    drawing = curve_sections.anytime(Material(results, comparisons)).parts[0].drawings[0]
    names = ("a/b", "a?b", "A b", "x" * 500, "x" * 501)
    drawings = tuple(dataclasses.replace(drawing, name=name) for name in names)
    files = page.figure_files([Section("s", "s", (Part("space", drawings=drawings),))])
    assert len({file.lower() for file in files}) == len(names)
    assert max(map(len, files)) < 130


def test_rules_are_those_of_the_spaces(results: Results, comparisons: list[Comparison]) -> None:
    def told(*of: Comparison) -> str:
        return " ".join(provenance_sections.rules(Material(results, of)).parts[-1].notes)

    tested = comparisons[0]
    untested = _with(tested, dataclasses.replace(tested.reference, has_test=False))
    untested.space = "blind"
    assert "in whole nanojoules" in told(tested)
    assert "the true test error (the mean" in told(tested)
    assert "the true validation error, since there is no test metric, (the mean" in told(untested)
    both = told(tested, untested)
    assert "test error (validation error on blind, where there is no test metric) (the mean" in both
    assert ("Over several spaces" in told(tested), "Over several spaces" in both) == (False, True)
    for outcome in Outcome:
        assert f"{outcome}: " in both
    timed = copy.copy(tested)
    timed.books = tuple(
        dataclasses.replace(book, policy=dataclasses.replace(book.policy, currency="time")) for book in tested.books
    )
    assert "in whole nanoseconds" in told(timed)


def test_over_spaces_each_is_said_and_what_bounds_the_ratio() -> None:
    verdict = AcrossVerdict(
        kind="multi",
        budget="30 full",
        arm="a",
        reference="rs",
        outcome=Outcome.WIN,
        winner="a",
        outcomes={"s": Outcome.WIN, "t": Outcome.INCONCLUSIVE},
        spaces=("s", "t"),
        strata=(("s",), ("t",)),
        win_rate=0.7,
        ratio=Interval(2.0, 1.5, 3.0),
        effect=-0.5,
        p=0.001,
        p_holm=0.002,
        reversals=(),
        reasons=(),
        ends={"t": "simulated"},
    )
    text = across_sections._sentence(verdict).text
    assert "by itself s is WIN, t is INCONCLUSIVE." in text
    assert "3.00] (a bound; random search on t: simulated no further), win rate" in text


def test_a_section_is_a_function(
    results: Results, comparisons: list[Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    def extra(material: Material) -> Section:
        return Section("extra", "One more <thing>", (Part(notes=(f"{len(material.comparisons)} space",)),))

    monkeypatch.setattr(page, "SECTIONS", (extra, lambda material: None))
    text = render(results, comparisons)
    assert "One more &lt;thing&gt;" in text
    assert "<li>1 space</li>" in text


def test_the_csv_has_a_row_for_each_verdict_and_no_formulas(comparisons: list[Comparison]) -> None:
    rows = list(csv.DictReader(io.StringIO(verdicts_csv(comparisons))))
    assert len(rows) == len(comparisons[0].verdicts) == 4
    assert {row["outcome"] for row in rows} == {"VOID"}
    assert {row["too_small"] for row in rows} == {"False"}
    assert not [value for row in rows for value in row.values() if value[:1] in "=@" and value]


def test_no_file_of_somebody_else_is_replaced(
    results: Results, comparisons: list[Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, page_file = tmp_path / "runs.csv", tmp_path / "runs.html"
    log.write_text("seed,val_error\n1,0.5\n")
    with monkeypatch.context() as patch:
        patch.setattr(page, "SECTIONS", (lambda material: pytest.fail("computed before it looked"),))
        with pytest.raises(UserError, match=r"runs\.csv: is there and not of a report.*--out"):
            write_report(results, comparisons, page_file)
    assert log.read_text() == "seed,val_error\n1,0.5\n"
    assert [path.name for path in tmp_path.iterdir()] == ["runs.csv"]
    log.unlink()
    monkeypatch.setattr(page, "SECTIONS", ())
    write_report(results, comparisons, page_file)
    first = log.read_text()
    write_report(results, comparisons, page_file)  # what a report wrote it may replace
    assert log.read_text() == first == verdicts_csv(comparisons)


def test_the_search_for_garbage_goes_on_after_a_report(
    results: Results, comparisons: list[Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(material: Material) -> Section:
        assert not gc.isenabled()
        raise UserError("no section")

    monkeypatch.setattr(page, "SECTIONS", (fails,))
    with pytest.raises(UserError, match="no section"):
        write_report(results, comparisons, tmp_path / "r.html")
    assert gc.isenabled()


def test_only_claims_have_flips_in_the_csv(comparisons: list[Comparison]) -> None:
    made = copy.copy(comparisons[0])
    first = dataclasses.replace(made.verdicts[0], flips=("currency=time",))
    made.__dict__["verdicts"] = tuple(
        dataclasses.replace(first, outcome=outcome) for outcome in (Outcome.INCONCLUSIVE, Outcome.POLICY_DEPENDENT)
    )
    assert [row["flips"] for row in csv.DictReader(io.StringIO(verdicts_csv([made])))] == ["", "currency=time"]


def test_heat_says_grey_where_it_is_and_nothing_of_cells_without_claims() -> None:
    rates = (0.44, 0.45, 0.451, 0.5, 0.549, 0.55, 0.56, float("nan"))
    assert [verdict_sections._tenth(rate) for rate in rates] == [4, 4, 5, 5, 5, 6, 6, 5]
    counts = ({"flips": 1, "recorded": 2}, {"flips": 0, "recorded": 0}, None)
    assert [verdict_sections._share(row) for row in counts] == ["1 of 2", "-", "-"]
    assert "grey between .45 and .55" in verdict_sections.HEAT_LEAD


def test_what_optimizers_computed_is_shown_with_how_it_was_made_joules(
    results: Results, comparisons: list[Comparison]
) -> None:
    table = spend_sections.overhead(comparisons[0], Material(results, comparisons))
    assert [row[:3] for row in table.rows] == [
        (arm, budget, "6") for budget in ("5 full", "10 full") for arm in ("rs", "re", "semoa")
    ]
    assert all(0 < float(row[3]) <= float(row[4]) for row in table.rows)
    assert table.columns[3:] == ("CPU s, median", "max", "J, median", "% of budget, median", "max", "flag")
    assert float(table.rows[0][5]) == pytest.approx(10 * float(table.rows[0][3]), rel=1e-3)
    assert "10 W a core x PUE 1, declared and not measured" in table.caption
    assert results.provenance[-1]["system"] in table.caption
    assert results.references["toy-cells"].energy_label in table.caption


def test_what_searches_would_have_emitted_is_shown_with_what_it_is_not(
    results: Results, comparisons: list[Comparison]
) -> None:
    material = Material(results, comparisons)
    spaces, everything = spend_sections.spend(material).parts
    carbon, deployment = spaces.tables[-2:]
    assert carbon.columns[3:6] == ("energy, kWh", "PUE contained", "g CO2e at 20")
    assert [row[4] for row in carbon.rows] == ["1"] * 6
    for row in carbon.rows:
        assert float(row[-1].replace(",", "")) == pytest.approx(800 * float(row[3]), rel=1e-3)
    for words in (
        "consumed none of these energies",
        "nothing is ranked",
        "20, 100, 250, 500 and 800 g/kWh",
        "no places",
    ):
        assert words in carbon.caption
    assert [row[:2] for row in deployment.rows[:3]] == [("single", "rs"), ("single", "re"), ("single", "rs")]
    assert "inference" in deployment.caption
    (total,) = everything.tables
    spent = sum(run.spent_kwh for runs in results.runs.values() for run in runs)
    assert total.rows[0][:2] == ("toy-cells", "18")
    assert float(total.rows[0][2]) == pytest.approx(spent, rel=1e-3)

    untold = spend_sections.carbon(comparisons[0], dataclasses.replace(results, overheads={}))
    assert untold["pue"].isna().all()
    noted = dict(results.overheads)
    noted["toy-cells", "re"] = {0: dataclasses.replace(next(iter(noted["toy-cells", "re"].values())), pue=1.5)}
    assert spend_sections.carbon(comparisons[0], dataclasses.replace(results, overheads=noted))["pue"].isna().all()


def test_mean_fronts_stand_below_the_surfaces(results: Results, comparisons: list[Comparison]) -> None:
    section = front_sections.fronts(Material(results, comparisons))
    assert section is not None
    (table,) = (part.tables[-1] for part in section.parts)
    assert [row[:3] for row in table.rows] == [
        (arm, budget, "6") for budget in ("5 full", "10 full") for arm in ("rs", "semoa")
    ]
    assert table.columns[3:] == ("fronts", "threshold, %", "expectation", "mean", "deviation")


def test_provisional_results_say_so_at_the_top(
    results: Results, comparisons: list[Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "SECTIONS", ())
    changed = dataclasses.replace(results, extended=(3,))
    text = render(changed, comparisons)
    assert "<strong>Provisional:</strong> seeds were added after 3 had been run." in text


@pytest.mark.slow
def test_several_spaces_are_pooled_and_what_cannot_be_pooled_is_said(
    results: Results, comparisons: list[Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(section, "DRAWS", 99)
    other = _with(comparisons[0], dataclasses.replace(comparisons[0].reference, name="again"))
    other.space = "again"
    alone, both = Material(results, comparisons), Material(results, [*comparisons, other])
    assert (across_sections.across(alone), across_sections.summaries(alone)) == (None, None)
    found, summaries = across_sections.across(both), across_sections.summaries(both)
    assert found is not None
    assert summaries is not None
    (first,), others = found.parts, summaries.parts
    assert [sentence.badge for sentence in first.sentences] == ["VOID"] * 4
    assert first.notes == ("Spaces that hold the same networks count as one stratum: toy-cells, again.",)
    assert len(others) == 2
    assert all("no critical-difference diagram" in part.notes[0] for part in others)
    captions = " ".join(table.caption for part in others for table in part.tables)
    assert "Interquartile mean of hypervolume regret at 10 full" in captions
    assert "needs two independent spaces or more" in captions


def test_multiples_without_the_repeats_are_said_to_be_too_small(comparisons: list[Comparison]) -> None:
    before = comparisons[0].reference
    old = dataclasses.replace(before, replicates=3, val_repeats=None, energy_repeats=None)
    told = [
        "too small" in " ".join(provenance_sections._caveats(changed))
        for changed in (_with(comparisons[0], old), comparisons[0])
    ]
    assert told == [True, False]


def _with(comparison: Comparison, reference: Reference) -> Comparison:
    changed = copy.copy(comparison)
    changed.reference = reference
    return changed


def test_unfinished_and_damaged_folders_are_said(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    runs = sorted(copy.glob("toy-cells/re/*/*/*.json"))
    runs[0].unlink()
    assert load(copy).missing == (("toy-cells", "re", 0),)
    content = bytearray(runs[1].read_bytes())
    content[100] ^= 1
    runs[1].write_bytes(content)
    with pytest.raises(DamagedFileError, match="does not match its seal"):
        load(copy)
    with pytest.raises(UserError, match=r"no study\.json"):
        load(tmp_path)


def test_the_protocol_is_the_studys(results: Results) -> None:
    protocol = results.protocol
    assert (protocol.reference_arm, protocol.budgets, protocol.min_seeds) == ("rs", ("5 full", "10 full"), 21)
