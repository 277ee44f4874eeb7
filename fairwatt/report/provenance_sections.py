"""The rules, the data, what made these results, and how to make them again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.report.arm_settings import settings_table
from fairwatt.report.section import Material, Part, Section
from fairwatt.report.wording import Basis, TextTable

_UNITS = {"energy": "nanojoules", "time": "nanoseconds", "epochs": "billionths of an epoch"}
_RULES = (
    "Arms that share a seed share a small initial design and the noise of the measurements; they are compared seed by "
    "seed.",
    "An incumbent is a full training with the lowest validation error so far. Reported of it is the true {error} "
    "(the mean over repeats) as normalised regret: 0 is the best cell of the table, 1 the median cell.",
    "Hypervolume regret is 1 - HV/HV* of energy and that error, scaled by ideal and nadir of the true front, with the "
    "reference point (1.1, 1.1); it depends on no run.",
    "p: paired sign-flip permutation, Holm over all arms, budgets and endpoints of the space. Win rate: share of "
    "paired seeds, ties half. Intervals: BCa bootstrap over seeds, 95 %. Beside each p stands the win rate that "
    "another test, the exact sign test of so many seeds, detects with power .8 at the level of Holm's first step.",
    "Random search needs: the budget at which random search, in closed form from the table or simulated where there is "
    "none, expects the arm's mean validation quality, as a multiple of the shared one. Never: no budget is enough, "
    "since more trainings do not help random search any further. All: only when everything is trained. > stands where "
    "it was simulated no further, < where one training does as well. The ratio of two multiples is a bound there.",
    "WIN: significant, win rate .64 or more, that ratio beyond 10 % with its whole interval, and no other way of "
    "keeping the books flips it. WIN (small): significant, but the win rate is below that (though not below .5) or the "
    "ratio not beyond 10 %. EQUIVALENT: the ratio's whole interval is within 10 %. POLICY-DEPENDENT: one of these "
    "three, but other books flip it (a paired interaction test finds the effect changed, and its sign or class with "
    "it). INCONCLUSIVE: none of these, or not recorded under all policies and currencies; it is not the same as equal. "
    "VOID: the design is too small to decide.",
    "The unit of all statistics is the seed; such a verdict is a claim about its space only.",
)
_ACROSS = (
    "Over several spaces a verdict weighs spaces that share networks as one, and takes sign flips in all of them "
    "(Holm over all such verdicts), the geometric mean of the ratios with its stratified bootstrap, and the mean win "
    "rate, by the same limits. One space may find nothing by itself: what each finds is printed. A significant "
    "reversal in one forbids the claim, books that flip the effect in one make it POLICY-DEPENDENT, and books not "
    "recorded in one leave it INCONCLUSIVE."
)


def rules(material: Material) -> Section:
    """What was fixed before anybody looked."""
    comparisons = material.comparisons
    units = dict.fromkeys(_UNITS.get(c.books[0].policy.currency, "billionths of a training") for c in comparisons)
    charged = (
        f"Every search was charged in one place for everything it asked, in whole {' or '.join(units)}, under one "
        "policy; a training that the budget cannot pay takes what is left and answers nothing."
    )
    notes = [charged, *(rule.format(error=_error(comparisons)) for rule in _RULES)]
    notes += [_ACROSS] if len(comparisons) > 1 else []
    parts = Part(tables=(settings_table(material),)), Part(notes=tuple(notes))
    return Section("rules", "Rules", parts, "Fixed before the first search.")


def _error(comparisons: Sequence[Comparison]) -> str:
    """What regret is of; spaces without a test metric are named where others have one."""
    untested = [comparison.space for comparison in comparisons if not comparison.reference.has_test]
    if not untested:
        return "test error"
    if len(untested) == len(comparisons):
        return "validation error, since there is no test metric,"
    return f"test error (validation error on {', '.join(untested)}, where there is no test metric)"


def data(material: Material) -> Section:
    """What is known of the tables."""
    parts = tuple(
        Part(
            comparison.space,
            notes=(
                f"energy axis: {comparison.reference.energy_label}",
                *_caveats(comparison),
                *(
                    f"not searched again: {world}, since {reason}"
                    for space, world, reason in material.results.not_again
                    if space == comparison.space
                ),
                *comparison.reference.notes,
            ),
        )
        for comparison in material.comparisons
    )
    return Section("data", "The data", parts, "What the trainings were, and what they cannot tell.")


def provenance(material: Material) -> Section:
    """Versions of code, packages and machine; checksums of policy and data."""
    results, about = material.results, latest(material.results)
    rows = [("runs were made by", f"{len(results.provenance)} versions of code or machine; shown is the latest")]
    rows += [
        ("fairwatt", f"{about.get('fairwatt', '')} ({about.get('git', '')})"),
        ("python", str(about.get("python", ""))),
    ]
    rows += [(name, str(version)) for name, version in dict(about.get("packages", {})).items()]
    rows += [("system", f"{about.get('system', '')}, {about.get('cores', '')} cores")]
    for comparison in material.comparisons:
        policy = comparison.books[0].policy
        rows.append((f"policy on {comparison.space}", f"{policy.policy_id}: {policy.to_json()}"))
        rows.append((f"data of {comparison.space}", comparison.reference.data_sha256))
    table = TextTable("Versions, policies and checksums", ("what", "which"), tuple(rows), text=(0, 1))
    return Section("provenance", "Provenance", (Part(tables=(table,)),))


def again(material: Material) -> Section:
    """The commands that make this page; to be typed beside the folder, whose place the page does not say."""
    folder = shlex.quote(material.results.folder.resolve().name)
    commands = "\n".join(f"fairwatt {command} {folder}" for command in ("run", "compare", "report"))
    lead = "Finished searches are skipped; without the folder, the study file makes it anew."
    return Section("again", "Run it again", (Part(code=commands),), lead)


def latest(results: Results) -> Mapping[str, Any]:
    """What made the latest runs."""
    return results.provenance[-1] if results.provenance else {}


def _caveats(comparison: Comparison) -> tuple[str, ...]:
    """What to know of random search's multiples where trainings are repeated."""
    if Basis.of(comparison).too_small:
        return (
            "'random search needs' comes out too small here: the results do not hold the repeats (they were made by an "
            "older version), so the closed form selects by the mean over repeats, arms by the one repeat that they see",
        )
    errors = [
        equivalent.simulation_error
        for verdict in comparison.verdicts
        for equivalent in (verdict.arm_equivalent, verdict.reference_equivalent)
    ]
    if not any(error > 0 for error in errors):
        return ()
    return (
        "random search on several repeats is simulated where there is no closed form of its hypervolume; the "
        f"Monte-Carlo standard error of its multiples is {max(errors):.2g} at most",
    )
