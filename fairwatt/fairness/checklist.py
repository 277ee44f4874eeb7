"""The form of a checklist: questions of a paper, each answered from one study's results, or left to its author."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.study_audit import audit_of
from fairwatt.fairness.threats import State, ThreatFinding


class Answer(StrEnum):
    """What the results say to a question."""

    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not applicable"
    FILL_IN = "fill in"  # only the author can know


@dataclass(frozen=True)
class Item:
    """One question with its answer. evidence: of these results; for FILL_IN what they know of it, and what is asked."""

    number: str
    question: str
    answer: Answer
    evidence: str


@dataclass(frozen=True)
class Checklist:
    """title, source: of whom. note: how far its questions are the source's."""

    title: str
    source: str
    note: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Facts:
    """What checklists are answered from: the evidence of an audit, and its findings in the order of THREATS."""

    evidence: Evidence
    findings: Sequence[ThreatFinding]

    @classmethod
    def of(cls, evidence: Evidence) -> "Facts":
        """Of a study."""
        return cls(evidence, audit_of(evidence))

    def rests_on(self, *threats: int) -> tuple[Answer, str]:
        """Yes where these threats pass or do not apply, no where one fails, else for the author; and which is which."""
        states = {number: self.findings[number - 1].state for number in threats}
        told = ", ".join(f"T{number} {state}" for number, state in states.items())
        if State.FAIL in states.values():
            return Answer.NO, f"fairness audit: {told}"
        if State.NOT_TOLD in states.values():
            return Answer.FILL_IN, f"fairness audit: {told}"
        return Answer.YES, f"fairness audit: {told}"
