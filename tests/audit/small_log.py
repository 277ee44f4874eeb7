"""Small logs by hand: what the audit tests are about."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fairwatt.audit.log import Log

Search = dict[str, list[Any]]


def log(searches: Iterable[Search], *, cost_unit: str = "kWh", **more: Any) -> Log:
    """Searches as one log, in the order that logs have."""
    made = list(searches)
    frame = pd.DataFrame({name: [value for each in made for value in each[name]] for name in made[0]})
    frame = frame.sort_values(["space", "method", "seed", "order"], kind="stable", ignore_index=True)
    return Log(frame, cost_unit, "1 - accuracy", True, ("runs.csv",), **more)


def search(
    method: str,
    seed: int,
    errors: Sequence[float],
    *,
    space: str = "s",
    costs: Sequence[float] | float = 1.0,
    energies: Sequence[float] | None = None,
    configs: Sequence[str | None] | None = None,
    fidelities: Sequence[float] | None = None,
    tests: Sequence[float] | None = None,
) -> Search:
    """One search; an infinite error is an impossible proposal."""
    count, error = len(errors), [float(each) for each in errors]
    nothing = [math.nan] * count
    return {
        "space": [space] * count,
        "method": [method] * count,
        "seed": [str(seed)] * count,
        "order": list(range(count)),
        "config": [f"{method}{seed}-{place}" for place in range(count)] if configs is None else list(configs),
        "valid": [math.isfinite(each) for each in error],
        "fidelity": nothing if fidelities is None else [float(each) for each in fidelities],
        "val_error": error,
        "test_error": nothing if tests is None else [float(each) for each in tests],
        "cost": np.broadcast_to(np.asarray(costs, dtype=np.float64), count).tolist(),
        "energy": nothing if energies is None else [float(each) for each in energies],
    }


def rivals(arm: str = "smart", reference: str = "rs", *, searches: int = 12, length: int = 30) -> Log:
    """The arm's draws are no better than the reference's, but it makes ten times as many."""
    rng = np.random.default_rng(1)
    return log(
        search(method, seed, rng.uniform(0.1, 0.9, count), costs=rng.uniform(0.9, 1.1, count))
        for method, count in ((reference, length), (arm, 10 * length))
        for seed in range(searches)
    )
