"""Hyperband: known brackets, no lost rung, no survivor in a later bracket."""

import numpy as np
import pytest

from fairwatt import run
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.optimizers.hyperband import brackets, cycle_full, hyperband
from fairwatt.problem import Benchmark

R108 = (4, 12, 36, 108)
LI_108 = [[(27, 4), (9, 12), (3, 36), (1, 108)], [(12, 12), (4, 36), (1, 108)], [(6, 36), (2, 108)], [(4, 108)]]


def _scratch(cycle) -> float:  # type: ignore[no-untyped-def]
    return sum(n * epochs for bracket in cycle for n, epochs in bracket)


def _continued(cycle) -> float:  # type: ignore[no-untyped-def]
    steps = ([(n, e - before) for (n, e), (_, before) in zip(b, [(0, 0), *b], strict=False)] for b in cycle)
    return sum(n * epochs for bracket in steps for n, epochs in bracket)


def test_brackets_of_108_epochs_as_published() -> None:
    assert brackets(R108) == LI_108
    assert brackets(R108, variant="hpbandster") == [LI_108[0], [(9, 12), (3, 36), (1, 108)], *LI_108[2:]]


@pytest.mark.parametrize(("variant", "scratch", "continued"), [("li", 1692, 1428), ("hpbandster", 1620, 1368)])
def test_energy_of_a_cycle(variant: str, scratch: int, continued: int) -> None:
    cycle = brackets(R108, variant=variant)
    assert (_scratch(cycle), _continued(cycle)) == (scratch, continued)
    assert cycle_full(R108, {"eta": 3, "variant": variant}) == pytest.approx(scratch / 108)
    fractions = [epochs / 108 for epochs in R108]
    assert cycle_full(fractions, {"eta": 3, "variant": variant}) == pytest.approx(scratch / 108)


LI_81 = [[81, 27, 9, 3, 1], [34, 11, 3, 1], [15, 5, 1], [8, 2], [5]]
FLOOR_81 = [[81, 27, 9, 3, 1], [27, 9, 3, 1], [9, 3, 1], [6, 2], [5]]
LI_243 = [[243, 81, 27, 9, 3, 1], [98, 32, 10, 3, 1], [41, 13, 4, 1], [18, 6, 2], [9, 3], [6]]
FLOOR_243 = [[243, 81, 27, 9, 3, 1], [81, 27, 9, 3, 1], [27, 9, 3, 1], [18, 6, 2], [9, 3], [6]]


@pytest.mark.parametrize(
    ("longest", "variant", "numbers"),
    [(81, "li", LI_81), (81, "hpbandster", FLOOR_81), (243, "li", LI_243), (243, "hpbandster", FLOOR_243)],
)
def test_bracket_tables(longest: int, variant: str, numbers: list[list[int]]) -> None:
    """By hand from n = ceil((s_max + 1) eta^s / (s + 1)), or floor((s_max + 1) / (s + 1)) eta^s, then thirds."""
    rungs = [3**i for i in range(len(numbers))]
    assert rungs[-1] == longest
    table = brackets(rungs, variant=variant)
    assert [[n for n, _ in bracket] for bracket in table] == numbers
    assert [[epochs for _, epochs in bracket] for bracket in table] == [rungs[i:] for i in range(len(rungs))]


def test_first_rungs_of_81_epochs_as_published() -> None:
    assert [bracket[0][0] for bracket in brackets((1, 3, 9, 27, 81))] == [81, 34, 15, 8, 5]
    assert [n for n, _ in brackets((1, 3, 9, 27, 81))[1]] == [34, 11, 3, 1]


@pytest.mark.parametrize("unit", [1, 243, 7 * 243, 0.1])
@pytest.mark.parametrize("variant", ["li", "hpbandster"])
def test_no_rung_is_lost_to_rounding(unit: float, variant: str) -> None:
    fidelities = [3**i / unit for i in range(6)]  # log(243)/log(3) is 4.999...
    cycle = brackets(fidelities, 3, variant)
    assert [len(bracket) for bracket in cycle] == [6, 5, 4, 3, 2, 1]
    assert cycle[0] == list(zip([243, 81, 27, 9, 3, 1], fidelities, strict=True))


def test_what_does_not_fit_is_refused(toy: Benchmark) -> None:
    for fidelities, eta in [(R108, 4), ((6, 18, 56, 170, 199), 3), ((), 3), ((1, 1), 1)]:
        with pytest.raises(ValueError, match="does not fit"):
            brackets(fidelities, eta)
    with pytest.raises(UnknownNameError, match="did you mean 'li'"):
        brackets(R108, variant="lin")
    with pytest.raises(UserError, match="set eta to their ratio"):
        run(toy, "hb", settings={"eta": 4})


EA_HAS = (6, 18, 56, 170, 199)
"""The published settings: R = 512 in powers of 3, cut at 199 epochs. So the last rung is 1.17 times the one before."""


SYNE_TUNE = {
    "documented": [LI_108[0], [(18, 12), (6, 36), (2, 108)], *LI_108[2:]],
    "coded": [LI_108[0], [(12, 12), (4, 36), (2, 108)], *LI_108[2:]],
}
"""By ceil((s_max + 1) / (s + 1)) eta^s, then thirds; and by ceil((s_max + 1) / (s + 1) eta^i) for each rung i."""


def test_brackets_of_other_tools_are_refused_with_the_reason() -> None:
    """And what their cycles would take; EA-HAS-Bench's of as many configurations as there are for five rungs."""
    with pytest.raises(UserError, match=r"eta = 3 does not fit .* \(6, 18, 56, 170, 199\): each must be eta .* times"):
        brackets(EA_HAS)
    with pytest.raises(UnknownNameError, match=r"unknown variant of Hyperband 'syne-tune'; known: hpbandster, li$"):
        brackets(R108, variant="syne-tune")
    assert [_scratch(cycle) for cycle in SYNE_TUNE.values()] == [1944, 1800]
    numbers = [[n for n, _ in bracket] for bracket in brackets([3**i for i in range(5)])]
    cycle = [list(zip(each, EA_HAS[-len(each) :], strict=True)) for each in numbers]
    assert (_scratch(cycle), _continued(cycle)) == (8764, 6776)


def test_only_the_best_go_on_and_nothing_outlives_its_bracket(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    cycle = brackets(toy.fidelities)
    trials = drive("hb", 2 * sum(n for bracket in cycle for n, _ in bracket))
    rest = iter(trials)
    first_rungs: list[list[object]] = []
    for bracket in cycle * 2:
        before = None
        for n, fidelity in bracket:
            rung = [next(rest) for _ in range(n)]
            assert {trial.fidelity for trial in rung} == {fidelity}
            if before is None:
                first_rungs.append([trial.config for trial in rung])
            else:
                ranked = sorted(before, key=lambda trial: trial.losses[0])
                assert [trial.config for trial in rung] == [trial.config for trial in ranked[:n]]
            before = rung
    drawn = [config for rung in first_rungs for config in rung]
    problem, rng = toy.problem(0), np.random.default_rng(0)
    starts = problem.starts(rng)
    assert drawn == [next(starts) for _ in drawn], "first rungs hold fresh draws only"


def test_invalid_ones_go_last_and_ties_by_order(toy: Benchmark) -> None:
    from math import inf

    from fairwatt.records import Status, Trial

    search = hyperband.create(toy.problem(0), np.random.default_rng(0))
    first = []
    for place in range(27):
        query = search.ask()
        first.append(query.config)
        bad = place < 9
        loss, status = (inf, Status.INVALID) if bad else (0.5, Status.OK)
        search.tell(Trial(query.config, query.fidelity, loss, loss, (loss,), status))
    second = []
    for _ in range(9):
        query = search.ask()
        second.append(query.config)
        search.tell(Trial(query.config, query.fidelity, 0.5, 1.0, (0.5,)))
    assert second == first[9:18]
