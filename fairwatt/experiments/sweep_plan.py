"""What a sweep needs to know of what it trains: bundles with names, each of which can be trained by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.config_sweep import SAMPLED, TOY, ConfigSweep
from fairwatt.experiments.image_data import DIGITS
from fairwatt.experiments.own_sweep import OWN, OwnSweep
from fairwatt.experiments.sweep_spec import SPACES, SweepError, load_spec, read_mapping
from fairwatt.search_spaces import energy_surrogate
from fairwatt.search_spaces.sources import EMBEDDED, check_own_name


class Bundle(Protocol):
    """Trainings that are done together. Travels to other processes; its result depends on its record alone."""

    @property
    def name(self) -> str:
        """The name of its part's file."""

    @property
    def size(self) -> int:
        """Trainings."""

    def record(self) -> dict[str, Any]:
        """What its part says that it holds, JSON-able."""

    def train(self) -> list[dict[str, Any]]:
        """One JSON-able result for each training."""


_KINDS: Mapping[Any, tuple[Any, str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    float: (int | float, "a number"),
    Mapping[str, Any]: (dict, "a mapping"),
}
BundleT = TypeVar("BundleT", bound=Bundle)
BundleT_co = TypeVar("BundleT_co", bound=Bundle, covariant=True)


class Plan(Protocol[BundleT_co]):
    """A sweep: its folder's name, and its bundles in an order that never changes."""

    @property
    def name(self) -> str:
        """The name of the sweep's folder."""

    def settings(self) -> dict[str, Any]:
        """What makes a sweep of this name another one, JSON-able."""

    def bundles(self) -> Sequence[BundleT_co]:
        """All bundles, in the order in which they are trained."""


class Sweep(Plan[Any], Protocol):
    """A plan that can be carried out."""

    def checked(self) -> "Sweep":
        """This sweep, once all that can be wrong before the first training was looked at. Raises SweepError."""

    @property
    def what(self) -> str:
        """What is trained, in words."""

    @property
    def alone(self) -> str:
        """Why its trainings must be done one at a time; empty where they need not."""


def load_plan(path: Path) -> Sweep:
    """Read a sweep of cells, of configurations, or over one's own data from YAML. Raises SweepError for all else."""
    space = read_mapping(path).get("space")
    if space in SPACES:
        return load_spec(path)
    if space in (SAMPLED, TOY):
        return load_config_sweep(path)
    if space == OWN:
        return load_own_sweep(path)
    raise SweepError(f"{path}: space {space!r}: expected one of {', '.join([*SPACES, SAMPLED, TOY, OWN])}")


def load_config_sweep(path: Path) -> ConfigSweep:
    """Read a sweep of configurations from YAML. Raises SweepError, in one line, for anything that is not one."""
    given = read_mapping(path)
    known = {field.name: field.type for field in fields(ConfigSweep)}
    if set(given) - set(known) or not {"name", "space"} <= set(given):
        raise SweepError(f"{path}: expected a mapping with the keys {', '.join(known)}")
    for key, value in given.items():
        kind = str if key in ("name", "space") else int
        if type(value) is not kind:
            raise SweepError(f"{path}: {key} {value!r}: expected {'text' if kind is str else 'a whole number'}")
    try:
        return ConfigSweep(**given)
    except SweepError as fault:
        raise SweepError(f"{path}: {fault}") from fault


def load_own_sweep(path: Path) -> OwnSweep:
    """Read a sweep over one's own data from YAML; its `data` is relative to the file.

    Raises SweepError, also for a name that stands for something of fairwatt's: a table and a surrogate will have it.
    """
    given = {key: value for key, value in read_mapping(path).items() if key != "space"}
    known = {one.name: one for one in fields(OwnSweep) if one.name != "sha256"}
    needed = [name for name, one in known.items() if one.default is MISSING and one.default_factory is MISSING]
    for key in given.keys() - known.keys():
        raise SweepError(f"{path}: {UnknownNameError('key of a sweep', key, known)}")
    for key in set(needed) - given.keys():
        raise SweepError(f"{path}: {key} is missing; a sweep of the space {OWN} needs {', '.join(needed)}")
    if "meter" in given and given["meter"] is None:  # YAML's null, where the meter of that name was meant
        given["meter"] = "null"
    for key, value in given.items():
        kind, words = _KINDS[known[key].type]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise SweepError(f"{path}: {key} {value!r}: expected {words}")
    if given["data"] != DIGITS:
        given["data"] = str((path.parent / given["data"]).resolve())
    try:
        sweep = OwnSweep(**given)
        _check_free(sweep.name)
        return sweep
    except UserError as fault:
        raise SweepError(f"{path}: {fault}") from fault


def _check_free(name: str) -> None:
    """Raise UserError for the name of a published table or space, of a surrogate of energies, or of what ships."""
    check_own_name(name)
    embedded = {path.stem for path in EMBEDDED.iterdir()}
    if name in embedded or name == energy_surrogate.default_path().stem:
        raise SweepError(f"the name {name!r} is taken; choose another")
