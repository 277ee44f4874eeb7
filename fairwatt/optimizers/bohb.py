"""BOHB. Falkner, Klein and Hutter, ICML 2018, Algorithm 2, in Hyperband's brackets.

Deviations: proposals that are invalid or were trained at this fidelity before are passed over for the next best of the
candidates, then for random draws; a promotion that was trained before takes its result along. So no network is ever
trained twice at one fidelity. An ordered dimension of two values is modelled as unordered: there is no order to use.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.hyperband import Rank, brackets, by_loss, cycle_full, successive_halving
from fairwatt.problem import Problem, SearchSpace
from fairwatt.records import Config, Key, Trial
from fairwatt.surrogates.kde import ProductKernelDensity

Known = dict[tuple[Key, float], Trial]
MAX_DRAWS = 1_000


@optimizer("bohb", multi_fidelity=True, cycle=cycle_full)
def bohb(
    problem: Problem,
    rng: np.random.Generator,
    *,
    eta: int = 3,
    variant: str = "li",
    top_percent: int = 15,
    candidates: int = 64,
    random_fraction: float = 1 / 3,
    bandwidth_factor: float = 3.0,
    min_bandwidth: float = 1e-3,
    min_points: int = 0,
) -> Search:
    """Hyperband that draws from where good configurations are dense and bad ones are not.

    eta: the share 1/eta of a rung goes on. top_percent: 100 q, the good ones. candidates: N_s, drawn from the good
    density for each proposal. random_fraction: rho. bandwidth_factor: b_w, by which proposals spread more.
    min_bandwidth: the least of a kernel. min_points: N_min, 0 for dimensions + 1. Ends when a cycle of brackets has
    nothing to ask. Raises UserError for settings out of range, and as `brackets`.
    """
    return density_search(
        problem,
        rng,
        by_loss,
        eta=eta,
        variant=variant,
        top_percent=top_percent,
        candidates=candidates,
        random_fraction=random_fraction,
        bandwidth_factor=bandwidth_factor,
        min_bandwidth=min_bandwidth,
        min_points=min_points,
    )


def density_search(
    problem: Problem,
    rng: np.random.Generator,
    rank: Rank,
    *,
    eta: int,
    variant: str,
    top_percent: int,
    candidates: int,
    random_fraction: float,
    bandwidth_factor: float,
    min_bandwidth: float,
    min_points: int,
) -> Search:
    """BOHB, where `rank` says which trials go on and which are good; settings, end and errors as of `bohb`."""
    check_settings(top_percent, candidates, random_fraction, min_points, bandwidth_factor, min_bandwidth)
    space, starts = problem.space, problem.starts(rng)
    least = min_points or len(space.dims) + 1
    levels = model_levels(space)
    known: Known = {}

    def model() -> tuple[ProductKernelDensity, ProductKernelDensity] | None:
        """The good and the bad density at the largest fidelity with N_min + 2 trials."""
        for fidelity in reversed(problem.fidelities):
            trials = [trial for (_, at), trial in known.items() if at == fidelity]
            if len(trials) >= least + 2:
                points = np.array([space.encode(trial.config) for trial in rank(trials)])
                good = max(least, top_percent * len(trials) // 100)
                bad = max(least, len(trials) - good)
                parts = points[:good], points[-bad:]
                low, high = (ProductKernelDensity.fit(part, levels, min_bandwidth) for part in parts)
                return low, high
        return None

    def proposals() -> Iterator[Config]:
        """Candidates, the highest ratio of densities first."""
        if rng.random() >= random_fraction and (densities := model()):
            good, bad = densities
            points = good.sample(candidates, rng, bandwidth_factor)
            for place in np.argsort(bad.log_density(points) - good.log_density(points), kind="stable"):
                yield space.decode(points[place])

    def draw(fidelity: float) -> Config:
        for config in proposals():
            if space.is_valid(config) and (space.key(config), fidelity) not in known:
                return config
        for config, _ in zip(starts, range(MAX_DRAWS), strict=False):
            if (space.key(config), fidelity) not in known:
                break
        return config

    while True:
        before = len(known)
        for bracket in brackets(problem.fidelities, eta, variant):
            yield from only_new(successive_halving(bracket, draw, rank), space, known)
        if len(known) == before:
            return


def check_settings(
    top_percent: int,
    candidates: int,
    random_fraction: float,
    min_points: int,
    bandwidth_factor: float,
    min_bandwidth: float,
) -> None:
    """Raise UserError where one of BOHB's settings is out of range."""
    if not (
        0 < top_percent < 100
        and candidates > 0
        and 0 <= random_fraction <= 1
        and min_points >= 0
        and min(bandwidth_factor, min_bandwidth) > 0
    ):
        raise UserError(
            f"top_percent = {top_percent} (expected 1 to 99), candidates = {candidates} (1 or more), "
            f"random_fraction = {random_fraction} (0 to 1), "
            f"min_points = {min_points} (0 or more), bandwidths {bandwidth_factor}, {min_bandwidth} (above 0)"
        )


def model_levels(space: SearchSpace) -> NDArray[np.int64]:
    """[D] number of levels of the dimensions that are modelled as unordered, 0 for the others."""
    return np.array([0 if dim.ordered and len(dim.values) > 2 else len(dim.values) for dim in space.dims])


def only_new(search: Search, space: SearchSpace, known: Known) -> Search:
    """The queries of a search that `known` cannot answer; it grows by each of them."""
    query = next(search, None)
    while query is not None:
        place = space.key(query.config), query.fidelity
        if place not in known:
            known[place] = yield query
        try:
            query = search.send(known[place])
        except StopIteration:
            return
