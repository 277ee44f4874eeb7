"""What the page shows for who doubts a verdict: indicators, tests and profiles, the same as in print."""

import copy
import dataclasses
from functools import partial

import numpy as np
import pytest

import fairwatt
from fairwatt.analysis.across import Across, seed_tests
from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.report import across_sections, curve_sections, front_sections, tables
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
    assert shown.columns[-3:] == ("p, Friedman", "p, Nemenyi", "Holm p, Wilcoxon")
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
    assert table.columns == ("arm", "budget", "hypervolume regret", "IGD+", "additive epsilon")
    assert [row[:2] for row in table.rows] == [
        (arm, budget) for budget in ("5 full", "10 full") for arm in ("rs", "semoa")
    ]
    finals = comparisons[0].finals()
    for row in table.rows:
        own = finals[(finals["arm"] == row[0]) & (finals["budget"] == row[1])]
        for place, indicator in enumerate(("hypervolume_regret", "igd_plus", "epsilon_additive"), start=2):
            assert float(row[place].split()[0]) == pytest.approx(np.median(own[indicator]), abs=0.0051)


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
