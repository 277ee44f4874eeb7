"""SEMOA as its authors released it. EC-NAS-Bench, Bakhtiarifard et al., ICASSP 2024; for reproducing its figures.

What differs from the paper's Algorithm 1, which is `semoa`: generations take the fidelities in turn, and at each the
whole population is trained anew; members leave the population only when they are invalid or another one has the same
losses, so that it and the cost of a generation grow; extremes have no privilege, and as what is in the archive adds
nothing to its hypervolume, most members are ranked by age; the number of generations is set in advance.

A cell is a part of a genome: its first so many vertices and, row by row, the first so many of their edges. These two
numbers never change, nor does the first operation, so that a lineage only reaches the cells they leave it. What comes
out may be invalid: it is asked, and counts as all error at no energy while parents are ranked.

Deviations: the shared design begins the population, as whole genomes; where a whole population is invalid it is drawn
anew (the released code stops with an error). Spaces that are not of cells, for which the released code has no genomes,
begin and make children by their own moves.
"""

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.semoa import change_rates, non_dominated, ranks
from fairwatt.problem import Problem, SearchSpace
from fairwatt.records import Config, Query, Trial

REFERENCE = (2.0, 1e6)
"""Validation error and kWh of the reference point; the released code has it as an accuracy of minus 100 percent."""
INVALID = (1.0, 0.0)
MAX_EDGES = 9
"""Of NAS-Bench-101, here before a cell is pruned."""


@optimizer("semoa-release", kinds=("multi",), multi_fidelity=True, waives=("asks valid configurations",))
def semoa_release(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: int = 10,
    num_generations: int = 100,
    eta_p: float = 1.9,
    edge_changes: float = 2.0,
    op_changes: float = 0.5,
) -> Search:
    """SEMOA as released: everybody is trained anew at each fidelity in turn, and invalid proposals are made.

    population_size: initial members, and children of a generation. num_generations: each has one fidelity; cut to
    whole turns, after which it ends. eta_p: selective pressure of linear ranking, 1 to 2. edge_changes, op_changes:
    expected changes of a child, the released expected_edge_changes and expected_node_changes. Raises UserError for
    settings out of range and problems without exactly two objectives.
    """
    turns = num_generations // len(problem.fidelities)
    if min(population_size, turns) < 1 or not 1 <= eta_p <= 2 or min(edge_changes, op_changes) < 0:
        raise UserError(
            f"population_size = {population_size} (expected 1 or more), num_generations = {num_generations} "
            f"(one for each of {len(problem.fidelities)} fidelities, or more), eta_p = {eta_p} (1 to 2), "
            f"edge_changes = {edge_changes}, op_changes = {op_changes} (0 or more)"
        )
    if len(problem.objectives) != 2:
        raise UserError(f"semoa-release minimises two objectives, this problem has {len(problem.objectives)}")
    vertices = vertices_of(problem.space)
    genomes: Genomes = (
        CellGenomes(vertices, edge_changes, op_changes)
        if vertices
        else OwnGenomes(problem.space, edge_changes, op_changes)
    )
    starts = genomes.starts(problem, rng)
    population = list(islice(starts, population_size))
    archive: list[Trial] = []
    for fidelity in problem.fidelities * turns:
        members = []
        for genome in population:
            members.append((genome, (yield Query(genomes.config(genome), fidelity))))
        front = np.array([trial.losses for trial in archive]).reshape(-1, 2)
        added = gains(np.array([trial.losses if trial.ok else INVALID for _, trial in members]), front)
        members = [members[place] for place in np.argsort(-added, kind="stable")]
        chosen = ranks(len(members), population_size, eta_p, rng)
        for genome in [genomes.child(members[rank][0], rng) for rank in chosen]:
            members.append((genome, (yield Query(genomes.config(genome), fidelity))))
        survivors: dict[tuple[float, ...], Config] = {}
        for genome, trial in members:
            archive = non_dominated(archive, trial)
            if trial.ok:
                survivors.setdefault(trial.losses, genome)
        population = list(survivors.values()) or list(islice(starts, population_size))


def gains(points: NDArray[np.float64], front: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N] hypervolume that each of N points [N, 2] would add to a non-dominated front [K, 2]; 0 for dominated ones."""
    first, second = front[front[:, 0].argsort()].T
    bounds = np.concatenate([[-np.inf], first, [REFERENCE[0]]])
    heights = np.concatenate([[REFERENCE[1]], second])  # of what is not dominated yet, between two bounds
    widths = bounds[1:] - np.maximum(bounds[:-1], points[:, :1])
    return np.asarray((np.clip(widths, 0, None) * np.clip(heights - points[:, 1:], 0, None)).sum(axis=1))


class Genomes(Protocol):
    """What evolves, and which configuration it stands for."""

    def starts(self, problem: Problem, rng: np.random.Generator) -> Iterator[Config]:
        """The shared design, then own draws without end."""

    def child(self, genome: Config, rng: np.random.Generator) -> Config:
        """A changed copy; may be the same."""

    def config(self, genome: Config) -> Config:
        """The configuration to ask; may be invalid."""


class CellGenomes:
    """(vertices, edges, a bit for each pair of the space's vertices, an operation for each interior one).

    size: vertices of the space. `vertices` of them are the cell's, the last of which is its output, and the first
    `edges` of the bits between these that are set are its edges.
    """

    def __init__(self, size: int, edge_changes: float, op_changes: float) -> None:
        self.size = size
        self.pairs = list(combinations(range(size), 2))
        self._edge_changes = edge_changes
        self._op_changes = op_changes

    def starts(self, problem: Problem, rng: np.random.Generator) -> Iterator[Config]:
        """The shared design as whole genomes; then uniform draws of everything."""
        for config in problem.initial:
            yield (self.size, len(self.pairs), *config)
        while True:
            vertices, edges = rng.integers(2, self.size + 1), rng.integers(1, len(self.pairs) + 1)
            bits, ops = rng.integers(2, size=len(self.pairs)), rng.integers(3, size=self.size - 2)
            yield (int(vertices), int(edges), *bits.tolist(), *ops.tolist())

    def child(self, genome: Config, rng: np.random.Generator) -> Config:
        """Edges of the cell's vertices flip; its interior operations but the first become another."""
        vertices, edges, *values = map(int, genome)
        inside = [place for place, (_, end) in enumerate(self.pairs) if end < vertices]
        for place, chance in zip(inside, rng.random(len(inside)), strict=True):
            if chance < self._edge_changes / len(inside):
                values[place] = 1 - values[place]
        for place in range(len(self.pairs) + 1, len(self.pairs) + vertices - 2):
            if rng.random() < self._op_changes / (vertices - 2):
                values[place] = (values[place] + int(rng.integers(1, 3))) % 3
        return (vertices, edges, *values)

    def config(self, genome: Config) -> Config:
        """The cell on the space's vertices; one with too many edges has none, which is invalid, too."""
        vertices, edges, *values = map(int, genome)
        live = [pair for pair, bit in zip(self.pairs, values, strict=False) if bit and pair[1] < vertices][:edges]
        placed = {(start, end if end < vertices - 1 else self.size - 1) for start, end in live}
        kept = placed if len(placed) <= MAX_EDGES else set()
        return (*(int(pair in kept) for pair in self.pairs), *values[len(self.pairs) :])


class OwnGenomes:
    """Configurations of any space, and its own moves."""

    def __init__(self, space: SearchSpace, edge_changes: float, op_changes: float) -> None:
        self._space = space
        self._rates = change_rates(space, {"edges": edge_changes, "ops": op_changes})

    def starts(self, problem: Problem, rng: np.random.Generator) -> Iterator[Config]:
        """The shared design, then draws of the space's sampler."""
        return problem.starts(rng)

    def child(self, genome: Config, rng: np.random.Generator) -> Config:
        """Changed as by `semoa`."""
        return self._space.perturb(genome, rng, **self._rates)

    def config(self, genome: Config) -> Config:
        """Itself."""
        return genome


def vertices_of(space: SearchSpace) -> int:
    """Vertices of a space of raw encodings of cells, known by the groups of its dimensions; 0 for any other space."""
    groups = [dim.group for dim in space.dims]
    vertices = groups.count("ops") + 2
    wanted = ["edges"] * (vertices * (vertices - 1) // 2) + ["ops"] * (vertices - 2)
    return vertices if groups == wanted else 0
