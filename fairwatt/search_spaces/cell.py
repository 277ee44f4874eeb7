"""The search space of NAS-Bench-101 cells (Ying et al. 2019) in raw encodings.

A `Config` is the raw encoding on the space's full vertex number. Its `key` is the cell id after pruning.
"""

from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.records import Config
from fairwatt.search_spaces.cell_graph import INPUT as INPUT
from fairwatt.search_spaces.cell_graph import MAX_EDGES as MAX_EDGES
from fairwatt.search_spaces.cell_graph import OPS as OPS
from fairwatt.search_spaces.cell_graph import OUTPUT as OUTPUT
from fairwatt.search_spaces.cell_graph import graph_hash as graph_hash
from fairwatt.search_spaces.cell_graph import pairs
from fairwatt.search_spaces.cell_graph import prune as prune
from fairwatt.search_spaces.cell_index import cell_index
from fairwatt.search_spaces.raw_encoding import RawEncodings

SAMPLERS = ("uniform", "raw")
MAX_STEPS = 1_000

_ALWAYS, _NEVER = 1 << 30, 31  # a bit of every mask that is set and one that is not, beyond those of the pairs


class CellSpace(RawEncodings):
    """The cells of at most `vertices` vertices, or those of them that a table holds.

    members: cell ids that can be measured; all where None. sampler: "uniform" over the distinct member cells, or
    "raw", the literature's: matrices and operations drawn uniformly until one is a member.
    """

    def __init__(self, vertices: int, members: Iterable[int] | None = None, sampler: str = "uniform") -> None:
        if sampler not in SAMPLERS:
            raise UnknownNameError("sampler", sampler, SAMPLERS)
        index = cell_index(vertices)
        super().__init__(vertices)
        self.sampler = sampler
        chosen = np.arange(len(index)) if members is None else np.asarray(_sized(members))
        if chosen.dtype.kind not in "iu" or not chosen.size or chosen.min() < 0 or chosen.max() >= len(index):
            raise UserError(f"a space of {vertices} vertices has cell ids 0..{len(index) - 1}")
        self.is_member = np.zeros(len(index) + 1, dtype=np.bool_)  # the last entry answers id -1
        self.is_member[chosen] = True
        self.members = np.flatnonzero(self.is_member)
        self._index = index
        self._member = self.is_member.data
        self._embedding = [_embedding(size, vertices) for size in range(2, vertices + 1)]
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

    @cached_property
    def probabilities(self) -> NDArray[np.float64] | None:
        """[K] of a draw of the declared sampler, in the order of `members`; None where all are equally likely.

        Raw draws are repeated until one is a member, so each member has the share of its raw encodings among theirs.
        """
        if self.sampler == "uniform":
            return None
        codes = self._index.raw_codes()[self.members]
        return np.asarray(codes / codes.sum())

    def cell(self, config: Config) -> tuple[NDArray[np.int8], tuple[str, ...]]:
        """The pruned matrix [n, n] and the n operation names, "input" to "output". Errors as of `prune`."""
        pruned, codes = prune(self.matrix(config), self._op_codes(config))
        return pruned, (INPUT, *(OPS[code] for code in codes), OUTPUT)

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

    # -- inner workings

    def _member_id(self, mask: int, number: int) -> int:
        cell = self._index.id(mask, number)
        return cell if self._member[cell] else -1

    def _id(self, config: Config) -> int:
        return self._member_id(*self._code(config))


def _sized(members: Iterable[int]) -> list[int] | NDArray[np.integer]:
    return members if isinstance(members, np.ndarray) else list(members)


def _embedding(size: int, vertices: int) -> list[int]:
    """Per pair of a raw encoding the bit of the mask of a cell of `size` vertices that says whether it is an edge."""
    bits = {(i, j if j < size - 1 else vertices - 1): bit for bit, (i, j) in enumerate(pairs(size))}
    spare = {(0, v): _ALWAYS.bit_length() - 1 for v in range(size - 1, vertices - 1)}
    return [(bits | spare).get(pair, _NEVER) for pair in pairs(vertices)]
