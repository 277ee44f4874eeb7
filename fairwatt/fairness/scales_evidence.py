"""Evidence on units of measurement: threats T22 (indicators), T23 (budgets), T24 (overhead) and T25 (energies)."""

import numpy as np

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.gates import MAX_EXHAUSTIVE
from fairwatt.analysis.indicators import REFERENCE_POINT
from fairwatt.analysis.spend import WORTH_A_FLAG, overhead_table
from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.budget import component
from fairwatt.energy_error import energy_errors
from fairwatt.fairness.evidence import CLAIMS, Evidence, Told, count, failed, flips, share, spread
from fairwatt.fairness.threats import State

_SATURATED = 1e-3


def indicators(evidence: Evidence) -> Told:
    """T22: whether the scale is the true front's, found here again, and tells searches apart."""
    faults, told = [], []
    for comparison in evidence.comparisons:
        reference, scale = comparison.reference, comparison.truth.test_front
        order = np.lexsort((reference.test_error, reference.energy_kwh))
        error = reference.test_error[order]
        best_before = np.minimum.accumulate(np.append(np.inf, error[:-1]))
        front = order[error < best_before]
        corners = [
            (float(side(reference.energy_kwh[front])), float(side(reference.test_error[front]))) for side in (min, max)
        ]
        if not np.allclose([scale.ideal, scale.nadir], corners, rtol=1e-12, atol=0):
            faults.append(f"{comparison.space}: the scale of fronts is not that of the true front")
        for ranking in RANKINGS:
            arms = comparison.endpoints.arms(ranking)
            if len(arms) < 2:
                continue
            seeds = {arm: list(comparison.endpoints.trajectories[arm]) for arm in arms}
            last, endpoint = comparison.books[-1], ranking.endpoint
            values = [comparison.endpoints.values(arm, last, endpoint, seeds[arm]) for arm in arms]
            low, high = np.quantile(np.concatenate(values), [0.05, 0.95])
            told.append(f"{comparison.space}, {ranking.endpoint.replace('_', ' ')}: {low:.2g} to {high:.2g}")
            if high - low < _SATURATED:
                faults.append(
                    f"{comparison.space}: {ranking.endpoint} of 90 % of searches lies within {high - low:.1g}"
                )
    if faults:
        return failed(faults)
    if not told:
        return (
            State.NOT_APPLICABLE,
            "No ranking has two arms: there is nothing that an indicator would have to tell apart.",
        )
    return State.PASS, (
        f"Reference point {REFERENCE_POINT} in units of the true front, whose corners were found again from the "
        f"reference. 90 % of final values: {'; '.join(told)}."
    )


def exhaustive_share(evidence: Evidence) -> Told:
    """T23: budgets as a share of what exhaustive search costs."""
    faults, told, unknown = [], [], []
    for comparison in evidence.comparisons:
        tariff = comparison.reference.tariff
        shares = []
        for book in comparison.books:
            place = component(book.policy.currency)
            if tariff.exhaustive is None:
                unknown.append(comparison.space)
                break
            for arm in comparison.arms:
                granted = comparison.protocol.granted(arm, book).budget.resolve(book.policy.currency, tariff)
                shares.append(granted / tariff.exhaustive[place])
                if shares[-1] > MAX_EXHAUSTIVE:
                    faults.append(
                        f"{comparison.space}: {arm} may spend {shares[-1]:.0%} of exhaustive search at {book.budget}"
                    )
        if shares:
            told.append(f"{comparison.space} {spread([100 * value for value in shares], '.2g')} %")
    if faults:
        return failed(faults)
    if unknown:
        return State.NOT_TOLD, f"What exhaustive search costs is unknown for {', '.join(unknown)}."
    return State.PASS, f"Budgets, of exhaustive search (limit {float(MAX_EXHAUSTIVE):.0%}): {'; '.join(told)}."


def overheads(evidence: Evidence) -> Told:
    """T24: what optimizers computed themselves, beside or in the books."""
    faults, told, untimed = [], [], []
    for comparison in evidence.comparisons:
        noted = {arm: evidence.results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms}
        table = overhead_table(comparison.endpoints, comparison.books, noted)
        charged = comparison.books[0].policy.overhead == "included_model"
        untimed += [f"{comparison.space}/{arm}" for arm in table.loc[table["timed"] == 0, "arm"].unique()]
        timed = table[table["timed"] > 0]
        for arm, largest in timed.groupby("arm", sort=False)["share_max"].max().items():
            if largest > WORTH_A_FLAG and not charged:
                faults.append((float(largest), f"{comparison.space}: {arm} computes up to {largest:.2g} of its budget"))
        if len(timed):
            told.append(
                f"{comparison.space} {share(timed['share'].max(), 1)} of the budget, the worst arm's median search"
                + f", charged {timed['charged_joules'].max():.3g} J" * charged
            )
    if faults:
        worst = [what for _, what in sorted(faults, key=lambda fault: -fault[0])]
        state, text = failed(worst)
        return state, f"More than {WORTH_A_FLAG:.0%}, and uncharged (overhead=excluded_reported): {text}"
    if untimed:
        return (
            State.NOT_TOLD,
            f"No processor time was noted for {', '.join(untimed[:6])}. Noted: {'; '.join(told) or 'none'}.",
        )
    tuned = tuned_arms(evidence.results.study)
    tuning = ", ".join(f"{arm} {tuning.energy_kwh:,.4g} kWh" for arm, tuning in tuned.items())
    beside = f" Tuning, reported beside the books: {tuning}." if tuning else ""
    return (
        State.PASS,
        f"Metered beside every search: {'; '.join(told)}.{beside} What {'else ' * bool(tuning)}was spent on choosing "
        f"settings, the author knows.",
    )


def energies(evidence: Evidence) -> Told:
    """T25: where the energies are from, and the verdicts under structured errors of them."""
    labels = "; ".join(f"{c.space}: {c.reference.energy_label}" for c in evidence.comparisons)
    errors = {name: None for comparison in evidence.comparisons for name in energy_errors(comparison.reference)}
    cells = evidence.cells(errors.__contains__)
    priced = ", ".join(name for name in errors if any(cell.name == name for _, cell in cells))
    if not cells:
        return State.NOT_TOLD, f"{labels}. No verdict was priced under another energy."
    known = {id(verdict) for verdict, _ in cells}
    silent = [verdict for verdict in evidence.verdicts if verdict.outcome in CLAIMS and id(verdict) not in known]
    missing: dict[str, dict[str, None]] = {}
    asked = 0
    for verdict in evidence.verdicts:
        for cell in (cell for cell in verdict.cells if cell.name in errors):
            asked += 1
            if not cell.recorded:
                missing.setdefault(_reason(cell.note), {})[cell.name] = None
    without = "; ".join(f"{', '.join(names)}: {note}" for note, names in missing.items())
    unpriced = f" Of {asked:,} such cells {asked - len(cells):,} are not priced ({without})." if without else ""
    if silent:
        unpriced += f" {count(len(silent), 'claim')} had none, such as on {silent[0].arm} at {silent[0].budget}."
    under = flips(cells, f"errors of energy ({priced})")
    return State.NOT_TOLD if silent else State.PASS, f"{labels}. Verdicts: {under}.{unpriced}"


def _reason(note: str) -> str:
    """Of a cell that is not priced, without the names of runs and arms."""
    if "the recording stops" in note:
        return "some recordings are too short"
    if "saw would have changed" in note:
        return "what an arm was told would have changed, and it was not run again"
    return note.removeprefix("not recorded: ")
