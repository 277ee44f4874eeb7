"""Re-pricing first, re-runs where that is not enough."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from synthetic import World, world

from fairwatt.analysis.gates import check_again
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.verdict import Comparison, ComparisonError, Outcome, Protocol, Verdict
from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.records import Run
from fairwatt.streams import stream

WORLD = world(400, trade_off=1.0, spread=1.0)
SIZED = replace(WORLD.reference, params=np.linspace(1e5, 1e6, 400))
AT_30 = Protocol(budgets=("30 full",))
SEEDS = range(24)
BOTH = {"kinds": ("single", "multi")}
SEES = {"kinds": ("multi",), "objectives": ("val_error", "energy_kwh")}


def search_of(space: World, arm: str, seed: int, best: int, length: int = 100, first: int = 0, **header: Any) -> Run:
    """A search of networks that are among the best so many."""
    good = np.argsort(space.reference.val_error)[first:best]
    keys = stream("optimizer", space.reference.name, seed, arm).choice(good, size=length).tolist()
    return space.record([space.ask(key) for key in keys], arm, seed, **header)


def _runs(arm: str = "a", best: int = 40, **header: Any) -> list[Run]:
    runs = [WORLD.random_search("rs", seed, 100, **BOTH) for seed in SEEDS]
    return runs + [search_of(WORLD, arm, seed, best, **header) for seed in SEEDS]


def _only(comparison: Comparison) -> tuple[Verdict, dict[str, SensitivityCell]]:
    (verdict,) = comparison.verdicts
    return verdict, {cell.name: cell for cell in verdict.cells}


def test_energy_errors_are_cells_that_no_claim_needs() -> None:
    verdict, cells = _only(Comparison(_runs(), SIZED, AT_30))
    assert verdict.outcome is Outcome.WIN
    names = ["fidelity ratio", "size slope +0.1", "size slope -0.1", *(f"energy spread {draw}" for draw in (1, 2, 3))]
    assert [cells[name].recorded for name in names] == [True] * 6
    assert not any(cells[name].required or cells[name].flips for name in names)
    assert verdict.unavailable == ("budget x 2", "another device")
    assert cells["another device"].note == "not recorded: the space knows the energies of one device only"


def test_an_arm_that_sees_energies_keeps_its_claim_and_names_what_was_not_tried() -> None:
    verdict, cells = _only(Comparison(_runs(**SEES), SIZED, AT_30))
    assert (verdict.kind, verdict.outcome, verdict.winner) == ("multi", Outcome.WIN, "rs")  # best errors, no front
    assert cells["fidelity ratio"].recorded  # only full trainings: it was told of the same energies
    assert set(verdict.unavailable) == {
        "budget x 2",
        "size slope +0.1",
        "size slope -0.1",
        "another device",
        *(f"energy spread {draw}" for draw in (1, 2, 3)),
    }
    assert cells["energy spread 1"].note == "not recorded: what a saw would have changed, and it was not run again"


def test_other_currencies_have_no_energy_errors() -> None:
    runs = [
        replace(run, header=WORLD.record([], run.header.arm, run.header.seed, policy=policy, **BOTH).header)
        for policy in [AT_30.primary("30 full", False).policy.of({"currency": "time"})]
        for run in _runs(**BOTH)
    ]
    protocol = replace(AT_30, policy={"currency": "time"})
    names = {cell.name for verdict in Comparison(runs, SIZED, protocol).verdicts for cell in verdict.cells}
    assert "currency=energy" in names
    assert not names & set(energy_errors(SIZED))


def test_energies_that_turn_a_verdict_make_it_policy_dependent() -> None:
    """On another device the forty networks that the arm asks for take nearly all energy: it can pay three of them."""
    asked = np.argsort(WORLD.reference.val_error)[3:43]
    factors = np.where(np.isin(np.arange(400), asked), 30.0, 0.05)
    device = replace(SIZED, device_factors={"other": factors})
    verdict, cells = _only(Comparison(_runs(best=43, first=3), device, AT_30))
    assert cells["device other"].flips
    assert verdict.outcome is Outcome.POLICY_DEPENDENT
    assert verdict.flips == ("device other",)


def _again() -> list[Run]:
    """The arm that sees energies, run again under `size slope +0.1`: it looks everywhere now, as random search does."""
    error = energy_errors(SIZED)["size slope +0.1"]
    assert isinstance(error, EnergyError)
    wrong = replace(WORLD, reference=error.reference(SIZED))
    return [search_of(wrong, "a", seed, 400, length=200, **SEES) for seed in SEEDS]


def test_a_re_run_steps_in_where_pricing_again_is_not_enough() -> None:
    error = energy_errors(SIZED)["size slope +0.1"]
    assert isinstance(error, EnergyError)
    again = {"size slope +0.1": (error.reference(SIZED), _again())}
    comparison = Comparison(_runs(**SEES), SIZED, AT_30, reruns=again)
    verdict, cells = _only(comparison)
    cell = cells["size slope +0.1"]
    assert cell.recorded
    assert cell.seeds == len(SEEDS)
    assert (cell.flips, cell.note) == (True, "other sign")
    assert (verdict.win_rate, cell.win_rate) == (0.0, pytest.approx(0.5, abs=0.15))
    assert verdict.flips == ("size slope +0.1",)
    assert "size slope +0.1" not in verdict.unavailable


def test_another_sampler_is_a_cell_of_the_seeds_that_were_run_again() -> None:
    seeds = range(10, 34)
    raw = [WORLD.random_search("rs", seed, 100, sampler="raw", **BOTH) for seed in seeds]
    raw += [search_of(WORLD, "a", seed, 40, sampler="raw") for seed in seeds]
    comparison = Comparison(_runs(), SIZED, AT_30, reruns={"raw sampler": (SIZED, raw)})
    _, cells = _only(comparison)
    assert (cells["raw sampler"].seeds, cells["raw sampler"].recorded) == (14, True)
    assert cells["raw sampler"].interaction_p == 1  # the same searches
    few = {"raw sampler": (SIZED, [run for run in raw if run.header.seed > 30])}
    verdict, cells = _only(Comparison(_runs(), SIZED, AT_30, reruns=few))
    assert cells["raw sampler"].note == "not recorded: 0 of the paired seeds were run again"
    without = {"raw sampler": (SIZED, [run for run in raw if run.header.arm == "rs"])}
    verdict, cells = _only(Comparison(_runs(), SIZED, AT_30, reruns=without))
    assert cells["raw sampler"].note == "not recorded: a was not run again"
    assert (verdict.outcome, verdict.unavailable[-1]) == (Outcome.WIN, "raw sampler")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sampler": "raw"}, "^re-run 'again': sampler differs"),
        ({"data_sha256": "other"}, "^re-run 'again': data_sha256 differs"),
    ],
)
def test_re_runs_that_do_not_match_are_refused(change: dict[str, Any], message: str) -> None:
    runs = [WORLD.random_search("rs", 0, 100), search_of(WORLD, "a", 0, 130, **change)]
    with pytest.raises(ComparisonError, match=message):
        Comparison(_runs(), SIZED, AT_30, reruns={"again": (SIZED, runs)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "re"),
        ("code", "deadbeef"),
        ("settings", {"x": 1}),
        ("kinds", ("single", "multi")),
        ("objectives", ("val_error", "energy_kwh")),
        ("initial", 4),
    ],
)
def test_re_runs_of_another_program_are_refused(name: str, value: Any) -> None:
    runs = [search_of(WORLD, "a", seed, 130, **{name: value}) for seed in (0, 1)]
    with pytest.raises(
        ComparisonError, match=rf"^re-run 'again': {name} of a \(seed 0\) is .*, but in what is compared"
    ):
        Comparison(_runs(), SIZED, AT_30, reruns={"again": (SIZED, runs)})


def test_re_runs_of_another_sampler_code_are_refused_where_both_are_told() -> None:
    first, again = ([search_of(WORLD, "a", s, 130, sampler_code=code) for s in (0, 1)] for code in ("one", "two"))
    primary = {"a": first[0].header}
    with pytest.raises(ComparisonError, match=r"^sampler_code of a \(seed 0\) is two, but in .* it is one"):
        check_again(again, primary)
    check_again(again, {"a": replace(first[0].header, sampler_code="")})
    check_again([replace(run, header=replace(run.header, sampler_code="")) for run in again], primary)


def test_a_re_run_under_an_energy_error_has_those_energies() -> None:
    error = energy_errors(SIZED)["size slope +0.1"]
    assert isinstance(error, EnergyError)
    wrong = error.reference(SIZED)
    as_before = {"size slope +0.1": (SIZED, _runs(**SEES))}
    with pytest.raises(
        ComparisonError, match=r"^re-run 'size slope \+0\.1': energy_kwh of network .* under this error"
    ):
        Comparison(_runs(**SEES), SIZED, AT_30, reruns=as_before)
    dearer = replace(wrong, tariff=replace(wrong.tariff, cheapest=SIZED.tariff.full))
    runs = [search_of(replace(WORLD, reference=dearer), "a", seed, 400, **SEES) for seed in SEEDS]
    with pytest.raises(ComparisonError, match=r"tariff cheapest is .* under this error it is"):
        Comparison(_runs(**SEES), SIZED, AT_30, reruns={"size slope +0.1": (dearer, runs)})


SLOPE = "size slope +0.1"


@pytest.mark.parametrize(
    ("name", "header", "message"),
    [
        ("raw sampler", {}, "sampler of a (seed 0) is uniform, but in this world it is raw; run it again"),
        (
            "raw sampler",
            {"sampler": "raw", "initial": 0},
            "initial of a (seed 0) is 0, but in what is compared it is 3",
        ),
        ("own initial design", {}, "initial of a (seed 0) is 3, but in this world it is 0; run it again"),
        (
            "own initial design",
            {"initial": 0, "sampler": "raw"},
            "sampler of a (seed 0) is raw, but in what is compared",
        ),
        ("own initial design", {"initial": 0, "settings": {"x": 1}}, "settings of a (seed 0) is {'x': 1}, but in what"),
        (SLOPE, {"sampler": "raw"}, "sampler of a (seed 0) is raw, but in what is compared it is uniform"),
    ],
)
def test_a_world_is_another_one_in_what_its_name_says_alone(name: str, header: dict[str, Any], message: str) -> None:
    error = energy_errors(SIZED)[SLOPE]
    assert isinstance(error, EnergyError)
    space = replace(WORLD, reference=error.reference(SIZED)) if name == SLOPE else WORLD
    runs = [search_of(space, "a", seed, 130, **header) for seed in (0, 1)]
    with pytest.raises(ComparisonError, match=f"^{re.escape(f're-run {name!r}: {message}')}"):
        Comparison(_runs(), SIZED, AT_30, reruns={name: (space.reference, runs)})


def test_a_name_of_ones_own_says_nothing_of_the_sampler() -> None:
    runs = [search_of(WORLD, "a", seed, 130, sampler="raw") for seed in (0, 1)]
    Comparison(_runs(), SIZED, AT_30, reruns={"mine": (SIZED, runs)})


@pytest.mark.parametrize("column", ["val_error", "test_error", "energy_kwh"])
def test_without_the_shared_design_the_truth_is_the_same(column: str) -> None:
    runs = [search_of(WORLD, "a", seed, 130, initial=0) for seed in (0, 1)]
    Comparison(_runs(), SIZED, AT_30, reruns={"own initial design": (SIZED, runs)})
    other = replace(SIZED, **{column: getattr(SIZED, column)[::-1]})
    with pytest.raises(
        ComparisonError, match=f"^re-run 'own initial design': {column} of its reference is not that of"
    ):
        Comparison(_runs(), SIZED, AT_30, reruns={"own initial design": (other, runs)})


def test_without_the_shared_design_data_and_networks_are_the_same() -> None:
    newer = replace(WORLD, reference=replace(SIZED, data_sha256="newer"))
    runs = [search_of(newer, "a", seed, 130, initial=0) for seed in (0, 1)]
    with pytest.raises(ComparisonError, match=r"data_sha256 of a \(seed 0\) is newer, but in what is compared"):
        Comparison(_runs(), SIZED, AT_30, reruns={"own initial design": (newer.reference, runs)})

    runs = [search_of(WORLD, "a", seed, 130, initial=0) for seed in (0, 1)]
    fewer = replace(SIZED, keys=SIZED.keys[:-1])
    with pytest.raises(ComparisonError, match="keys of its space are other ones"):
        Comparison(_runs(), SIZED, AT_30, reruns={"own initial design": (fewer, runs)})


@pytest.mark.parametrize(("again", "recorded"), [(1, False), (2, True)])
def test_two_seeds_are_the_least_that_is_a_cell(again: int, recorded: bool) -> None:
    runs = _runs()
    few = [run for run in runs if run.header.seed < again]
    _, cells = _only(Comparison(runs, SIZED, AT_30, reruns={"again": (SIZED, few)}))
    assert cells["again"].recorded == recorded
    assert cells["again"].note == ("" if recorded else "not recorded: 1 of the paired seeds were run again")


def test_a_re_run_of_another_space_is_refused() -> None:
    runs = [WORLD.random_search("rs", 0, 100)]
    newer = replace(SIZED, data_sha256="newer")
    with pytest.raises(ComparisonError, match="re-run 'again': data_sha256 of the runs is invented"):
        Comparison(_runs(), SIZED, AT_30, reruns={"again": (newer, runs)})
    elsewhere = world(400, name="elsewhere")
    runs = [elsewhere.random_search("rs", 0, 100)]
    with pytest.raises(ComparisonError, match="re-run 'again': space is elsewhere, but what is compared is synthetic"):
        Comparison(_runs(), SIZED, AT_30, reruns={"again": (elsewhere.reference, runs)})
