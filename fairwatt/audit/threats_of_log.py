"""T1 to T26, asked of a log: what it shows of each threat, and where it is silent.

A finding is FAIL only on numbers in the log, and PASS only where the log could have shown the fault and does not.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fairwatt.audit import threats_of_books as books
from fairwatt.audit import threats_of_searches as searches
from fairwatt.fairness.threats import THREATS, State, Threat, ThreatFinding

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit


def threat_findings(audit: "Audit") -> tuple[ThreatFinding, ...]:
    """One finding for each threat, in the order of THREATS."""
    return tuple(threat_finding(audit, threat) for threat in THREATS)


def threat_finding(audit: "Audit", threat: Threat) -> ThreatFinding:
    """What the log shows of one threat."""
    ask = _QUESTIONS.get(threat.number)
    if threat.number in _OF_SEVERAL and not audit.pairs:
        state, evidence = State.NOT_APPLICABLE, "one method only"
    else:
        state, evidence = ask(audit) if ask else (State.NOT_TOLD, _SILENT[threat.number])
    return ThreatFinding(threat, state, evidence)


_QUESTIONS: dict[int, Callable[["Audit"], tuple[State, str]]] = {
    1: books.spend,
    3: searches.samplers,
    4: books.invalid,
    5: books.repeats,
    6: searches.mixed_fidelity,
    7: books.counts,
    10: searches.asked_again,
    11: searches.one_seed,
    12: searches.few_seeds,
    13: searches.seeds_control,
    14: searches.low_incumbents,
    15: books.prices,
    16: books.uncharged,
    18: searches.test_is_validation,
    22: searches.saturated,
    23: books.exhaustive,
    25: books.scaled_energy,
    26: searches.peeking,
}

_OF_SEVERAL = {1, 3, 6, 7, 12, 15, 22, 26}
"""Threats to comparisons alone: not asked where there is one method."""

_SILENT = {
    2: "which implementation ran is not in a log",
    8: "directions were stated or guessed when the log was read (see the notes); the tool's own are not in it",
    9: "what the tool selected on is not in a log; here validation selects",
    17: "no shared budget is in the log; a cut credits what the limit pays in full and nothing more",
    19: "what each method was told to minimise is not in a log",
    20: "the methods' settings are not in a log",
    21: "a log cannot be run again",
    24: "what the optimizers computed themselves, and how they were tuned, is not in a log",
}
