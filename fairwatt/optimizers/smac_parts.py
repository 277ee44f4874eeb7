"""What SMAC is given instead of its own: a space that draws as everybody draws, and a selector that knows networks.

Imports ConfigSpace and SMAC, so import it only where they are needed.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from ConfigSpace import Categorical, Configuration, ConfigurationSpace, ForbiddenEqualsClause, Integer
from ConfigSpace.forbidden import ForbiddenConjunction
from numpy.typing import NDArray
from smac import Scenario
from smac.acquisition.maximizer import LocalSearch
from smac.main.config_selector import ConfigSelector
from smac.model.random_forest import RandomForest

from fairwatt.problem import SearchSpace
from fairwatt.records import Config, Key, Value

Vector = NDArray[np.float64]


class NetworkSpace(ConfigurationSpace):
    """A search space as SMAC sees it: positions of values, ordered ones as integers, the others as categories.

    Draws are the space's own, from `rng`. What is no configuration of the space is forbidden, and so is every other
    name of a network that was asked: `names` has the one it was asked by. default: any valid configuration.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, default: Config) -> None:
        super().__init__()
        self.networks = space
        self.names: dict[Key, Config] = {}
        self._rng = rng
        parameters: list[Any] = []
        for dim, value in zip(space.dims, default, strict=True):
            size, place = len(dim.values), dim.values.index(value)
            if dim.ordered and size > 1:
                parameters.append(Integer(dim.name, (0, size - 1), default=place))
            else:
                parameters.append(Categorical(dim.name, range(size), default=place))
        self.add(*parameters)
        order = [self.index_of[dim.name] for dim in space.dims]
        self._values = [(index, dim.values) for index, dim in zip(order, space.dims, strict=True)]
        self._steps = np.ones(len(order))  # from elements of a vector to positions
        self._elements: list[tuple[int, dict[Value, float]]] = [(0, {})] * len(order)
        for place, (dim, parameter, index) in enumerate(zip(space.dims, parameters, order, strict=True)):
            elements = {value: float(parameter.to_vector(k)) for k, value in enumerate(dim.values)}
            self._elements[index] = place, elements
            self._steps[index] = max(len(dim.values) - 1, 1) if dim.ordered else 1
        self.add(OtherNames(self, parameters))

    def __eq__(self, other: object) -> bool:
        return self is other  # SMAC compares the spaces of configurations, all the time

    __hash__ = object.__hash__

    def sample_configuration(self, size: int | None = None) -> Any:
        """One configuration, or a list of them, from the space's own sampler."""
        drawn = [self.configuration(self._sample()) for _ in range(size or 1)]
        return drawn[0] if size is None else drawn

    def configuration(self, config: Config) -> Configuration:
        """A config of the space in ConfigSpace's words."""
        return Configuration(self, vector=np.array([element[config[place]] for place, element in self._elements]))

    def config(self, vector: Vector) -> Config:
        """The inverse, from a configuration's vector; may be invalid."""
        positions = (vector * self._steps + 0.5).astype(np.intp).tolist()
        return tuple([values[positions[index]] for index, values in self._values])

    def is_forbidden(self, vector: Vector) -> bool:
        """Whether this is no configuration, or another name of a network that was asked."""
        config = self.config(vector)
        try:
            return self.names.get(self.networks.key(config), config) != config
        except ValueError:  # what `key` says of an invalid one; asking first would look twice
            return True

    def _sample(self) -> Config:
        config = self.networks.sample(self._rng)
        return self.names.get(self.networks.key(config), config)


class OtherNames(ForbiddenConjunction):
    """ConfigSpace's way to say what a space may forbid, with a function in the place of clauses."""

    def __init__(self, space: NetworkSpace, parameters: list[Any]) -> None:
        super().__init__(*(ForbiddenEqualsClause(each, each.default_value) for each in parameters))  # whom it concerns
        self._space = space

    def __repr__(self) -> str:
        return "no configuration, or another name of one that was asked"

    def is_forbidden_value(self, values: Mapping[str, Any]) -> bool:
        """Whether these values by name are forbidden."""
        return bool(self._space.is_forbidden(Configuration(self._space, values=values).get_array()))

    def is_forbidden_vector(self, vector: Vector) -> bool:
        """Whether this vector [D] is forbidden."""
        return self._space.is_forbidden(vector)

    def is_forbidden_vector_array(self, arr: Vector) -> NDArray[np.bool_]:
        """[N] which of these vectors [D, N] are forbidden."""
        return np.array([self._space.is_forbidden(vector) for vector in arr.T], dtype=np.bool_)

    def to_dict(self) -> dict[str, Any]:
        """Not to be had: a function is not written to a file."""
        raise NotImplementedError(repr(self))


class NewNetworks(ConfigSelector):
    """SMAC's selector without proposals of networks that were proposed before, by whatever name."""

    def __iter__(self) -> Iterator[Configuration]:
        space = cast(NetworkSpace, self._scenario.configspace)
        known = 0  # in a row: as long as SMAC has no data, it draws without end
        for configuration in super().__iter__():
            config = space.config(configuration.get_array())
            key = space.networks.key(config)
            if key not in space.names:
                known, space.names[key] = 0, config
                yield configuration
            elif (known := known + 1) == self._max_new_config_tries:
                return


class OrderedStarts(LocalSearch):
    """SMAC's local search, from its starts in an order that does not depend on the process's string hashes."""

    def _get_init_points_from_previous_configs(self, *args: Any, **kwargs: Any) -> list[Configuration]:
        starts = super()._get_init_points_from_previous_configs(*args, **kwargs)
        return sorted(starts, key=lambda start: start.get_array().tolist())


class UnwrittenScenario(Scenario):
    """A scenario without a folder: SMAC then writes nothing."""

    def save(self) -> None:
        """Not done."""

    def _change_output_directory(self) -> None:
        object.__setattr__(self, "output_directory", None)


def forest(scenario: Scenario) -> RandomForest:
    """The façade's random forest, grown without threads and with room for 4,096 leaves.

    The façade's has room for a million, which no search fills and every tree takes the time to allocate.
    """
    return RandomForest(
        scenario.configspace,
        log_y=True,
        n_trees=10,
        bootstrapping=True,
        ratio_features=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        max_depth=2**20,
        max_leaf_nodes=2**12,
        n_jobs=1,
        seed=scenario.seed,
    )


@contextmanager
def in_silence() -> Iterator[None]:
    """No messages and no warnings of SMAC and its forest; afterwards everything is as before."""
    logger = logging.getLogger("smac")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
