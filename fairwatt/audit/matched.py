"""The same searches, each cut at a stated cost: what they held there, and by which rule the cost was chosen.

A cut credits the requests that the limit pays in full, in the order of the log; the request that crosses it does not
count. A search that was cut is not a search that was configured for that budget: one that plans on its budget would
have asked other questions. Section 0.13 of the specification; the rule is part of the result.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.account import SEARCH, charges
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

ENDPOINTS = ("hypervolume", "regret")
"""hypervolume: of what is not dominated on (energy, validation error); regret: the incumbent's validation error."""
_SLACK = 1.0 + 1e-9  # sums of floats differ in their last digits with the order of their terms


@dataclass(frozen=True)
class Rule:
    """One way to choose where searches are cut.

    name: short. words: what is cut at what. limits: (arm's spends [A], reference's [R]) to (limit of each of the arm's
    searches, limit of each of the reference's). at: the limit, where it is a number that was asked for. smallest:
    whether limits are read off a smallest spend: that of a search that holds something, where some of its side do.
    """

    name: str
    words: str
    limits: Callable[[Array, Array], tuple[float, float]]
    at: float | None = None
    smallest: bool = False


def _whole(of: Callable[[Array], float]) -> Callable[[Array, Array], tuple[float, float]]:
    return lambda arm, reference: (float(of(reference)), np.inf)


def _both(of: Callable[[Array], float]) -> Callable[[Array, Array], tuple[float, float]]:
    return lambda arm, reference: (float(of(reference)), float(of(reference)))


def _at(limit: float) -> Callable[[Array, Array], tuple[float, float]]:
    return lambda arm, reference: (limit, limit)


def _common(share: float) -> Callable[[Array, Array], tuple[float, float]]:
    return lambda arm, reference: (share * min(_smallest(arm), _smallest(reference)),) * 2


def _smallest(spends: Array) -> float:
    """Of the searches that spent anything, 0 where none did: one that crashed at once is not what others are cut at."""
    return float(spends[spends > 0].min(initial=np.inf)) if spends.any() else 0.0


AS_RECORDED = Rule("as recorded", "nothing is cut", lambda arm, reference: (np.inf, np.inf))
COMMON = Rule("common", "both cut at the smallest spend of any of their searches", _common(1.0), smallest=True)
RULES = (
    AS_RECORDED,
    Rule("max", "the arm cut at the reference's largest spend, the reference whole", _whole(np.max)),
    Rule("mean", "the arm cut at the reference's mean spend, the reference whole", _whole(np.mean)),
    Rule("median", "the arm cut at the reference's median spend, the reference whole", _whole(np.median)),
    Rule("min", "the arm cut at the reference's smallest spend, the reference whole", _whole(_smallest), smallest=True),
    Rule("mean, both", "both cut at the reference's mean spend", _both(np.mean)),
    Rule("min, both", "both cut at the reference's smallest spend", _both(_smallest), smallest=True),
    COMMON,
    Rule("quarter", "both cut at a quarter of the common spend", _common(0.25), smallest=True),
)
"""From the most generous to the strictest. Only `common` and `quarter` leave no search with more than another.

Searches that spent nothing, or hold nothing where others do, are in no smallest spend. A limit of 0 is none: there
nothing can be compared."""


def rules(text: str = "") -> tuple[Rule, ...]:
    """The rules that a comma-separated list names, all of RULES for none; a number is a limit for both sides.

    A comma within a rule's name may be left out: `mean both`. Raises UnknownNameError, and UserError for a limit that
    is not positive.
    """
    if not text.strip():
        return RULES
    known = {rule.name.replace(",", ""): rule for rule in RULES}
    found = {}
    for word in (" ".join(part.split()) for part in text.split(",")):
        if _is_number(word):
            limit = float(word)
            if not 0 < limit < np.inf:
                raise UserError(f"--cut {word}: expected a positive number, in what is matched, or a rule's name")
            found[word] = Rule(f"at {word}", f"both cut at {word}", _at(limit), limit)
        elif word in known:
            found[word] = known[word]
        else:
            raise UnknownNameError("rule of --cut", word, known)
    return tuple(found.values())


@dataclass(frozen=True)
class Course:
    """What one search held, by how many of its requests were answered: steps, right-continuous.

    rows: its places in the log's frame. answered: [K] ascending from 0. losses: [K] what is held from then on, lower is
    better: 1 - hypervolume, or the incumbent's validation error, infinite before there is one.
    """

    space: str
    method: str
    seed: str
    rows: slice
    answered: NDArray[np.int64]
    losses: Array

    @property
    def holds(self) -> bool:
        """Whether it ever held anything."""
        return len(self.answered) > 1

    def closes(self, running: Array, limits: Array) -> NDArray[np.int64]:
        """[G] requests that each limit [G] pays in full. running: see `running`."""
        return np.searchsorted(running[self.rows], limits * _SLACK, side="right")

    def held(self, running: Array, limits: Array) -> Array:
        """[G] losses at limits [G]."""
        return self.losses[np.searchsorted(self.answered, self.closes(running, limits), side="right") - 1]

    def spent(self, running: Array, limits: Array) -> Array:
        """[G] what was paid of each limit [G]."""
        return np.concatenate([[0.0], running[self.rows]])[self.closes(running, limits)]


def courses(frame: "pd.DataFrame", endpoint: str) -> tuple[Course, ...]:
    """One course for each search, in the order of the frame, which is sorted as `Log.frame` is.

    Hypervolume is of (energy / largest energy in any valid row of the space, validation error) within (1, 1), whatever
    the fidelity. Where errors are not within [0, 1] they are scaled to the range of the space's rows: then it depends
    on what is in the log. The incumbent is the lowest validation error at the space's highest fidelity in the log,
    ties to the earlier. Raises UnknownNameError for other endpoints.
    """
    if endpoint not in ENDPOINTS:
        raise UnknownNameError("endpoint", endpoint, ENDPOINTS)
    found = []
    for space, group in _blocks(frame, ["space"]):
        rows = frame.iloc[group]
        valid = rows["valid"].to_numpy()
        error, energy = rows["val_error"].to_numpy(), rows["energy"].to_numpy()
        if endpoint == "hypervolume":
            valid = valid & np.isfinite(energy)
            energy, error = scaled(energy, error, valid)
        else:
            valid = at_full(rows)
        for (method, seed), search in _blocks(rows, ["method", "seed"]):
            places = np.flatnonzero(valid[search])
            if endpoint == "hypervolume":
                answered, losses = _fronts(energy[search][places], error[search][places], places)
            else:
                answered, losses = _incumbents(error[search][places], places)
            place = slice(group.start + search.start, group.start + search.stop)
            found.append(Course(space[0], method, seed, place, answered, losses))
    return tuple(found)


def at_full(frame: "pd.DataFrame") -> NDArray[np.bool_]:
    """[N] valid requests at the highest fidelity of a space's rows; all valid ones where no fidelity is known.

    Where some are known, an unknown one is taken for a lower one.
    """
    valid, fidelity = frame["valid"].to_numpy(), frame["fidelity"].to_numpy()
    known = fidelity[valid & ~np.isnan(fidelity)]
    return np.asarray(valid & (fidelity == known.max())) if len(known) else np.asarray(valid)


def running(frame: "pd.DataFrame", charged: Array | None = None) -> Array:
    """[N] what each row's search had spent after it. charged: [N], the recorded costs by default."""
    amounts = charges(frame) if charged is None else charged
    return frame[SEARCH].assign(spent=amounts).groupby(SEARCH)["spent"].cumsum().to_numpy()


def _blocks(frame: "pd.DataFrame", by: list[str]) -> Iterator[tuple[tuple[str, ...], slice]]:
    """The names and rows of each group; groups must be together. Raises ValueError where they are not."""
    number = frame.groupby(by, sort=False).ngroup().to_numpy()
    if (np.diff(number) < 0).any():
        raise ValueError(f"rows of one {'/'.join(by)} are apart: expected a frame that is sorted as Log.frame is")
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(frame)]
    for start, stop in pairwise(edges):
        yield tuple(str(frame[name].iloc[start]) for name in by), slice(start, stop)


def scaled(energy: Array, error: Array, valid: NDArray[np.bool_]) -> tuple[Array, Array]:
    """(energy, error) [N] with (1, 1) at the worst of the space's valid rows; errors within [0, 1] are left alone."""
    if not valid.any():
        return energy, error
    low, high = error[valid].min(), error[valid].max()
    if low < 0 or high > 1:
        error = (error - low) / (high - low or 1.0)
    return energy / (energy[valid].max() or 1.0), error


def _fronts(energy: Array, error: Array, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """(answered [K], losses [K]) of the hypervolume that points [P] at ascending places [P] of a search reach."""
    import moocore

    points = np.column_stack([energy, error])
    _, first = np.unique(points, axis=0, return_index=True)
    xs, ys = [-np.inf], [np.inf]  # the staircase: energies ascending, errors descending
    answered, losses = [0], [1.0]
    for place in np.sort(first).tolist():
        x, y = float(energy[place]), float(error[place])
        after = bisect_right(xs, x)
        if ys[after - 1] <= y:
            continue
        end = after
        while end < len(ys) and ys[end] >= y:
            end += 1
        xs[after:end], ys[after:end] = [x], [y]
        front = np.column_stack([xs[1:], ys[1:]])
        answered.append(int(places[place]) + 1)
        losses.append(1.0 - float(moocore.hypervolume(front, ref=np.ones(2))))
    return np.array(answered, dtype=np.int64), np.array(losses)


def _incumbents(error: Array, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """(answered [K], losses [K]) of the lowest error [P] at ascending places [P] of a search."""
    before = np.minimum.accumulate(np.concatenate([[np.inf], error]))[:-1]
    better = np.flatnonzero(error < before)
    answered = np.concatenate([[0], places[better] + 1]).astype(np.int64)
    return answered, np.concatenate([[np.inf], error[better]])


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
