"""When other books say something else."""

import numpy as np
import pytest
from synthetic import World, world

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.sensitivity import SensitivityCell, effect_class, sensitivity_cells
from fairwatt.analysis.statistics import PairedResampling
from fairwatt.analysis.truth import Truth
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
