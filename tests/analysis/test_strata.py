"""Which spaces hold the same networks."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.strata import overlaps, shared_networks, strata
from fairwatt.problem import Reference
from fairwatt.registry import make_benchmark


def part(reference: Reference, name: str, count: int) -> Reference:
    """The first `count` networks of a space under another name."""
    arrays = ("val_error", "test_error", "energy_kwh", "seconds", "params")
    cut = {field: getattr(reference, field)[:count] for field in arrays}
    return replace(reference, name=name, keys=reference.keys[:count], **cut)


def test_a_part_of_a_space_is_not_independent_of_it() -> None:
    whole, other = world(400).reference, world(300, name="other").reference
    inner = part(whole, "inner", 50)
    assert shared_networks(inner, whole) == 50
    (overlap,) = overlaps([whole, other, inner])
    assert str(overlap) == "synthetic and inner share 50 of 50 networks"
    assert strata([whole, other, inner]) == (("synthetic", "inner"), ("other",))


def test_the_same_keys_of_other_networks_are_independent() -> None:
    assert strata([world(400).reference, world(300, name="other").reference]) == (("synthetic",), ("other",))


def test_parameters_tell_networks_apart_where_they_are_known() -> None:
    """The same networks on other data have other errors; other networks may cost the same."""
    space = world(400).reference
    params = np.arange(400.0)
    trained_on_other_data = replace(world(300, name="other").reference, params=params[:300])
    assert shared_networks(replace(space, params=params), trained_on_other_data) == 300
    assert shared_networks(replace(space, params=params), replace(space, params=params + 0.5)) == 0


def test_keys_of_another_type_are_other_networks() -> None:
    space = world(400).reference
    assert shared_networks(space, replace(space, keys=tuple(map(str, space.keys)))) == 0


def test_strata_join_through_a_third_space() -> None:
    whole = world(400).reference
    first, last = part(whole, "first", 100), part(whole, "last", 100)
    arrays = ("val_error", "test_error", "energy_kwh", "seconds", "params")
    tail = {field: getattr(whole, field)[300:] for field in arrays}
    last = replace(whole, name="last", keys=whole.keys[300:], **tail)
    assert shared_networks(first, last) == 0
    assert strata([first, last]) == (("first",), ("last",))
    assert strata([first, last, whole]) == (("first", "last", "synthetic"),)


def test_a_few_coincidences_do_not_make_spaces_dependent() -> None:
    whole = world(400).reference
    few = replace(whole, name="few", val_error=np.where(np.arange(400) < 20, whole.val_error, 0.9))
    more = replace(whole, name="more", val_error=np.where(np.arange(400) < 21, whole.val_error, 0.9))
    assert len(strata([whole, few])) == 2
    assert len(strata([whole, more])) == 1


@pytest.mark.slow
def test_the_spaces_that_ship() -> None:
    names = ("digits-cells-4v", "digits-cells-5v", "digits-regnet-toy")
    assert strata([make_benchmark(name).reference() for name in names]) == (
        ("digits-cells-4v", "digits-cells-5v"),
        ("digits-regnet-toy",),
    )
