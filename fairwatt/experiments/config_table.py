"""A sweep of RegNet + HPO configurations as a measurement table with its card: one row a training, whole curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairwatt.experiments.config_card import describe, describe_own
from fairwatt.experiments.config_columns import Row, TrainedOn, config_columns
from fairwatt.experiments.config_energy import Metered
from fairwatt.experiments.config_sweep import ConfigSweep
from fairwatt.experiments.own_sweep import OwnSweep
from fairwatt.experiments.sweep import SWEEPS, Progress, check_settings, read_parts
from fairwatt.experiments.sweep_card import card_text
from fairwatt.experiments.sweep_plan import load_plan
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.experiments.sweep_table import collect
from fairwatt.search_spaces.table import write_table


def collect_sweep(
    spec_path: Path,
    progress: Progress | None = None,
    *,
    folder: Path = SWEEPS,
    out: Path | None = None,
    partial: bool = False,
) -> Path:
    """Write the table of a sweep of any kind and, beside it, its card as text; returns the table's path.

    out: the folder, the sweep's own by default. progress: of cells that are timed. partial: take what is there; the
    card says how much. Raises SweepError while trainings are missing, with how many, and for parts of tables of cells.
    """
    if isinstance(load_plan(spec_path), ConfigSweep | OwnSweep):
        return collect_configs(spec_path, folder=folder, out=out, partial=partial)
    if partial:
        raise SweepError(f"{spec_path}: --partial is for sweeps of configurations; a table of cells has them all")
    return collect(spec_path, progress, folder=folder, out=out)


def collect_configs(spec_path: Path, *, folder: Path = SWEEPS, out: Path | None = None, partial: bool = False) -> Path:
    """As `collect_sweep`, of configurations. Raises SweepError for trainings whose energies or seconds do not mix."""
    sweep = load_plan(spec_path)
    if not isinstance(sweep, ConfigSweep | OwnSweep):
        raise SweepError(f"{spec_path}: a sweep of cells, not of configurations")
    trained = TrainedOn.of(sweep)
    check_settings(sweep, folder=folder)
    rows = _rows(sweep, trained, folder)
    planned = sum(bundle.size for bundle in sweep.bundles())
    if len(rows) < planned and not (partial and rows):
        raise SweepError(
            f"{folder / sweep.name}: {planned - len(rows):,} of {planned:,} trainings are missing; finish them "
            f"(fairwatt sweep run {spec_path.name}){' or take what is there with --partial' if rows else ''}"
        )
    if isinstance(sweep, OwnSweep):
        metered = Metered.of([row.result for row in rows], [row.part for row in rows])
        columns = config_columns(rows, trained, metered)
        card = describe_own(sweep, spec_path.name, columns, planned, metered, trained.size["num_classes"])
    else:
        columns = config_columns(rows, trained)
        card = describe(sweep, spec_path.name, columns, planned)
    home = out or folder / sweep.name
    home.mkdir(parents=True, exist_ok=True)
    path = write_table(home / f"{sweep.name}.arrow", columns, card, compress=True)
    path.with_suffix(".md").write_text(card_text(path), encoding="utf-8")
    return path


@dataclass(frozen=True)
class _Finished:
    """The bundles of a sweep that have a part."""

    name: str
    done: Sequence[Any]

    def settings(self) -> dict[str, Any]:
        return {}

    def bundles(self) -> Sequence[Any]:
        return self.done


def _rows(sweep: ConfigSweep | OwnSweep, trained: TrainedOn, folder: Path) -> list[Row]:
    parts = folder / sweep.name / "parts"
    done = [bundle for bundle in sweep.bundles() if (parts / f"{bundle.name}.json").is_file()]
    rows = [
        Row(trained.space.key(task.config), task, result, bundle.name)
        for bundle, results in read_parts(_Finished(sweep.name, done), folder=folder)
        for task, result in zip(bundle.tasks, results, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.key, row.task.repeat))
