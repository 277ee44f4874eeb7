"""The checklist of best practices in NAS research, answered from a study's results.

Lindauer and Hutter, JMLR 21(243), 2020, "Best Practices for Scientific Research on Neural Architecture Search": 14
practices under three headings. The text of the paper (arXiv:1909.02453v3) was read, practices 1 to 4 in extracts; the
questions are in our own words. Its one-page form (automl.org/nas_checklist.pdf), which asks some of these in several
lines, was not read.
"""

from collections.abc import Callable

import numpy as np

from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.fairness.checklist import Answer, Checklist, Facts, Item
from fairwatt.fairness.evidence import count, spread
from fairwatt.fairness.sampling_evidence import RANDOM_SEARCH
from fairwatt.fairness.tuning_evidence import in_words
from fairwatt.registry import OPTIMIZERS

Reply = tuple[Answer, str]


def _training_code(facts: Facts) -> Reply:
    tables = "; ".join(f"{c.space} {c.reference.data_sha256[:12]}" for c in facts.evidence.comparisons)
    return Answer.FILL_IN, f"Nothing was trained in this study. Say where the code behind these tables is: {tables}."


def _method_code(facts: Facts) -> Reply:
    own = sorted({run.header.optimizer for run in facts.evidence.runs} - set(OPTIMIZERS.declared))
    if own:
        return Answer.FILL_IN, f"Say where the code of {', '.join(own)} is; the others come with fairwatt."
    return Answer.YES, f"All come with fairwatt. {facts.findings[1].evidence}"


def _as_it_is(facts: Facts) -> Reply:
    return Answer.FILL_IN, "Give the address where the code can be had today, tidy or not."


def _same_benchmark(facts: Facts) -> Reply:
    told = "; ".join(
        f"{c.space}: one table, sampler '{c.endpoints.header(c.arms[0]).sampler}', {count(len(c.arms), 'arm')}"
        for c in facts.evidence.comparisons
    )
    return Answer.YES, f"{told}. Runs that differ in space, sampler, data, lengths, design or policy are refused."


def _ablations(facts: Facts) -> Reply:
    variants: dict[str, dict[str, None]] = {}
    for run in facts.evidence.runs:
        variants.setdefault(run.header.optimizer, {})[run.header.arm] = None
    several = {name: arms for name, arms in variants.items() if len(arms) > 1}
    if not several:
        return Answer.NO, "No optimizer is here under two settings."
    return Answer.YES, "; ".join(f"{name} as {', '.join(arms)}" for name, arms in several.items())


def _same_protocol(facts: Facts) -> Reply:
    answer, told = facts.rests_on(6, 9, 14)
    return answer, f"One rule for all: the best full training on validation, reported by its true test error; {told}."


def _over_resources(facts: Facts) -> Reply:
    spaces = ", ".join(c.space for c in facts.evidence.comparisons)
    currency = facts.evidence.comparisons[0].books[0].policy.currency
    return Answer.YES, f"Anytime curves over spent {currency} for {spaces}, from the cheapest training to the budget."


def _random_baselines(facts: Facts) -> Reply:
    if not any(run.header.optimizer == RANDOM_SEARCH for run in facts.evidence.runs):
        return Answer.NO, "No arm is random search."
    single = []
    for comparison in facts.evidence.comparisons:
        reference, truth = comparison.reference, comparison.truth
        regret = truth.regret(np.arange(len(reference.keys)))
        single.append(f"{comparison.space} {np.average(regret, weights=reference.probabilities):.2g}")
    return Answer.YES, (
        f"Random search is an arm, under the same budget. Random sampling, exact from the tables (mean regret of one "
        f"draw; 1 is the median network): {', '.join(single)}."
    )


def _seeds(facts: Facts) -> Reply:
    answer, told = facts.rests_on(11, 13)
    return answer, f"Seeds {spread(facts.evidence.results.study['seeds'], '.0f')}, all listed in study.json; {told}."


def _tables(facts: Facts) -> Reply:
    told = "; ".join(f"{c.space}: {count(len(c.reference.keys), 'network')}" for c in facts.evidence.comparisons)
    return Answer.YES, f"Every answer comes from a table or a surrogate: {told}. Add what was trained for real, if any."


def _confounders(facts: Facts) -> Reply:
    provenance = facts.evidence.results.provenance
    answer, told = facts.rests_on(2, 3, 15)
    if not provenance:
        return Answer.FILL_IN, f"Versions and machine of the runs are not on record; {told}."
    if len(provenance) > 1:
        return Answer.NO, f"{count(len(provenance), 'version')} of code or machine made these runs; {told}."
    return answer, f"All runs by one version on one kind of machine, energies from one table; {told}."


def _tuning(facts: Facts) -> Reply:
    study = facts.evidence.results.study
    tuned = tuned_arms(study)
    changed = [arm["label"] for arm in study["optimizers"] if arm["settings"] and arm["label"] not in tuned]
    if tuned and not changed:
        answer, told = facts.rests_on(20, 24)
        return answer, f"{in_words(tuned)} All other arms have their default settings; {told}."
    return Answer.FILL_IN, (
        f"Settings of every arm are in its runs; set otherwise than by default: {', '.join(changed) or 'none'}. "
        f"Say how they were found, on what, and what that cost. {in_words(tuned)}".rstrip()
    )


def _end_to_end(facts: Facts) -> Reply:
    answer, told = facts.rests_on(1, 16, 17, 24)
    return answer, f"Initial designs, repeats and impossible proposals are in the books; overhead is metered; {told}."


def _setup(facts: Facts) -> Reply:
    provenance = facts.evidence.results.provenance
    if not provenance:
        return Answer.NO, "There is no provenance.json."
    latest = provenance[-1]
    return Answer.YES, (
        f"provenance.json: fairwatt {latest.get('fairwatt', '?')} ({latest.get('git', '?')}), Python "
        f"{latest.get('python', '?')}, {count(len(latest.get('packages', ())), 'package')} by version, "
        f"{latest.get('system', '?')}, {latest.get('cores', '?')} cores."
    )


_QUESTIONS: tuple[tuple[str, Callable[[Facts], Reply]], ...] = (
    ("Is the code that trains the networks public, with its settings?", _training_code),
    ("Is the code of every search method public?", _method_code),
    ("Is it public now, rather than once it is tidy?", _as_it_is),
    ("Are methods compared on one benchmark: data, search space and training alike?", _same_benchmark),
    ("Are there ablations, so that a gain can be traced to a part of the method?", _ablations),
    ("Are all methods' results selected and evaluated by the same protocol?", _same_protocol),
    ("Is performance shown as a function of the resources spent?", _over_resources),
    ("Are random sampling and random search among the baselines?", _random_baselines),
    ("Was every method run with several seeds, which are reported?", _seeds),
    ("Are tabular or surrogate benchmarks used, so that all this is affordable?", _tables),
    ("Are confounders held equal: hardware, versions, run time?", _confounders),
    ("Is it said how the methods' own hyperparameters were chosen?", _tuning),
    ("Are the resources of the whole method reported, end to end?", _end_to_end),
    ("Is the experimental setup reported in full: hardware, libraries, versions?", _setup),
)


def nas_checklist(facts: Facts) -> Checklist:
    """All 14 practices."""
    return Checklist(
        title="Best practices in NAS research",
        source=(
            "Lindauer and Hutter, Best Practices for Scientific Research on Neural Architecture Search, "
            "JMLR 21(243), 2020"
        ),
        note="The paper's 14 practices as questions in our own words; not the wording of its one-page form.",
        items=tuple(Item(f"N{n}", question, *reply(facts)) for n, (question, reply) in enumerate(_QUESTIONS, 1)),
    )
