"""Collections over the cells of a table that cost nothing before they are read."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any


class Hashes(tuple[str, ...]):
    """Hashes of cells: a tuple, whose `list` costs least, with a membership test that is one look-up."""

    _known: Mapping[str, int]

    @classmethod
    def of(cls, known: Mapping[str, int]) -> "Hashes":
        """The keys of a mapping, in its order."""
        hashes = cls(known)
        hashes._known = known
        return hashes

    def __contains__(self, code: object) -> bool:
        return code in self._known


class Statistics(Mapping[Any, Any]):
    """A read-only mapping whose values are made when they are read. keep: whether each is made once."""

    def __init__(self, keys: Collection[Any], make: Callable[[Any], Any], keep: bool) -> None:
        self._keys, self._make, self._keep = keys, make, keep
        self._made: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key in self._made:
            return self._made[key]
        if key not in self._keys:
            raise KeyError(key)
        made = self._make(key)
        if self._keep:
            self._made[key] = made
        return made

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return repr(dict(self)) if self._keep else f"<statistics of {len(self):,} cells>"
