"""Evidence on the design of the comparison: threats T2, T11, T12, T19, T20, T21 and T26."""

from collections import Counter
from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.load import declared_seeds, seeds_in_words
from fairwatt.analysis.outcome import Outcome
from fairwatt.analysis.power import attainable_p
from fairwatt.analysis.protocol import LEVEL
from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.analysis.verdict import Comparison
from fairwatt.budget import Budget, component
from fairwatt.errors import UserError
from fairwatt.fairness.evidence import Evidence, Told, count, failed, spread
from fairwatt.fairness.sampling_evidence import RANDOM_SEARCH
from fairwatt.fairness.threats import State
from fairwatt.fairness.tuning_evidence import in_words, tuning_doubts, tuning_faults
from fairwatt.records import Header
from fairwatt.registry import BENCHMARKS, OPTIMIZERS, find_optimizer
from fairwatt.study_change import CHANGES, StudyChange


def implementations(evidence: Evidence) -> Told:
    """T2: which source file and settings each arm is."""
    codes: dict[str, set[str]] = {}
    arms: dict[str, str] = {}
    for run in evidence.runs:
        header = run.header
        codes.setdefault(header.optimizer, set()).add(header.code)
        name = header.optimizer if header.optimizer == header.arm else f"{header.arm} = {header.optimizer}"
        arms[header.arm] = f"{name} {header.code[:8]}"
    if several := [f"{name} is {len(found)} implementations" for name, found in codes.items() if len(found) > 1]:
        return failed(several)
    if nameless := [name for name, found in codes.items() if "" in found]:
        return State.NOT_TOLD, f"The source of {', '.join(nameless)} is not named in the runs."
    return State.PASS, (
        f"{count(len(arms), 'arm')}, each of one source file in every space, named by its content: "
        f"{', '.join(arms.values())}."
    )


def seeds(evidence: Evidence) -> Told:
    """T11: how many seeds each pair shares."""
    faults, told = [], []
    for comparison in evidence.comparisons:
        endpoints, gate = comparison.endpoints, comparison.protocol.min_seeds
        reference = comparison.protocol.reference_arm
        paired = {arm: len(endpoints.paired_seeds(arm, reference)) for arm in comparison.arms if arm != reference}
        faults += [
            f"{comparison.space}: {arm} has {number} seeds in common with {reference}, fewer than {gate}"
            for arm, number in paired.items()
            if number < gate
        ]
        told.append(f"{comparison.space} {spread(paired.values(), '.0f') if paired else '-'} (gate {gate})")
    return failed(faults) if faults else (State.PASS, f"Seeds paired with the reference arm's: {'; '.join(told)}.")


def detectable(evidence: Evidence) -> Told:
    """T12: whether so many seeds can be significant at all, and what they detect."""
    faults, told = [], []
    for comparison in evidence.comparisons:
        family = [verdict for verdict in comparison.verdicts if not np.isnan(verdict.p_holm)]
        reference = comparison.protocol.reference_arm
        pairs = min(len(comparison.endpoints.paired_seeds(arm, reference)) for arm in comparison.arms)
        single = max((verdict.attainable_p for verdict in family), default=attainable_p(pairs))
        smallest = single * max(len(family), 1)
        if smallest >= LEVEL:
            faults.append(
                f"{comparison.space}: the smallest p of {pairs} pairs is {single:.2g}, and {smallest:.2g} after Holm "
                f"over {len(family)}: nothing can be significant"
            )
            continue
        found = [verdict.detectable for verdict in family if not np.isnan(verdict.detectable)]
        power = f", win rates from {spread(found, '.2f')} on are found with power .8" if found else ""
        told.append(f"{comparison.space}: p = {smallest:.1g} over a family of {len(family)}{power}")
    if faults:
        return failed(faults)
    return State.PASS, f"The smallest p that the test can reach, after Holm: {'; '.join(told)}."


def tracks(evidence: Evidence) -> Told:
    """T19: within a ranking, arms pursue the same objective; a reference that ignores objectives may be in both."""
    faults: dict[str, None] = {}
    both: dict[str, None] = {}
    told = []
    for comparison in evidence.comparisons:
        for ranking, wanted in zip(RANKINGS, (("val_error",), ("val_error", "energy_kwh")), strict=True):
            arms = comparison.endpoints.arms(ranking)
            told.append(f"{comparison.space}: {ranking.kind} {len(arms)}")
            for arm in arms:
                header = comparison.endpoints.header(arm)
                if header.objectives == wanted or header.optimizer == RANDOM_SEARCH:
                    continue
                if len(header.kinds) > 1 and header.objectives == ("val_error",):
                    both[arm] = None  # as random search it may look at none
                else:
                    what = f"{arm} pursues {' and '.join(header.objectives)}, and is ranked by {ranking.endpoint} too"
                    faults[what] = None
    if faults:
        return failed(list(faults))
    if both:
        return State.NOT_TOLD, (
            f"In both rankings, and told the validation error alone: {', '.join(both)}. Whether it pursues that, or "
            f"nothing, as random search does, runs do not show. Rankings: {'; '.join(told)} arms."
        )
    return State.PASS, (
        f"Two rankings, each of arms with one objective and of random search, which has none: {'; '.join(told)} arms."
    )


def settings(evidence: Evidence) -> Told:
    """T20: what the runs show of how competitors are set up."""
    faults, ladders = tuning_faults(evidence), {}
    for comparison in evidence.comparisons:
        tariff = comparison.reference.tariff
        for arm in comparison.arms:
            header = comparison.endpoints.header(arm)
            cycle = _cycle_full(header)
            if cycle is not None and abs(cycle - header.cycle_full) > 1e-9 * cycle:
                faults.append(
                    f"{comparison.space}: one cycle of {arm}'s brackets is {header.cycle_full:.3g} full trainings in "
                    f"the runs, and {cycle:.3g} of {header.optimizer} as installed"
                )
            cycle = max(cycle or 0.0, header.cycle_full)
            if not cycle:
                continue
            runs = [books.run for books in evidence.books[comparison.space] if books.run.header.arm == arm]
            asked = {request.trial.fidelity for run in runs for request in run.requests}
            ladders[f"{arm} {len(asked)} of {len(header.fidelities)}"] = arm
            if len(asked) < 2 or 1.0 not in asked:
                faults.append(f"{comparison.space}: {arm} has brackets, and trains at {spread(asked)} of full length")
            for book in comparison.books:
                place = component(book.policy.currency)
                budget = comparison.protocol.granted(arm, book).budget.resolve(book.policy.currency, tariff)
                if budget < cycle * tariff.full[place] * (1 - 1e-9):
                    faults.append(f"{comparison.space}: {book.budget} is less than one cycle of {arm}'s brackets")
    if faults:
        return failed(faults)
    tuned = in_words(tuned_arms(evidence.results.study))
    worse = sorted({v.arm for v in evidence.verdicts if v.outcome is Outcome.WIN and v.winner == v.reference})
    warning = f" Beaten by the reference somewhere, which may be how they are set up: {', '.join(worse)}." * bool(worse)
    text = (
        f"Resolved settings are in every run. Runs cannot show that an algorithm is its paper's; `fairwatt check` and "
        f"the known answers of the tests are for that.{warning} {tuned}".rstrip()
    )
    if doubts := tuning_doubts(evidence):
        return State.NOT_TOLD, f"Of tuning: {'; '.join(doubts)}. {text}"
    if not ladders:
        return State.NOT_TOLD, text
    return (
        State.PASS,
        f"Arms with brackets get a whole cycle, and train at these many lengths: {', '.join(ladders)}. {text}",
    )


def _cycle_full(header: Header) -> float | None:
    """One cycle of brackets in full trainings, of the algorithm as it is installed here; None where it is not."""
    if header.optimizer not in OPTIMIZERS.names():
        return None
    try:
        factory = find_optimizer(header.optimizer)
        return factory.cycle_full(header.fidelities, factory.resolve(header.settings))
    except UserError:  # other settings than this release has, or a plug-in that cannot be imported
        return None


def rerunning(evidence: Evidence) -> Told:
    """T21: whether the record names everything that a second run needs."""
    results = evidence.results
    data = "; ".join(f"{c.space} {c.reference.data_sha256[:12]}" for c in evidence.comparisons)
    kept = (
        f"Data: {data}. The books of {count(len(list(evidence.runs)), 'run')} were kept again and came out as written."
    )
    if not results.provenance:
        return State.NOT_TOLD, f"{kept} There is no provenance.json: versions are unknown."
    versions = [str(noted.get("git", "unknown")) for noted in results.provenance]
    made = f"made by {', '.join(versions)} on {results.provenance[-1].get('system', 'an unknown system')}"
    if unclean := [v for v in versions if "dirty" in v or v == "unknown"]:
        return State.NOT_TOLD, f"{kept} Runs were {made}: {', '.join(unclean)} names no code that can be had again."
    return State.PASS, f"{kept} Runs were {made}; packages are in provenance.json."


def declaration(evidence: Evidence) -> Told:
    """T26: what was declared before the first search, and what was done."""
    results = evidence.results
    faults = [f"seeds were added after {number} had been run" for number in results.extended]
    faults += [
        f"{space}: not run again under the {world}, which it is said not to have ({note}) and has"
        for space, world, note in results.not_again
        if world in CHANGES and _has(space, CHANGES[world])
    ]
    declared = {(arm, seed) for arm, seeds in declared_seeds(results.study).items() for seed in seeds}
    missing = Counter(space for space, _, _ in results.missing)
    for comparison in evidence.comparisons:
        compared = {(run.header.arm, run.header.seed) for run in (b.run for b in evidence.books[comparison.space])}
        recorded = {(run.header.arm, run.header.seed) for run in results.runs.get(comparison.space, ())}
        if left_out := recorded - compared:
            faults.append(f"{comparison.space}: {len(left_out)} recorded searches are left out of the comparison")
        if other := compared - declared:
            faults.append(f"{comparison.space}: {len(other)} searches were not declared, such as {min(other)}")
        faults += _undeclared_settings(comparison, results.study)
        if [book.budget for book in comparison.books] != [Budget.parse(str(b)) for b in results.study["budgets"]]:
            faults.append(f"{comparison.space}: compared at other budgets than were declared")
        if comparison.protocol.reference_arm != results.study["reference"]:
            faults.append(f"{comparison.space}: compared with another reference than was declared")
        if comparison.protocol.all_pairs != results.study.get("all_pairs", False):
            faults.append(f"{comparison.space}: other pairs are compared than were declared")
    if faults:
        return failed(faults)
    family = sum(not np.isnan(verdict.p_holm) for verdict in evidence.verdicts)
    budgets, reference = ", ".join(results.study["budgets"]), results.study["reference"]
    text = (
        f"study.json, sealed and unchanged: {count(len(results.study['optimizers']), 'arm')}, "
        f"{seeds_in_words(results.study)}, budgets {budgets}, reference {reference}; compared as "
        f"declared, never extended. {count(family, 'test')} in Holm families by space; everything else is exploratory."
    )
    if reruns := results.study.get("reruns"):
        text += f" Declared to be run again in other worlds: {', '.join(reruns)}."
    lost = [f"{space} {number}" for space, number in missing.items()]
    again = Counter(f"{space} ({world})" for space, world, _, _ in results.missing_again)
    lost += [f"{world} {number} re-runs" for world, number in again.items()]
    return (State.NOT_TOLD, f"{text} Missing: {', '.join(lost)}.") if lost else (State.PASS, text)


def _has(space: str, change: StudyChange) -> bool:
    """Whether there is such a study of the space as it is installed here."""
    try:
        return not change.lacking or change.field in signature(BENCHMARKS.load(space)).parameters
    except UserError:
        return False


def _undeclared_settings(comparison: Comparison, study: Mapping[str, Any]) -> list[str]:
    declared = {arm["label"]: arm["settings"] for arm in study["optimizers"]}
    names = {arm["label"]: arm["optimizer"] for arm in study["optimizers"]}
    found = []
    for arm in comparison.arms:
        header = comparison.endpoints.header(arm)
        name = names.get(arm, header.optimizer)
        if name != header.optimizer and name in OPTIMIZERS.declared:  # a file's and a plug-in's has a name of its own
            found.append(f"{comparison.space}: {arm} ran {header.optimizer}, where {name} was declared")
        if other := [name for name, value in declared.get(arm, {}).items() if header.settings.get(name) != value]:
            found.append(f"{comparison.space}: {arm} ran with another {', '.join(other)} than was declared")
        if header.initial != study["initial"]:
            found.append(f"{comparison.space}: {arm} shares {header.initial} networks, not {study['initial']}")
    return found
