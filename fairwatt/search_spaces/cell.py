"""The search space of NAS-Bench-101 cells (Ying et al. 2019) in raw encodings.

A `Config` is the raw encoding on the space's full vertex number V: V(V-1)/2 edge bits, then V-2 operation codes,
pruned parts included. Its `key` is the cell id after pruning.
"""

import operator
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Dim, SearchSpace
from fairwatt.records import Config
from fairwatt.search_spaces.cell_graph import INPUT as INPUT
from fairwatt.search_spaces.cell_graph import MAX_EDGES as MAX_EDGES
from fairwatt.search_spaces.cell_graph import OPS as OPS
from fairwatt.search_spaces.cell_graph import OUTPUT as OUTPUT
from fairwatt.search_spaces.cell_graph import graph_hash as graph_hash
from fairwatt.search_spaces.cell_graph import pairs
from fairwatt.search_spaces.cell_graph import prune as prune
from fairwatt.search_spaces.cell_index import cell_index

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

SAMPLERS = ("uniform", "raw")
MAX_STEPS = 1_000

_ALWAYS, _NEVER = 1 << 30, 31  # a bit of every mask that is set and one that is not, beyond those of the pairs


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
        chosen = np.arange(len(index)) if members is None else np.asarray(_sized(members))
        if chosen.dtype.kind not in "iu" or not chosen.size or chosen.min() < 0 or chosen.max() >= len(index):
            raise UserError(f"a space of {vertices} vertices has cell ids 0..{len(index) - 1}")
        self.is_member = np.zeros(len(index) + 1, dtype=np.bool_)  # the last entry answers id -1
        self.is_member[chosen] = True
        self.members = np.flatnonzero(self.is_member)
        self._index = index
        self._member = self.is_member.data
        self._embedding = [_embedding(size, vertices) for size in range(2, vertices + 1)]
        self.dims = tuple(Dim(f"edge_{i}_{j}", (0, 1), True, "edges") for i, j in self.pairs) + tuple(
            Dim(f"op_{v}", (0, 1, 2), False, "ops") for v in range(1, vertices - 1)
        )
        self._edge_weights = [1 << bit for bit in range(len(self.pairs))]
        self._op_weights = [len(OPS) ** power for power in range(vertices - 3, -1, -1)]
        self.fallbacks = 0

    def __len__(self) -> int:
        return len(self.members)

    def __reduce__(self) -> tuple[Any, ...]:
        return CellSpace, (self.vertices, self.members, self.sampler)

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
        if not 0 <= cell < len(self._index) or not self._member[cell]:
            raise ValueError(f"cell {cell} is not in this space")
        ops = self._index.ops(cell)
        mask = int(self._index.masks[cell]) | _ALWAYS
        edges = (mask >> bit & 1 for bit in self._embedding[len(ops)])
        return (*edges, *ops, *(0,) * (self.vertices - 2 - len(ops)))

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
        own, edges = self.key(config), len(self.pairs)
        mask, number = self._code(config)
        values = [int(value) for value in config]
        flips = ((bit, 1 - value, mask ^ 1 << bit, number) for bit, value in enumerate(values[:edges]))
        changes = (
            (place, code, mask, number + (code - old) * weight)
            for place, (old, weight) in enumerate(zip(values[edges:], self._op_weights, strict=True), start=edges)
            for code in range(len(OPS))
            if code != old
        )
        for place, value, mask_there, number_there in chain(flips, changes):
            cell = self._member_id(mask_there, number_there)
            if cell >= 0 and cell != own and cell not in found:
                found[cell] = (*config[:place], value, *config[place + 1 :])
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

    def _code(self, config: Config) -> tuple[int, int]:
        mask: int = sum(map(operator.mul, self._edge_weights, config))
        number: int = sum(map(operator.mul, self._op_weights, config[len(self.pairs) :]))
        return mask, number

    def _member_id(self, mask: int, number: int) -> int:
        cell = self._index.id(mask, number)
        return cell if self._member[cell] else -1

    def _id(self, config: Config) -> int:
        return self._member_id(*self._code(config))

    def _well_formed(self, config: Config) -> bool:
        if not isinstance(config, tuple) or len(config) != len(self.dims):
            return False
        if set(map(type, config)) == {int}:  # the usual case, without a look at every value
            values = cast("tuple[int, ...]", config)
            return min(values) >= 0 and max(values) < len(OPS) and max(values[: len(self.pairs)]) <= 1
        return all(
            type(value) is not bool and isinstance(value, int | np.integer) and value in dim.values
            for value, dim in zip(config, self.dims, strict=True)
        )

    def _require(self, config: Config) -> None:
        if not self._well_formed(config):
            raise ValueError(f"not a raw encoding on {self.vertices} vertices: {config}")

    def _op_codes(self, config: Config) -> tuple[int, ...]:
        return tuple(int(value) for value in config[len(self.pairs) :])

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


def _sized(members: Iterable[int]) -> list[int] | NDArray[np.integer]:
    return members if isinstance(members, np.ndarray) else list(members)


def _embedding(size: int, vertices: int) -> list[int]:
    """Per pair of a raw encoding the bit of the mask of a cell of `size` vertices that says whether it is an edge."""
    bits = {(i, j if j < size - 1 else vertices - 1): bit for bit, (i, j) in enumerate(pairs(size))}
    spare = {(0, v): _ALWAYS.bit_length() - 1 for v in range(size - 1, vertices - 1)}
    return [(bits | spare).get(pair, _NEVER) for pair in pairs(vertices)]
