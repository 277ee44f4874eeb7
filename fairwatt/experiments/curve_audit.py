"""The audit of a curve surrogate: scores beside three baselines and second trainings, and what must hold.

Everything is scored on configurations of the surrogate's test part. The retraining ceiling takes the second training of
a configuration as the prediction of the first: a predictor that knew the configuration as well as one training does.
It can be passed: who knew the mean of many trainings would do better, by as much as trainings scatter. All models are
scored on those configurations, too, so that they stand beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.curve_checks import Check, checks
from fairwatt.experiments.curve_data import MeasuredCurves
from fairwatt.experiments.curve_fit import check_same_data, fit_curves
from fairwatt.experiments.curve_noise_audit import NoiseLevel, coverage, noise_check, noise_levels, noise_tau
from fairwatt.experiments.curve_ranks import Top, interval, resampled_end_taus, top
from fairwatt.experiments.curve_scores import Scores, curve_scores
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.surrogates.baselines import BASELINES, fit_baseline
from fairwatt.surrogates.curve_examples import CurveExamples
from fairwatt.surrogates.epoch_cost import EpochCost

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

OURS, CEILING = "bezier", "second training"
TARGET = 0.9
"""The share of the ceiling's final Kendall tau that the surrogate is to reach."""
LEAST_REPEATED = 20


@dataclass(frozen=True)
class Audit:
    """Of one surrogate.

    kinds: of errors that the table has; of others nothing here means anything. scores: of the surrogate and each
    baseline on all test configurations; leads: by baseline and kind, the surrogate's final tau less the baseline's with
    the ends of its 95 % interval. on_repeated: on those trained twice, the ceiling beside them; share_interval: by
    kind, of the surrogate's share of the ceiling's final tau; both empty where those are too few. by_network: of a
    surrogate fitted under the stricter split, on its test configurations, with a ceiling where enough of them were
    trained twice, which are then the ones scored; empty where it was not asked for. configurations: how many each of
    the three has. top: by kind, of the best tenth. coverage: by kind and by share promised, what intervals held at the
    end and over whole curves. noise_tau: Kendall's tau at the end between two draws of noise, by kind, which should be
    that of the ceiling; noise_levels: how large noise is. seconds, energy: scores of the models of an epoch's cost;
    none of energy where operation counts give it.
    """

    kinds: tuple[str, ...]
    scores: dict[str, Scores]
    leads: dict[str, dict[str, tuple[float, float, float]]]
    on_repeated: dict[str, Scores]
    share_interval: dict[str, tuple[float, float]]
    by_network: dict[str, Scores]
    configurations: tuple[int, int, int]
    top: dict[str, Top]
    coverage: dict[str, dict[str, tuple[float, float]]]
    noise_tau: dict[str, float]
    noise_levels: list[NoiseLevel]
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
            name: {kind: own[kind]["mean"]["end_tau"] / ceiling[kind]["mean"]["end_tau"] for kind in self.kinds}
            for name, own in self.on_repeated.items()
        }

    @property
    def reached(self) -> bool | None:
        """Whether the surrogate reaches .90 of the ceiling's final tau, of every kind of errors.

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
    ends = {name: _ends(ask, tested) for name, ask in models.items()}
    rng = np.random.default_rng(surrogate.card.seed)
    repeated: dict[str, Scores] = {}
    shares: dict[str, tuple[float, float]] = {}
    levels: list[NoiseLevel] = []
    if len(first) >= LEAST_REPEATED:
        repeated = {name: _scores(first, ask) for name, ask in models.items()} | {CEILING: _ceiling(first, second)}
        drawn = resampled_end_taus(first, {OURS: _ends(models[OURS], first), CEILING: second.last}, rng)
        ratios = drawn[OURS] / drawn[CEILING]
        shares = {kind: interval(ratios[:, place]) for place, kind in enumerate(surrogate.card.kinds)}
        levels = noise_levels(surrogate, first, second)
    if progress:
        progress(len(BASELINES), steps)
    strictly, new = _by_network(surrogate, data) if strict else ({}, 0)
    scores = {name: _scores(tested, ask) for name, ask in models.items()}
    found = Audit(
        kinds=surrogate.card.kinds,
        scores=scores,
        leads=_leads(scores, resampled_end_taus(tested, ends, rng), surrogate.card.kinds),
        on_repeated=repeated,
        share_interval=shares,
        by_network=strictly,
        configurations=(len(tested), len(first), new),
        top={kind: one for kind, one in top(tested, ends[OURS]).items() if kind in surrogate.card.kinds},
        coverage=coverage(surrogate, tested),
        noise_tau=noise_tau(surrogate, first) if repeated else {},
        noise_levels=levels,
        seconds=_cost(surrogate, surrogate.seconds, data, data.seconds),
        energy=_cost(surrogate, surrogate.energy, data, data.energy_kwh) if surrogate.energy else {},
        checks=(*checks(surrogate, data), *((noise_check(levels),) if levels else ())),
    )
    if progress:
        progress(steps, steps)
    return found


_Ask = Callable[[Array, Array, Array], tuple[Array, Array]]


def _scores(examples: CurveExamples, ask: _Ask) -> Scores:
    return curve_scores(examples, lambda places: ask(examples.architecture, examples.hyper, places))


def _ends(ask: _Ask, examples: CurveExamples) -> Array:
    """[N, 2] predicted errors at the end."""
    return np.concatenate(ask(examples.architecture, examples.hyper, np.ones(1)), axis=1)


def _leads(
    scores: dict[str, Scores], drawn: dict[str, Array], kinds: tuple[str, ...]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """The surrogate's final tau less each baseline's, with its interval from taus [draws, 2]."""

    def lead(name: str, place: int, kind: str) -> tuple[float, float, float]:
        found = scores[OURS][kind]["mean"]["end_tau"] - scores[name][kind]["mean"]["end_tau"]
        return found, *interval(drawn[OURS][:, place] - drawn[name][:, place])

    others = [name for name in scores if name != OURS]
    return {name: {kind: lead(name, place, kind) for place, kind in enumerate(kinds)} for name in others}


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


def _cost(surrogate: CurveSurrogate, model: EpochCost, data: MeasuredCurves, actual: Array) -> dict[str, float]:
    """Scores of a model of an epoch's cost on the first trainings of test keys."""
    from scipy.stats import kendalltau

    rows = data.first(surrogate.test)
    measured, predicted = actual[rows], model.predict(np.hstack(surrogate.features(data.keys[rows])))
    off, around = np.log(predicted / measured), np.log(measured)
    return {
        "r2_of_logarithms": 1 - float((off**2).mean() / np.var(around)),
        "tau": float(kendalltau(measured, predicted).statistic),
        "mape": float(np.mean(np.abs(predicted - measured) / measured)),
    }
