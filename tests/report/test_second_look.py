"""What the page shows for who doubts a verdict: indicators, tests and profiles, the same as in print."""

import copy
import dataclasses
from functools import partial
from itertools import islice

import numpy as np
import pandas as pd
import pytest

import fairwatt
from fairwatt.analysis.across import Across, seed_tests
from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import End, Query
from fairwatt.report import across_sections, curve_sections, front_sections, hitting_sections, study_exhibits, tables
from fairwatt.report.captions import ended_early
from fairwatt.report.exhibits import EXHIBITS
from fairwatt.report.gallery import Sitting, Wish, find
from fairwatt.report.section import Drawing, Material
from fairwatt.report.wording import TextTable


@pytest.fixture(scope="module")
def three_arms(results: Results) -> Material:
    """With a third single-objective arm, without which Friedman has no test."""
    search = partial(fairwatt.run, fairwatt.make_benchmark("toy-cells"), "ls", budget="10 full")
    runs = (*results.runs["toy-cells"], *(search(seed=seed) for seed in results.study["seeds"]))
    more = dataclasses.replace(results, runs={"toy-cells": runs})
    return Material(more, more.comparisons())


def _printed(called: str, material: Material) -> TextTable:
    ((sheet, _),) = tables.find(called).make(material, "")
    return TextTable(sheet.caption, sheet.columns, sheet.rows)


def test_friedman_stands_beside_the_ranks_where_there_are_three_arms(
    three_arms: Material, results: Results, comparisons: list[Comparison]
) -> None:
    (part,) = curve_sections.ranks(three_arms).parts
    shown, printed = part.tables[-1], _printed("friedman", three_arms)
    assert (shown.columns, shown.rows) == (printed.columns, printed.rows)
    assert "a claim about this space only" in shown.caption
    assert shown.columns[-4:] == ("p, Friedman", "q, Friedman", "p, Nemenyi", "Holm p, Wilcoxon")
    found = seed_tests(three_arms.comparisons[0])
    assert [row[:3] for row in shown.rows] == found[["kind", "budget", "arm"]].to_records(index=False).tolist()
    assert {row[2] for row in shown.rows} == {"rs", "re", "ls"}
    (part,) = curve_sections.ranks(Material(results, comparisons)).parts
    assert not [table for table in part.tables if "Friedman" in table.caption]


def test_attainment_tests_stand_beside_the_differences(results: Results, comparisons: list[Comparison]) -> None:
    material = Material(results, comparisons)
    section = front_sections.differences(material)
    assert section is not None
    ((shown,),) = (part.tables for part in section.parts)
    printed = _printed("attainment-tests", material)
    assert (shown.columns, shown.rows) == (printed.columns, printed.rows)
    p = comparisons[0].attainment_tests()["p"].tolist()
    assert [row[shown.columns.index("p, swaps")] for row in shown.rows] == [f"{each:.3f}" for each in p]


def test_distances_from_the_true_front_are_medians_of_multi_objective_arms(
    results: Results, comparisons: list[Comparison]
) -> None:
    section = front_sections.fronts(Material(results, comparisons))
    assert section is not None
    table = section.parts[0].tables[0]
    heads = ("arm", "budget", "hypervolume regret", "hypervolume regret, log energy", "IGD+", "additive epsilon")
    assert table.columns == heads
    assert [row[:2] for row in table.rows] == [
        (arm, budget) for budget in ("5 full", "10 full") for arm in ("rs", "semoa")
    ]
    finals = comparisons[0].finals()
    for row in table.rows:
        own = finals[(finals["arm"] == row[0]) & (finals["budget"] == row[1])]
        for place, indicator in enumerate(front_sections._INDICATORS, start=2):
            assert float(row[place].split()[0]) == pytest.approx(np.median(own[indicator]), abs=0.0051)


@optimizer("four")
def _four(problem: Problem, rng: np.random.Generator) -> Search:
    """Ends after four trainings, on some seeds."""
    for config in islice(problem.starts(rng), 4 if rng.integers(2) else None):
        yield Query(config)


def test_runs_that_ended_early_are_told_below_their_curves(results: Results) -> None:
    benchmark = fairwatt.make_benchmark("toy-cells")
    runs = [fairwatt.run(benchmark, _four, seed=seed, budget="10 full") for seed in results.study["seeds"]]
    early = sum(run.end is End.ENDED_EARLY for run in runs)
    assert 0 < early < len(runs)
    (comparison,) = dataclasses.replace(results, runs={"toy-cells": (*results.runs["toy-cells"], *runs)}).comparisons()
    told = f"Ended early, and carried forward: {early} of 6 runs of four."
    assert ended_early(comparison, comparison.arms, comparison.books) == told
    assert ended_early(comparison, ["rs", "re"], comparison.books) == ""
    material = Material(results, [comparison])
    sections = [curve_sections.anytime(material), curve_sections.ranks(material), hitting_sections.to_target(material)]
    for section in sections:
        single, multi = (drawing.caption for drawing in section.parts[0].drawings)
        assert told in single
        assert "Ended early" not in multi
    for figure in ("regret", "ranks-single", "targets-single"):
        (exhibit,) = find(EXHIBITS, figure)
        sitting = Sitting(results, (comparison,), material.styles, exhibit.ranking, Wish(), 3.5)
        ((_, _, caption),) = exhibit.draw(sitting)
        assert told in caption


def test_profiles_over_spaces_are_drawn_at_the_largest_budget(results: Results, comparisons: list[Comparison]) -> None:
    other = copy.copy(comparisons[0])
    other.space = "toy-again"
    material = Material(results, [comparisons[0], other])
    section = across_sections.summaries(material)
    assert section is not None
    assert [part.heading for part in section.parts] == ["single-objective arms", "multi-objective arms"]
    drawings: list[Drawing] = [drawing for part in section.parts for drawing in part.drawings]
    assert [drawing.name for drawing in drawings] == ["profiles-single", "profiles-multi"]
    assert "at 10 full" in drawings[0].caption
    assert "n = 6 seeds of each arm in each of 2 spaces" in drawings[0].caption
    table = drawings[0].table
    assert table.columns == ("arm", "0.01", "0.0316", "0.1", "0.316", "1")
    pooled = material.pooled
    assert isinstance(pooled, Across)
    runs = np.concatenate([of_space["re"] for of_space in pooled.scores(pooled.rankings()[0], "10 full").values()])
    row = next(row for row in table.rows if row[0] == "re")
    shares = [float(cell.split("\u00a0")[0].split()[0]) for cell in row[1:]]
    assert shares == pytest.approx([(runs <= tau).mean() for tau in (0.01, 0.031623, 0.1, 0.316228, 1.0)], abs=0.0006)
    assert "at τ = 1\n" in drawings[0].panel.svg("")
    assert drawings[0].panel.x.low == across_sections.first_tau(pooled.profiles(pooled.rankings()[0], "10 full")) < 0.5


def test_profiles_begin_where_nobody_is_yet() -> None:
    frame = pd.DataFrame({"tau": [0.1, 0.2, 0.4] * 2, "share": [0.0, 0.0, 0.5, 0.0, 0.25, 1.0]})
    assert across_sections.first_tau(frame) == 0.1
    assert across_sections.first_tau(frame[frame["share"] > 0]) == 0.2


def test_the_reference_is_black_under_whatever_name(
    results: Results, comparisons: list[Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(study_exhibits, "forest", lambda rows, **how: drawn.append((list(rows), how["reference"])))
    monkeypatch.setattr(Comparison, "legend", lambda comparison, arm: f"{arm} (named)")
    other = copy.copy(comparisons[0])
    other.space = "toy-again"
    both = (comparisons[0], other)
    (exhibit,) = find(EXHIBITS, "iqm-single")
    list(exhibit.draw(Sitting(results, both, Material(results, both).styles, exhibit.ranking, Wish(), 3.5)))
    assert drawn == [(["rs (named)", "re (named)"], "rs (named)")]
