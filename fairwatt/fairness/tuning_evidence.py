"""Evidence on how settings were chosen: of threats T20 (competitors set up wrongly) and T24 (tuning for free)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from fairwatt.analysis.strata import overlaps
from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.errors import UserError
from fairwatt.fairness.evidence import Evidence
from fairwatt.problem import Reference
from fairwatt.registry import make_benchmark
from fairwatt.tuning import Tuning


def in_words(tuned: Mapping[str, Tuning]) -> str:
    """How the settings of tuned arms were chosen, and what that took; empty where none is tuned."""
    told = [
        f"{arm}: {len(each.scores)} random settings x {len(each.seeds)} seeds x {each.budget} on "
        f"{', '.join(each.spaces)}, {each.energy_kwh:,.4g} kWh"
        for arm, each in tuned.items()
    ]
    return f"Settings of tuned arms come from {'; '.join(told)}." if told else ""


def tuning_faults(evidence: Evidence) -> list[str]:
    """What makes a tuning unfair, or not what it is said to be."""
    tuned = tuned_arms(evidence.results.study)
    faults = []
    if len({tuning.effort for tuning in tuned.values()}) > 1:
        efforts = (f"{arm} {_effort(tuning)}" for arm, tuning in tuned.items())
        faults.append(f"arms were tuned with different effort: {', '.join(efforts)}")
    declared = {arm["label"]: arm["settings"] for arm in evidence.results.study["optimizers"]}
    for arm, tuning in tuned.items():
        if dict(declared[arm]) != dict(tuning.best):
            faults.append(f"{arm}: its settings are not those that its tuning found best")
        faults += dict.fromkeys(_faults_of_runs(evidence, arm, tuning))
    return faults


def _effort(tuning: Tuning) -> str:
    configurations, spaces, seeds, budget = tuning.effort
    return f"{configurations} settings x {spaces} spaces x {seeds} seeds x {budget}"


def _faults_of_runs(evidence: Evidence, arm: str, tuning: Tuning) -> Iterator[str]:
    for comparison in evidence.comparisons:
        if arm not in comparison.arms:
            continue
        header = comparison.endpoints.header(arm)
        if (header.optimizer, header.code) != (tuning.optimizer, tuning.code):
            yield f"{arm} is {header.optimizer} {header.code[:8]}, and tuned was {tuning.optimizer} {tuning.code[:8]}"
        seen = set(tuning.seeds) & set(comparison.endpoints.paired_seeds(arm))
        for space in tuning.spaces if seen else ():
            if share_networks(space, comparison.reference):
                yield (
                    f"{comparison.space}: {arm} was tuned on {space}, on {len(seen)} of the seeds that it is judged by "
                    f"and on networks that are in both"
                )


def share_networks(space: str, judged: Reference) -> bool:
    """Whether the networks of a space are among those of the one that is judged, as far as it is installed here."""
    if space == judged.name:
        return True
    with suppress(UserError):
        return bool(overlaps([make_benchmark(space).reference(), judged]))
    return False
