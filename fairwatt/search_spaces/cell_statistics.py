"""Collections over the cells of a table that cost nothing before they are read."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any


class Hashes(frozenset[str]):
    """Hashes of cells: a set, as dictionary keys are, that has an order and places.

    Python copies a set into a set by its table, in half the time that any sequence takes, and makes a list of this one
    as fast as of a tuple's iterator: programs do both at every step.
    """

    _ordered: tuple[str, ...]

    @classmethod
    def of(cls, codes: Iterable[str]) -> "Hashes":
        """Distinct hashes, in this order."""
        ordered = tuple(codes)
        hashes = cls(ordered)
        hashes._ordered = ordered
        return hashes

    def __iter__(self) -> Iterator[str]:
        return iter(self._ordered)

    def __getitem__(self, place: Any) -> Any:
        """The hash at a place, or those of a slice."""
        return self._ordered[place]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self._ordered,)


class Statistics(Mapping[Any, Any]):
    """A read-only mapping whose values are made when they are read. keep: whether each is made once."""

    __slots__ = ("_keys", "_made", "_make")

    def __init__(self, keys: Collection[Any], make: Callable[[Any], Any], keep: bool) -> None:
        self._keys, self._make = keys, make
        self._made: dict[Any, Any] | None = {} if keep else None

    def __getitem__(self, key: Any) -> Any:
        if self._made is not None and key in self._made:
            return self._made[key]
        if key not in self._keys:
            raise KeyError(key)
        made = self._make(key)
        if self._made is not None:
            self._made[key] = made
        return made

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a copy is what was read, without the table behind it

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<statistics of {len(self):,} cells>" if self._made is None else repr(dict(self))
