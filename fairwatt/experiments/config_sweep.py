"""What a sweep of RegNet + HPO configurations trains: a sample or a grid, cut into bundles of one network structure."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, TypeVar

from fairwatt.experiments.miniature import STEM_WIDTH, miniature
from fairwatt.experiments.sweep_spec import SweepError, check_name
from fairwatt.records import Config
from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_hpo import CUTOUTS, EPOCHS, RegnetHpoSpace
from fairwatt.streams import stream

SAMPLED, TOY = "digits-regnet-hpo", "digits-regnet-toy"
MOST_CONFIGS = 100_000
BundleT = TypeVar("BundleT")

TOY_GRID: Mapping[str, tuple[Any, ...]] = {
    "architecture": (
        (15, 72, 17.3, 2.933, 32),
        (12, 88, 27.1, 2.962, 16),
        (9, 128, 25.3, 2.85, 1),
        (8, 120, 13.4, 2.951, 24),
    ),
    "lr": (0.003, 0.01, 0.03, 0.1, 0.3),
    "optimizer": ("sgd", "adam"),
    "policy": ("cos", "exp"),
    "epochs": EPOCHS,
    "cutout": CUTOUTS,
}
"""480 points: networks from 15 blocks of at most 192 channels to 8 of at most 368, rates around the best, the two most
different policies, adam for both of its kind."""


@dataclass(frozen=True)
class ConfigTask:
    """One training: the configuration and which repeat of it."""

    config: Config
    repeat: int

    def key(self) -> tuple[int, ...]:
        """What its random streams are drawn from: the configuration's values and the repeat."""
        text = "|".join(map(str, self.config))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16]), self.repeat


@dataclass(frozen=True)
class ConfigBundle:
    """Trainings of one miniature network structure."""

    name: str
    tasks: tuple[ConfigTask, ...]

    @property
    def size(self) -> int:
        """Trainings."""
        return len(self.tasks)

    def record(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    def train(self) -> list[dict[str, Any]]:
        """Results in the order of the tasks: the fields of `config_training.Curves`."""
        from fairwatt.experiments.config_training import Member, train
        from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE
        from fairwatt.experiments.image_data import DIGITS, load_images

        space = RegnetHpoSpace()
        members = []
        for task in self.tasks:
            training = space.training(task.config)
            small = miniature(training)
            members.append(Member(training, small.epochs, small.cutout, task.key()))
        curves = train(small.stages, members, load_images(DIGITS), DIGITS_RECIPE, stem_width=STEM_WIDTH)
        return [asdict(curve) for curve in curves]


@dataclass(frozen=True)
class ConfigSweep:
    """One sweep of configurations.

    space: "digits-regnet-hpo", a sample of `configs` distinct keys under `seed`, the first `repeated` of them trained a
    second time; or "digits-regnet-toy", every point of TOY_GRID, `repeats` times. bundle_size: the most networks that
    are trained at a time. Raises SweepError for values that are no sweep.
    """

    name: str
    space: str
    configs: int = 0
    repeated: int = 0
    repeats: int = 1
    seed: int = 0
    bundle_size: int = 16

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.space not in (SAMPLED, TOY):
            raise SweepError(f"space {self.space!r}: expected {SAMPLED} or {TOY}")
        if self.space == SAMPLED and not (0 <= self.repeated <= self.configs and 1 <= self.configs <= MOST_CONFIGS):
            raise SweepError(
                f"configs {self.configs}, repeated {self.repeated}: expected 1 to {MOST_CONFIGS}, and not more repeated"
            )
        if not 1 <= self.repeats <= 128 or self.bundle_size < 1:
            raise SweepError(f"repeats {self.repeats}, bundle_size {self.bundle_size}: expected 1 to 128, 1 or more")

    def checked(self) -> "ConfigSweep":
        """This sweep: its data is embedded."""
        return self

    @property
    def what(self) -> str:
        """What is trained, in words."""
        if self.space == TOY:
            return f"{self.name}: every point of a grid of RegNet + HPO configurations on digits, {self.repeats} times"
        return f"{self.name}: {self.configs:,} RegNet + HPO configurations on digits, {self.repeated:,} of them twice"

    @property
    def alone(self) -> str:
        """Nothing: no energy is measured, so networks can be trained beside others."""
        return ""

    def settings(self) -> dict[str, Any]:
        """What makes this sweep another one; a grid may be repeated more often later."""
        from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE

        own = asdict(self)
        if self.space == TOY:
            del own["repeats"]
        return {"sweep": own, "recipe": asdict(DIGITS_RECIPE)}

    def waves(self) -> list[list[ConfigTask]]:
        """All trainings: of each repeat, in the order in which configurations were drawn or listed."""
        if self.space == TOY:
            points = [(*point[0], *point[1:]) for point in product(*TOY_GRID.values())]
            return [[ConfigTask(config, repeat) for config in points] for repeat in range(self.repeats)]
        return sampled_waves(RegnetHpoSpace(), self.name, self.seed, self.configs, self.repeated)

    def bundles(self) -> list[ConfigBundle]:
        """All bundles in an order that never changes: a sample's are shuffled, so that a part of it is a sample too."""
        space = RegnetHpoSpace()

        def structure(task: ConfigTask) -> Stages:
            return miniature(space.training(task.config)).stages

        cut = cut_waves(self.waves(), structure, self.bundle_size)
        found = [ConfigBundle(name, tasks) for name, tasks in cut]
        return shuffled(found, self.name, self.seed) if self.space == SAMPLED else found


def sampled_waves(space: RegnetHpoSpace, name: str, seed: int, configs: int, repeated: int) -> list[list[ConfigTask]]:
    """A sample of distinct keys in the order of drawing, and the second trainings of the first `repeated` of them."""
    rng = stream("training", name, seed, "configurations")
    drawn: dict[int, Config] = {}
    while len(drawn) < configs:
        config = space.sample(rng)
        drawn.setdefault(space.key(config), config)
    first = [ConfigTask(config, 0) for config in drawn.values()]
    return [first, [ConfigTask(task.config, 1) for task in first[:repeated]]]


def cut_waves(
    waves: Sequence[Sequence[ConfigTask]], structure: Callable[[ConfigTask], Stages], bundle_size: int
) -> list[tuple[str, tuple[ConfigTask, ...]]]:
    """Names and tasks of bundles of one network structure and one wave each."""
    found = []
    for repeat, wave in enumerate(waves):
        groups: dict[Stages, list[ConfigTask]] = defaultdict(list)
        for task in wave:
            groups[structure(task)].append(task)
        for number, stages in enumerate(sorted(groups)):
            own = groups[stages]
            for place, start in enumerate(range(0, len(own), bundle_size)):
                name = f"repeat{repeat}-network{number:03d}-{place:02d}"
                found.append((name, tuple(own[start : start + bundle_size])))
    return found


def shuffled(bundles: list[BundleT], name: str, seed: int) -> list[BundleT]:
    """In an order that depends on the sweep's name and seed alone."""
    order = stream("training", name, seed, "order").permutation(len(bundles))
    return [bundles[place] for place in order]
