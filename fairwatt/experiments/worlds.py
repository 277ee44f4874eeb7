"""The worlds in which a study searches: its spaces as they are, and, where it declares `reruns`, as they might be.

Re-pricing comes first (specification, section 0.4), so a search is done again only where what its optimizer sees would
be another thing. Under the literature's sampler, or without the shared design, that is every arm; under wrong energies
the arms that are told of energies, since the analysis prices the others again, exactly. Worlds share the names of their
spaces and so all random streams: re-runs are paired with the study's own searches, seed by seed.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from fairwatt.errors import UnknownNameError
from fairwatt.experiments.study import Cell, Study, folder_name
from fairwatt.problem import Benchmark
from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.perturbed import EnergyNotKnownError, perturbed
from fairwatt.study_change import CHANGES

SEES_ENERGY = "energy_kwh"
"""The objective through which an arm is told of energies."""


@dataclass(frozen=True)
class Rerun:
    """The searches of one space that are done again in one world. arms: labels; none where `note` says why."""

    space: str
    name: str
    arms: tuple[str, ...]
    note: str = ""

    @property
    def folder(self) -> str:
        """Of its results."""
        return folder_name(self.space, self.name)


def benchmark_of(study: Study, space: str, rerun: str = "") -> Benchmark:
    """A space of a study in one of its worlds, made once a process.

    Raises UserError where its data is not here, UnknownNameError and EnergyNotKnownError where it has no such world.
    """
    study, error = study.changed(rerun), "" if rerun in CHANGES else rerun
    return _made(space, study.sampler, study.energy, study.suspect, error)


def reruns(study: Study) -> list[Rerun]:
    """Everything that a study declares to be run again, worlds without a search among it.

    Raises UnknownNameError for a device that a space with energies of several devices has not.
    """
    return [_rerun(study, space, name) for space in study.spaces for name in study.reruns]


def cells_again(study: Study) -> list[Cell]:
    """Every search that is done again, seeds last."""
    arms = {arm.label: arm for arm in study.optimizers}
    return [
        Cell(rerun.space, arms[label], seed, rerun.name)
        for rerun in reruns(study)
        for label in rerun.arms
        for seed in study.seeds_of(arms[label])
    ]


def in_words(study: Study) -> list[str]:
    """What is run again, and what is not and why: one line for each world of each space."""
    many = Counter((cell.space, cell.rerun) for cell in cells_again(study))
    return [
        f"not run again: {rerun.name} on {rerun.space}: {rerun.note}"
        if rerun.note
        else f"{many[rerun.space, rerun.name]} re-runs: {rerun.name} on {rerun.space}, {', '.join(rerun.arms)}"
        for rerun in reruns(study)
    ]


def _rerun(study: Study, space: str, name: str) -> Rerun:
    change = CHANGES.get(name)
    try:
        benchmark_of(study, space, name)
    except EnergyNotKnownError as error:
        return Rerun(space, name, (), str(error))
    except UnknownNameError:
        if not (change and change.lacking):
            raise
        return Rerun(space, name, (), change.lacking)
    if change:
        return Rerun(space, name, study.labels)
    if study.policy.get("currency", "energy") != "energy":
        return Rerun(space, name, (), "energies matter in books that count energy")
    arms = tuple(arm.label for arm in study.optimizers if SEES_ENERGY in arm.factory().objectives)
    return Rerun(space, name, arms, "" if arms else "no arm is told of energies; their searches are priced again")


def forget() -> None:
    """Make the benchmarks anew when they are asked for again: tables may have been imported since."""
    _made.cache_clear()


@lru_cache(maxsize=16)
def _made(space: str, sampler: str, energy: str | None, suspect: str, error: str = "") -> Benchmark:
    if error:
        return perturbed(_made(space, sampler, energy, suspect), error)
    given = {"sampler": sampler, "energy": energy, "suspect": suspect}
    usual = {"sampler": "uniform", "energy": None, "suspect": "keep"}  # each space's own: not all have these options
    return make_benchmark(space, **{name: value for name, value in given.items() if value != usual[name]})
