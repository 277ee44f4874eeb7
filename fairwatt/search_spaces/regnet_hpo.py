"""The joint space of EA-HAS-Bench: RegNet architectures with the hyperparameters that train them.

A Config is (depth, w0, wa, wm, group_w, lr, optimizer, policy, epochs, cutout). Its key is a whole number, network id
times 540 plus hyperparameter id, because many points of the grid are one network: CIFAR-10's 2,031,321 allowed
architectures are 334 networks, 180,360 keys. The paper's size of the space, 3.26e10, counts 10 values of w0 and 5 group
widths where there are 11 and 7: CIFAR-10's grid has 92,970,570 architectures and 5.02e10 points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product
from typing import Any

import numpy as np

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.records import Config
from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_encoding import ARCHITECTURE, HYPER_SHAPE, HYPERS, RegnetEncodings, hyper_id
from fairwatt.search_spaces.regnet_encoding import CUTOUTS as CUTOUTS
from fairwatt.search_spaces.regnet_encoding import EPOCHS as EPOCHS
from fairwatt.search_spaces.regnet_encoding import LEARNING_RATES as LEARNING_RATES
from fairwatt.search_spaces.regnet_encoding import OPTIMIZERS as OPTIMIZERS
from fairwatt.search_spaces.regnet_encoding import POLICIES as POLICIES
from fairwatt.search_spaces.regnet_grid import GROUP_WIDTHS, VARIANTS, RegnetGrid, grid
from fairwatt.search_spaces.regnet_moves import RegnetMoves, draw

PAPER_SIZE = 10 * 10 * 241 * 501 * 5 * HYPERS
MAX_DRAWS = 1_000
MOST_NEIGHBORS = 50
_HYPER_STEPS = 9
"""The most that one hyperparameter's steps lead to: 2 rates, 2 optimizers, 2 policies, 2 lengths, 1 cutout."""


@dataclass(frozen=True)
class Training:
    """One configuration as its trainer reads it: what to build, and the hyperparameters."""

    stages: Stages
    lr: float
    optimizer: str
    policy: str
    epochs: int
    cutout: int


class RegnetHpoSpace(RegnetEncodings):
    """The space of `cifar10` or `tiny`, within its limits of size.

    sampler: "constrained", the distributions of EA-HAS-Bench's sweep given that the limits hold, drawn without
    rejection. Raises UnknownNameError for other variants and samplers.
    """

    def __init__(self, variant: str = "cifar10", sampler: str = "constrained") -> None:
        if variant not in VARIANTS:
            raise UnknownNameError("RegNet variant", variant, VARIANTS)
        if sampler != "constrained":
            raise UnknownNameError("sampler", sampler, ("constrained",))
        super().__init__(VARIANTS[variant])
        self.sampler = sampler

    def __reduce__(self) -> tuple[Any, ...]:
        return RegnetHpoSpace, (self.variant.name, self.sampler)

    @property
    def grid(self) -> RegnetGrid:
        """Tables over all architectures, made when first needed."""
        return grid(self.variant.name)

    @cached_property
    def _moves(self) -> RegnetMoves:
        return RegnetMoves(self.grid)

    def __len__(self) -> int:
        """Distinct keys."""
        return len(self.grid.networks) * HYPERS

    @property
    def points(self) -> int:
        """Allowed configurations, the same network counted as often as the grid has it."""
        return self.grid.architectures * HYPERS

    def size_in_words(self) -> str:
        """One sentence of sizes, and one on the paper's."""
        own = self.grid
        ours, paper = (f"{size:.2e}".replace("e+", "e") for size in (own.points * HYPERS, PAPER_SIZE))
        return (
            f"{own.points:,} architectures x {HYPERS} = {ours} points; {own.architectures:,} of the architectures are "
            f"allowed, which are {len(own.networks):,} networks and {len(self):,} keys. The paper's {paper} counts 10 "
            "values of w0 and 5 group widths, where its sweep draws 11 and 7."
        )

    # -- what a configuration is

    def is_valid(self, config: Config) -> bool:
        """Whether every value is on the grid and the network within the limits."""
        places = self._find(config)
        return places is not None and self._moves.network(places[:ARCHITECTURE]) >= 0

    def key(self, config: Config) -> int:
        """Network id times 540 plus hyperparameter id. Raises ValueError for a configuration that is not valid."""
        return self._key(self._require(config))

    def network(self, config: Config) -> int:
        """Row of `grid.networks`. Raises ValueError for a configuration that is not valid."""
        return self._moves.network(self._require(config)[:ARCHITECTURE])

    def training(self, config: Config) -> Training:
        """What to build and how to train it. Raises ValueError for a configuration that is not valid."""
        w1, w2, d1, d2, g1, g2 = self.grid.networks[self.network(config)].tolist()
        _, _, _, _, _, lr, optimizer, policy, epochs, cutout = config
        stages = Stages((w1, w2), (d1, d2), (g1, g2), 2)
        return Training(stages, float(lr), str(optimizer), str(policy), int(epochs), int(cutout))

    def config(self, key: int) -> Config:
        """A configuration of this key, far from where the network changes. Raises ValueError for what is no key."""
        if isinstance(key, bool) or not isinstance(key, int | np.integer) or not 0 <= key < len(self):
            raise ValueError(f"{key!r} is no key of {self.variant.name}: expected 0 to {len(self) - 1}")
        network, hyper = divmod(int(key), HYPERS)
        places = [*self.grid.middle(network), *(int(place) for place in np.unravel_index(hyper, HYPER_SHAPE))]
        return self._config(places)

    def configs(self) -> Iterator[Config]:
        """Of each key, in order of keys, the one that `config` gives."""
        hyper = [dim.values for dim in self.dims[ARCHITECTURE:]]
        for network in range(len(self.grid.networks)):
            architecture = self.config(network * HYPERS)[:ARCHITECTURE]
            yield from (architecture + values for values in product(*hyper))

    # -- draws and moves

    def sample(self, rng: np.random.Generator) -> Config:
        """One allowed configuration from EA-HAS-Bench's distributions; hyperparameters are uniform."""
        own = self.grid
        cumulative = own.cumulative
        triple = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
        allowed = own.network_of[own.class_of[triple]] >= 0  # [depths, groups]
        point = draw(rng, (allowed * own.group_p).ravel())
        w0, wa, wm = np.unravel_index(triple, own.shape)
        depth, group = divmod(point, len(GROUP_WIDTHS))
        hyper = np.unravel_index(int(rng.integers(HYPERS)), HYPER_SHAPE)
        return self._config([depth, int(w0), int(wa), int(wm), group, *(int(place) for place in hyper)])

    def mutate(self, config: Config, rng: np.random.Generator) -> Config:
        """One dimension drawn anew, each of the ten equally likely.

        A hyperparameter takes another value; an architecture's number is drawn together with a second one
        (`RegnetMoves.redraw`), because within CIFAR-10's limits one number at a time leaves 61 islands among the 334
        networks. With two, any allowed point can become any other. Raises ValueError for what is not valid.
        """
        places = self._require(config)
        while not self._redraw(places, int(rng.integers(len(self.dims))), rng):
            pass  # a number that no second one frees; hyperparameters can always change
        return self._config(places)

    def neighbors(self, config: Config) -> list[Config]:
        """Other keys a step away: the nearest networks first, then hyperparameters; at most 50.

        Networks are the nearest in each direction in which one or two of an architecture's numbers can go, each once,
        at its nearest point (`RegnetMoves.nearest`; one number alone would leave 61 islands; so all networks of
        CIFAR-10's variant were reached from the middle of each). A hyperparameter steps to the values beside it where
        they have an order, and to all others where not. Raises ValueError for a configuration that is not valid.
        """
        places = self._require(config)
        near = islice(self._moves.nearest(places[:ARCHITECTURE]), MOST_NEIGHBORS - _HYPER_STEPS)
        found = [[*moved, *places[ARCHITECTURE:]] for _, _, moved in near]
        for dim, spec in enumerate(self.dims[ARCHITECTURE:], start=ARCHITECTURE):
            here = places[dim]
            others = (here - 1, here + 1) if spec.ordered else range(len(spec.values))
            steps = (other for other in others if other != here and 0 <= other < len(spec.values))
            found += [[*places[:dim], other, *places[dim + 1 :]] for other in steps]
        return [self._config(moved) for moved in found]

    def perturb(self, config: Config, rng: np.random.Generator, **rates: float) -> Config:
        """Draw dimensions anew as `mutate` does, independently; in expectation `architecture` and `hyper` of them.

        They take turns in random order; an architecture's number may take a second one with it. Repeated until the key
        is another. With no rate above 0 it is a fresh sample. Raises UserError for groups that the space has not and
        rates outside 0..5, ValueError for a configuration that is not valid.
        """
        for group, rate in rates.items():
            if group not in ("architecture", "hyper"):
                raise UnknownNameError("dimension group", group, ("architecture", "hyper"))
            if not 0 <= rate <= ARCHITECTURE:
                raise UserError(f"perturb: {group} = {rate}; expected 0 to {ARCHITECTURE} changes")
        origin = self._require(config)
        chance = np.array([rates.get(dim.group, 0.0) / ARCHITECTURE for dim in self.dims])
        for _ in range(MAX_DRAWS if chance.any() else 0):
            places = list(origin)
            for dim in rng.permutation(np.flatnonzero(rng.random(len(chance)) < chance)).tolist():
                self._redraw(places, dim, rng)
            if self._key(places) != self._key(origin):
                return self._config(places)
        return self.sample(rng)

    # -- inner workings

    def _redraw(self, places: list[int], dim: int, rng: np.random.Generator) -> bool:
        """Change these ten positions in place; whether it could be done."""
        if dim >= ARCHITECTURE:
            other = int(rng.integers(len(self.dims[dim].values) - 1))
            places[dim] = other + (other >= places[dim])
            return True
        moved = self._moves.redraw(places[:ARCHITECTURE], dim, rng)
        if moved:
            places[:ARCHITECTURE] = moved
        return moved is not None

    def _require(self, config: Config) -> list[int]:
        places = self._find(config)
        if places is None or self._moves.network(places[:ARCHITECTURE]) < 0:
            raise ValueError(f"{config!r} is no valid configuration of the RegNet + HPO space {self.variant.name}")
        return places

    def _key(self, places: list[int]) -> int:
        return self._moves.network(places[:ARCHITECTURE]) * HYPERS + hyper_id(places)
