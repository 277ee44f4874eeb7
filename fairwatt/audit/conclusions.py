"""What cannot be concluded from a log, in sentences: each hangs on something that the audit found."""

from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.protocol import MIN_SEEDS
from fairwatt.audit.matched import AS_RECORDED
from fairwatt.audit.multiples import UNEVEN, Multiple
from fairwatt.audit.threats_of_books import dearer_than_seen
from fairwatt.audit.wording import look_ups, spread
from fairwatt.fairness.threats import State
from fairwatt.report.plain_text import name

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit


_MOST = 6  # methods that are listed one by one


def conclusions(audit: "Audit") -> tuple[str, ...]:
    """The sentences, the gravest first; the two that hold for every log are last."""
    failed = {finding.threat.number: finding for finding in audit.findings if finding.state is State.FAIL}
    frame, log = audit.log.frame, audit.log
    valid = frame[frame["valid"]]
    found = []
    if not audit.pairs:
        found.append("Who is better: there is one method, and a comparison takes two.")
    if audit.energy_guessed:
        found.append(
            "Which endpoint counts: the log holds energies as costs, and not whether the searches minimised them. Read "
            "hypervolumes if they did and errors if they did not; --endpoint keeps one."
        )
    if words := look_ups(audit):
        found.append(f"Who is better for the time that training takes: {words}.")
    if log.cost_unit == "evaluations":
        found.append(
            "Nothing about cost: the log records none, so requests were counted, and one request is not one price."
        )
    if 1 in failed:
        found.append(
            f"Who is better as published: the searches did not have the same to spend ({failed[1].evidence}). "
            f"Only the rows at matched cost compare optimizers; the others compare budgets as well."
        )
    if 23 in failed:
        found.append(f"Who searches better where a search costs more than training everything: {failed[23].evidence}.")
    elif dearer := dearer_than_seen(audit):
        found.append(f"Whether a search costs more than training everything: {dearer}.")
    if 12 in failed:
        found.append(
            f"A verdict by fairwatt's own rules: it takes {MIN_SEEDS} searches a side ({failed[12].evidence}). "
            f"All p-values here are exploratory, and undecided is not equal."
        )
    if 3 in failed:
        found.append(f"Whether an optimizer beats uniform random search: {failed[3].evidence}.")
    free = (~frame["valid"] & (frame["cost"] == 0)).mean()
    if free > 0:
        found.append(
            f"What impossible proposals would have cost: the log records nothing for {free:.1%} of all requests; rows "
            "with a price for them are assumptions, named in the policy."
        )
    elif 4 in failed:
        found.append(f"What impossible proposals should cost: {failed[4].evidence}.")
    if 14 in failed:
        found.append(f"How good the reported incumbents are when trained in full: {failed[14].evidence}.")
    found += [words for words in (_idle(audit), _empty(audit)) if words]
    found += [
        f"How much random search needs on {name(each.space)}: its own curve says {spread(each.interval, 2)} times what "
        f"it spent and not 1 ({_why(each)}); read the multiples beside its own."
        for each in audit.multiples
        if each.method == audit.reference and each.rule == AS_RECORDED.name and each.doubt
    ]
    unknown = valid["fidelity"].isna()
    if unknown.any() and not unknown.all():
        found.append(f"The fidelity of {unknown.mean():.1%} of valid requests is unknown; they count as lower ones.")
    if valid["config"].isna().any() and valid["config"].notna().any():
        share = valid["config"].isna().mean()
        found.append(f"Whether {share:.1%} of valid requests are repeats: their configurations are unknown.")
    if valid["config"].isna().all():
        found.append("Anything about repeats and samplers: the log does not name configurations.")
    if not np.isfinite(valid["test_error"]).any():
        found.append("Anything about test error: there is none in the log.")
    else:
        found.append("Whether gains on validation carry over: test errors are shown of incumbents, never compared.")
    if 25 in failed:
        found.append(f"Whether measured energies would say the same: {failed[25].evidence}.")
    if not log.bounded and "hypervolume" in audit.endpoints:
        found.append("Hypervolumes across logs: errors are scaled to the range of this one.")
    if len({space for space, _, _ in audit.pairs}) > 1:
        found.append(
            "Anything over all spaces together: whether they are independent is not in the log; each row is a claim "
            "about one space."
        )
    found.append(
        "What would happen at a smaller budget: a search that was cut is not one that was configured for that budget."
    )
    found.append(
        "Why: implementations, settings, tuning and the optimizers' own computing are not in a log "
        f"({sum(finding.state is State.NOT_TOLD for finding in audit.findings)} of {len(audit.findings)} threats are "
        "not told)."
    )
    return tuple(found)


def _why(own: Multiple) -> str:
    """Why random search's own multiple is not 1."""
    if own.doubt == UNEVEN:
        return f"{own.doubt}: with the spend of each it is {spread(own.by_search, 2)}"
    return "its requests are no independent draws"


def _idle(audit: "Audit") -> str:
    """Searches that spent nothing."""
    found = []
    for space in audit.log.spaces:
        for method in audit.methods:
            totals = audit.totals(audit.searches(audit.endpoints[0], space, method))
            if not totals.all():
                found.append(f"{int((totals == 0).sum())} of {len(totals)} of {name(method)} on {name(space)}")
    if not found:
        return ""
    return (
        f"What searches would have found that spent nothing: {_listed(found)}; they count with what they hold, and no "
        "smallest spend is theirs."
    )


def _empty(audit: "Audit") -> str:
    """Searches that hold nothing at the highest fidelity."""
    rows = audit.incumbents[audit.incumbents["without"] > 0].to_dict("records")
    found = [
        f"{round(row['without'] * row['searches'])} of {row['searches']} of {name(row['method'])} on "
        f"{name(row['space'])}"
        for row in rows
    ]
    if not found:
        return ""
    several = audit.log.frame["fidelity"].notna().any()
    counted = ", where they count as worse than all that have" if "regret" in audit.endpoints else ""
    counted += "; where others of the method hold something, no smallest spend is theirs"
    return (
        f"How good the incumbents of some searches are: {_listed(found)} have "
        f"{'nothing at the highest fidelity' if several else 'no valid request'}{counted}."
    )


def _listed(found: list[str]) -> str:
    return ", ".join(found[:_MOST]) + (f" and {len(found) - _MOST} more methods" if len(found) > _MOST else "")
