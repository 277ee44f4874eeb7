"""Configurations held against their space, where it is installed here: which of them are networks, and which ones.

What a search alone asked can be held against nobody else's answer. Whether it is impossible, and which network it is, a
space says by itself, without an oracle.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairwatt.analysis.from_headers import installed_space
from fairwatt.fairness.reference_check import Wrong
from fairwatt.problem import SearchSpace
from fairwatt.records import Config, Header, Request, Run
from fairwatt.streams import stream

SAMPLE = 500
"""Requests of each world whose configurations are looked at, beside those that ever led a search."""
_OPTIONS = {"energy": None, "suspect": "keep"}
"""Of a study, that some spaces have; with what means the space's own."""


def space_of(header: Header, study: Mapping[str, Any]) -> SearchSpace | None:
    """The space that a study's searches drew from; None where it, or its data, is not here."""
    options = {name: study[name] for name, usual in _OPTIONS.items() if study.get(name, usual) != usual}
    return installed_space(header, options)


def wrong_configs(
    space: SearchSpace, runs: Sequence[Run], requests: Sequence[Request]
) -> tuple[dict[Config, list[Wrong]], int]:
    """What is wrong with configurations, and how many of them were looked at. requests: the distinct ones of the runs.

    Looked at are all that are called impossible, all that ever led a search (the lowest validation error or energy so
    far), and a sample of all.
    """
    chosen = {request.trial.config: request for request in requests if request.key is None}
    chosen |= {request.trial.config: request for run in runs for request in _leaders(run)}
    rng = stream("analysis", runs[0].header.space if runs else "", len(requests), "configurations to look at")
    for place in rng.integers(max(len(requests), 1), size=min(SAMPLE, len(requests))).tolist():
        chosen[requests[place].trial.config] = requests[place]
    found = {config: wrong for config, request in chosen.items() if (wrong := _wrong(space, request))}
    return found, len(chosen)


def _leaders(run: Run) -> Iterator[Request]:
    error = energy = float("inf")
    for request in run.requests:
        trial = request.trial
        if trial.val_error < error or trial.energy_kwh < energy:
            error, energy = min(error, trial.val_error), min(energy, trial.energy_kwh)
            yield request


def _wrong(space: SearchSpace, request: Request) -> list[Wrong]:
    config, key = request.trial.config, request.key
    if key is None and not space.is_valid(config):
        return []
    try:
        own = space.key(config)
    except ValueError:  # there is no such network
        return [Wrong(4, f"called network {key}, and impossible in the space as installed")]
    if key is None:
        what = f"called impossible, and network {own} in the space as installed"
        return [Wrong(4, what), Wrong(16, what)]
    return [] if own == key else [Wrong(10, f"called network {key}, which is {own} in the space as installed")]
