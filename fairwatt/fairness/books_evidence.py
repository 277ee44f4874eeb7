"""Evidence on charging: threats T1, T5, T7, T15, T16 and T17, from books kept a second time."""

from collections import Counter
from collections.abc import Mapping, Sequence

from fairwatt.fairness.bookkeeping import Books, Kind
from fairwatt.fairness.evidence import Evidence, Told, count, failed, named, share, spread
from fairwatt.fairness.sampling_evidence import RANDOM_SEARCH
from fairwatt.fairness.threats import State
from fairwatt.records import JOULES_PER_KWH, NANO, Charge, End, Run
from fairwatt.study_change import OWN_DESIGN

_NOT_BY_CHANCE = 1e-3
_NO_BOOKS = State.NOT_TOLD, "The runs hold no books."


def energy_is_counted(evidence: Evidence) -> Told:
    """T1: sums of charges, closing at the budget, and what was spent in energy."""
    if not evidence.has_rows:
        return _NO_BOOKS
    if faults := evidence.faults(1):
        return failed(faults)
    runs = list(evidence.runs)
    charges = sum(len(run.rows) for run in runs)
    ends = Counter(run.end for run in runs)
    early = Counter(run.header.arm for run in runs if run.end is not End.EXHAUSTED)
    slack = max((1 - run.spent / run.header.budget for run in runs), default=0.0)
    currency = runs[0].header.policy["currency"]
    factors = any(comparison.protocol.budget_factors for comparison in evidence.comparisons)
    energies = "; ".join(
        f"{comparison.space} "
        + spread(
            own.run.spent_kwh / float(comparison.protocol.factor(own.run.header.arm))
            for own in evidence.books[comparison.space]
        )
        for comparison in evidence.comparisons
    )
    text = (
        f"{count(len(runs), 'search')}: {count(charges, 'charge')} add up to what each shows as spent, to the "
        f"billionth; {ends[End.EXHAUSTED]:,} closed at their budget exactly"
        + (f", {early.total():,} ended before ({named(early)}; up to {slack:.1%} unspent)" if early else "")
        + f". Energy of a search in kWh{', over its budget factor' * factors}: {energies}."
    )
    if again := sum(map(len, evidence.books_again.values())):
        text += f" The books of {count(again, 'search')} that were run again in other worlds add up too."
    if currency != "energy":
        return State.FAIL, f"The shared budget counts {currency}, not energy. {text}"
    return State.PASS, text


def repeats(evidence: Evidence) -> Told:
    """T5: one rule for repeated questions, and the verdict under the other."""
    if not evidence.has_rows:
        return _NO_BOOKS
    if faults := evidence.faults(5):
        return failed(faults)
    repeated: Counter[str] = Counter()
    valid = 0
    for books in evidence.all_books:
        kinds = [due.kind for due in books.dues[: len(books.run.rows)]]
        valid += len(kinds) - kinds.count(Kind.INVALID)
        repeated[books.run.header.arm] += kinds.count(Kind.REPEATED)
    rule = _policy(evidence, "duplicates")
    if not repeated.total():
        return State.PASS, f"None of {count(valid, 'valid request')} repeats an earlier one of its search."
    text = (
        f"{repeated.total():,} of {count(valid, 'valid request')} within the budget ({share(repeated.total(), valid)}) "
        f"repeat an earlier one of their search, and each is "
        f"{'answered from the cache' if 'cached_free' in rule else 'charged'} "
        f"(duplicates={rule}); most by {named(+repeated)}"
    )
    others = {"cached_free", "charged"} - set(rule.split(", "))
    return _with_the_other(evidence, text, [f"duplicates={other}" for other in others])


def initial_design(evidence: Evidence) -> Told:
    """T7: the shared design is the same for all under one seed, and paid."""
    faults: list[str] = []
    paid, budgets, alone = 0, 0, 0
    for space, books in evidence.books.items():
        designs = _designs(books)
        again, more = _without(evidence, space, designs, books[0].run.header.initial)
        faults, alone = [*faults, *more], alone + again
        for own in books:
            header, requests = own.run.header, own.run.requests
            arm, wanted = designs[header.seed]
            mine = _distinct(own.run, header.initial)[: len(wanted)]  # a search may end within the design
            if mine != wanted[: len(mine)] or (len(mine) < len(wanted) and len(requests) >= header.initial):
                faults.append(f"{space}: under seed {header.seed} {header.arm} starts with other networks than {arm}")
            # a design's network is free at most where it is the same as one before it
            paid += sum(due.cost for due in own.dues[: header.initial])
            budgets += header.budget
            faults += [
                f"{space}: {header.arm}, seed {header.seed}, row {row.seq}: a network of the initial design was free"
                for row, due in zip(own.run.rows[: header.initial], own.dues, strict=False)
                if row.cost == 0 and due.kind is Kind.NEW
            ]
    if faults:
        return failed(faults)
    headers = [run.header for run in evidence.runs]
    asked = "; ".join(
        f"{space} {spread([len(own.run.rows) for own in books], ',.0f')}" for space, books in evidence.books.items()
    )
    return State.PASS, (
        f"Under each seed all arms start with the same {spread([h.initial for h in headers], '.0f')} networks, charged "
        f"to each: {share(paid, budgets)} of the budgets. Requests of a search, as many as its budget paid: {asked}."
        + (f" {count(alone, 'search')} were run again with starts of their own." if alone else "")
    )


def _designs(books: Sequence[Books]) -> dict[int, tuple[str, list[object]]]:
    """By seed, the design, network by network, and the arm that shows it.

    A draw may come twice, and a search need not ask twice. Random search does, so it shows the design; else what most
    begin with. Of those that ask so many questions, if any does.
    """
    begun: dict[int, list[tuple[Run, list[object]]]] = {}
    for run in (own.run for own in books):
        begun.setdefault(run.header.seed, []).append((run, _distinct(run, run.header.initial)))
    found = {}
    for seed, searches in begun.items():
        alike = Counter(tuple(networks) for _, networks in searches)

        def rank(search: tuple[Run, list[object]], alike: Counter[tuple[object, ...]] = alike) -> tuple[int, ...]:
            header, networks = search[0].header, search[1]
            got = min(len(search[0].requests), header.initial)
            return got, header.optimizer == RANDOM_SEARCH, alike[tuple(networks)], -len(networks)

        run, networks = max(searches, key=rank)
        found[seed] = run.header.arm, networks
    return found


def _without(
    evidence: Evidence, space: str, designs: Mapping[int, tuple[str, list[object]]], initial: int
) -> tuple[int, list[str]]:
    """How many searches of a space were run again without its design, and which arms begin with it all the same.

    Own draws may be those networks by chance: that is told from a design by under how many seeds they are.
    """
    from scipy.stats import binom

    reference, runs = evidence.results.reruns.get(space, {}).get(OWN_DESIGN, (None, ()))
    if reference is None:
        return 0, []
    chances = reference.probabilities
    likeliest = 1 / len(reference.keys) if chances is None else float(chances.max())
    by_chance = likeliest ** min((len(design) for _, design in designs.values()), default=0)
    begun: dict[str, list[bool]] = {}
    for run in runs:
        _, design = designs.get(run.header.seed, ("", []))
        begun.setdefault(run.header.arm, []).append(bool(design) and _distinct(run, initial)[: len(design)] == design)
    return len(runs), [
        f"{space}, run again ({OWN_DESIGN}): {arm} starts with the shared design under {sum(same)} of {len(same)} seeds"
        for arm, same in begun.items()
        if binom.sf(sum(same) - 1, len(same), by_chance) < _NOT_BY_CHANCE
    ]


def _distinct(run: Run, initial: int) -> list[object]:
    """The configurations of the first requests, of each network the first."""
    found: dict[object, object] = {}
    for request in run.requests[:initial]:
        config = request.trial.config
        found.setdefault(config if request.key is None else request.key, config)
    return list(found.values())


def lengths(evidence: Evidence) -> Told:
    """T15: one rule for longer trainings of a network, and the verdict under the other."""
    if not evidence.has_rows:
        return _NO_BOOKS
    if faults := evidence.faults(15):
        return failed(faults)
    longer: Counter[str] = Counter()
    for books in evidence.all_books:
        kinds = [due.kind for due in books.dues[: len(books.run.rows)]]
        longer[books.run.header.arm] += kinds.count(Kind.LONGER) + kinds.count(Kind.SHORTER)
    if not longer.total():
        return State.PASS, "No search trained one network at two lengths."
    rules = "; ".join(
        f"{comparison.space} {comparison.books[0].policy.fidelity}"
        f"{' (its trainings can go on)' if comparison.reference.resumable else ''}"
        for comparison in evidence.comparisons
    )
    text = (
        f"{longer.total():,} requests train a network at another length than before, each charged by its space's rule: "
        f"{rules}; by {named(+longer)}"
    )
    return _with_the_other(evidence, text, ["fidelity=scratch", "fidelity=continue"])


def everything_is_charged(evidence: Evidence) -> Told:
    """T16: as many charges as answers, each at the price that the answer itself names."""
    if not evidence.has_rows:
        return _NO_BOOKS
    if faults := evidence.faults(16):
        return failed(faults)
    rows = [row for run in evidence.runs for row in run.rows]
    charges = Counter(row.charge for row in rows if row.trial is not None)
    energy_nj = sum(row.cost_nj for row in rows)
    text = (
        f"{charges.total():,} answers, {charges[Charge.NEW] + charges[Charge.CONTINUE]:,} of them paid trainings, "
        f"{charges[Charge.CACHED]:,} from the cache, {charges[Charge.INVALID]:,} impossible proposals; reckoned from "
        f"the answers' own energy, time and epochs, each cost what was charged, "
        f"{energy_nj / (JOULES_PER_KWH * NANO):.4g} kWh in all; no configuration is a network in one search and "
        f"impossible in another."
    )
    return (State.NOT_TOLD, f"{text} {evidence.unheld}") if evidence.unheld else (State.PASS, text)


def closing(evidence: Evidence) -> Told:
    """T17: nothing is answered that the budget could not pay, at any primary budget."""
    if not evidence.has_rows:
        return _NO_BOOKS
    found = evidence.faults(17)
    if found:
        return failed(found)
    overshoot = [run.header for run in evidence.runs if run.header.policy["exhaustion"] == "overshoot"]
    if overshoot:
        return State.FAIL, f"The policy credits what overshoots the budget, in all {count(len(overshoot), 'search')}."
    faults, checked = [], 0
    for comparison in evidence.comparisons:
        for closed in evidence.closed(comparison):
            checked += 1
            if closed.credited != closed.claimed:
                faults.append(
                    f"{comparison.space}: {closed.arm}, seed {closed.trajectory.run.header.seed}: {closed.claimed} "
                    f"answers are credited where the budget pays {closed.credited}"
                )
    if faults:
        return failed(faults)
    cut = [run for run in evidence.runs if run.rows and run.rows[-1].charge is Charge.ABORTED]
    lost = sum(run.rows[-1].cost / run.header.budget for run in cut)
    return State.PASS, (
        f"{count(len(cut), 'search')} asked at last for a training that the budget could not pay: it took what was "
        f"left, {share(lost, len(cut))} of the budget in the mean, and answered nothing. {checked:,} closings at the "
        f"primary budgets were found again."
    )


def _policy(evidence: Evidence, name: str) -> str:
    return ", ".join(sorted({str(run.header.policy[name]) for run in evidence.runs}))


def _with_the_other(evidence: Evidence, text: str, names: list[str]) -> Told:
    other = evidence.under(names)
    if not other:
        return State.NOT_TOLD, f"{text}. No verdict was priced under {' or '.join(sorted(names))}."
    return State.PASS, f"{text}; {other}."
