"""NAS-Bench-101 cells (Ying et al. 2019): pruning, identity, and the search space of raw encodings.

A `Config` is the raw encoding on the space's full vertex number V: V(V-1)/2 edge bits, then V-2 operation codes,
pruned parts included. Its `key` is the cell id after pruning.
"""

import hashlib
import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Dim, SearchSpace
from fairwatt.records import Config
from fairwatt.search_spaces.cell_index import MAX_EDGES, cell_index, kept_vertices, pairs

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

OPS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
INPUT, OUTPUT = "input", "output"
SAMPLERS = ("uniform", "raw")
MAX_STEPS = 1_000

Matrix = Sequence[Sequence[int]] | NDArray[np.integer]


def prune(matrix: Matrix, ops: Sequence[str | int]) -> tuple[NDArray[np.int8], tuple[int, ...]]:
    """The cell without the vertices that are on no path from input to output.

    matrix: [n, n] upper-triangular 0/1. ops: n names from "input" to "output", or the n-2 interior ones as names or
    codes 0, 1, 2 in the order of `OPS`. Returns the matrix [m, m] and the m-2 interior codes. Raises ValueError for a
    malformed cell, one without a path, and one with more than 9 edges left.
    """
    square = np.asarray(matrix)
    if square.ndim != 2 or square.shape != square.shape[::-1] or len(square) < 2:
        raise ValueError(f"the matrix of a cell is square with 2 or more rows, not {square.shape}")
    if not np.isin(square, (0, 1)).all() or np.tril(square).any():
        raise ValueError("the matrix of a cell holds 0 and 1 above its diagonal and 0 elsewhere")
    size = len(square)
    codes = _interior_codes(ops, size)
    edges = {(int(i), int(j)) for i, j in np.argwhere(square)}
    kept = kept_vertices(edges, size)
    if not kept:
        raise ValueError("the cell has no path from input to output")
    pruned = square[np.ix_(kept, kept)].astype(np.int8)
    if pruned.sum() > MAX_EDGES:
        raise ValueError(f"the cell has {pruned.sum()} edges after pruning; at most {MAX_EDGES}")
    return pruned, tuple(codes[vertex - 1] for vertex in kept[1:-1])


def graph_hash(matrix: Matrix, ops: Sequence[str | int]) -> str:
    """The md5 hash, 32 hex digits, by which NAS-Bench-101 names the cell; equal for isomorphic cells.

    Arguments and errors as of `prune`, which comes first. Source: the graph hash of NAS-Bench-101 (Ying et al. 2019,
    after Ying 2019, "Enumerating unique computational graphs via an iterative graph invariant").
    """
    pruned, codes = prune(matrix, ops)
    size = len(pruned)
    rows = pruned.tolist()
    before = [[j for j in range(size) if rows[j][i]] for i in range(size)]
    after = [[j for j in range(size) if rows[i][j]] for i in range(size)]
    labels = (-1, *codes, -2)
    hashes = [_md5(str((len(after[i]), len(before[i]), labels[i]))) for i in range(size)]
    for _ in range(size):
        hashes = [
            _md5(
                "".join(sorted(hashes[j] for j in before[i]))
                + "|"
                + "".join(sorted(hashes[j] for j in after[i]))
                + "|"
                + hashes[i]
            )
            for i in range(size)
        ]
    return _md5(str(sorted(hashes)))


class CellSpace(SearchSpace):
    """The cells of at most `vertices` vertices, or those of them that a table holds.

    members: cell ids that can be measured; all where None. sampler: "uniform" over the distinct member cells, or
    "raw", the literature's: matrices and operations drawn uniformly until one is a member.
    """

    def __init__(self, vertices: int, members: Iterable[int] | None = None, sampler: str = "uniform") -> None:
        if sampler not in SAMPLERS:
            raise UnknownNameError("sampler", sampler, SAMPLERS)
        index = cell_index(vertices)
        self.vertices = vertices
        self.sampler = sampler
        self.pairs = pairs(vertices)
        chosen = np.asarray(list(range(len(index)) if members is None else members))
        self.members = np.unique(chosen)
        if (
            chosen.dtype.kind not in "iu"
            or not len(self.members)
            or self.members[0] < 0
            or self.members[-1] >= len(index)
        ):
            raise UserError(f"a space of {vertices} vertices has cell ids 0..{len(index) - 1}")
        is_member = np.zeros(len(index) + 1, dtype=bool)  # the last entry answers id -1
        is_member[self.members] = True
        ids = np.where(is_member[index.ids], index.ids, -1)
        self._ids: list[int] = [int(cell) for cell in ids]
        self.dims = tuple(Dim(f"edge_{i}_{j}", (0, 1), True, "edges") for i, j in self.pairs) + tuple(
            Dim(f"op_{v}", (0, 1, 2), False, "ops") for v in range(1, vertices - 1)
        )
        edge_weights = [(1 << bit) * 3 ** (vertices - 2) for bit in range(len(self.pairs))]
        self._weights = (*edge_weights, *(3**p for p in range(vertices - 3, -1, -1)))
        self.fallbacks = 0

    def __len__(self) -> int:
        return len(self.members)

    # -- identity

    def is_valid(self, config: Config) -> bool:
        """Whether the config is well-formed and its cell is a member."""
        return self._well_formed(config) and self._id(config) >= 0

    def key(self, config: Config) -> int:
        """The cell id. Raises ValueError for a config that is malformed or not a member."""
        cell = self._id(config) if self._well_formed(config) else -1
        if cell < 0:
            raise ValueError(f"not a cell of this space: {config}")
        return cell

    def config(self, cell: int) -> Config:
        """The representative raw encoding of a cell id.

        The cell's own vertices come first and the output last; unused vertices hang from the input, so that one
        edge makes them live. Raises ValueError where the space has no such cell.
        """
        index = cell_index(self.vertices)
        if not 0 <= cell < len(index) or self._id(built := self._embed(index.edges[cell], index.ops[cell])) < 0:
            raise ValueError(f"cell {cell} is not in this space")
        return built

    def cell(self, config: Config) -> tuple[NDArray[np.int8], tuple[str, ...]]:
        """The pruned matrix [n, n] and the n operation names, "input" to "output". Errors as of `prune`."""
        pruned, codes = prune(self.matrix(config), self._op_codes(config))
        return pruned, (INPUT, *(OPS[code] for code in codes), OUTPUT)

    def matrix(self, config: Config) -> NDArray[np.int8]:
        """[V, V] the raw adjacency matrix, nothing pruned. Raises ValueError for a malformed config."""
        self._require(config)
        matrix = np.zeros((self.vertices, self.vertices), dtype=np.int8)
        for (i, j), bit in zip(self.pairs, config, strict=False):
            matrix[i, j] = bit
        return matrix

    # -- moves

    def sample(self, rng: np.random.Generator) -> Config:
        """One configuration from the declared sampler."""
        if self.sampler == "raw":
            return self.sample_raw(rng)
        return self.config(int(self.members[rng.integers(len(self.members))]))

    def sample_raw(self, rng: np.random.Generator) -> Config:
        """Matrix and operations drawn uniformly until the cell is a member (Ying et al. 2019, section 3.1)."""
        while True:
            edges = rng.integers(2, size=len(self.pairs)).tolist()
            config = (*edges, *rng.integers(3, size=self.vertices - 2).tolist())
            if self._id(config) >= 0:
                return config

    def mutate(self, config: Config, rng: np.random.Generator) -> Config:
        """Change one operation or flip one edge, with probability 1/2 each, until another member is reached.

        Steps that leave the network as it is are kept (they move pruned parts, so that small cells can grow); steps
        that leave the space are taken back. After 1,000 steps a fresh sample is drawn and counted in `fallbacks`.
        """
        origin = self.key(config)
        current = config
        for _ in range(MAX_STEPS):
            step = self._step(current, rng)
            cell = self._id(step)
            if cell >= 0 and cell != origin:
                return step
            if cell == origin:
                current = step
        self.fallbacks += 1
        return self.sample(rng)

    def neighbors(self, config: Config) -> list[Config]:
        """All members one operation change or edge flip away from this raw encoding, one for each distinct key."""
        found: dict[int, Config] = {}
        own = self.key(config)
        for place, dim in enumerate(self.dims):
            for value in dim.values:
                if value != config[place]:
                    step = (*config[:place], value, *config[place + 1 :])
                    cell = self._id(step)
                    if cell >= 0 and cell != own:
                        found.setdefault(cell, step)
        return list(found.values())

    def perturb(self, config: Config, rng: np.random.Generator, **rates: float) -> Config:
        """Change every edge and operation independently, in expectation `edges` and `ops` of them.

        Drawn anew from `config` until the result is another member; after 1,000 draws a fresh sample, counted. Raises
        UserError for groups that the space has not and rates outside 0..the group's size.
        """
        sizes = {"edges": len(self.pairs), "ops": self.vertices - 2}
        for group, rate in rates.items():
            if group not in sizes:
                raise UnknownNameError("dimension group", group, sizes)
            if not 0 <= rate <= sizes[group]:
                raise UserError(f"perturb: {group} = {rate}; expected 0 to {sizes[group]} changes")
        origin = self.key(config)
        chance = np.array([rates.get(dim.group, 0.0) / sizes[dim.group] for dim in self.dims])
        for _ in range(MAX_STEPS if chance.any() else 0):
            changed = list(config)
            for place in np.flatnonzero(rng.random(len(chance)) < chance):
                changed[place] = self._other_value(int(place), config, rng)
            cell = self._id(tuple(changed))
            if cell >= 0 and cell != origin:
                return tuple(changed)
        self.fallbacks += 1
        return self.sample(rng)

    # -- encodings

    def encode(self, config: Config, kind: str = "unit") -> NDArray[np.float64]:
        """Features of one configuration.

        kind: "unit" [D], value k of n as (k + 1/2)/n; "onehot" [E + 3(V-2)], edge bits and one-hot operations of the
        raw encoding; "path" [sum of 3^i, i < V-1], which operation sequences lead from input to output (BANANAS,
        White et al. 2021, section 4), equal for equal keys. Raises ValueError for a malformed config.
        """
        self._require(config)
        if kind == "unit":
            return np.array([(int(v) + 0.5) / len(d.values) for v, d in zip(config, self.dims, strict=True)])
        if kind == "onehot":
            ops = np.eye(len(OPS))[list(self._op_codes(config))].ravel()
            return np.concatenate([np.array(config[: len(self.pairs)], dtype=np.float64), ops])
        if kind == "path":
            return self._paths(config)
        raise UnknownNameError("encoding", kind, ("unit", "onehot", "path"))

    def decode(self, point: NDArray[np.float64]) -> Config:
        """The configuration nearest to a point [D] of the unit cube; may be invalid. Raises ValueError outside it."""
        values = np.asarray(point, dtype=np.float64)
        if values.shape != (len(self.dims),) or not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"expected {len(self.dims)} numbers between 0 and 1, got {point!r}")
        sizes = np.array([len(dim.values) for dim in self.dims])
        return tuple(np.minimum((values * sizes).astype(int), sizes - 1).tolist())

    def configspace(self) -> "ConfigurationSpace":
        """The same raw encodings for SMAC, BOHB and friends: categorical operations by name, ordinal edge bits."""
        from ConfigSpace import Categorical, ConfigurationSpace, Integer

        space = ConfigurationSpace(name=f"cells-{self.vertices}v")
        for dim in self.dims:
            space.add(Categorical(dim.name, OPS) if dim.group == "ops" else Integer(dim.name, (0, 1)))
        return space

    def to_configspace(self, config: Config, space: "ConfigurationSpace") -> "Configuration":
        """This configuration as one of `space`, which `configspace` made."""
        from ConfigSpace import Configuration

        values = {
            dim.name: OPS[int(value)] if dim.group == "ops" else value
            for dim, value in zip(self.dims, config, strict=True)
        }
        return Configuration(space, values=values)

    def from_configspace(self, configuration: "Configuration") -> Config:
        """The inverse of `to_configspace`; may be invalid."""
        return tuple(
            OPS.index(configuration[dim.name]) if dim.group == "ops" else int(configuration[dim.name])
            for dim in self.dims
        )

    # -- inner workings

    def _id(self, config: Config) -> int:
        code: int = sum(map(operator.mul, self._weights, config))
        return self._ids[code]

    def _well_formed(self, config: Config) -> bool:
        return (
            isinstance(config, tuple)
            and len(config) == len(self.dims)
            and all(
                type(value) is not bool and isinstance(value, int | np.integer) and value in dim.values
                for value, dim in zip(config, self.dims, strict=True)
            )
        )

    def _require(self, config: Config) -> None:
        if not self._well_formed(config):
            raise ValueError(f"not a raw encoding on {self.vertices} vertices: {config}")

    def _op_codes(self, config: Config) -> tuple[int, ...]:
        return tuple(int(value) for value in config[len(self.pairs) :])

    def _embed(self, edges: tuple[int, ...], ops: tuple[int, ...]) -> Config:
        size, last = len(ops) + 2, self.vertices - 1
        place = {size - 1: last}
        live = {(i, place.get(j, j)) for (i, j), bit in zip(pairs(size), edges, strict=True) if bit} | {
            (0, spare) for spare in range(size - 1, last)
        }
        padding = (0,) * (self.vertices - size)
        return (*(int(pair in live) for pair in self.pairs), *ops, *padding)

    def _step(self, config: Config, rng: np.random.Generator) -> Config:
        edges = len(self.pairs)
        change_op = self.vertices > 2 and rng.random() < 0.5
        place = edges + int(rng.integers(self.vertices - 2)) if change_op else int(rng.integers(edges))
        return (*config[:place], self._other_value(place, config, rng), *config[place + 1 :])

    def _other_value(self, place: int, config: Config, rng: np.random.Generator) -> int:
        value, size = int(config[place]), len(self.dims[place].values)
        return 1 - value if size == 2 else (value + 1 + int(rng.integers(size - 1))) % size

    def _paths(self, config: Config) -> NDArray[np.float64]:
        matrix, ops = prune(self.matrix(config), self._op_codes(config))
        starts = [sum(3**i for i in range(length)) for length in range(self.vertices - 1)]
        features = np.zeros(sum(3**i for i in range(self.vertices - 1)))
        open_paths: list[tuple[int, int, int]] = [(0, 0, 0)]  # vertex, interior vertices passed, their number
        while open_paths:
            vertex, passed, number = open_paths.pop()
            for after in np.flatnonzero(matrix[vertex]).tolist():
                if after == len(matrix) - 1:
                    features[starts[passed] + number] = 1.0
                else:
                    open_paths.append((after, passed + 1, 3 * number + ops[after - 1]))
        return features


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _interior_codes(ops: Sequence[str | int], size: int) -> tuple[int, ...]:
    interior = list(ops)
    if len(interior) == size:
        if (interior[0], interior[-1]) not in ((INPUT, OUTPUT), (-1, -2)):
            raise ValueError(f"operations run from 'input' to 'output', not {ops[0]!r} to {ops[-1]!r}")
        interior = interior[1:-1]
    if len(interior) != size - 2:
        raise ValueError(f"{size} vertices have {size - 2} interior operations, not {len(interior)}")
    for op in interior:
        if op not in OPS and op not in range(len(OPS)):
            raise ValueError(f"unknown operation {op!r}; known: {', '.join(OPS)}")
    return tuple(OPS.index(op) if isinstance(op, str) else int(op) for op in interior)
