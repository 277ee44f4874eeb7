"""What forbids a comparison, and what voids a verdict: the specification's sections 0.1 and 4.6, rule 1.

A difference in what was compared is refused; a design too small to decide anything gives VOID with the reason. Gates
look at the design only, never at an outcome.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from fairwatt.analysis.protocol import ComparisonError, Protocol
from fairwatt.books import Book
from fairwatt.budget import Budget, component
from fairwatt.problem import Reference, Tariff
from fairwatt.records import Header, Run
from fairwatt.study_change import StudyChange

MIN_TRAININGS = 30
MAX_EXHAUSTIVE = Fraction(1, 4)
MAX_INITIAL = Fraction(1, 3)

_ROUNDING = 1e-12
"""Of a budget that was written down: float64 has sixteen digits."""
_SHARED = ("space", "sampler", "data_sha256", "fidelities", "initial", "policy", "tariff")
_MAYBE_TOLD = "sampler_code"
"""Runs of before it was noted lack it, which makes them no others."""
_OF_ONE_ARM = ("optimizer", "code", "settings", "kinds", "objectives", "cycle_full")
_OF_ONE_ARM_WHERE_CHARGED = ("overhead",)


def check(runs: Sequence[Run], reference: Reference, protocol: Protocol) -> None:
    """Raise ComparisonError, naming the field, where runs differ in what a comparison must hold equal."""
    check_alike(runs, protocol)
    arms = sorted({run.header.arm for run in runs})
    for arm in (protocol.reference_arm, *protocol.budget_factors):
        if arm not in arms:
            raise ComparisonError(f"{runs[0].header.space}: no run of arm {arm!r}; there are: {', '.join(arms)}")
    check_reference(runs, reference, protocol)


def check_alike(runs: Sequence[Run], protocol: Protocol) -> None:
    """Raise ComparisonError, naming the field and the two runs, where runs do not match each other."""
    if not runs:
        raise ComparisonError("nothing to compare: no finished run of this space")
    first = runs[0].header
    told = next((run.header for run in runs if run.header.sampler_code), first)
    arms: dict[str, Header] = {}
    cells: set[tuple[str, int]] = set()
    for header in (run.header for run in runs):
        for name in _SHARED:
            _same(name, first, header)
        if header.sampler_code:
            _same(_MAYBE_TOLD, told, header)
        charged = header.policy["overhead"] == "included_model"
        for name in _OF_ONE_ARM + (_OF_ONE_ARM_WHERE_CHARGED if charged else ()):
            _same(name, arms.setdefault(header.arm, header), header)
        if (header.arm, header.seed) in cells:
            raise ComparisonError(f"{header.space}: arm {header.arm}, seed {header.seed} is there twice")
        cells.add((header.arm, header.seed))
        _same_budget(first, header, protocol)


def check_reference(runs: Sequence[Run], reference: Reference, protocol: Protocol) -> None:
    """Raise ComparisonError, naming the field, where runs that are alike do not match the reference or the protocol.

    Their tariff and each one's budget are claims that decide who was granted what: both are worked out again.
    """
    first = runs[0].header
    tariff = {name: list(cost) for name, cost in first.tariff.items()}
    for name, known, found in (
        ("space", reference.name, first.space),
        ("data_sha256", reference.data_sha256, first.data_sha256),
        ("policy", protocol.primary(protocol.budgets[0], reference.resumable).policy.to_json(), dict(first.policy)),
        ("tariff", reference.tariff.to_json(), tariff),
    ):
        if known != found:
            raise ComparisonError(
                f"{name} of the runs is {_shown(found)}, but the reference or the protocol has {_shown(known)}"
            )
    for header in (run.header for run in runs):
        stated = _stated_budget(header, reference.tariff)
        if abs(header.budget - stated) > 1 + _ROUNDING * stated:
            raise ComparisonError(
                f"budget of {header.arm} (seed {header.seed}) is {header.budget}, but '{header.budget_text}' is "
                f"{stated} billionths in this space; run it again"
            )


def check_again(
    runs: Sequence[Run], primary: Mapping[str, Header], change: StudyChange | None = None, *, sampler: bool = True
) -> None:
    """Raise ComparisonError, naming the field, where what was run again is not the same program as before.

    primary: a header of each arm as it was compared. A world is another one than theirs, but nothing else is. change:
    the one field that the world is another one in; None where that is something else. sampler: whether it has to be the
    same one, too.
    """
    names = {*_OF_ONE_ARM, "initial", _MAYBE_TOLD, *(("sampler",) if sampler else ()), *(_SHARED if change else ())}
    for header in (run.header for run in runs):
        for name in sorted(names) if header.arm in primary else ():
            here, there, where = getattr(header, name), getattr(primary[header.arm], name), "what is compared"
            if change and name == change.field:
                there, where = change.value, "this world"
            if here != there and not (name == _MAYBE_TOLD and "" in (here, there)):
                raise ComparisonError(
                    f"{name} of {header.arm} (seed {header.seed}) is {_shown(here)}, but in {where} it is "
                    f"{_shown(there)}; run it again with that {name}"
                )


def check_seeds(runs: Sequence[Run]) -> None:
    """Raise ComparisonError, naming two runs, where arms do not have the same seeds."""
    seeds: dict[str, set[int]] = {}
    for run in runs:
        seeds.setdefault(run.header.arm, set()).add(run.header.seed)
    most = max(seeds, key=lambda arm: len(seeds[arm]))
    for arm in seeds:
        for seed in sorted(seeds[most] ^ seeds[arm]):
            here, there = (most, arm) if seed in seeds[most] else (arm, most)
            raise ComparisonError(
                f"seeds differ: {here} has a run of seed {seed}, {there} ({len(seeds[there])} seeds, the first "
                f"{min(seeds[there])}) has none; run it, or leave the other out"
            )


def void_reasons(
    first: Header, second: Header, paired_seeds: int, book: Book, protocol: Protocol, tariff: Tariff
) -> tuple[str, ...]:
    """Why a verdict on two arms at these books would mean nothing; empty where it would mean something."""
    place = component(book.policy.currency)
    mean_full = tariff.full[place]
    budgets = {
        header.arm: protocol.granted(header.arm, book).budget.resolve(book.policy.currency, tariff)
        for header in (first, second)
    }
    smallest, largest = min(budgets.values()), max(budgets.values())
    reasons = []
    if paired_seeds < protocol.min_seeds:
        reasons.append(f"{paired_seeds} paired seeds, fewer than {protocol.min_seeds}")
    if smallest < MIN_TRAININGS * mean_full:
        reasons.append(f"the budget buys {smallest / mean_full:.3g} full trainings, fewer than {MIN_TRAININGS}")
    if tariff.exhaustive is not None and largest > MAX_EXHAUSTIVE * tariff.exhaustive[place]:
        share = largest / tariff.exhaustive[place]
        reasons.append(f"the budget is {share:.0%} of exhaustive search, more than {float(MAX_EXHAUSTIVE):.0%}")
    if first.initial > MAX_INITIAL * Fraction(smallest, mean_full):
        reasons.append(f"the shared initial design of {first.initial} is more than a third of the budget")
    for header in (first, second):
        if Fraction(budgets[header.arm], mean_full) < Fraction(header.cycle_full).limit_denominator(10**6):
            reasons.append(
                f"the budget buys {budgets[header.arm] / mean_full:.3g} full trainings, less than one cycle of "
                f"{header.arm}'s brackets ({header.cycle_full:.3g})"
            )
    return tuple(reasons)


def _same(name: str, one: Header, other: Header) -> None:
    first, second = getattr(one, name), getattr(other, name)
    if first != second:
        raise ComparisonError(
            f"{name} differs: {_shown(first)} in {one.arm} (seed {one.seed}), {_shown(second)} in {other.arm} "
            f"(seed {other.seed}); run both again with the same {name}"
        )


def _stated_budget(header: Header, tariff: Tariff) -> int:
    """Not by `Budget.parse`: a third of 100 is written with more digits than people may write."""
    amount, _, unit = header.budget_text.partition(" ")
    try:
        return Budget(Fraction(amount), unit).resolve(header.policy["currency"], tariff)
    except (KeyError, ValueError, ZeroDivisionError):
        raise ComparisonError(
            f"budget of {header.arm} (seed {header.seed}) is written {header.budget_text!r}, not like '30 full'"
        ) from None


def _same_budget(one: Header, other: Header, protocol: Protocol) -> None:
    shared, expected = Fraction(one.budget) / protocol.factor(one.arm), protocol.factor(other.arm)
    if abs(other.budget - shared * expected) > 1 + expected:  # each was rounded down to an integer on its own
        raise ComparisonError(
            f"budget differs: {one.budget_text} in {one.arm} (factor {protocol.factor(one.arm)}), "
            f"{other.budget_text} in {other.arm} (factor {expected}); run both again with the same budget"
        )


def _shown(value: Any) -> str:
    text = str(dict(value) if hasattr(value, "keys") else value)
    return text if len(text) <= 120 else text[:117] + "..."
