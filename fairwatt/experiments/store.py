"""Results on disk: study/space/arm/budget/policy/seed. A finished file is a finished cell."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairwatt.errors import UserError
from fairwatt.experiments.study import Cell, Study
from fairwatt.sealed import read_sealed, write_atomically, write_sealed

FORMAT = 1
_MAY_GROW = ("seeds",)


@dataclass(frozen=True)
class Store:
    """The folder of one study's results."""

    folder: Path

    def claim(self, study: Study) -> None:
        """Make the folder this study's, or extend the study that it holds by seeds.

        Raises UserError, naming the first field that differs, where the folder holds another study.
        """
        path = self.folder / "study.json"
        new = study.model_dump(mode="json")
        if path.exists():
            old: dict[str, Any] = read_sealed(path)["study"]
            for field in new:
                if field not in _MAY_GROW and old.get(field) != new[field]:
                    raise UserError(
                        f"{self.folder} holds a study with {field} = {old.get(field)!r}, not {new[field]!r}; "
                        "choose another folder with --out"
                    )
            new["seeds"] = sorted({*old["seeds"], *new["seeds"]})
        write_sealed(path, {"format": FORMAT, "study": new})

    def run_path(self, cell: Cell, budget_text: str, policy_id: str) -> Path:
        """Where one cell's run is, or will be."""
        budget = budget_text.replace(" ", "")
        return self.folder / cell.space / cell.arm.label / budget / policy_id / f"{cell.seed}.json"

    def failure_path(self, run_path: Path) -> Path:
        """Where the reason of a failed cell is kept until it succeeds."""
        return run_path.with_suffix(".failed")

    def fail(self, run_path: Path, reason: str) -> None:
        """Note why a cell failed."""
        write_atomically(self.failure_path(run_path), (reason.strip() + "\n").encode())

    def reference_path(self, space: str) -> Path:
        """What analysis knows of the truth of one space."""
        return self.folder / space / "reference.json"


def read_stored_study(folder: Path) -> Study:
    """The study that a results folder holds. Raises UserError where there is none."""
    from fairwatt.experiments.study import parse_study

    path = folder / "study.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no results (no study.json); make some with: fairwatt run STUDY.yaml")
    return parse_study(read_sealed(path)["study"], str(path))


@dataclass(frozen=True)
class Progress:
    """What is done, missing and failed of one space and arm."""

    space: str
    arm: str
    done: int
    failed: dict[int, str]
    missing: tuple[int, ...]


def progress(store: Store, study: Study, paths: Iterable[tuple[Cell, Path]]) -> list[Progress]:
    """A line for each space and arm, from what is on disk."""
    lines: dict[tuple[str, str], list[tuple[Cell, Path]]] = {}
    for cell, path in paths:
        lines.setdefault((cell.space, cell.arm.label), []).append((cell, path))
    found = []
    for (space, arm), group in lines.items():
        done = [cell.seed for cell, path in group if path.exists()]
        failed = {
            cell.seed: failure.read_text(encoding="utf-8").strip().splitlines()[-1]
            for cell, path in group
            if not path.exists() and (failure := store.failure_path(path)).exists()
        }
        missing = tuple(cell.seed for cell, _ in group if cell.seed not in {*done, *failed})
        found.append(Progress(space, arm, len(done), failed, missing))
    return found
