"""Tables and figures of a small study as files: right numbers, widths, fonts and bytes, and what is refused."""

import copy
import csv
import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from numpy.typing import NDArray

from fairwatt import cli
from fairwatt.analysis.load import Results
from fairwatt.analysis.outcome import NOT_EQUIVALENT, Equivalent, Outcome
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval
from fairwatt.analysis.verdict import Comparison
from fairwatt.cli_export import figure, table
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.report import ink, tables, verdict_sections
from fairwatt.report import table_makers as make
from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.exhibits import EXHIBITS
from fairwatt.report.gallery import Gallery, Wish, find
from fairwatt.report.plate import inches, rendered
from fairwatt.report.printed_frame import aligned, estimates_of
from fairwatt.report.section import Material
from fairwatt.report.typeset import latex, markdown


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    app = typer.Typer()
    app.command()(table)
    app.command()(figure)
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.chdir(tmp_path)

    def ran(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairwatt", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capfd.readouterr())

    return ran


def test_a_table_has_every_number_and_its_caption(run, folder: Path, comparisons: list[Comparison]) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("table", folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [float(row["win_rate"]) for row in rows] == [verdict.win_rate for verdict in comparisons[0].verdicts]
    code, out, _ = run("table", folder, "--kind", "single")
    reference = comparisons[0].reference
    for words in (
        "n = 6 seeds",
        "5 full and 10 full",
        reference.data_sha256[:12],
        "Holm over the",
        "| re v. rs | VOID |",
    ):
        assert words in out
    assert comparisons[0].books[0].policy.policy_id in out
    assert "semoa v. rs" not in out


def test_multiples_that_are_too_small_are_marked_with_a_note_below(
    results: Results, comparisons: list[Comparison]
) -> None:
    single = [verdict for verdict in comparisons[0].verdicts if verdict.kind == "single"]
    first = replace(single[0], arm_equivalent=Equivalent(Interval(3.0, 2.0, 4.0), censored=False))
    others = [replace(verdict, arm_equivalent=NOT_EQUIVALENT) for verdict in single[1:]]
    for replicates, marked in ((3, True), (1, False)):
        comparison = copy.copy(comparisons[0])
        comparison.reference = replace(comparison.reference, replicates=replicates, val_repeats=None)
        for verdicts, said in (((first, *others), marked), (tuple(others), False)):
            comparison.verdicts = verdicts
            ((sheet, frame),) = tables.find("verdicts").make(Material(results, [comparison]), "single")
            cells = ["3.00x [2.00, 4.00]" + ", too small" * said] if first in verdicts else []
            assert [row[7] for row in sheet.rows] == [*cells, *["-"] * len(others)]
            assert frame["too_small"].tolist() == [said] * len(cells) + [False] * len(others)
            for text in (markdown(sheet), latex(sheet)):
                assert text.count(", too small") == said
                assert text.count("Too small: random search needs more than is said here, since the results") == said


def test_only_claims_have_flips_in_print(results: Results, comparisons: list[Comparison]) -> None:
    comparison, first = copy.copy(comparisons[0]), comparisons[0].verdicts[0]
    cell = SensitivityCell("currency=time", True, True, 0.8, -0.1, 0.01, True, "")
    claims = (Outcome.INCONCLUSIVE, Outcome.POLICY_DEPENDENT, Outcome.WIN)
    flips = [("currency=time",), ("currency=time",), ()]
    comparison.verdicts = tuple(
        replace(first, outcome=outcome, cells=(cell,), flips=names)
        for outcome, names in zip(claims, flips, strict=True)
    )
    ((sheet, _),) = tables.find("verdicts").make(Material(results, [comparison]), first.kind)
    assert [row[8] for row in sheet.rows] == ["-", "1 of 1", "0 of 1"]


@pytest.mark.slow
def test_every_table_can_be_made_or_says_why_not(results: Results) -> None:
    for each in tables.TABLES:
        if each.name in ("pooled", "across", "heat-map", "crossings", "friedman", "tuning"):  # two arms in each ranking
            with pytest.raises(UserError):
                tables.tables(results, each.name)
            continue
        made = tables.tables(results, each.name, every=True)
        for sheet, frame in made:
            assert len(frame)
            assert {len(row) for row in sheet.rows} <= {len(sheet.columns)}


def test_the_page_and_the_overhead_table_count_in_percent(results: Results) -> None:
    ((sheet, frame),) = tables.tables(results, "overhead")
    place = sheet.columns.index("% of budget, median")
    assert float(sheet.rows[0][place]) == pytest.approx(100 * frame["share"].iloc[0], rel=0.01)


def test_only_the_overhead_table_counts_in_percent(results: Results, comparisons: list[Comparison]) -> None:
    for called, heads in (
        ("flips", ["cell", "flips", "recorded", "share", "claims"]),
        ("attainment-tests", ["share", "reference share"]),
    ):
        ((sheet, _),) = tables.find(called).make(Material(results, comparisons), "")
        assert list(sheet.columns)[-len(heads) :] == heads


def test_sums_of_carbon_are_of_all_searches_whatever_their_kind(results: Results) -> None:
    (arms,), (total,) = (tables.tables(results, called) for called in ("carbon", "carbon-sums"))
    spent = sum(run.spent_kwh for runs in results.runs.values() for run in runs)
    assert total[1]["sum_kwh"].tolist() == pytest.approx([spent])
    assert total[1]["co2e_kg_at_500"].tolist() == pytest.approx([spent / 2])
    assert set(arms[1]["arm"]) == {"rs", "re", "semoa"}
    ((_, frame),) = tables.tables(results, "carbon", kind="multi")
    assert set(frame["arm"]) == {"rs", "semoa"}


def test_numbers_of_a_column_line_up() -> None:
    assert aligned([0.5, 12.25, float("nan")]) == ["0.50", "12.25", "-"]
    assert aligned([1e-9, 3.0]) == ["1e-09", "3"]
    assert aligned([4e-8, 1.5e-4]) == ["4e-08", "0.00015"]  # six decimals would make a zero of the first
    assert aligned([3.0, 1200.0]) == ["3", "1,200"]
    assert estimates_of([0.5, np.nan], [0.25, np.nan], [np.inf, np.nan]) == ["0.500 [0.250, ∞]", "-"]


@pytest.mark.slow
def test_figures_are_the_same_bytes_undated_with_their_fonts(results: Results) -> None:
    import matplotlib

    with matplotlib.rc_context({"pdf.compression": 0}):
        made = [
            rendered(picture.figure, ("pdf", "svg"))
            for _ in range(2)
            for picture in Gallery(results).pictures(find(EXHIBITS, "regret"))
        ]
    assert made[0] == made[1]
    assert b"/FontFile2" in made[0]["pdf"]
    assert b"/Subtype /Type3" not in made[0]["pdf"]
    assert b"CreationDate" not in made[0]["pdf"]
    assert b'width="252pt"' in made[0]["svg"]  # 3.5 inches


@pytest.mark.slow
def test_all_figures_are_drawn_or_refused_with_a_reason(results: Results) -> None:
    gallery = Gallery(results, (), Wish(width=7.16))
    stems = [picture.stem for picture in gallery.pictures(EXHIBITS)]
    assert "small-toy-cells-regret" in stems
    assert "small-toy-cells-differences-semoa-rs" in stems
    assert len(set(stems)) == len(stems) >= 10
    refused = {refusal.split(" on ")[0].split(":")[0] for refusal in gallery.refusals}
    assert {"profiles-single", "iqm-single", "improvement-multi", "heat-map-single"} <= refused


def test_a_figure_of_some_arms_shows_those(results: Results) -> None:
    (picture,) = Gallery(results, (), Wish("5 full", ("re",))).pictures(find(EXHIBITS, "regret"))
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["re"]
    assert "Budget: 5 full (" in picture.caption
    assert picture.figure.axes[0].get_xlim()[1] == pytest.approx(5 * 1.05)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("figure", "{}", "regrets"), "did you mean 'regret'"),
        (("figure", "{}", "regret", "--space", "toy-cell"), "did you mean 'toy-cells'"),
        (("figure", "{}", "regret", "--arms", "rs,rex"), "unknown arm 'rex'"),
        (("figure", "{}", "regret", "--budget", "5 ful"), "did you mean '5 full'"),
        (("figure", "{}", "regret", "--width", "wide"), "expected single"),
        (("figure", "{}", "regret", "-o", "a.pdf", "--format", "svg"), "--format svg makes .svg files"),
        (("figure", "{}", "regret", "-o", "a.jpg"), ".pdf, .svg, .png"),
        (("figure", "{}", "regret", "-o", "no/a.pdf"), "there is no folder no"),
        (("figure", "{}", "ranks", "-o", "a.pdf"), "ranks is 2 figures"),
        (("figure", "{}", "differences", "--arms", "semoa,re"), "re: not in the multi-objective ranking"),
        (("figure", "{}", "profiles-single"), "pooling needs two different spaces"),
        (("table", "{}", "--what", "verdict"), "did you mean 'verdicts'"),
        (("table", "{}", "--kind", "duo"), "unknown kind"),
        (("table", "nowhere"), "holds no results"),
        (("table",), "fairwatt table --what list"),
        (("table", "{}", "--format", "word"), "unknown format"),
    ],
)
def test_mistakes_are_one_line(run, folder: Path, words: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(*(str(folder) if word == "{}" else word for word in words))
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_only_its_own_files_are_written_over(run, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    paper = tmp_path / "paper.tex"
    paper.write_text("\\documentclass{article}")
    code, _, err = run("table", folder, "-o", paper)
    assert code == 2
    assert "was not made by this command" in err
    assert paper.read_text() == "\\documentclass{article}"
    for _ in range(2):
        assert run("table", folder, "-o", tmp_path / "t.tex")[0] == 0
        code, out, _ = run("figure", folder, "regret", "--format", "png", "--width", "3")
        assert code == 0
        assert "n = 6 seeds" in out
    picture = tmp_path / "small-toy-cells-regret.png"
    assert int.from_bytes(picture.read_bytes()[16:20], "big") == 900  # 3 inches of 300 dots
    picture.write_bytes(b"a holiday")
    assert run("figure", folder, "regret", "--format", "png")[0] == 2
    assert picture.read_bytes() == b"a holiday"


def test_widths() -> None:
    assert [inches(width) for width in ("single", "double", "5")] == [3.5, 7.16, 5.0]
    for width in ("nan", "1", "-3", "inf"):
        with pytest.raises(UserError):
            inches(width)


def test_names_are_shown_as_they_are() -> None:
    import matplotlib.text

    for given, plain in (("a$b$c", "a$b$c"), ("_x", " _x"), ("中", "\\u4e2d")):
        text, formula = matplotlib.text.Text()._preprocess_math(ink.shown(given))  # type: ignore[attr-defined]
        assert (text, formula) == (plain, False)


def test_arms_in_colour_differ_in_colour_and_dashes_for_everybody() -> None:
    arms = tuple(f"arm-{place}" for place in range(30))
    looks = ink.inks(ArmStyles(arms, "arm-3"), arms[::-1])
    bright = [look for look in looks.values() if look.bright]
    assert looks["arm-3"].color == ink.BLACK
    assert len({look.color for look in bright}) == len({str(look.linestyle) for look in bright}) == len(bright) == 8
    for matrix in (np.eye(3), PROTAN, DEUTAN):
        seen = np.array([_lab(matrix @ _linear(colour)) for colour in (ink.BLACK, *ink.COLOURS)])
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
        assert apart.min() > 12  # 2.3 is just noticeable


PROTAN = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)  # Machado, Oliveira and Fernandes 2009
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])


def _linear(colour: str) -> NDArray[np.float64]:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: NDArray[np.float64]) -> list[float]:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089])
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def test_the_list_needs_no_results(run) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("table", "--what", "list")
    assert (code, err) == (0, "")
    assert all(each.name in out for each in tables.TABLES)


def test_mean_ranks_are_printed_at_every_primary_budget(results: Results, comparisons: list[Comparison]) -> None:
    ((sheet, frame),) = tables.find("ranks").make(Material(results, comparisons), "")
    assert [row[:3] for row in sheet.rows] == [
        (kind, budget, arm)
        for kind, arms in (("single", ("rs", "re")), ("multi", ("rs", "semoa")))
        for budget in ("5 full", "10 full")
        for arm in arms
    ]
    assert len(frame) > 10 * len(sheet.rows)  # the CSV file has the ranks in between
    ranks, rounded = comparisons[0].ranks(), copy.copy(comparisons[0])
    rounded.ranks = lambda: ranks.assign(spent_full=np.nextafter(ranks["spent_full"], np.inf))  # type: ignore[method-assign]
    assert make.ranks(rounded, results)["budget"].tolist() == frame["budget"].tolist()


def test_both_captions_of_statistics_say_what_of_them_is_of_validation(
    results: Results, comparisons: list[Comparison]
) -> None:
    material = Material(results, comparisons)
    ((sheet, _),) = tables.find("statistics").make(material, "")
    (part,) = verdict_sections.numbers(material).parts
    assert {"p better", "p rope"} < set(part.tables[0].columns) & set(sheet.columns)
    for caption in (sheet.caption, part.tables[0].caption):
        assert "p better, rope and worse are of what random search needs" in caption


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(UnknownNameError, match="verdicts"):
        tables.find("verdict")
