"""Runs without a study: what their headers say, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from fairwatt.analysis.from_headers import protocol_of
from fairwatt.analysis.protocol import ComparisonError, Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.experiments.runner import run
from fairwatt.ledger import AccountingPolicy
from fairwatt.records import Run

SPACE = "toy-cells"


@pytest.fixture(scope="module")
def runs() -> tuple[Run, ...]:
    return tuple(run(SPACE, arm, seed=seed, budget="8 full") for arm in ("rs", "re") for seed in (0, 1))


def _changed(runs: tuple[Run, ...], **fields: Any) -> list[Run]:
    """The last run, of re with seed 1, says something else."""
    return [*runs[:-1], replace(runs[-1], header=replace(runs[-1].header, **fields))]


def _all(runs: tuple[Run, ...], **fields: Any) -> list[Run]:
    return [replace(one, header=replace(one.header, **fields)) for one in runs]


def test_rules_and_truth_are_those_of_the_headers(runs: tuple[Run, ...]) -> None:
    comparison = Comparison.of(runs, draws=99)
    assert comparison.protocol == Protocol(
        reference_arm="rs", budgets=("8 full",), policy=AccountingPolicy(fidelity="scratch").to_json()
    )
    assert comparison.reference.val_repeats is not None
    (verdict,) = comparison.verdicts
    assert (verdict.arm, verdict.reference, verdict.seeds, verdict.budget) == ("re", "rs", 2, "8 full")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("space", "digits-cells-5v"),
        ("sampler", "raw"),
        ("data_sha256", "other"),
        ("fidelities", (1.0,)),
        ("initial", 4),
        ("policy", AccountingPolicy(duplicates="charged").to_json()),
        ("tariff", {}),
    ],
)
def test_runs_that_differ_are_refused_by_field_and_run(runs: tuple[Run, ...], name: str, value: Any) -> None:
    with pytest.raises(ComparisonError, match=rf"^{name} differs: .* in rs \(seed 0\), .* in re \(seed 1\)"):
        Comparison.of(_changed(runs, **{name: value}))


def test_budgets_that_differ_are_refused(runs: tuple[Run, ...]) -> None:
    with pytest.raises(ComparisonError, match=r"budget differs: 8 full in rs .*, 9 full in re"):
        Comparison.of(_changed(runs, budget=runs[0].header.budget * 9 // 8, budget_text="9 full"))


def test_seeds_that_differ_are_refused(runs: tuple[Run, ...]) -> None:
    with pytest.raises(ComparisonError, match=r"seeds differ: rs has a run of seed 1, re .* has none"):
        Comparison.of(runs[:-1])
    with pytest.raises(ComparisonError, match=r"seeds differ: rs has a run of seed 1, re .* has none"):
        Comparison.of(_changed(runs, seed=2))


@pytest.mark.parametrize(
    ("name", "value", "here"),
    [("data_sha256", "older", "toy"), ("sampler", "clever", "uniform"), ("fidelities", (0.5, 1.0), r"\(0.03")],
)
def test_another_space_than_the_installed_one_is_refused(
    runs: tuple[Run, ...], name: str, value: Any, here: str
) -> None:
    with pytest.raises(ComparisonError, match=rf"{name} differs: .* in rs \(seed 0\), {here}.* in toy-cells as inst"):
        Comparison.of(_all(runs, **{name: value}))


def test_the_sampler_is_that_of_the_headers() -> None:
    raw = [
        replace(one, header=replace(one.header, sampler="raw"))
        for one in (run(SPACE, arm, seed=0, budget="8 full") for arm in ("rs", "re"))
    ]
    assert Comparison.of(raw).space == SPACE


def test_random_search_is_the_reference_whatever_its_label(runs: tuple[Run, ...]) -> None:
    other = [replace(one, header=replace(one.header, arm="mine")) for one in runs[:2]]
    assert protocol_of([*other, *runs[2:]]).reference_arm == "mine"
    assert protocol_of([*other, *runs]).reference_arm == "rs"
    third = [replace(one, header=replace(one.header, arm="other")) for one in runs[:2]]
    for without in (list(runs[2:]), [*other, *third]):
        with pytest.raises(ComparisonError, match=r"arms of random search among .*; name the reference"):
            protocol_of(without)
    with pytest.raises(ComparisonError, match="nothing to compare"):
        protocol_of([])
