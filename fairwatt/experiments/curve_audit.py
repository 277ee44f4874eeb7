"""The audit of a curve surrogate: scores beside three baselines and what a second training tells, and what must hold.

Everything is scored on configurations of the surrogate's test part. The retraining ceiling takes the second training of
a configuration as the prediction of the first: a predictor that knew the configuration as well as one training does.
All models are scored on those configurations, too, so that they stand beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.curve_data import MeasuredCurves, split_keys
from fairwatt.experiments.curve_fit import check_same_data, fit_curves
from fairwatt.experiments.curve_scores import Predict, Scores, curve_scores
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.search_spaces.regnet import StageArrays, work_batch
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_grid import grid
from fairwatt.surrogates.baselines import BASELINES, fit_baseline
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples
from fairwatt.surrogates.energy_model import OperationCountModel
from fairwatt.surrogates.epoch_cost import EpochCost

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

OURS, CEILING = "bezier", "second training"
TARGET = 0.9
"""The share of the ceiling's final Kendall tau that the surrogate is to reach."""
COVERAGES = (0.5, 0.8, 0.95)
ASKED = 100_000
"""Random keys that are asked for what must never happen."""
_POSITIONS = np.linspace(0.0, 1.0, 13)
_NOISE_DRAWS = 20
LEAST_REPEATED = 20


@dataclass(frozen=True)
class Check:
    """One thing that must hold, whether it does, and what was counted."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class Audit:
    """Of one surrogate.

    scores: of the surrogate and each baseline on all test configurations; on_repeated: on those trained twice, the
    ceiling beside them; empty where those are too few. by_network: of a surrogate fitted under the stricter split, on
    its test configurations, with a ceiling where enough of them were trained twice, which are then the ones scored;
    empty where it was not asked for. configurations: how many each of the three has. coverage: by kind and by share
    promised, what intervals held at the end and over whole curves. noise_tau: Kendall's tau at the end between two
    draws of noise, by kind, which should be that of the ceiling. seconds, energy: scores of the models of an
    epoch's cost; none of energy where operation counts give it.
    """

    scores: dict[str, Scores]
    on_repeated: dict[str, Scores]
    by_network: dict[str, Scores]
    configurations: tuple[int, int, int]
    coverage: dict[str, dict[str, tuple[float, float]]]
    noise_tau: dict[str, float]
    seconds: dict[str, float]
    energy: dict[str, float]
    checks: tuple[Check, ...]

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """By model and kind: the final tau on repeated configurations, as a share of the ceiling's."""
        if not self.on_repeated:
            return {}
        ceiling = self.on_repeated[CEILING]
        return {
            name: {kind: own[kind]["mean"]["end_tau"] / ceiling[kind]["mean"]["end_tau"] for kind in KINDS}
            for name, own in self.on_repeated.items()
        }

    @property
    def reached(self) -> bool | None:
        """Whether the surrogate reaches .90 of the ceiling's final tau, of validation and of test errors.

        None where no ceiling is known.
        """
        return min(self.shares[OURS].values()) >= TARGET if self.shares else None


def audit_curves(
    surrogate: CurveSurrogate, data: MeasuredCurves, *, strict: bool = True, progress: Progress | None = None
) -> Audit:
    """Audit a surrogate on the table that it was fitted to. strict: fit another under a split by network, too.

    Takes a minute or two, for the baselines are fitted here, to the same trainings. Where fewer than 20 of the tested
    configurations were trained twice there is no ceiling. Raises UserError for another table.
    """
    check_same_data(surrogate, data)
    steps = len(BASELINES) + 1 + strict
    examples = data.examples
    models: dict[str, _Ask] = {OURS: surrogate.model.predict}
    for done, name in enumerate(BASELINES):
        if progress:
            progress(done, steps)
        training, stopping = (examples.rows(data.rows(keys)) for keys in (surrogate.training, surrogate.stopping))
        models[name] = fit_baseline(name, training, stopping, np.random.default_rng(surrogate.card.seed)).predict
    tested = examples.rows(data.first(surrogate.test))
    first, second = (examples.rows(rows) for rows in data.pairs(surrogate.test))
    repeated: dict[str, Scores] = {}
    if len(first) >= LEAST_REPEATED:
        repeated = {name: _scores(first, ask) for name, ask in models.items()} | {CEILING: _ceiling(first, second)}
    if progress:
        progress(len(BASELINES), steps)
    strictly, new = _by_network(surrogate, data) if strict else ({}, 0)
    found = Audit(
        scores={name: _scores(tested, ask) for name, ask in models.items()},
        on_repeated=repeated,
        by_network=strictly,
        configurations=(len(tested), len(first), new),
        coverage=_coverage(surrogate, tested),
        noise_tau=_noise_tau(surrogate, first) if repeated else {},
        seconds=_cost(surrogate, surrogate.seconds, data, data.seconds),
        energy=_cost(surrogate, surrogate.energy, data, data.energy_kwh) if surrogate.energy else {},
        checks=(_range_check(surrogate), _energy_check(surrogate), *_leakage_checks(surrogate, data)),
    )
    if progress:
        progress(steps, steps)
    return found


_Ask = Callable[[Array, Array, Array], tuple[Array, Array]]


def _scores(examples: CurveExamples, ask: _Ask) -> Scores:
    return curve_scores(examples, lambda places: ask(examples.architecture, examples.hyper, places))


def _ceiling(first: CurveExamples, second: CurveExamples) -> Scores:
    def predict(places: Array) -> tuple[Array, Array]:
        told = second.at(places)
        return told[:, 0], told[:, 1]

    return curve_scores(first, predict)


def _by_network(surrogate: CurveSurrogate, data: MeasuredCurves) -> tuple[dict[str, Scores], int]:
    card = surrogate.card
    other = fit_curves(data, card.seed, split_seed=card.split_seed, by_network=True, **card.settings)
    tested = data.examples.rows(data.first(other.test))
    first, second = (data.examples.rows(rows) for rows in data.pairs(other.test))
    if len(first) < LEAST_REPEATED:
        return {OURS: _scores(tested, other.model.predict)}, len(tested)
    return {OURS: _scores(first, other.model.predict), CEILING: _ceiling(first, second)}, len(first)


def _coverage(surrogate: CurveSurrogate, tested: CurveExamples) -> dict[str, dict[str, tuple[float, float]]]:
    found: dict[str, dict[str, tuple[float, float]]] = {kind: {} for kind in KINDS}
    for share in COVERAGES:
        held = []
        for length, rows, errors in tested.groups():
            places = np.linspace(0.0, 1.0, length)
            low, high = surrogate.model.interval(tested.architecture[rows], tested.hyper[rows], places, share)
            inside = (low <= errors) & (errors <= high)
            held += [(own[:, -1], own.mean(axis=1)) for own in inside]
        for kind, name in enumerate(KINDS):
            ends, whole = (float(np.mean([one[part][kind] for one in held])) for part in (0, 1))
            found[name][f"{share:.0%}"] = (ends, whole)
    return found


def _noise_tau(surrogate: CurveSurrogate, first: CurveExamples) -> dict[str, float]:
    """Mean over draws of the final tau between two draws of noise, scored as the ceiling is."""
    if surrogate.model.retraining is None:
        return {}
    rng, end = np.random.default_rng(surrogate.card.seed), np.ones(1)
    taus: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(_NOISE_DRAWS):
        one, two = (
            surrogate.model.noisy(first.architecture, first.hyper, end, rng.random(len(first))) for _ in range(2)
        )
        errors = np.repeat(np.stack(one, axis=1), first.errors.shape[2], axis=2)
        drawn = CurveExamples(first.architecture, first.hyper, first.lengths, errors)
        scores = curve_scores(drawn, _repeating(two))
        for kind in KINDS:
            taus[kind].append(scores[kind]["mean"]["end_tau"])
    return {kind: fmean(values) for kind, values in taus.items()}


def _repeating(ends: tuple[Array, Array]) -> Predict:
    """A prediction that is the same at every position."""
    return lambda places: (np.repeat(ends[0], len(places), axis=1), np.repeat(ends[1], len(places), axis=1))


def _cost(surrogate: CurveSurrogate, model: EpochCost, data: MeasuredCurves, actual: Array) -> dict[str, float]:
    """Scores of a model of an epoch's cost on the first trainings of test keys."""
    from scipy.stats import kendalltau

    rows = data.first(surrogate.test)
    measured, predicted = actual[rows], model.predict(np.hstack(surrogate.features(data.keys[rows])))
    return {
        "r2_of_logarithms": 1 - float(np.var(np.log(measured / predicted)) / np.var(np.log(measured))),
        "tau": float(kendalltau(measured, predicted).statistic),
        "mape": float(np.mean(np.abs(predicted - measured) / measured)),
    }


def _range_check(surrogate: CurveSurrogate) -> Check:
    """Predictions and noise of random keys, everywhere on their curves."""
    rng = np.random.default_rng(surrogate.card.seed)
    keys = rng.integers(len(grid(surrogate.card.variant).networks) * HYPERS, size=ASKED)
    answers = [*surrogate.predict(keys, _POSITIONS)]
    if surrogate.model.retraining is not None:
        answers += surrogate.noisy(keys, _POSITIONS, rng.random(ASKED))
    outside = sum(int((~((answer >= 0) & (answer <= 100))).any(axis=1).sum()) for answer in answers)
    return Check(
        "errors within 0 to 100 %, none not-a-number", outside == 0, f"{outside:,} of {ASKED:,} random keys outside"
    )


def _energy_check(surrogate: CurveSurrogate) -> Check:
    """What a training has cost must grow with each epoch."""
    own = grid(surrogate.card.variant)
    epochs = np.arange(1, max(map(int, surrogate.card.lengths)) + 1)
    keys = np.arange(len(own.networks)) * HYPERS
    features = np.hstack(surrogate.features(keys))
    seconds = surrogate.seconds.after(features, epochs)
    if surrogate.energy is None:
        numbers = own.networks.astype(np.int64)
        stages = StageArrays(numbers[:, :2], numbers[:, 2:4], numbers[:, 4:], np.full(len(numbers), 2))
        counts = work_batch(stages, stem_width=own.variant.stem_width, num_classes=own.variant.classes)._asdict()
        kwh = OperationCountModel().joules_per_sample(counts, extrapolate=True)[:, None] * epochs
    else:
        kwh = surrogate.energy.after(features, epochs)
    falls = sum(int((np.diff(cost, axis=1, prepend=0) <= 0).any(axis=1).sum()) for cost in (seconds, kwh))
    name = f"energy ({surrogate.card.energy}) and time grow with every epoch"
    return Check(name, falls == 0, f"{falls} of {len(keys):,} networks with an epoch that costs nothing or less")


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
    return (
        Check("no test key among those learned from", len(both) == 0, f"{len(both)} of {len(surrogate.test):,} keys"),
        Check(
            "no second training of a test key among the trainings learned from",
            rows == learned and len(data) - learned == len(data.rows(surrogate.test)),
            f"{rows:,} trainings learned from, {len(data) - learned:,} tested or left, {len(data):,} in all",
        ),
        Check("the split is that of its seed", same, f"seed {card.split_seed}"),
        Check(
            "networks of test keys (other hyperparameters) among those learned from: see the split by network",
            True,
            f"{len(shared)} of {len(tested)} networks",
        ),
    )
