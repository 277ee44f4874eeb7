"""What must hold of a curve surrogate whatever its scores: ranges, costs that grow, nothing tested that was learned.

Each can fail: predictions are looked at before they are kept within 0..100, and costs where nothing in their form
makes them grow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.curve_data import MeasuredCurves, split_keys
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.search_spaces.modelled_configs import counted_kwh
from fairwatt.search_spaces.regnet_encoding import EPOCHS, EPOCHS_PLACE, HYPER_SHAPE, HYPERS, key_epochs
from fairwatt.search_spaces.regnet_grid import grid
from fairwatt.surrogates.curve_examples import KINDS

Array = NDArray[np.float64]

ASKED = 100_000
"""Random keys that are asked for what must never happen."""
BEYOND, BEYOND_SHARE = 5.0, 0.01
"""Percent of error by which a curve may overshoot 0..100 before it is cut off; of how many keys more is too many."""
COST_FACTOR = 2.0
"""By which the cost of an epoch may leave what was measured."""
_POSITIONS = np.linspace(0.0, 1.0, 13)
_MOST_NETWORKS = 500


@dataclass(frozen=True)
class Check:
    """One thing that must hold, whether it does, and what was counted; passed is None for what is only told."""

    name: str
    passed: bool | None
    found: str


def checks(surrogate: CurveSurrogate, data: MeasuredCurves) -> tuple[Check, ...]:
    """All of them, of a surrogate and the table that it was fitted to."""
    return (
        _range_check(surrogate),
        *_cost_checks(surrogate, data),
        *_leakage_checks(surrogate, data),
        *_extrapolation(surrogate, data),
    )


def _range_check(surrogate: CurveSurrogate) -> Check:
    """Predictions of random keys, everywhere on their curves, before they are cut off at 0 and 100."""
    rng = np.random.default_rng(surrogate.card.seed)
    keys = rng.integers(len(grid(surrogate.card.variant).networks) * HYPERS, size=ASKED)
    beyond = np.zeros(ASKED)
    for begin in range(0, ASKED, 1 << 14):
        rows = slice(begin, begin + (1 << 14))
        told = surrogate.model.uncut(*surrogate.features(keys[rows]), _POSITIONS)[:, : len(surrogate.card.kinds)]
        beyond[rows] = np.maximum(np.maximum(-told, told - 100), 0.0).max(axis=(1, 2))
    outside = ~(beyond <= BEYOND)  # so that not-a-number is outside
    return Check(
        f"at most {BEYOND_SHARE:.0%} of curves overshoot 0 to 100 % by more than {BEYOND:g} before they are cut off",
        bool(outside.mean() <= BEYOND_SHARE),
        f"{outside.sum():,} of {ASKED:,} random keys; at most by {np.nanmax(beyond):.1f}",
    )


def _cost_checks(surrogate: CurveSurrogate, data: MeasuredCurves) -> tuple[Check, ...]:
    """Every key's cost: near what was measured, and more for a configuration that trains for longer."""
    keys = _asked(surrogate)
    features = np.hstack(surrogate.features(keys))
    seconds = surrogate.seconds.predict(features) * surrogate.lengths(keys)
    if surrogate.energy is None:
        kwh = counted_kwh(grid(surrogate.card.variant))[keys // HYPERS]
    else:
        kwh = surrogate.energy.predict(features)
    epochs = key_epochs(keys)
    found = []
    for name, full, measured, per_epoch in (
        ("time", seconds, data.seconds, seconds / surrogate.lengths(keys)),
        ("energy", kwh * epochs, data.energy_kwh, kwh),
    ):
        wrong = ~(
            (per_epoch >= measured.min() / COST_FACTOR)
            & (per_epoch <= measured.max() * COST_FACTOR)
            & np.isfinite(per_epoch)
        )
        found.append(
            Check(
                f"{name} of an epoch within {COST_FACTOR:g} times what was measured",
                not wrong.any(),
                f"{wrong.sum():,} of {len(keys):,} keys outside",
            )
        )
        by_length = np.moveaxis(full.reshape(-1, *HYPER_SHAPE), EPOCHS_PLACE + 1, -1)
        falls = (np.diff(by_length, axis=-1) <= 0).any(axis=-1)
        found.append(
            Check(
                f"{name} grows from {', '.join(map(str, EPOCHS))} epochs of the same configuration to the next",
                not falls.any(),
                f"{falls.sum():,} of {falls.size:,} configurations with a longer training that costs no more",
            )
        )
    return tuple(found)


def _leakage_checks(surrogate: CurveSurrogate, data: MeasuredCurves) -> tuple[Check, ...]:
    """Whether what is tested was learned from: its keys, second trainings, networks."""
    card = surrogate.card
    again = split_keys(data, card.split_seed, by_network=card.by_network)
    known = np.concatenate([surrogate.training, surrogate.stopping])
    both = np.intersect1d(known, surrogate.test)
    same = all(np.array_equal(getattr(again, part), getattr(surrogate, part)) for part in vars(again))
    rows = sum(card.trainings[part] for part in ("training", "stopping"))
    learned = len(data.rows(known))
    shared = np.intersect1d(known // HYPERS, surrogate.test // HYPERS)
    tested = np.unique(surrogate.test // HYPERS)
    developed = np.intersect1d(surrogate.test, data.developed)
    return (
        Check("no test key among those learned from", len(both) == 0, f"{len(both)} of {len(surrogate.test):,} keys"),
        Check(
            "no second training of a test key among the trainings learned from",
            rows == learned,
            f"{rows:,} trainings learned from, its keys have {learned:,} of all {len(data):,}",
        ),
        Check("the split is that of its seed", same, f"seed {card.split_seed}"),
        Check(
            "no test key among those that features and settings were chosen on",
            len(developed) == 0,
            f"{len(developed)} of {len(surrogate.test):,}; {len(data.developed):,} keys were used so",
        ),
        Check(
            "networks of test keys, with other hyperparameters, among those learned from: see the split by network",
            None,
            f"{len(shared)} of {len(tested)} networks",
        ),
    )


def _extrapolation(surrogate: CurveSurrogate, data: MeasuredCurves) -> tuple[Check, ...]:
    """How many keys are predicted to be better than anything that was trained: there nobody knows."""
    keys = _asked(surrogate)
    told = surrogate.predict(keys, [1.0])
    found = []
    for place, kind in enumerate(KINDS[: len(surrogate.card.kinds)]):
        best, ends = data.examples.last[:, place].min(), told[place][:, 0]
        found.append(
            Check(
                f"keys predicted to have less {kind} error than the best that was trained",
                None,
                f"{(ends < best).sum():,} of {len(keys):,}; best predicted {ends.min():.1f} %, trained {best:.1f} %",
            )
        )
    return tuple(found)


def _asked(surrogate: CurveSurrogate) -> NDArray[np.int64]:
    """All keys of the space's networks, or of 500 random ones where there are more."""
    networks = np.arange(len(grid(surrogate.card.variant).networks))
    if len(networks) > _MOST_NETWORKS:
        networks = np.sort(np.random.default_rng(surrogate.card.seed).choice(networks, _MOST_NETWORKS, replace=False))
    return (networks[:, None] * HYPERS + np.arange(HYPERS)).ravel()
