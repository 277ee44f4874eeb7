"""Running a study, with its progress on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING

from fairwatt.cli_console import Progress
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.experiments.executor import Outcome
    from fairwatt.experiments.study import Study


def run_with_progress(
    study: "Study", folder: Path, executor: str, workers: int, scheduler: str = "", hint: str = ""
) -> None:
    """Run what is not finished of a study. Raises UserError where searches fail, with a hint, and as `run_study`."""
    from fairwatt.experiments.executor import run_study

    failures: list[Outcome] = []
    with Progress(study.study) as shown:

        def step(done: int, total: int, outcome: "Outcome | None") -> None:
            shown.update(done, total)
            if outcome and outcome.error:
                failures.append(outcome)

        run_study(study, folder, executor=executor, workers=workers, scheduler=scheduler, progress=step)
    if failures:
        first = failures[0]
        cell = f"{first.cell.arm.label} on {first.cell.folder}, seed {first.cell.seed}"
        raise UserError(
            f"{len(failures)} searches failed, first {cell}: {first.error}; see: fairwatt status {folder}{hint}"
        )
