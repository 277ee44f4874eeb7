"""What a request is after those before it in its search: new, the same one again, another length of a training."""

from collections.abc import Iterable
from typing import NamedTuple

from fairwatt.records import NO_COST, Cost, Key, Request


class Standing(NamedTuple):
    """What a request is after those before it, whatever the policy.

    repeated: the very same one was answered. paid_fidelity, paid: the longest training of the same network and repeat,
    0 for none, and its price from scratch.
    """

    repeated: bool
    paid_fidelity: float
    paid: Cost


_FIRST = Standing(False, 0.0, NO_COST)


class History:
    """The requests of one search that were answered."""

    def __init__(self) -> None:
        self._longest: dict[tuple[Key | None, int], tuple[float, Cost]] = {}
        self._seen: set[tuple[Key | None, float, int]] = set()

    def standing(self, request: Request) -> Standing:
        """Of a request that is not added yet. An impossible one stands to none."""
        longest = self._longest.get((request.key, request.replicate))
        if longest is None or request.key is None:
            return _FIRST
        return Standing((request.key, request.trial.fidelity, request.replicate) in self._seen, *longest)

    def add(self, request: Request) -> None:
        """It was answered."""
        if request.key is None:
            return
        fidelity, training = request.trial.fidelity, (request.key, request.replicate)
        self._seen.add((request.key, fidelity, request.replicate))
        longest = self._longest.get(training)
        if longest is None or fidelity > longest[0]:
            self._longest[training] = (fidelity, request.cost)


def standings(requests: Iterable[Request]) -> list[Standing]:
    """How each request of a stream stands to those before it while the account is open, whatever the policy."""
    history, found = History(), []
    for request in requests:
        found.append(history.standing(request))
        history.add(request)
    return found
