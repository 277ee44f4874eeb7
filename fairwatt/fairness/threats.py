"""The threats to a fair comparison, T1 to T26 of the specification, and what an audit says of each."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What the evidence says of one threat."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_TOLD = "not told"  # the record does not hold what would decide it


@dataclass(frozen=True)
class Threat:
    """One way in which comparisons of optimizers go wrong. number: 1 to 26; control: what is done against it."""

    number: int
    name: str
    control: str

    @property
    def label(self) -> str:
        """Such as T4."""
        return f"T{self.number}"


@dataclass(frozen=True)
class ThreatFinding:
    """What these very runs show of one threat. evidence: numbers, in a sentence or two."""

    threat: Threat
    state: State
    evidence: str


THREATS: tuple[Threat, ...] = ()
