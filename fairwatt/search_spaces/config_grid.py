"""A grid of RegNet + HPO configurations that were all trained: few networks, some values of each hyperparameter."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Dim, SearchSpace
from fairwatt.records import Config, Value
from fairwatt.search_spaces.config_trainings import CONFIG

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

_ARCHITECTURE = 5
_UNORDERED = ("optimizer", "policy")
MAX_DRAWS = 1_000


class ConfigGrid(SearchSpace):
    """All combinations of some networks with some hyperparameters, in the Configs and keys of the whole space.

    keys: of each configuration, as the whole space gives them. The five numbers of an architecture go together, so a
    point whose five belong to different networks is not valid. Draws are uniform. Raises UserError where the
    configurations are no grid.
    """

    sampler = "uniform"

    def __init__(self, keys: Mapping[Config, int]) -> None:
        self._keys = dict(keys)
        self._networks = tuple(sorted({config[:_ARCHITECTURE] for config in keys}))
        hyper = [tuple(sorted({config[place] for config in keys})) for place in range(_ARCHITECTURE, len(CONFIG))]
        self._choices: tuple[Sequence[Sequence[Value]], ...] = (
            self._networks,
            *([[value] for value in values] for values in hyper),
        )
        grid = {sum(map(tuple, point), ()) for point in product(*self._choices)}
        if grid != set(keys) or len(set(keys.values())) != len(keys):
            raise UserError(f"{len(keys)} configurations that are no grid: expected {len(grid)}, each with its own key")
        columns = zip(*self._networks, strict=True)
        self.dims = (
            *(
                Dim(name, tuple(sorted(set(values))), True, "architecture")
                for name, values in zip(CONFIG[:_ARCHITECTURE], columns, strict=True)
            ),
            *(
                Dim(name, values, name not in _UNORDERED, "hyper")
                for name, values in zip(CONFIG[_ARCHITECTURE:], hyper, strict=True)
            ),
        )
        self._points = np.array([self._unit(network) for network in self._networks])  # [networks, 5]

    def __len__(self) -> int:
        """Configurations."""
        return len(self._keys)

    def is_valid(self, config: Config) -> bool:
        """Whether this point was trained."""
        try:
            return config in self._keys and not any(isinstance(value, bool) for value in config)
        except TypeError:  # a value that cannot be hashed
            return False

    def key(self, config: Config) -> int:
        """Its key in the whole space. Raises ValueError for a configuration that is not valid."""
        if not self.is_valid(config):
            raise ValueError(f"{config!r} is no point of the grid")
        return self._keys[config]

    def configs(self) -> Iterator[Config]:
        """All of them, in order of keys."""
        yield from sorted(self._keys, key=self._keys.__getitem__)

    def sample(self, rng: np.random.Generator) -> Config:
        """A point, all equally likely."""
        return self._config([int(rng.integers(len(choices))) for choices in self._choices])

    def mutate(self, config: Config, rng: np.random.Generator) -> Config:
        """Another network or another value of one hyperparameter: of the six that have one equally likely, uniform.

        Raises ValueError for a configuration that is not valid.
        """
        places = self._places(config)
        movable = [place for place, choices in enumerate(self._choices) if len(choices) > 1]
        place = movable[int(rng.integers(len(movable)))]
        places[place] = self._other(place, places[place], rng)
        return self._config(places)

    def neighbors(self, config: Config) -> list[Config]:
        """One step away: another network, the other optimizer or policy, the next value of what has an order.

        Raises ValueError for a configuration that is not valid.
        """
        places = self._places(config)
        found = []
        for place, choices in enumerate(self._choices):
            ordered = place > 0 and CONFIG[_ARCHITECTURE + place - 1] not in _UNORDERED
            for other in range(len(choices)):
                if other != places[place] and (not ordered or abs(other - places[place]) == 1):
                    found.append(self._config([*places[:place], other, *places[place + 1 :]]))
        return found

    def perturb(self, config: Config, rng: np.random.Generator, **rates: float) -> Config:
        """Change choices independently; in expectation `architecture` and `hyper` dimensions of the ten are drawn anew.

        A new network draws all five of its dimensions, so its chance is a fifth of that rate. Repeated until something
        changed. Raises UserError for groups that the space has not and rates outside 0..5, ValueError for a
        configuration that is not valid. With no rate above 0 it is a fresh sample.
        """
        for group, rate in rates.items():
            if group not in ("architecture", "hyper"):
                raise UnknownNameError("dimension group", group, ("architecture", "hyper"))
            if not 0 <= rate <= _ARCHITECTURE:
                raise UserError(f"perturb: {group} = {rate}; expected 0 to {_ARCHITECTURE} changes")
        origin = self._places(config)
        groups = ["architecture", *(dim.group for dim in self.dims[_ARCHITECTURE:])]
        chance = np.array([rates.get(group, 0.0) / _ARCHITECTURE for group in groups])
        chance[[len(choices) == 1 for choices in self._choices]] = 0.0
        for _ in range(MAX_DRAWS if chance.any() else 0):
            places = list(origin)
            for place in np.flatnonzero(rng.random(len(chance)) < chance).tolist():
                places[place] = self._other(place, places[place], rng)
            if places != origin:
                return self._config(places)
        return self.sample(rng)

    def encode(self, config: Config, kind: str = "unit") -> NDArray[np.float64]:
        """ "unit" [10]: value k of the n of its dimension as (k + 1/2)/n.

        Raises ValueError for values that are not on the grid, UnknownNameError for other kinds.
        """
        if kind != "unit":
            raise UnknownNameError("encoding", kind, ("unit",))
        if len(config) != len(self.dims):
            raise ValueError(f"{config!r} is no configuration of {', '.join(dim.name for dim in self.dims)}")
        return np.array(self._unit(config))

    def decode(self, point: NDArray[np.float64]) -> Config:
        """The nearest point of the grid: the nearest network by its five numbers, the value of each other dimension.

        Raises ValueError for what is no point of the unit cube of ten dimensions.
        """
        if point.shape != (len(CONFIG),) or not ((point >= 0) & (point <= 1)).all():
            raise ValueError(f"a point of shape {point.shape}: expected [{len(CONFIG)}] numbers within 0 to 1")
        network = self._networks[int(((self._points - point[:_ARCHITECTURE]) ** 2).sum(axis=1).argmin())]
        values = (
            dim.values[min(int(u * len(dim.values)), len(dim.values) - 1)]
            for dim, u in zip(self.dims[_ARCHITECTURE:], point[_ARCHITECTURE:], strict=True)
        )
        return (*network, *values)

    def configspace(self) -> "ConfigurationSpace":
        """The ten dimensions: positions of ordered values, the others, and those with one value, by name."""
        from ConfigSpace import Categorical, ConfigurationSpace, Integer

        space = ConfigurationSpace(name="config-grid")
        for dim in self.dims:
            counted = _counted(dim)
            space.add(
                Integer(dim.name, (0, len(dim.values) - 1)) if counted else Categorical(dim.name, _names(dim.values))
            )
        return space

    def to_configspace(self, config: Config, space: "ConfigurationSpace") -> "Configuration":
        """This configuration as one of `space`, which `configspace` made. Raises ValueError for what is not valid."""
        from ConfigSpace import Configuration

        self.key(config)
        values = {
            dim.name: dim.values.index(value) if _counted(dim) else str(value)
            for dim, value in zip(self.dims, config, strict=True)
        }
        return Configuration(space, values=values)

    def from_configspace(self, configuration: "Configuration") -> Config:
        """The inverse of `to_configspace`; numbers of different networks become the nearest network, as by `decode`."""
        found = (configuration[dim.name] for dim in self.dims)
        places = (
            int(value) if _counted(dim) else _names(dim.values).index(str(value))
            for dim, value in zip(self.dims, found, strict=True)
        )
        return self.decode(
            np.array([(place + 0.5) / len(dim.values) for dim, place in zip(self.dims, places, strict=True)])
        )

    def _unit(self, values: Sequence[Value]) -> list[float]:
        return [
            (dim.values.index(value) + 0.5) / len(dim.values) for dim, value in zip(self.dims, values, strict=False)
        ]

    def _places(self, config: Config) -> list[int]:
        """[6] positions of the network and of each hyperparameter's value."""
        self.key(config)
        parts = (config[:_ARCHITECTURE], *([value] for value in config[_ARCHITECTURE:]))
        return [list(choices).index(part) for choices, part in zip(self._choices, parts, strict=True)]

    def _config(self, places: Sequence[int]) -> Config:
        return tuple(value for choices, place in zip(self._choices, places, strict=True) for value in choices[place])

    def _other(self, place: int, here: int, rng: np.random.Generator) -> int:
        other = int(rng.integers(len(self._choices[place]) - 1))
        return other + (other >= here)


def _counted(dim: Dim) -> bool:
    """Whether a position says which value; of one value there is no range of positions."""
    return dim.ordered and len(dim.values) > 1


def _names(values: Sequence[Value]) -> list[str]:
    return [str(value) for value in values]
