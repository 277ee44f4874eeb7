"""Results on disk: study/space/arm/budget/policy/seed. A finished file is a finished cell."""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TextIO

from fairwatt.errors import UserError
from fairwatt.experiments.study import Cell, Study
from fairwatt.sealed import is_intact, read_sealed, write_atomically, write_sealed

FORMAT = 1
_MAY_GROW = ("seeds",)


@dataclass(frozen=True)
class Store:
    """The folder of one study's results."""

    folder: Path

    def claim(self, study: Study) -> None:
        """Make the folder this study's, or extend the study that it holds by seeds.

        How many seeds there were before each extension is kept: adding seeds after a look is optional stopping.
        A folder without a finished run is nobody's. Raises UserError, naming the first field that differs, where the
        folder holds runs of another study.
        """
        path = self.folder / "study.json"
        new, extended = study.model_dump(mode="json"), []
        if path.exists():
            old: dict[str, Any] = read_sealed(path)["study"]
            for field in new if self.has_runs() else ():
                if field not in _MAY_GROW and old.get(field) != new[field]:
                    raise UserError(
                        f"{self.folder} holds a study with {field} = {old.get(field)!r}, not {new[field]!r}; "
                        "choose another folder with --out"
                    )
            if self.has_runs():
                new["seeds"] = sorted({*old["seeds"], *new["seeds"]})
                extended = read_sealed(path)["extended"]
                if len(new["seeds"]) > len(old["seeds"]):
                    extended = [*extended, len(old["seeds"])]
        write_sealed(path, {"format": FORMAT, "study": new, "extended": extended})

    def has_runs(self) -> bool:
        """Whether any search has finished here."""
        return any(self.folder.glob("*/*/*/*/*.json"))

    def note_provenance(self, provenance: dict[str, object]) -> None:
        """Add to the list of what made the runs, where it is not the last entry already."""
        path = self.folder / "provenance.json"
        noted = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        if noted[-1:] != [provenance]:
            write_atomically(path, json.dumps([*noted, provenance], indent=1).encode() + b"\n")

    def open_timings(self) -> TextIO:
        """The notes on processor time, to add to; a line that a crash tore is ended, or the next one would be lost."""
        path = self.folder / "timings.jsonl"
        noted = path.read_bytes() if path.is_file() else b""
        notes = path.open("a", encoding="utf-8")
        if noted and not noted.endswith(b"\n"):
            notes.write("\n")
        return notes

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


def progress(store: Store, study: Study) -> list[Progress]:
    """A line for each space and arm, from what is on disk; the data is not needed."""
    found = []
    for space, arm in product(study.spaces, study.optimizers):
        done, failed, missing = 0, {}, []
        for seed in study.seeds:
            runs = sorted((store.folder / space / arm.label).glob(f"*/*/{seed}.json"))
            failures = sorted((store.folder / space / arm.label).glob(f"*/*/{seed}.failed"))
            if any(map(is_intact, runs)):
                done += 1
            elif runs:
                failed[seed] = "the file is damaged; the next run replaces it"
            elif failures:
                failed[seed] = failures[-1].read_text(encoding="utf-8").strip().splitlines()[-1]
            else:
                missing.append(seed)
        found.append(Progress(space, arm.label, done, failed, tuple(missing)))
    return found
