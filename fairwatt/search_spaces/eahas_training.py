"""Trainings of a sweep that passed, which of them are one and the same, and which are repeats of a configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairwatt.records import Config
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.eahas_configs import ConfigReader
from fairwatt.search_spaces.eahas_curves import CurveReader, Curves
from fairwatt.search_spaces.eahas_fields import SweepRecord, shown
from fairwatt.search_spaces.eahas_report import Given, RefusedTrainingError, SweepReport


@dataclass(frozen=True)
class SweepTraining:
    """One that is to be in the table.

    record: its number in the file. given: its configuration there. config, key: in the space. seed: as told, or "".
    """

    record: int
    given: Given
    config: Config
    key: int
    curves: Curves
    seed: str


Numbered = Sequence[tuple[SweepTraining, int]]
"""Trainings with the number of their repeat, by key and repeat."""
_EPOCHS = CONFIG.index("epochs")


def checked(
    record: SweepRecord, configs: ConfigReader, curves: CurveReader, report: SweepReport
) -> SweepTraining | None:
    """The training of a record; None, and a finding, where it is refused. Raises UserError as `ConfigReader.given`."""
    given = configs.given(record)
    try:
        config, key = configs.configured(record, given)
        found = curves.curves(record, given, int(config[_EPOCHS]))
    except RefusedTrainingError as refused:
        report.add(refused.kind, record.number, given, refused.detail)
        return None
    seed = shown(record.values["seed"]) if "seed" in record.values else ""
    return SweepTraining(record.number, given, config, key, found, seed)


def numbered(trainings: Sequence[SweepTraining], report: SweepReport) -> list[tuple[SweepTraining, int]]:
    """(training, repeat) by key and repeat, in the order of the file; what is there twice, once."""
    by_key: dict[int, list[SweepTraining]] = {}
    for training in sorted(trainings, key=lambda each: each.record):
        by_key.setdefault(training.key, []).append(training)
    return [(training, repeat) for _, own in sorted(by_key.items()) for repeat, training in _distinct(own, report)]


def _distinct(own: Sequence[SweepTraining], report: SweepReport) -> Iterator[tuple[int, SweepTraining]]:
    """Trainings of one key with their numbers."""
    seen: dict[tuple[bytes, ...], int] = {}
    seeds: set[str] = set()
    for training in own:
        if (same := _content(training.curves)) in seen:
            report.add("duplicate", training.record, training.given, f"as record {seen[same]}")
            continue
        if seen:
            report.add("repeat", training.record, training.given)
            if training.seed and training.seed in seeds:
                report.add("one-seed", training.record, training.given, f"seed {training.seed}")
        yield len(seen), training
        seen[same] = training.record
        seeds.add(training.seed)


def _content(curves: Curves) -> tuple[bytes, ...]:
    """Equal for one training. Curves that stay at chance say nothing; then its seconds must be equal."""
    varies = any((correct != correct[0]).any() for correct in curves.correct.values())
    correct = tuple(correct.tobytes() for correct in curves.correct.values())
    return correct if varies else (*correct, curves.seconds.tobytes())
