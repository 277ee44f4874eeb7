"""When other books say something else."""

from typing import cast

import numpy as np
import pytest
from synthetic import World, world

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.sensitivity import SensitivityCell, _cell, _Tried, effect_class, sensitivity_cells
from fairwatt.analysis.statistics import PairedResampling
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.records import Run
from fairwatt.streams import stream

WORLD = world(400)
SEEDS = range(30)


def echo(space: World, seed: int, *, repeats: int, share: float, length: int = 400) -> Run:
    """A search of the better networks only that asks for each again and again."""
    good = np.argsort(space.reference.val_error)[: int(share * 400)]
    keys = stream("optimizer", space.reference.name, seed, "echo").choice(good, size=length // repeats)
    return space.record([space.ask(key) for key in np.repeat(keys, repeats).tolist()], "echo", seed)


def _cells(repeats: int, trainings: int = 150) -> dict[str, SensitivityCell]:
    runs = [echo(WORLD, seed, repeats=repeats, share=0.3) for seed in SEEDS]
    runs += [WORLD.random_search("rs", seed, trainings) for seed in SEEDS]
    protocol = Protocol(budgets=("30 full",))
    endpoints = Endpoints(runs, Truth.of(WORLD.reference), protocol)
    book = protocol.primary("30 full", False)
    resampling = PairedResampling(30, np.random.default_rng(0))
    cells = sensitivity_cells(endpoints, ("echo", "rs"), SEEDS, book, "regret", resampling, WORLD.reference.tariff)
    return {cell.name: cell for cell in cells}


def test_repetitions_that_are_charged_turn_the_verdict() -> None:
    cells = _cells(repeats=7)
    flipping = {name for name, cell in cells.items() if cell.flips}
    assert len(cells) == 16
    assert {name for name in cells if name.startswith("duplicates=charged")} <= flipping
    assert "currency=time" not in flipping
    charged = cells["duplicates=charged"]
    assert charged.difference > 0 > cells["currency=time"].difference
    assert charged.interaction_p < 0.01
    assert charged.note == "other sign"


class FixedEndpoints:
    """Stands in for Endpoints: the first so many of 13 pairs are won by 1, the others lost by .1."""

    def __init__(self, primary: int, name: str, wins: int) -> None:
        self._primary, self._wins = primary, {name: wins}

    def values(self, arm: str, book: Book, indicator: str, seeds: range) -> np.ndarray:
        wins = self._wins.get(book.name, self._primary)
        return np.where(np.arange(13) < wins, -1.0, 0.1) if arm == "a" else np.zeros(13)


def _fixed(primary: int, name: str, wins: int) -> SensitivityCell:
    """The cell of this name, where the arm wins so many of 13 pairs (few enough for all flips to be used)."""
    endpoints = cast(Endpoints, FixedEndpoints(primary, name, wins))
    resampling = PairedResampling(13, np.random.default_rng(0))
    book = Protocol().primary("30 full", False)
    cells = sensitivity_cells(endpoints, ("a", "rs"), range(13), book, "regret", resampling, WORLD.reference.tariff)
    return {cell.name: cell for cell in cells}[name]


@pytest.mark.parametrize(("wins", "p", "flips"), [(8, 0.5, False), (5, 1 / 16, False), (4, 1 / 32, True)])
def test_another_class_flips_where_the_interaction_is_significant(wins: int, p: float, flips: bool) -> None:
    """k seeds that change alike have p = 2 / 2^k."""
    cell = _fixed(10, "currency=time", wins)
    assert (cell.note, cell.interaction_p, cell.flips) == ("other class", p, flips)
    assert cell.difference < 0


def test_another_sign_flips_where_the_interaction_is_significant() -> None:
    cell = _fixed(2, "currency=time", 1)
    assert (cell.note, cell.interaction_p, cell.flips) == ("other sign", 1, False)


@pytest.mark.parametrize("name", ["budget x 1/2", "budget x 2"])
def test_neighbouring_budgets_flip_by_sign_only(name: str) -> None:
    smaller, reversed_ = (_fixed(10, name, wins) for wins in (2, 0))
    assert (smaller.note, smaller.flips) == ("other class", False)
    assert (reversed_.note, reversed_.flips) == ("other sign", True)
    assert smaller.interaction_p < 0.01


@pytest.mark.parametrize("name", ["currency=time", "budget x 2"])
def test_an_effect_that_is_gone_flips(name: str) -> None:
    """Where the arm is no better and no worse in any pair, its class may have been none before, too."""
    before = np.array([-1.0] * 7 + [0.1] * 6)
    tried = _Tried(name, True, name.startswith("budget"), np.zeros(13), before)
    cell = _cell(tried, 0.01)
    assert (effect_class(7 / 13), cell.flips, cell.note) == (0, True, "no effect")
    assert not _cell(tried, 0.06).flips
    assert not _cell(tried._replace(before=np.zeros(13)), 0.01).flips


def test_without_repetitions_nothing_turns() -> None:
    assert not any(cell.flips for cell in _cells(repeats=1).values())


def test_books_that_change_nothing_have_no_interaction() -> None:
    cells = _cells(repeats=7)
    unchanged = cells["invalid=charge_min"]  # no invalid proposals in these streams
    assert unchanged.interaction_p == 1
    assert unchanged.difference == cells["fidelity=continue"].difference


def test_what_was_not_recorded_is_said_so() -> None:
    cells = _cells(repeats=1, trainings=50)
    double = cells["budget x 2"]
    assert not double.recorded
    assert not double.flips
    assert np.isnan(double.win_rate)
    assert double.note.startswith("not recorded: rs, seed 0: the recording stops")
    assert cells["budget x 1/2"].recorded


@pytest.mark.parametrize(("win_rate", "expected"), [(0.64, 1), (0.63, 0), (0.5, 0), (0.37, 0), (0.36, -1)])
def test_classes_of_effects(win_rate: float, expected: int) -> None:
    assert effect_class(win_rate) == expected
