"""A small study on disk, its page, and the same with an arm of a hostile name."""

import dataclasses
from pathlib import Path

import pytest

import fairwatt
from fairwatt.analysis.load import Results, load
from fairwatt.analysis.verdict import Comparison
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import Study
from fairwatt.registry import OPTIMIZERS
from fairwatt.report.page import render, write_report

STUDY = Study(
    study="small",
    spaces=("toy-cells",),
    optimizers=("rs", "re", "semoa"),  # type: ignore[arg-type]
    seeds=tuple(range(6)),
    budgets=("5 full", "10 full"),
    min_seeds=21,
)
HOSTILE = (
    "\"'><script>alert(1)</script></title></svg><img src=x onerror=alert(2)>\u202e"
    "<a href=javascript:alert(3)>x</a>{{ 7 * 7 }}" + "w" * 5_000
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("results")
    run_study(STUDY, where, executor="serial")
    return where


@pytest.fixture(scope="session")
def results(folder: Path) -> Results:
    return load(folder)


@pytest.fixture(scope="session")
def comparisons(results: Results) -> list[Comparison]:
    return results.comparisons()


@pytest.fixture(scope="session")
def rendered(results: Results, comparisons: list[Comparison]) -> str:
    return render(results, comparisons)


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def hostile_page(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in which an arm and the study are called HOSTILE."""
    benchmark, factory = fairwatt.make_benchmark("toy-cells"), OPTIMIZERS.load("re")
    runs = [fairwatt.run(benchmark, factory, seed=s, budget="10 full", label=HOSTILE) for s in STUDY.seeds]
    kept = [run for run in results.runs["toy-cells"] if run.header.arm != "re"]
    changed = dataclasses.replace(
        results, runs={"toy-cells": (*kept, *runs)}, study={**results.study, "study": HOSTILE}
    )
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    write_report(changed, changed.comparisons(), path)
    return path
