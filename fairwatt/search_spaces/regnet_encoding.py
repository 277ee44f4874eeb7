"""RegNet + HPO configurations as tuples on a grid, and how they are written otherwise: feature vectors, ConfigSpace.

Which of them are allowed, and which are the same network, is for the space to say that is made of them.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError
from fairwatt.problem import Dim, SearchSpace
from fairwatt.records import Config, Value
from fairwatt.search_spaces.regnet_grid import DEPTHS, GROUP_WIDTHS, INITIAL_WIDTHS, SLOPES, Variant

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

LEARNING_RATES = (0.001, 0.003, 0.005, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5, 1.0)
OPTIMIZERS = ("sgd", "adam", "adamw")
POLICIES = ("cos", "exp", "lin")
EPOCHS = (50, 100, 200)
CUTOUTS = (0, 16)
_HYPER: tuple[tuple[str, tuple[Value, ...], bool], ...] = (
    ("lr", LEARNING_RATES, True),
    ("optimizer", OPTIMIZERS, False),
    ("policy", POLICIES, False),
    ("epochs", EPOCHS, True),
    ("cutout", CUTOUTS, True),
)
HYPER_SHAPE = tuple(len(values) for _, values, _ in _HYPER)
HYPERS = int(np.prod(HYPER_SHAPE))
"""540 settings of the hyperparameters."""
EPOCHS_PLACE = [name for name, _, _ in _HYPER].index("epochs")
ARCHITECTURE = 5
"""Dimensions of the architecture; they come first."""
_ONEHOT = (0, 1, 2, 4, 3)
"""Hyperparameters in the order of EA-HAS-Bench's encoding, which has cutout before epochs."""
_NUMBERS = (int, float, np.integer, np.floating)


def key_epochs(keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """[N] epochs that the configurations of keys [N] name."""
    return np.array(EPOCHS, dtype=np.int64)[np.unravel_index(np.asarray(keys) % HYPERS, HYPER_SHAPE)[EPOCHS_PLACE]]


class RegnetEncodings(SearchSpace):
    """All points of a variant's grid, allowed or not."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        architecture: tuple[tuple[str, tuple[Value, ...]], ...] = (
            ("depth", DEPTHS),
            ("w0", INITIAL_WIDTHS),
            ("wa", SLOPES),
            ("wm", variant.multipliers),
            ("group_w", GROUP_WIDTHS),
        )
        self.dims = (
            *(Dim(name, values, True, "architecture") for name, values in architecture),
            *(Dim(name, values, ordered, "hyper") for name, values, ordered in _HYPER),
        )
        self._places: list[dict[Any, int]] = [
            {value: place for place, value in enumerate(dim.values)} for dim in self.dims
        ]
        self._sizes = np.array([len(dim.values) for dim in self.dims])

    def encode(self, config: Config, kind: str = "unit") -> NDArray[np.float64]:
        """Features of one configuration.

        kind: "unit" [10], value k of n as (k + 1/2)/n; "onehot" [26], EA-HAS-Bench's: five architecture numbers scaled
        to 0..1 over their range (wm over 2.5..3, for both variants), then learning rate, optimizer, policy, cutout and
        epochs, one-hot. Raises ValueError for values that are not on the grid, UnknownNameError for other kinds.
        """
        places = self._on_grid(config)
        if kind == "unit":
            return np.asarray((np.array(places) + 0.5) / self._sizes)
        if kind == "onehot":
            depth, w0, wa, wm, group = (float(value) for value in config[:ARCHITECTURE])
            scaled = [(depth - 6) / 9, (w0 - 48) / 80, (wa - 8) / 24, (wm - 2.5) / 0.5, (group - 1) / 31]
            hots = [np.eye(HYPER_SHAPE[hyper])[places[ARCHITECTURE + hyper]] for hyper in _ONEHOT]
            return np.concatenate([scaled, *hots])
        raise UnknownNameError("encoding", kind, ("unit", "onehot"))

    def decode(self, point: NDArray[np.float64]) -> Config:
        """The configuration nearest to a point [10] of the unit cube; may be invalid. Raises ValueError outside it."""
        try:
            values = np.asarray(point, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.empty(0)
        if values.shape != (len(self.dims),) or not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"expected {len(self.dims)} numbers between 0 and 1, got {point!r}")
        return self._config(np.minimum((values * self._sizes).astype(int), self._sizes - 1).tolist())

    def configspace(self) -> "ConfigurationSpace":
        """The ten dimensions as a ConfigurationSpace: positions of ordered values, unordered ones by name.

        It does not know the limits of size: what comes back may be invalid.
        """
        from ConfigSpace import Categorical, ConfigurationSpace, Integer

        space = ConfigurationSpace(name=f"regnet-hpo-{self.variant.name}")
        for dim in self.dims:
            if dim.ordered:
                space.add(Integer(dim.name, (0, len(dim.values) - 1)))
            else:
                space.add(Categorical(dim.name, list(dim.values)))
        return space

    def to_configspace(self, config: Config, space: "ConfigurationSpace") -> "Configuration":
        """This configuration as one of `space`, which `configspace` made. Raises ValueError as `encode` does."""
        from ConfigSpace import Configuration

        values = {
            dim.name: place if dim.ordered else dim.values[place]
            for dim, place in zip(self.dims, self._on_grid(config), strict=True)
        }
        return Configuration(space, values=values)

    def from_configspace(self, configuration: "Configuration") -> Config:
        """The inverse of `to_configspace`; may be invalid."""
        return tuple(
            dim.values[int(configuration[dim.name])] if dim.ordered else str(configuration[dim.name])
            for dim in self.dims
        )

    def _find(self, config: Any) -> list[int] | None:
        """[10] positions of the values, or None where one is not on the grid. Numbers count by value, bools do not."""
        if not isinstance(config, tuple) or len(config) != len(self.dims):
            return None
        found = []
        for places, value in zip(self._places, config, strict=True):
            if not isinstance(value, (str, *_NUMBERS)) or isinstance(value, bool) or value not in places:
                return None
            found.append(places[value])
        return found

    def _on_grid(self, config: Config) -> list[int]:
        places = self._find(config)
        if places is None:
            raise ValueError(f"not on the grid of {', '.join(dim.name for dim in self.dims)}: {config!r}")
        return places

    def _config(self, places: list[int]) -> Config:
        return tuple(dim.values[place] for dim, place in zip(self.dims, places, strict=True))


def hyper_id(places: list[int]) -> int:
    """The number of the last five of ten positions, 0 to 539."""
    number = 0
    for place, size in zip(places[ARCHITECTURE:], HYPER_SHAPE, strict=True):
        number = number * size + place
    return number
