"""Raw encodings of cells: on V vertices V(V-1)/2 edge bits, then V-2 operation codes, pruned parts included."""

import operator
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError
from fairwatt.problem import Dim, SearchSpace
from fairwatt.records import Config
from fairwatt.search_spaces.cell_graph import OPS, pairs, prune

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace


class RawEncodings(SearchSpace):
    """All raw encodings on so many vertices: what they look like and how they are written otherwise.

    Which of them are cells is for the spaces to say that are made of them.
    """

    def __init__(self, vertices: int) -> None:
        self.vertices = vertices
        self.pairs = pairs(vertices)
        self.dims = tuple(Dim(f"edge_{i}_{j}", (0, 1), True, "edges") for i, j in self.pairs) + tuple(
            Dim(f"op_{v}", (0, 1, 2), False, "ops") for v in range(1, vertices - 1)
        )
        self._edge_weights = [1 << bit for bit in range(len(self.pairs))]
        self._op_weights = [len(OPS) ** power for power in range(vertices - 3, -1, -1)]

    def matrix(self, config: Config) -> NDArray[np.int8]:
        """[V, V] the raw adjacency matrix, nothing pruned. Raises ValueError for a malformed config."""
        self._require(config)
        matrix = np.zeros((self.vertices, self.vertices), dtype=np.int8)
        for (i, j), bit in zip(self.pairs, config, strict=False):
            matrix[i, j] = bit
        return matrix

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
            return _path_features(*prune(self.matrix(config), self._op_codes(config)), self.vertices)
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

    def _code(self, config: Config) -> tuple[int, int]:
        """Its mask and its number, as the cell index takes them."""
        mask: int = sum(map(operator.mul, self._edge_weights, config))
        number: int = sum(map(operator.mul, self._op_weights, config[len(self.pairs) :]))
        return mask, number

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
        """One operation changed or one edge flipped, with probability 1/2 each."""
        edges = len(self.pairs)
        change_op = self.vertices > 2 and rng.random() < 0.5
        place = edges + int(rng.integers(self.vertices - 2)) if change_op else int(rng.integers(edges))
        return (*config[:place], self._other_value(place, config, rng), *config[place + 1 :])

    def _other_value(self, place: int, config: Config, rng: np.random.Generator) -> int:
        value, size = int(config[place]), len(self.dims[place].values)
        return 1 - value if size == 2 else (value + 1 + int(rng.integers(size - 1))) % size


def _path_features(matrix: NDArray[np.int8], ops: tuple[int, ...], vertices: int) -> NDArray[np.float64]:
    """The "path" encoding of a pruned cell."""
    starts = [sum(3**i for i in range(length)) for length in range(vertices - 1)]
    features = np.zeros(sum(3**i for i in range(vertices - 1)))
    open_paths: list[tuple[int, int, int]] = [(0, 0, 0)]  # vertex, interior vertices passed, their number
    while open_paths:
        vertex, passed, number = open_paths.pop()
        for after in np.flatnonzero(matrix[vertex]).tolist():
            if after == len(matrix) - 1:
                features[starts[passed] + number] = 1.0
            else:
                open_paths.append((after, passed + 1, 3 * number + ops[after - 1]))
    return features
