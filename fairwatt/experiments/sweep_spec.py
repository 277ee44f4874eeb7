"""What a sweep trains: a short YAML file, cut into bundles of nets in an order that never changes."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

from fairwatt.errors import UserError
from fairwatt.experiments.recipe import Recipe
from fairwatt.search_spaces.cell import graph_hash
from fairwatt.search_spaces.cell_index import cell_index, pairs

SPACES = {"digits-cells-3v": 3, "digits-cells-4v": 4, "digits-cells-5v": 5}
"""Spaces that can be swept: cells of at most so many vertices, trained on digits."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
"""As of tables: a sweep becomes one."""


class SweepError(UserError):
    """A sweep that cannot be read, run or collected."""


@dataclass(frozen=True)
class SweepSpec:
    """One sweep. space: one of SPACES; bundle_size: the most nets that are trained at a time.

    repeats_apart: whether each repeat is cut into bundles of its own, the first repeat first, so that repeats can be
    added to a finished sweep. Raises SweepError for values that are no sweep.
    """

    name: str
    space: str
    epochs: tuple[int, ...]
    repeats: int
    bundle_size: int = 16
    repeats_apart: bool = False

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise SweepError(f"space {self.space!r}: expected one of {', '.join(SPACES)}")
        if not self.epochs or sorted(set(self.epochs)) != list(self.epochs) or self.epochs[0] < 1:
            raise SweepError(f"epochs {list(self.epochs)}: expected ascending numbers from 1")
        if not 1 <= self.repeats <= 128:
            raise SweepError(f"repeats {self.repeats}: expected 1 to 128")
        if self.bundle_size < 1:
            raise SweepError(f"bundle_size {self.bundle_size}: expected at least 1")
        check_name(self.name)

    def settings(self) -> dict[str, Any]:
        """What makes this sweep another one. Where repeats are bundled apart, their number is only its length."""
        own = asdict(self)
        if self.repeats_apart:
            del own["repeats"]
        return {"sweep": own, "recipe": asdict(Recipe())}

    def checked(self) -> "SweepSpec":
        """This sweep: its data is embedded."""
        return self

    @property
    def what(self) -> str:
        """What is trained, in words."""
        epochs = ", ".join(map(str, self.epochs))
        return f"{self.name}: every cell of {self.space} on digits, for {epochs} epochs, {self.repeats} times"

    @property
    def alone(self) -> str:
        """Nothing: nets can be trained beside others."""
        return ""

    def bundles(self) -> list["BundleSpec"]:
        """All bundles, the longest trainings (of a repeat) first; nets are ordered by operations."""
        return bundles(self)


@dataclass(frozen=True)
class CellNet:
    """One training of a sweep: the cell's graph hash, its interior op codes, the repeat."""

    hash: str
    ops: tuple[int, ...]
    repeat: int


@dataclass(frozen=True)
class BundleSpec:
    """Nets of one adjacency (row-major upper triangle `edges`), trained together for `epochs`."""

    name: str
    edges: tuple[int, ...]
    epochs: int
    nets: tuple[CellNet, ...]

    @property
    def size(self) -> int:
        """Trainings."""
        return len(self.nets)

    def record(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    def train(self) -> list[dict[str, Any]]:
        """Results in the order of the nets: the fields of `training.Trained`.

        A net's streams are keyed by (graph hash, epochs, repeat).
        """
        from fairwatt.experiments import digits
        from fairwatt.experiments.training import Net, train

        nets = [Net(net.ops, (int(net.hash, 16), self.epochs, net.repeat)) for net in self.nets]
        return [asdict(one) for one in train(adjacency(self.edges), nets, self.epochs, digits.load(), Recipe())]


def check_name(name: object) -> None:
    """Pass where it can be a sweep's folder and its table's name. Raises SweepError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SweepError(
            f"name {name!r}: expected the name of one folder, of a-z, 0-9, '.', '_', '@', '-', beginning with a-z, 0-9"
        )


def read_mapping(path: Path) -> dict[str, Any]:
    """The top of a YAML file. Raises SweepError, in one line, where there is no such mapping."""
    import yaml

    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise SweepError(f"{path}: not a readable sweep: {' '.join(str(fault).split())}") from fault
    if not isinstance(given, dict):
        raise SweepError(f"{path}: expected a mapping with the keys name, space, ...")
    return given


def load_spec(path: Path) -> SweepSpec:
    """Read a sweep of cells from YAML. Raises SweepError, in one line, for anything that is not one."""
    given = read_mapping(path)
    known = [field.name for field in fields(SweepSpec)]
    if set(given) - set(known) or set(known[:4]) - set(given):
        raise SweepError(f"{path}: expected a mapping with the keys {', '.join(known)}")
    if not isinstance(given["epochs"], list):
        raise SweepError(f"{path}: epochs {given['epochs']!r}: expected a list of whole numbers")
    numbers = {key: given[key] for key in ("repeats", "bundle_size") if key in given}
    apart = given.get("repeats_apart", False)
    if not isinstance(apart, bool):
        raise SweepError(f"{path}: repeats_apart {apart!r}: expected true or false")
    for key, number in [*numbers.items(), *(("epochs", number) for number in given["epochs"])]:
        if type(number) is not int:
            raise SweepError(f"{path}: {key} {number!r}: expected a whole number")
    try:
        return SweepSpec(given["name"], given["space"], tuple(given["epochs"]), **numbers, repeats_apart=apart)
    except SweepError as fault:
        raise SweepError(f"{path}: {fault}") from fault


def cells(spec: SweepSpec) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(edges, interior op codes) of every cell of the sweep's space, in the order of their ids."""
    index = cell_index(SPACES[spec.space])
    return [(index.edges(cell), index.ops(cell)) for cell in range(len(index))]


def bundles(spec: SweepSpec) -> list[BundleSpec]:
    """All bundles of a sweep, the longest trainings (of a repeat) first; nets are ordered by operations."""
    by_edges: dict[tuple[int, ...], list[tuple[tuple[int, ...], str]]] = defaultdict(list)
    for edges, ops in cells(spec):
        by_edges[edges].append((ops, graph_hash(adjacency(edges), ops)))
    every = range(spec.repeats)
    waves = [(f"-repeat{repeat}", (repeat,)) for repeat in every] if spec.repeats_apart else [("", tuple(every))]
    found = []
    for (suffix, repeats), epochs, (number, edges) in product(waves, reversed(spec.epochs), enumerate(by_edges)):
        nets = [CellNet(name, ops, repeat) for (ops, name), repeat in product(sorted(by_edges[edges]), repeats)]
        for place, chunk in enumerate(_evenly(nets, spec.bundle_size)):
            name = f"epochs{epochs:03d}-adjacency{number:03d}-{place:02d}{suffix}"
            found.append(BundleSpec(name, edges, epochs, tuple(chunk)))
    return found


def adjacency(edges: tuple[int, ...]) -> list[list[int]]:
    """The square matrix [V, V] of a row-major upper triangle."""
    vertices = next(v for v in range(2, len(edges) + 2) if v * (v - 1) // 2 == len(edges))
    matrix = [[0] * vertices for _ in range(vertices)]
    for bit, (i, j) in zip(edges, pairs(vertices), strict=True):
        matrix[i][j] = bit
    return matrix


def _evenly(nets: list[CellNet], most: int) -> Iterator[list[CellNet]]:
    count = -(-len(nets) // most)
    for place in range(count):
        yield nets[place * len(nets) // count : (place + 1) * len(nets) // count]
