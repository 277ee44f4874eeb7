"""What was found while an EA-HAS-style sweep was read: what was refused, what to know before using the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fairwatt.records import Value
from fairwatt.search_spaces.eahas_fields import printable

ERROR, WARNING, NOTE = "error", "warning", "note"
"""The training is left out; it is in the table, or belongs to another space; a choice that was made for all."""
KINDS: dict[str, tuple[str, str]] = {
    "incomplete": (ERROR, "something that a training needs is missing"),
    "not-a-number": (ERROR, "a curve has NaN, infinity, null or text in it"),
    "no-regnet": (ERROR, "the model is no RegNet of two or more stages"),
    "off-grid": (ERROR, "a value is not on the grid of the variant"),
    "stages-differ": (ERROR, "the five numbers expand to other stages than those stored with them"),
    "params-differ": (ERROR, "the file counts other parameters than this network has"),
    "wrong-length": (ERROR, "a curve has not as many points as the configuration has epochs"),
    "wrong-epochs": (ERROR, "epochs are not numbered 1, 2, 3, ..."),
    "out-of-range": (ERROR, "an error lies outside 0 to 100 percent"),
    "fractions": (ERROR, "no error of any epoch is above 1 %; are these fractions? Errors are percent, 0 to 100"),
    "negative": (ERROR, "an epoch takes no time, or less, or less than no energy"),
    "absurd": (ERROR, "a number beyond a billion"),
    "power": (ERROR, "mean power is none that a machine for such trainings draws"),
    "no-energy": (ERROR, "no energy, where others have one"),
    "energy-falls": (ERROR, "cumulative energy falls"),
    "energy-offset": (ERROR, "cumulative energy does not begin at zero: its first epoch is ten times the median"),
    "duplicate": (ERROR, "the same training again: the same key with the same curves"),
    "outside-limits": (WARNING, "the network is outside the limits of the variant: it has no key, and is left out"),
    "size-differs": (WARNING, "the file counts other flops or activations than this network has"),
    "size-unknown": (WARNING, "the file does not say how many parameters the network has: not checked"),
    "energy-varies": (WARNING, "energy of one epoch is ten times the median epoch's, or a tenth"),
    "rounded": (WARNING, "errors are no multiples of one image; they were rounded to those"),
    "errors-rise": (WARNING, "the error at the end is above that at the beginning: are these errors?"),
    "diverged": (WARNING, "a loss is not finite: kept, and marked as diverged"),
    "repeat": (NOTE, "a further training of a key that was there before: kept as a repeat"),
    "one-seed": (WARNING, "a repeat under the seed of another: differences are those of the machine, not of seeds"),
    "stages-only": (NOTE, "only stages are stored: the table names one of the configurations that are this network"),
}
"""Kind -> severity, and what it is."""
_EXAMPLES = 3
Given = tuple[Value | None, ...]
"""A configuration as a file has it, None for what cannot be read."""


class RefusedTrainingError(Exception):
    """Why one training is left out: a kind of finding, and what exactly."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


@dataclass(frozen=True)
class Example:
    """A training that something was found about: its number in the file, from 0, configuration, what exactly."""

    record: int
    config: Given
    detail: str


@dataclass
class Finding:
    """How many trainings something was found about, and the first few."""

    kind: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """error, warning or note."""
        return KINDS[self.kind][0]

    @property
    def what(self) -> str:
        """The kind in words."""
        return KINDS[self.kind][1]


@dataclass
class SweepReport:
    """All of it.

    records: trainings in the file; taken, configurations, networks: in the table. stopped: why there is no table, ""
    where there is one. choices: how the file was read. replaced: the table of another file that had the name.
    """

    file: str
    sha256: str
    records: int = 0
    taken: int = 0
    configurations: int = 0
    networks: int = 0
    stopped: str = ""
    found: dict[str, Finding] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    replaced: str = ""

    def add(self, kind: str, record: int, config: Given = (), detail: str = "") -> None:
        """One training more that has this."""
        finding = self.found.setdefault(kind, Finding(kind))
        finding.count += 1
        if len(finding.examples) < _EXAMPLES:
            told = tuple(printable(value) if isinstance(value, str) else value for value in config)
            finding.examples.append(Example(record, told, detail))

    def choose(self, words: str) -> None:
        """Say how the file was read."""
        self.choices.append(words)

    def count(self, kind: str) -> int:
        """Trainings that have this."""
        return self.found[kind].count if kind in self.found else 0

    @property
    def findings(self) -> list[Finding]:
        """Errors first, each severity in the order of `KINDS`."""
        order, severities = list(KINDS), (ERROR, WARNING, NOTE)
        return sorted(self.found.values(), key=lambda each: (severities.index(each.severity), order.index(each.kind)))

    def sentences(self) -> Iterator[str]:
        """What the card repeats: counts of each kind, and choices."""
        yield f"{self.taken:,} of {self.records:,} trainings of {self.file}"
        for finding in self.findings:
            yield f"{finding.count:,}{' left out' if finding.severity == ERROR else ''}: {finding.what}"
        yield from self.choices

    def to_json(self) -> dict[str, Any]:
        """Plain data, numbers finite."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "stopped": self.stopped,
            "trainings": {
                "in_file": self.records,
                "in_table": self.taken,
                "configurations": self.configurations,
                "networks": self.networks,
            },
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "what": finding.what,
                    "trainings": finding.count,
                    "first": [
                        {"record": each.record, "config": list(each.config), "detail": each.detail}
                        for each in finding.examples
                    ],
                }
                for finding in self.findings
            ],
            "choices": self.choices,
            "replaced": self.replaced,
        }
