"""The rules and the truth of runs that come without a study: from what their headers say and what is installed here."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from fairwatt.analysis.gates import check_alike, check_reference, check_seeds
from fairwatt.analysis.protocol import ComparisonError, Protocol
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Reference, SearchSpace
from fairwatt.records import Header, Run
from fairwatt.registry import make_benchmark

_RANDOM_SEARCH = "rs"


def protocol_of(runs: Sequence[Run]) -> Protocol:
    """The rules under which these runs were made, with random search as the reference: label first, else algorithm.

    Raises ComparisonError where there is none, or more than one that is not labelled so.
    """
    if not runs:
        raise ComparisonError("nothing to compare: no run")
    found = {run.header.arm: run.header for run in runs if run.header.optimizer == _RANDOM_SEARCH}
    arm = _RANDOM_SEARCH if _RANDOM_SEARCH in found else next(iter(found), None)
    if arm is None or (arm != _RANDOM_SEARCH and len(found) > 1):
        known = sorted({run.header.arm for run in runs})
        raise ComparisonError(
            f"{len(found)} arms of random search among {', '.join(known)}; name the reference, such as "
            f"protocol=Protocol(reference_arm={known[0]!r}, budgets=({runs[0].header.budget_text!r},))"
        )
    header = found[arm]
    return Protocol(reference_arm=arm, budgets=(header.budget_text,), policy=dict(header.policy))


def reference_of(runs: Sequence[Run], protocol: Protocol, space_options: Mapping[str, Any]) -> Reference:
    """What is true of the space of these runs, which must be alike and be of the space that is installed here.

    Raises ComparisonError naming the field and two runs, or what the installed space has in its place.
    """
    check_alike(runs, protocol)
    check_seeds(runs)
    header = runs[0].header
    benchmark = make_benchmark(header.space, **space_options)
    if benchmark.space.sampler != header.sampler:
        with suppress(UnknownNameError):  # the space has no choice of samplers, or not this one
            benchmark = make_benchmark(header.space, **dict(space_options) | {"sampler": header.sampler})
    for name, here, there in (
        ("data_sha256", benchmark.data_sha256, header.data_sha256),
        ("sampler", benchmark.space.sampler, header.sampler),
        ("fidelities", benchmark.fidelities, header.fidelities),
    ):
        if here != there:
            raise ComparisonError(
                f"{name} differs: {there} in {header.arm} (seed {header.seed}), {here} in {header.space} as installed; "
                "install the release that the runs are of, or say how the space was made, such as "
                "space_options={'energy': 'scaled'}"
            )
    reference = benchmark.reference()
    check_reference(runs, reference, protocol)
    return reference


def installed_space(header: Header, space_options: Mapping[str, Any]) -> SearchSpace | None:
    """The space of such a run, if what is installed here under its name has the same data; samplers may differ."""
    try:
        benchmark = make_benchmark(header.space, **space_options)
    except UserError:  # no such name, no such option, no data
        return None
    return benchmark.space if benchmark.data_sha256 == header.data_sha256 else None
