"""Results on disk -> what is compared."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from fairwatt.analysis.collector import collector_off
from fairwatt.analysis.other_worlds import Rerun, Reruns
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.spend import Overhead
from fairwatt.analysis.verdict import Comparison
from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.errors import UserError
from fairwatt.problem import Reference
from fairwatt.records import Run
from fairwatt.runfile import Known, read_reference, read_run
from fairwatt.sealed import read_sealed
from fairwatt.study_change import CHANGES


@dataclass(frozen=True)
class Results:
    """One study's folder.

    study: its declaration. runs: by space, arms and seeds in the study's order; each recorded at its largest budget.
    missing: (space, arm, seed) of cells without a run. extended: number of seeds before each extension. overheads: by
    (space, arm) and seed, where they were noted. provenance: of each version of code and machine that made runs, the
    latest last. reruns: by space and name of the world, its truth and what was run again in it. missing_again: (space,
    world, arm, seed) of re-runs without a run. not_again: (space, world, reason) of those that there cannot be.
    """

    folder: Path
    study: Mapping[str, Any]
    references: Mapping[str, Reference]
    runs: Mapping[str, tuple[Run, ...]]
    missing: tuple[tuple[str, str, int], ...]
    extended: tuple[int, ...]
    overheads: Mapping[tuple[str, str], Mapping[int, Overhead]]
    provenance: Sequence[Mapping[str, Any]]
    reruns: Mapping[str, Reruns] = field(default_factory=dict)
    missing_again: tuple[tuple[str, str, str, int], ...] = ()
    not_again: tuple[tuple[str, str, str], ...] = ()

    @property
    def caveats(self) -> tuple[str, ...]:
        """What keeps these results from being the study that was declared before the first search."""
        found = []
        if self.missing:
            arms = ", ".join(dict.fromkeys(arm for _, arm, _ in self.missing))
            found.append(f"{len(self.missing)} searches are missing (of {arms}); Holm counts the arms that are here")
        if self.missing_again:
            names = ", ".join(dict.fromkeys(name for _, name, _, _ in self.missing_again))
            found.append(f"{len(self.missing_again)} re-runs are missing (of {names}), which might take claims away")
        found += [f"seeds were added after {count} had been run" for count in self.extended]
        return tuple(found)

    @property
    def protocol(self) -> Protocol:
        """The rules of comparison that the study declared."""
        return _protocol(self.study)

    def comparisons(self) -> list[Comparison]:
        """One for each space that has runs. Raises ComparisonError where runs do not match."""
        return [
            Comparison(runs, self.references[space], self.protocol, reruns=self.reruns.get(space))
            for space, runs in self.runs.items()
            if runs
        ]


def load(folder: Path, each: Callable[[Comparison], None] | None = None) -> Results:
    """Read a study's folder; unfinished studies are read as far as they are.

    each: is called with the comparison of each space, as of `Results.comparisons`, when that space is read.

    Raises UserError where there is no study or no finished run, DamagedFileError for files that were changed.
    """
    declared = folder / "study.json"
    if not declared.is_file():
        raise UserError(f"{folder} holds no results (no study.json); make some with: fairwatt run STUDY.yaml")
    claim = read_sealed(declared)
    study = claim["study"]
    seeds, plan = declared_seeds(study), _plan(folder, study)
    references: dict[str, Reference] = {}
    runs: dict[str, tuple[Run, ...]] = {}
    reruns: dict[str, dict[str, Rerun]] = {}
    missing, missing_again, not_again = [], [], []
    for space, planned in plan.items():
        if space in study["spaces"]:
            with collector_off():
                found = _runs(folder / space)
            wanted = [(arm, seed) for arm, own in seeds.items() for seed in own]
            missing += [(space, *cell) for cell in wanted if cell not in found]
            runs[space] = tuple(found[cell] for cell in wanted if cell in found)
            if runs[space]:
                references[space] = read_reference(folder / space / "reference.json")
        worlds = _worlds(study, planned, references.get(space), runs.get(space, ()))
        again = _again(folder, worlds, seeds)
        missing_again += [(space, *cell) for cell in again.missing]
        not_again += [(space, *reason) for reason in again.impossible]
        if again.found:
            reruns[space] = again.found
        if each and runs.get(space):
            each(Comparison(runs[space], references[space], _protocol(study), reruns=reruns.get(space)))
    if not any(runs.values()):
        raise UserError(f"{folder}: no finished run yet; go on with: fairwatt run")
    provenance = folder / "provenance.json"
    return Results(
        folder=folder,
        study=study,
        references=references,
        runs=runs,
        missing=tuple(missing),
        extended=tuple(claim["extended"]),
        overheads=_overheads(folder / "timings.jsonl"),
        provenance=json.loads(provenance.read_text(encoding="utf-8")) if provenance.is_file() else [],
        reruns=reruns,
        missing_again=tuple(missing_again),
        not_again=tuple(not_again),
    )


def declared_seeds(study: Mapping[str, Any]) -> dict[str, Sequence[int]]:
    """Of each arm of a study, as it is stored: its own, or those of the study."""
    return {arm["label"]: arm.get("seeds") or study["seeds"] for arm in study["optimizers"]}


def seeds_in_words(study: Mapping[str, Any]) -> str:
    """How many seeds the arms of a study have, such as 30 seeds, or 30 to 500."""
    counts = sorted({len(seeds) for seeds in declared_seeds(study).values()})
    return " to ".join(f"{count:,}" for count in counts[:: max(len(counts) - 1, 1)]) + " seeds"[: 5 + (counts != [1])]


def _protocol(study: Mapping[str, Any]) -> Protocol:
    arms = study["optimizers"]
    return Protocol(
        reference_arm=study["reference"],
        budgets=tuple(study["budgets"]),
        budget_factors={a["label"]: Fraction(str(a["budget_factor"])) for a in arms if a["budget_factor"] != 1},
        policy=study["policy"],
        min_seeds=study["min_seeds"],
        all_pairs=study.get("all_pairs", False),
    )


def _plan(folder: Path, study: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What was declared to be run again, and what `reruns.json` tells of it and of others, by space and world.

    What has to be there follows from the sealed declaration and from what was run; `reruns.json` only tells where it
    is, and why a space has no other sampler. A file that was taken away leaves its re-runs missing.
    """
    untold: Mapping[str, Any] = {"folder": "", "arms": [], "note": ""}
    worlds = {space: dict.fromkeys(study.get("reruns", ()), untold) for space in study["spaces"]}
    plan = folder / "reruns.json"
    for world in read_sealed(plan)["reruns"] if plan.is_file() else ():
        worlds.setdefault(world["space"], {})[world["name"]] = world
    return worlds


class _World(NamedTuple):
    """One world of a space. folder: of its runs, if any. arms: due there, or there; none where that cannot be, for
    which `note` is the reason."""

    folder: str
    arms: tuple[str, ...]
    note: str


class _Again(NamedTuple):
    """What was run again of one space. found: by name of the world. missing: (world, arm, seed). impossible: (world,
    reason)."""

    found: dict[str, Rerun]
    missing: list[tuple[str, str, int]]
    impossible: list[tuple[str, str]]


def _again(folder: Path, worlds: Mapping[str, _World], seeds: Mapping[str, Sequence[int]]) -> _Again:
    """Runs of all worlds, as far as they are there. seeds: by arm."""
    again = _Again({}, [], [])
    for name, world in worlds.items():
        if not world.arms:
            again.impossible.append((name, world.note))
            continue
        found: dict[tuple[str, int], Run] = {}
        if world.folder:
            with collector_off():
                found = _runs(folder / world.folder)
        wanted = [(arm, seed) for arm in world.arms for seed in seeds[arm]]
        again.missing.extend((name, *cell) for cell in wanted if cell not in found)
        if runs := tuple(found[cell] for cell in wanted if cell in found):
            again.found[name] = read_reference(folder / world.folder / "reference.json"), runs
    return again


def _worlds(
    study: Mapping[str, Any], plan: Mapping[str, Mapping[str, Any]], reference: Reference | None, runs: Sequence[Run]
) -> dict[str, _World]:
    """The worlds in which a space is searched again. plan: its part of `_plan`; runs: of the space as it is."""
    errors = energy_errors(reference) if reference and plan else {}
    worlds = {}
    for name, planned in plan.items():
        due, note = _due(study, name, errors, runs)
        change = CHANGES.get(name)
        lacks = change and change.lacking and planned["note"]
        arms = () if lacks else tuple(dict.fromkeys((*due, *planned["arms"])))
        worlds[name] = _World(planned["folder"], arms, planned["note"] or note)
    return worlds


def _due(
    study: Mapping[str, Any], name: str, errors: Mapping[str, EnergyError | str], runs: Sequence[Run]
) -> tuple[list[str], str]:
    """The arms that have to be run again in a world, or why there are none. errors: as the space knows them."""
    labels = [arm["label"] for arm in study["optimizers"]]
    if name in CHANGES:
        return labels, ""
    error = errors.get(name, errors.get("another device") if name.startswith("device ") else None)
    if isinstance(error, str):
        return [], error
    if study["policy"].get("currency", "energy") != "energy":
        return [], "energies matter in books that count energy"
    told = {run.header.arm for run in runs if "energy_kwh" in run.header.objectives}
    arms = [label for label in labels if label in told]
    return arms, "" if arms else "no arm is told of energies; their searches are priced again"


def _runs(folder: Path) -> dict[tuple[str, int], Run]:
    """All runs of one space by arm and seed."""
    found: dict[tuple[str, int], Run] = {}
    known: Known = {}
    for path in sorted(folder.glob("*/*/*/*.json")):
        run = read_run(path, known)
        if (run.header.arm, run.header.seed) in found:
            raise UserError(f"{path}: arm {run.header.arm}, seed {run.header.seed} is there twice; keep one of them")
        found[run.header.arm, run.header.seed] = run
    return found


def _overheads(path: Path) -> dict[tuple[str, str], dict[int, Overhead]]:
    """Notes by (space, arm) and seed, the last of each; lines torn by a crash and those of before there were any
    notes on optimizers are left out."""
    noted: dict[tuple[str, str], dict[int, Overhead]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            timing = json.loads(line)
            overhead = Overhead(timing["optimizer_seconds"], timing["watts_per_core"], timing["pue"])
        except (json.JSONDecodeError, KeyError):
            continue
        noted.setdefault((timing["space"], timing["arm"]), {})[timing["seed"]] = overhead
    return noted
