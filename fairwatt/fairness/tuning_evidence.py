"""Evidence on how settings were chosen: of threats T20 (competitors set up wrongly) and T24 (tuning for free)."""

import json
from collections.abc import Collection, Iterator, Mapping

from fairwatt.analysis.strata import overlaps
from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.budget import FULL
from fairwatt.errors import UserError
from fairwatt.fairness.evidence import Evidence
from fairwatt.problem import Reference
from fairwatt.registry import make_benchmark
from fairwatt.tuning import Tuning


def in_words(tuned: Mapping[str, Tuning]) -> str:
    """How the settings of tuned arms were chosen, and what that took; empty where none is tuned."""
    told = [
        f"{arm}: {_effort(each)}, {each.energy_kwh:,.4g} kWh"
        + (f", ranges of its author's own for {', '.join(each.given)}" if each.given else "")
        + (", none better than the default ones, which it has" if each.keeps_default else "")
        for arm, each in tuned.items()
    ]
    return f"Settings of tuned arms come, as declared, from {'; '.join(told)}." if told else ""


def tuning_faults(evidence: Evidence) -> list[str]:
    """What makes a tuning unfair, or not what it is said to be."""
    tuned = tuned_arms(evidence.results.study)
    faults = []
    if len({tuning.effort for tuning in tuned.values()}) > 1:
        told = (f"{arm} {_effort(tuning)}" for arm, tuning in tuned.items())
        faults.append(f"arms were tuned with different effort: {', '.join(told)}")
    declared = {arm["label"]: arm["settings"] for arm in evidence.results.study["optimizers"]}
    for arm, tuning in tuned.items():
        if dict(declared[arm]) != dict(tuning.best):
            faults.append(f"{arm}: its settings are not those that its tuning found best")
        faults += [f"{arm}: {fault}" for fault in _impossible(tuning)]
        faults += dict.fromkeys(_faults_of_runs(evidence, arm, tuning))
    return faults


def tuning_doubts(evidence: Evidence) -> list[str]:
    """What has to be known of tunings, and is no fault by itself, or cannot be told here."""
    tuned = tuned_arms(evidence.results.study)
    doubts: dict[str, None] = {}
    for arm, tuning in tuned.items():
        for comparison in (each for each in evidence.comparisons if arm in each.arms):
            for space in tuning.spaces:
                if space == comparison.space:
                    doubts[f"{arm} was tuned on {space} itself, by other seeds"] = None
                elif shares_networks(space, comparison.reference) is None:
                    doubts[f"{space}, on which {arm} was tuned, is not installed here"] = None
    if left_out := dict.fromkeys(_not_tuned(evidence, {tuning.optimizer for tuning in tuned.values()})):
        doubts |= {f"beside tuned arms these are not tuned: {', '.join(left_out)}": None} if tuned else {}
    return list(doubts)


def _effort(tuning: Tuning) -> str:
    configurations, seeds, budget, spaces = tuning.effort
    return f"{configurations} random settings x {seeds} seeds x {budget} on {', '.join(spaces)}"


def _impossible(tuning: Tuning) -> Iterator[str]:
    """What no tuning can be."""
    if len({json.dumps(dict(each), sort_keys=True) for each in tuning.configurations}) < len(tuning.configurations):
        yield "its tuning tried settings twice"
    configurations, seeds, budget, spaces = tuning.effort
    granted = configurations * seeds * len(spaces) * float(budget.amount)
    if tuning.energy_kwh <= 0 or tuning.trainings <= 0 or (budget.unit == FULL and tuning.trainings > 1.01 * granted):
        yield (
            f"its tuning says that it took {tuning.energy_kwh:.3g} kWh, {tuning.trainings:,.4g} full trainings, where "
            f"{_effort(tuning)} were granted"
        )


def _not_tuned(evidence: Evidence, tuned: Collection[str]) -> Iterator[str]:
    """Arms of optimizers that have settings, none of whose arms is tuned."""
    for comparison in evidence.comparisons:
        for arm in comparison.arms:
            header = comparison.endpoints.header(arm)
            if header.settings and header.optimizer not in tuned:
                yield arm


def _faults_of_runs(evidence: Evidence, arm: str, tuning: Tuning) -> Iterator[str]:
    for comparison in (each for each in evidence.comparisons if arm in each.arms):
        header = comparison.endpoints.header(arm)
        if (header.optimizer, header.code) != (tuning.optimizer, tuning.code):
            yield f"{arm} is {header.optimizer} {header.code[:8]}, and tuned was {tuning.optimizer} {tuning.code[:8]}"
        seen = set(tuning.seeds) & set(comparison.endpoints.paired_seeds(arm))
        for space in tuning.spaces:
            if space == comparison.space and seen:
                yield f"{space}: {arm} was tuned on {len(seen)} of the seeds that it is judged by"
            elif space != comparison.space and shares_networks(space, comparison.reference):
                yield f"{comparison.space}: {arm} was tuned on networks that are judged, as {space}"


def shares_networks(space: str, judged: Reference) -> bool | None:
    """Whether a space has networks of the one that is judged; None where it is not installed here."""
    try:
        return bool(overlaps([make_benchmark(space).reference(), judged]))
    except UserError:
        return None
