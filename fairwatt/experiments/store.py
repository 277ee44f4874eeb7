"""Results on disk: study/space/arm/budget/policy/seed. A finished file is a finished cell.

Re-runs are in study/space@world/...; `reruns.json` says what was planned of them, and what there cannot be and why.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from fairwatt.errors import UserError
from fairwatt.experiments.study import Cell, Study
from fairwatt.experiments.worlds import Rerun
from fairwatt.sealed import is_intact, read_sealed, write_atomically, write_sealed

FORMAT = 1
LONGEST = 400
"""Characters of two values that a message shows in full."""
_MAY_GROW = ("seeds", "reruns")


@dataclass(frozen=True)
class Store:
    """The folder of one study's results."""

    folder: Path

    def claim(self, study: Study) -> None:
        """Make the folder this study's, or extend the study that it holds by seeds or re-runs.

        How many seeds there were before each extension is kept: adding seeds after a look is optional stopping. Re-runs
        may be added after a look, since they can only take claims away; none is taken out again. A folder without a
        finished run is nobody's. Raises UserError, naming the first field that differs, where the folder holds runs of
        another study.
        """
        path = self.folder / "study.json"
        new, extended = study.model_dump(mode="json"), []
        if path.exists():
            old: dict[str, Any] = read_stored_study(self.folder).model_dump(mode="json")  # in today's fields
            for field in new if self.has_runs() else ():
                if field not in _MAY_GROW and old[field] != new[field]:
                    raise UserError(
                        f"{self.folder} holds a study with {_difference(field, old[field], new[field])}; "
                        "choose another folder with --out"
                    )
            if self.has_runs():
                new["seeds"] = sorted({*old["seeds"], *new["seeds"]})
                new["reruns"] = list(dict.fromkeys([*old["reruns"], *new["reruns"]]))
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
        return self.folder / cell.folder / cell.arm.label / budget / policy_id / f"{cell.seed}.json"

    def failure_path(self, run_path: Path) -> Path:
        """Where the reason of a failed cell is kept until it succeeds."""
        return run_path.with_suffix(".failed")

    def fail(self, run_path: Path, reason: str) -> None:
        """Note why a cell failed."""
        write_atomically(self.failure_path(run_path), (reason.strip() + "\n").encode())

    def reference_path(self, cell: Cell) -> Path:
        """What analysis knows of the truth of a cell's space, in its world."""
        return self.folder / cell.folder / "reference.json"

    def plan(self, reruns: Sequence[Rerun]) -> None:
        """Note what is to be run again; what this study planned before, and does not name now, stays."""
        before = self.planned() if self.has_runs() else []
        if known := {rerun.folder: rerun for rerun in (*before, *reruns)}:
            noted = [{"folder": rerun.folder} | asdict(rerun) for rerun in known.values()]
            write_sealed(self._plan_path, {"format": FORMAT, "reruns": noted})
        else:
            self._plan_path.unlink(missing_ok=True)

    def planned(self) -> list[Rerun]:
        """What was to be run again here, and what cannot be."""
        noted = read_sealed(self._plan_path)["reruns"] if self._plan_path.is_file() else []
        return [Rerun(each["space"], each["name"], tuple(each["arms"]), each["note"]) for each in noted]

    @property
    def _plan_path(self) -> Path:
        return self.folder / "reruns.json"


def _difference(field: str, old: Any, new: Any) -> str:
    """In words. Of many arms only those that differ: each may carry how it was tuned."""
    if field != "optimizers" or len(str(old)) + len(str(new)) < LONGEST:
        return f"{field} = {old!r}, not {new!r}"
    there, here = ({arm["label"]: arm for arm in arms} for arms in (old, new))
    labels = [label for label in dict.fromkeys((*there, *here)) if there.get(label) != here.get(label)]
    return f"other {field}: {', '.join(labels) or 'in another order'}"


def read_stored_study(folder: Path) -> Study:
    """The study that a results folder holds. Raises UserError where there is none."""
    from fairwatt.experiments.study import parse_study

    path = folder / "study.json"
    if not path.is_file():
        raise UserError(f"{folder} holds no results (no study.json); make some with: fairwatt run STUDY.yaml")
    return parse_study(read_sealed(path)["study"], str(path))


@dataclass(frozen=True)
class Progress:
    """What is done, missing and failed of one arm in one space, or in one world of it."""

    space: str
    arm: str
    done: int
    failed: dict[int, str]
    missing: tuple[int, ...]


def progress(store: Store, study: Study) -> list[Progress]:
    """A line for each space and arm, re-runs last, from what is on disk; the data is not needed."""
    seeds = {arm.label: study.seeds_of(arm) for arm in study.optimizers}
    arms = [(space, label) for space in study.spaces for label in study.labels]
    arms += [(rerun.folder, label) for rerun in store.planned() for label in rerun.arms]
    return [_progress(store.folder / folder / label, folder, label, seeds[label]) for folder, label in arms]


def _progress(folder: Path, space: str, arm: str, seeds: Sequence[int]) -> Progress:
    done, failed, missing = 0, {}, []
    for seed in seeds:
        runs = sorted(folder.glob(f"*/*/{seed}.json"))
        failures = sorted(folder.glob(f"*/*/{seed}.failed"))
        if any(map(is_intact, runs)):
            done += 1
        elif runs:
            failed[seed] = "the file is damaged; the next run replaces it"
        elif failures:
            failed[seed] = failures[-1].read_text(encoding="utf-8").strip().splitlines()[-1]
        else:
            missing.append(seed)
    return Progress(space, arm, done, failed, tuple(missing))
