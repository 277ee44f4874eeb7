"""The page and the words: nothing remote, nothing that runs, nothing that says more than was found."""

import csv
import dataclasses
import io
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import fairwatt
from fairwatt.analysis.attainment import attainment_surface
from fairwatt.analysis.load import Results, load
from fairwatt.analysis.outcome import Equivalent, Outcome, Verdict
from fairwatt.analysis.statistics import Interval
from fairwatt.errors import UserError
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import Study
from fairwatt.registry import OPTIMIZERS
from fairwatt.report import figures, page
from fairwatt.report.page import render, tone, verdicts_csv
from fairwatt.report.wording import outcome, p_value, sentence, verdict_table
from fairwatt.sealed import DamagedFileError

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
STUDY = Study(
    study="small",
    spaces=("toy-cells",),
    optimizers=("rs", "re", "semoa"),  # type: ignore[arg-type]
    seeds=tuple(range(6)),
    budgets=("5 full", "10 full"),
    min_seeds=21,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("results")
    run_study(STUDY, where, executor="serial")
    return where


def test_of_a_large_table_a_sample_is_drawn_and_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[np.ndarray] = []
    monkeypatch.setattr(figures, "fronts", lambda cloud, *found, **labels: drawn.append(cloud))
    monkeypatch.setattr(figures, "svg", lambda figure: b"")
    comparison = load(folder).comparisons()[0]
    captions = [page._fronts(comparison)["caption"]]
    monkeypatch.setattr(page, "MOST_POINTS", 100)
    captions += [page._fronts(comparison)["caption"] for _ in range(2)]
    assert [len(cloud) for cloud in drawn] == [2_532, 100, 100]
    np.testing.assert_array_equal(drawn[1], drawn[2])
    assert captions[0].endswith("on the cloud of all configurations.")
    assert captions[1].endswith("100 of 2,532 configurations. Those were drawn at random; the true front is of all.")


class _Page(HTMLParser):
    """Tags, and every attribute that could fetch or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.mark.slow
def test_the_page_is_self_contained_and_inert(folder: Path) -> None:
    results = load(folder)
    text = render(results, results.comparisons())
    page = _Page(text)
    assert not page.tags & {"script", "iframe", "object", "link", "embed", "form"}
    assert not page.handlers
    assert all(source.startswith(("data:image/svg+xml;base64,", "#")) for source in page.sources)
    assert "default-src 'none'" in text
    assert text.count("<img") >= 5
    assert "http" not in re.sub(r"data:image[^\"]*|http-equiv", "", text)


@pytest.mark.slow
def test_hostile_names_are_text(folder: Path) -> None:
    results = load(folder)
    benchmark = fairwatt.make_benchmark("toy-cells")
    factory = OPTIMIZERS.load("re")
    hostile = [fairwatt.run(benchmark, factory, seed=s, budget="10 full", label=HOSTILE) for s in STUDY.seeds]
    runs = tuple(run for run in results.runs["toy-cells"] if run.header.arm == "rs") + tuple(hostile)
    study = {**results.study, "study": HOSTILE}
    changed = dataclasses.replace(results, runs={"toy-cells": runs}, study=study)
    text = render(changed, changed.comparisons())
    assert "&lt;script&gt;" in text
    page = _Page(text)
    assert "script" not in page.tags
    assert not page.handlers


@pytest.mark.slow
def test_the_page_is_the_same_for_the_same_results(folder: Path) -> None:
    results = load(folder)
    assert render(results, results.comparisons()) == render(results, results.comparisons())


def test_the_csv_has_a_row_for_each_verdict_and_no_formulas(folder: Path) -> None:
    results = load(folder)
    comparisons = results.comparisons()
    rows = list(csv.DictReader(io.StringIO(verdicts_csv(comparisons))))
    assert len(rows) == len(comparisons[0].verdicts) == 4
    assert {row["outcome"] for row in rows} == {"VOID"}
    assert not [value for row in rows for value in row.values() if value[:1] in "=@" and value]


def test_what_optimizers_computed_is_shown_with_how_it_was_made_joules(folder: Path) -> None:
    results = load(folder)
    table = page._overhead(results.comparisons()[0], results)
    assert [row[:3] for row in table.rows] == [
        (arm, budget, "6") for budget in ("5 full", "10 full") for arm in ("rs", "re", "semoa")
    ]
    assert all(0 < float(row[3]) <= float(row[4]) for row in table.rows)
    assert table.columns[3:] == ("CPU s, median", "max", "J, median", "% of budget, median", "max", "flag")
    assert float(table.rows[0][5]) == pytest.approx(10 * float(table.rows[0][3]), rel=1e-3)
    assert "10 W a core x PUE 1, declared and not measured" in table.caption
    assert results.provenance[-1]["system"] in table.caption
    assert results.references["toy-cells"].energy_label in table.caption


def test_unfinished_and_damaged_folders_are_said(folder: Path, tmp_path: Path) -> None:
    import shutil

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


def test_the_protocol_is_the_studys(folder: Path) -> None:
    results: Results = load(folder)
    protocol = results.protocol
    assert (protocol.reference_arm, protocol.budgets, protocol.min_seeds) == ("rs", ("5 full", "10 full"), 21)


# -- words


def verdict(**changes: object) -> Verdict:
    """A verdict with plausible numbers."""
    defaults: dict[str, object] = {
        "space": "s",
        "kind": "single",
        "endpoint": "regret",
        "budget": "30 full",
        "arm": "re",
        "reference": "rs",
        "factor": "1",
        "reference_factor": "1",
        "seeds": 30,
        "outcome": Outcome.WIN,
        "winner": "re",
        "win_rate": 0.8,
        "a12": 0.7,
        "difference": Interval(-0.1, -0.2, -0.05),
        "p": 0.0001,
        "p_holm": 0.0004,
        "arm_equivalent": Equivalent(Interval(3.0, 2.0, 4.0), False),
        "reference_equivalent": Equivalent(Interval(1.0, 0.9, 1.1), False),
        "ratio": Interval(3.0, 2.0, 4.0),
        "effect_low": 0.7,
        "effect_high": 0.9,
        "cells": (),
        "flips": (),
        "reasons": (),
        "detectable": 0.75,
    }
    return Verdict(**{**defaults, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "re wins; lower regret on 80% of paired seeds (Holm p < .001)"),
        ({"winner": "rs", "win_rate": 0.2}, "rs wins; lower regret on 80% of paired seeds"),
        ({"outcome": Outcome.WIN_SMALL}, "by a small margin"),
        ({"outcome": Outcome.EQUIVALENT, "winner": ""}, "equivalent within 10 %"),
        ({"outcome": Outcome.INCONCLUSIVE, "winner": ""}, "nothing can be said; 30 seeds detect a win rate of 0.75"),
        (
            {"outcome": Outcome.POLICY_DEPENDENT, "winner": "", "flips": ("currency=time",)},
            "flips under currency=time",
        ),
        ({"outcome": Outcome.VOID, "winner": "", "reasons": ("3 paired seeds",)}, "no verdict, because 3 paired seeds"),
        ({"factor": "4"}, "re (4 x budget) v. rs at 30 full"),
        ({"arm_equivalent": Equivalent(Interval(9.1, 8.0, 9.1), True)}, "9.10x [8.00, 9.10], censored"),
    ],
)
def test_each_outcome_has_its_sentence(changes: dict[str, object], words: str) -> None:
    assert words in sentence(verdict(**changes))


def test_tables_name_the_winner_and_colour_by_outcome() -> None:
    table = verdict_table([verdict(), verdict(outcome=Outcome.VOID, winner="", reasons=("why",))], "single")
    assert [row[table.verdict] for row in table.rows] == ["WIN: re", "VOID"]
    assert table.rows[1][-1] == "why"
    tones = [tone(outcome(verdict(outcome=kind, winner=""))) for kind in Outcome]
    assert tones == ["win", "win", "", "policy", "", "void"]


def test_p_values_are_never_zero() -> None:
    assert [p_value(p) for p in (0.0, 0.0009, 0.05, math.nan)] == ["< .001", "< .001", "0.050", "-"]


# -- attainment


@pytest.mark.parametrize(("percentile", "corners"), [(50.0, [[1, 3], [2, 2], [3, 1]]), (100.0, [[2, 3], [3, 2]])])
def test_known_answer_11_attainment(percentile: float, corners: list[list[int]]) -> None:
    sets = [np.array([[1.0, 3.0], [3.0, 1.0]]), np.array([[2.0, 2.0]])]
    found = attainment_surface(sets, percentile)
    assert sorted(found.tolist()) == corners


def test_runs_without_a_full_training_count_as_reaching_nothing() -> None:
    one, nothing = np.array([[2.0, 2.0]]), np.empty((0, 2))
    assert attainment_surface([one, nothing]).tolist() == [[2.0, 2.0]]
    assert attainment_surface([one, nothing, nothing]).tolist() == []
    assert attainment_surface([one, one, nothing, np.array([[1.0, 1.0]])]).tolist() == [[2.0, 2.0]]


def test_a_long_axis_label_stays_within_the_figure() -> None:
    """The label of `digits-regnet-hpo`'s energy, beside the widest legend that a cloud has."""
    points = np.array([[0.05, 0.9], [0.2, 0.1]])
    label = (
        "training energy, kWh (modelled; full-size network on NVIDIA GPU (Quadro RTX 6000, doubtful) and its host CPUs,"
        " as carbontracker 1.1.7 measured them; ecnas-gpu, PUE 1.59, extrapolated to grouped convolutions and "
        "squeeze-and-excitation)"
    )
    figure = figures.fronts(
        points,
        points,
        {"rs": points},
        x_label=label,
        y_label="test error",
        cloud_label="20,000 of 180,360 configurations",
    )
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    for text in (axes.xaxis.label, axes.yaxis.label, legend):
        extent = text.get_window_extent()
        assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= extent.y0 < extent.y1 <= figure.bbox.y1
