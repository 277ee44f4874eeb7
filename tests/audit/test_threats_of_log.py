"""Each fault in a log of its own is found by its number, and a clean log has none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_log import Search, log, search

from fairwatt.audit.audit import Audit
from fairwatt.audit.log import Log
from fairwatt.audit.matched import rules
from fairwatt.audit.settings import Settings
from fairwatt.audit.threats_of_log import threat_finding
from fairwatt.fairness.threats import THREATS, State
from fairwatt.registry import make_benchmark

RNG = np.random.default_rng(11)
ERRORS = RNG.uniform(0.2, 0.9, (2, 12))
COSTS = RNG.uniform(0.5, 1.5, 12)


def clean(change: Callable[[str, int, dict[str, Any]], None] | None = None, seeds: int = 20) -> Log:
    """Three methods that ask for eight of twelve configurations, each at one price."""
    searches: list[Search] = []
    for place, method in enumerate(("evolution", "model", "rs")):
        for seed in range(seeds):
            order = np.random.default_rng([place, seed]).permutation(12)[:8]
            columns: dict[str, Any] = {
                "errors": ERRORS[0][order],
                "configs": [f"c{which}" for which in order],
                "costs": COSTS[order],
                "fidelities": [108.0] * 8,
                "tests": ERRORS[1][order],
            }
            if change is not None:
                change(method, seed, columns)
            searches.append(search(method, seed, columns.pop("errors"), **columns))
    return log(searches)


def audited(made: Log) -> Audit:
    return Audit(made, Settings(rules=rules("as recorded, common")))


def states(made: Log) -> dict[int, State]:
    return {finding.threat.number: finding.state for finding in audited(made).findings}


def state(made: Log, number: int) -> State:
    return threat_finding(audited(made), THREATS[number - 1]).state


def twice_as_long(method: str, seed: int, columns: dict[str, Any]) -> None:
    if method == "model":
        for name, values in columns.items():
            columns[name] = np.tile(values, 2)


def one_favourite(method: str, seed: int, columns: dict[str, Any]) -> None:
    if method == "rs":
        columns["configs"] = ["c0"] * 7 + ["c1"]


def impossible_for_nothing(method: str, seed: int, columns: dict[str, Any]) -> None:
    """The model is better, after forty impossible proposals that nobody paid."""
    if method == "model":
        columns |= {
            "errors": np.concatenate([np.full(40, np.inf), columns["errors"] - 0.15]),
            "configs": [None] * 40 + columns["configs"],
            "costs": np.concatenate([np.zeros(40), columns["costs"]]),
            "fidelities": [108.0] * 48,
            "tests": np.concatenate([np.full(40, np.nan), columns["tests"]]),
        }


def noise_again(method: str, seed: int, columns: dict[str, Any]) -> None:
    columns["configs"] = ["c0", "c0", *columns["configs"][2:]]


def cheap_lengths(method: str, seed: int, columns: dict[str, Any]) -> None:
    columns["fidelities"] = [4.0 if place == int(np.argmin(columns["errors"])) else 108.0 for place in range(8)]


def own_prices(method: str, seed: int, columns: dict[str, Any]) -> None:
    if method == "model":
        columns["costs"] = columns["costs"][::-1]


def free_request(method: str, seed: int, columns: dict[str, Any]) -> None:
    columns["costs"] = np.concatenate([[0.0], columns["costs"][1:]])


def copied_seed(method: str, seed: int, columns: dict[str, Any]) -> None:
    if method == "model" and seed == 7:
        order = np.random.default_rng([1, 6]).permutation(12)[:8]
        columns |= {
            "errors": ERRORS[0][order],
            "configs": [f"c{which}" for which in order],
            "costs": COSTS[order],
            "tests": ERRORS[1][order],
        }


def test_as_validation(method: str, seed: int, columns: dict[str, Any]) -> None:
    columns["tests"] = columns["errors"]


test_as_validation.__test__ = False  # type: ignore[attr-defined]


def proportional(method: str, seed: int, columns: dict[str, Any]) -> None:
    columns["configs"] = [f"c{place % 4}" for place in range(8)]
    columns["fidelities"] = [4.0] * 4 + [108.0] * 4
    columns["costs"] = np.concatenate([COSTS[:4], 27 * COSTS[:4]])


def test_a_clean_log_shows_none() -> None:
    found = states(clean())
    assert len(found) == len(THREATS) == 26
    assert State.FAIL not in found.values()
    passed = {number for number, state in found.items() if state is State.PASS}
    assert passed >= {1, 7, 11, 12, 15, 16, 18}
    assert found[5] is found[10] is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (twice_as_long, 1),
        (one_favourite, 3),
        (twice_as_long, 7),
        (noise_again, 10),
        (copied_seed, 13),
        (cheap_lengths, 14),
        (own_prices, 15),
        (free_request, 16),
        (test_as_validation, 18),
        (proportional, 25),
    ],
)
def test_each_fault_is_found(change: Callable[[str, int, dict[str, Any]], None], number: int) -> None:
    assert state(clean(change), number) is State.FAIL


def test_more_than_all_that_was_asked_for_is_a_fault_only_of_a_space_that_is_known() -> None:
    reference = make_benchmark("toy-cells").reference()
    made = clean(twice_as_long)
    untold = threat_finding(audited(made), THREATS[22])
    assert untold.state is State.NOT_TOLD
    assert "as much as the 12 configurations that anybody asked for" in untold.evidence
    assert "Whether a search costs more than training everything" in " ".join(audited(made).conclusions)
    spent = made.frame.groupby("seed")["cost"].sum().max()
    for price, expected in ((spent, State.PASS), (spent / 100, State.FAIL)):
        table = replace(reference, energy_kwh=np.full(len(reference.keys), price / len(reference.keys)))
        known = Audit(made, Settings(rules=rules("common"), tables={"s": table}))
        assert threat_finding(known, THREATS[22]).state is expected
    part = Audit(made, Settings(rules=rules("common"), tables={"s": replace(table, notes=("partial: 5 of 9 cells",))}))
    assert threat_finding(part, THREATS[22]).state is State.NOT_TOLD


def test_fronts_of_the_same_fidelities_were_not_therefore_free_to_choose_them() -> None:
    def two_lengths(method: str, seed: int, columns: dict[str, Any]) -> None:
        columns |= {"fidelities": [4.0, 108.0] * 4, "energies": COSTS[:8]}

    made = audited(clean(two_lengths, seeds=3))
    mixed = threat_finding(made, THREATS[5])
    assert mixed.state is State.NOT_TOLD
    assert "whether each could choose them freely" in mixed.evidence
    assert "the largest energy of the log and an error of 1" in threat_finding(made, THREATS[21]).evidence
    assert "exact, over all permutations of the ranks" in threat_finding(made, THREATS[11]).evidence


def test_few_and_single_searches() -> None:
    assert state(clean(seeds=19), 12) is State.FAIL
    assert state(clean(seeds=2), 11) is State.PASS
    assert state(clean(seeds=1), 11) is State.FAIL


def test_a_price_for_the_impossible_that_turns_a_statement_round_is_a_fault() -> None:
    found = threat_finding(audited(clean(impossible_for_nothing)), THREATS[3])
    assert found.threat.number == 4
    assert found.state is State.FAIL
    assert "62.5% of all requests are impossible; 100% of those are recorded at no cost" in found.evidence


def test_a_log_without_costs_records_none_of_the_impossible_either() -> None:
    def failing(method: str, seed: int, columns: dict[str, Any]) -> None:
        columns |= {"errors": [np.inf, *columns["errors"][1:]], "costs": 1.0}

    made = clean(failing)
    counted = Log(made.frame, "evaluations", made.error_unit, True, made.sources)
    found = threat_finding(audited(counted), THREATS[3])
    assert found.state is State.NOT_TOLD
    assert found.evidence.endswith("are impossible; no cost is recorded, and each counts as one evaluation")
    assert [policy.name for policy in audited(counted).policies] == ["as recorded"]  # their smallest price is 1 as well


def test_so_few_that_nothing_can_be_found_is_said() -> None:
    for seeds, said in (
        (3, "the smallest pair can find no difference, for its smallest exact p is 0.1 (0.2 by"),
        (9, "an A12 of "),
    ):
        assert said in threat_finding(audited(clean(seeds=seeds)), THREATS[11]).evidence
    assert all(np.isnan(contrast.detectable) for contrast in audited(clean(seeds=3)).contrasts)
    assert all(0.5 < contrast.detectable < 1 for contrast in audited(clean(seeds=9)).contrasts)


def test_a_log_without_configurations_or_costs_is_silent_about_them() -> None:
    def bare(method: str, seed: int, columns: dict[str, Any]) -> None:
        columns |= {"configs": [None] * 8, "costs": 1.0, "tests": None}

    made = clean(bare)
    counted = Log(made.frame, "evaluations", made.error_unit, True, made.sources)
    found = states(counted)
    assert {found[number] for number in (1, 3, 5, 10, 15, 16, 18, 23, 25)} == {State.NOT_TOLD}
    words = " ".join(audited(counted).conclusions)
    for missing in ("Nothing about cost", "repeats and samplers", "test error: there is none"):
        assert missing in words
