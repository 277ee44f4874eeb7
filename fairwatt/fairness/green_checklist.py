"""A sustainability checklist for AutoML, answered from a study's results.

After Tornede, Tornede, Hanselle, Mohr, Wever and Hüllermeier, JAIR 77, 2023, "Towards Green Automated Machine
Learning: Status Quo and Future Directions", which proposes one. Only its abstract could be read here, and what
automl.org says of Green AutoML. The questions follow the aspects that the abstract names (quantifying, design,
benchmarking, transparency, incentives) from memory of the paper: they are not its form, and the artefact says so.
"""

from collections import Counter
from collections.abc import Callable

from fairwatt.fairness.bookkeeping import Kind
from fairwatt.fairness.checklist import Answer, Checklist, Facts, Item
from fairwatt.fairness.evidence import count, share
from fairwatt.records import JOULES_PER_KWH, Charge

Reply = tuple[Answer, str]


def _aim(facts: Facts) -> Reply:
    arms = dict.fromkeys(r.header.arm for r in facts.evidence.runs if "energy_kwh" in r.header.objectives)
    if not arms:
        return Answer.NO, "No arm has energy among its objectives."
    return Answer.YES, f"Energy of the networks found is an objective of {', '.join(arms)}."


def _performance_over_energy(facts: Facts) -> Reply:
    answer, told = facts.rests_on(1)
    currency = _currency(facts)
    if currency == "energy":
        return answer, f"Arms are compared at the same energy of search; {told}."
    return answer, f"Arms are compared at the same {currency} of search, which is not energy; {told}."


def _currency(facts: Facts) -> str:
    """What the shared budget counts."""
    return ", ".join(sorted({str(run.header.policy["currency"]) for run in facts.evidence.runs}))


def _search_energy(facts: Facts) -> Reply:
    by_space = "; ".join(
        f"{space} {sum(books.run.spent_kwh for books in kept):.4g} kWh" for space, kept in facts.evidence.books.items()
    )
    return Answer.YES, (
        f"Energy that the searches would have taken, had each of their trainings been run: {by_space}. "
        f"None of it was consumed here: tables answered."
    )


def _own_energy(facts: Facts) -> Reply:
    noted = [
        (max(o.seconds.values()), o.joules(max(o.seconds, key=lambda budget: o.seconds[budget])), o.watts)
        for by_seed in facts.evidence.results.overheads.values()
        for o in by_seed.values()
        if o.seconds
    ]
    if not noted:
        return Answer.FILL_IN, "No processor time is on record. Give hours by kind of processor, and their energy."
    hours, kwh = sum(n[0] for n in noted) / 3600, sum(n[1] for n in noted) / JOULES_PER_KWH
    return Answer.FILL_IN, (
        f"On record: the optimizers' own processor time, {hours:.3g} h in {len(noted):,} searches, {kwh:.3g} "
        f"kWh at a declared {noted[0][2]:g} W a core. Add all else that ran: analysis, development, real training."
    )


def _how_measured(facts: Facts) -> Reply:
    return Answer.YES, "; ".join(f"{c.space}: {c.reference.energy_label}" for c in facts.evidence.comparisons)


def _hardware(facts: Facts) -> Reply:
    provenance = facts.evidence.results.provenance
    known = (
        f"{provenance[-1].get('system', '?')}, {provenance[-1].get('cores', '?')} cores" if provenance else "nothing"
    )
    return Answer.FILL_IN, f"On record: {known}. Give the models of processors, and where they stand."


def _mix(facts: Facts) -> Reply:
    return Answer.FILL_IN, "Give the carbon intensity of the electricity (g/kWh), its place and date."


def _carbon(facts: Facts) -> Reply:
    return (
        Answer.FILL_IN,
        "Multiply what was consumed by that intensity; the searches' simulated energy is not consumed.",
    )


def _reuse(facts: Facts) -> Reply:
    paid = sum(row.charge in (Charge.NEW, Charge.CONTINUE) for run in facts.evidence.runs for row in run.rows)
    return Answer.YES, f"{count(paid, 'training')} were looked up in tables or surrogates that were paid for once."


def _savings(facts: Facts) -> Reply:
    kinds: Counter[Kind] = Counter()
    short, total = 0, 0
    for books in facts.evidence.all_books:
        rows = len(books.run.rows)
        kinds.update(due.kind for due in books.dues[:rows])
        short += sum(request.trial.fidelity < 1 for request in books.run.requests[:rows])
        total += rows
    return Answer.YES if short or kinds[Kind.REPEATED] else Answer.NO, (
        f"{share(short, total)} of requests are for shorter than full trainings, {share(kinds[Kind.REPEATED], total)} "
        f"repeat one that is paid."
    )


def _limits(facts: Facts) -> Reply:
    budgets = ", ".join(str(book.budget) for book in facts.evidence.comparisons[0].books)
    answer, told = facts.rests_on(23)
    currency = _currency(facts)
    return answer, (
        f"Every search was limited to a declared budget of {currency} ({budgets}; 'full' is what a full training takes "
        f"of that in the mean); {told}."
    )


def _negative(facts: Facts) -> Reply:
    outcomes = Counter(str(verdict.outcome) for verdict in facts.evidence.verdicts)
    told = ", ".join(f"{name} {number}" for name, number in sorted(outcomes.items()))
    return Answer.YES, f"All verdicts are reported, whatever they are: {told or 'none'}."


def _development(facts: Facts) -> Reply:
    return Answer.FILL_IN, "Estimate what development, failed attempts and the choice of settings took."


def _published(facts: Facts) -> Reply:
    runs = count(len(list(facts.evidence.runs)), "run")
    return Answer.FILL_IN, f"The folder of results ({runs}, sealed) spares others the searches: say where it is public."


def _compensated(facts: Facts) -> Reply:
    return Answer.FILL_IN, "Say whether emissions were compensated, how and by whom."


_QUESTIONS: tuple[tuple[str, Callable[[Facts], Reply]], ...] = (
    ("Does the work aim at less energy, of the search or of what it finds?", _aim),
    ("Is performance judged relative to the energy spent?", _performance_over_energy),
    ("Is the energy of the searches quantified?", _search_energy),
    ("Is the energy that this study itself consumed quantified?", _own_energy),
    ("Is it said how energies were obtained: measured, modelled, estimated?", _how_measured),
    ("Is the hardware named?", _hardware),
    ("Is the carbon intensity of the electricity named?", _mix),
    ("Is the carbon footprint stated?", _carbon),
    ("Were existing benchmarks used instead of training anew?", _reuse),
    ("Do the methods save: shorter trainings, caches, early stops?", _savings),
    ("Is what a search may spend limited beforehand?", _limits),
    ("Are failures and null results reported, so that nobody repeats them?", _negative),
    ("Is the footprint of development stated too, beyond the final experiments?", _development),
    ("Are code, data and results public, so that nobody needs to repeat them?", _published),
    ("Was the footprint compensated?", _compensated),
)


def green_checklist(facts: Facts) -> Checklist:
    """All questions."""
    return Checklist(
        title="Green AutoML",
        source=(
            "After Tornede et al., Towards Green Automated Machine Learning: Status Quo and Future Directions, "
            "JAIR 77, 2023"
        ),
        note=(
            "Questions in our own words on the aspects that the paper's abstract names; the paper's own form was not "
            "at hand, so hold them against it before you submit."
        ),
        items=tuple(Item(f"G{n}", question, *reply(facts)) for n, (question, reply) in enumerate(_QUESTIONS, 1)),
    )
