"""What must stand under every table and figure of a paper: how many seeds, which budget, policy and data."""

from collections.abc import Sequence

from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.records import End
from fairwatt.report.plain_text import name
from fairwatt.report.provenance_sections import latest
from fairwatt.report.section import budget_marks

DIGEST = 12
"""Hex digits of a checksum in a caption."""
INDICATORS = {
    "regret": "normalised regret of {} error (0 the best network, 1 the median one)",
    "hypervolume_regret": "hypervolume regret of energy and {} error (0 the true front)",
}


def endpoint(comparison: Comparison, indicator: str) -> str:
    """An indicator, by what it is measured on."""
    return INDICATORS[indicator].format(metric(comparison))


def metric(comparison: Comparison) -> str:
    """test, or validation where the space has no test metric."""
    return comparison.truth.label.partition(" ")[0]


def facts(results: Results, comparison: Comparison, arms: Sequence[str], books: Sequence[Book]) -> str:
    """Seeds, budgets, policy, energies and data of one space, in sentences."""
    counts = sorted({len(comparison.endpoints.trajectories[arm]) for arm in arms})
    tariff, policy = comparison.reference.tariff, books[0].policy
    rules = ", ".join(f"{key} {value}" for key, value in policy.to_json().items())
    full = f"c̄ = {tariff.mean_full_kwh:.4g} kWh"
    if policy.currency != "energy":
        full += f", {tariff.full[component(policy.currency)] / 1e9:.4g} of the ledger's units"
    return " ".join(
        (
            f"n = {spanned(counts)} seeds of each arm.",
            f"Budget: {' and '.join(str(book.budget) for book in books)} ({full} for one full training; "
            f"{comparison.reference.energy_label}).",
            f"Policy {policy.policy_id}: {rules}.",
            f"Data: {name(comparison.space)}, sha256 {comparison.reference.data_sha256[:DIGEST]}.",
            made(results),
        )
    )


def brief(comparison: Comparison, arms: Sequence[str], books: Sequence[Book], *, paired: bool = False) -> str:
    """Seeds, budgets (where any are given) and policy of one space, for a page that says the rest elsewhere.

    paired: count the seeds that all of these arms share.
    """
    endpoints = comparison.endpoints
    counts = {len(endpoints.trajectories[arm]) for arm in arms}
    if paired:
        counts = {len(endpoints.paired_seeds(*arms))}
    budgets = [f"{sizes} {unit}" for unit, sizes in _by_unit(books).items()]
    policy = f"policy {comparison.books[0].policy.policy_id}"
    return "; ".join((f"n = {spanned(sorted(counts))} seeds", *budgets, policy))


def ended_early(comparison: Comparison, arms: Sequence[str], books: Sequence[Book]) -> str:
    """Which runs had ended before the largest of these budgets was spent, in a sentence; "" where none had."""
    marks = budget_marks(comparison)
    largest = max(books, key=lambda book: marks[str(book.budget)])
    granted = {arm: str(comparison.protocol.granted(arm, largest).budget) for arm in arms}
    told = [
        f"{row['seeds'] - row[End.EXHAUSTED]} of {row['seeds']} runs of {name(comparison.legend(row['arm']))}"
        for row in comparison.spend().to_dict("records")
        if granted.get(row["arm"]) == row["budget"] and row[End.EXHAUSTED] < row["seeds"]
    ]
    return f"Ended early, and carried forward: {', '.join(told)}." if told else ""


def pooled_facts(results: Results, comparisons: Sequence[Comparison], strata: int, seeds: int, budget: str) -> str:
    """The same of several spaces."""
    spaces = ", ".join(
        f"{name(c.space)} (sha256 {c.reference.data_sha256[:DIGEST]}, policy {c.books[0].policy.policy_id})"
        for c in comparisons
    )
    return (
        f"n = {seeds} seeds of each arm in each of {len(comparisons)} spaces, in {strata} strata. Budget: {budget}. "
        f"Spaces: {spaces}. About these spaces as they are. {made(results)}"
    )


def made(results: Results) -> str:
    """What made it, and what keeps it from being the study that was declared."""
    provisional = "".join(f" Provisional: {caveat}." for caveat in results.caveats)
    return (
        f"Study {name(results.study['study'])}, fairwatt {latest(results).get('fairwatt', 'of unknown version')}."
        + (provisional)
    )


def _by_unit(books: Sequence[Book]) -> dict[str, str]:
    """30 and 100, by their unit."""
    sizes: dict[str, list[str]] = {}
    for book in books:
        size, _, unit = str(book.budget).partition(" ")
        sizes.setdefault(unit, []).append(size)
    return {unit: " and ".join(of_unit) for unit, of_unit in sizes.items()}


def spanned(counts: Sequence[int]) -> str:
    """30, or 28 to 30."""
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
