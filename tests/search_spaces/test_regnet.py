"""Stages and sizes of RegNets: pycls's own vectors, a second way of counting, one network like a million."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from regnet_networks import KNOWN, Known

from fairwatt.errors import UserError
from fairwatt.search_spaces import regnet
from fairwatt.search_spaces.regnet import Stages, complexity, complexity_batch, expand, expand_batch, work, work_batch
from fairwatt.search_spaces.regnet_counts import squeezed
from fairwatt.search_spaces.regnet_grid import DEPTHS, GROUP_WIDTHS, INITIAL_WIDTHS, SLOPES, TINY

EXAMPLE = (11, 112, 17.9, 2.601, 8)


def _from_the_grid(count: int, seed: int) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    values = (DEPTHS, INITIAL_WIDTHS, SLOPES, TINY.multipliers, GROUP_WIDTHS)
    return [rng.choice(own, count) for own in values]


def _from_anywhere(count: int, seed: int) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    slopes, factors = np.round(60 * rng.random(count), 1), np.round(1.02 + 3 * rng.random(count), 3)
    return [rng.integers(1, 30, count), rng.integers(5, 300, count), slopes, factors, rng.integers(1, 70, count)]


def _by_the_book(depth: int, w0: int, wa: float, wm: float, group_w: int) -> Stages:
    """Section 1.2 of the specification, line by line, in Python's own arithmetic."""
    steps = [round(math.log((w0 + wa * block) / w0) / math.log(wm)) for block in range(depth)]
    widths = [round(w0 * wm**step / 8) * 8 for step in steps]
    distinct = sorted(set(widths))
    groups = [min(group_w, width) for width in distinct]
    fitted = [max(group, round(width / group) * group) for width, group in zip(distinct, groups, strict=True)]
    return Stages(tuple(fitted), tuple(map(widths.count, distinct)), tuple(groups), max(steps) + 1)


def test_every_vector_of_pycls_is_met(shared: Path) -> None:
    vectors = json.loads((shared / "eahas" / "regnet_vectors.json").read_text())["vectors"]
    assert len(vectors) >= 15
    for vector in vectors:
        own = vector["config"]
        stages = expand(own["DEPTH"], own["W0"], own["WA"], own["WM"], own["GROUP_W"])
        assert [list(stages.widths), list(stages.depths)] == [vector["ws"], vector["ds"]]
        assert [list(stages.group_widths), stages.total] == [vector["group_ws"], vector["total_stages"]]
        assert complexity(stages) == (vector["flops"], vector["params"], vector["acts"])


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: str(known.numbers))
def test_kept_networks_stay_what_they_are(known: Known) -> None:
    assert expand(*known.numbers) == known.stages
    assert complexity(known.stages) == known.size


def test_the_worked_example() -> None:
    stages = expand(*EXAMPLE)
    assert stages == Stages((112, 288), (4, 7), (8, 8), 2)
    assert complexity(stages) == (122_384_142, 1_718_206, 938_958)
    assert work(stages).macs == 122_384_142
    assert work(stages).layers == 1 + 11 * 5 + 2 + 1


def test_widths_follow_their_groups() -> None:
    """Half goes to even, also where widths are made multiples of their groups."""
    cases = [(80, 32, 64), (72, 32, 64), (352, 24, 360), (8, 32, 8), (112, 24, 120)]
    widths, groups, fitted = (np.array(column) for column in zip(*cases, strict=True))
    assert np.array_equal(regnet.fit_groups(widths, groups)[0], fitted)


def test_equal_widths_are_one_stage() -> None:
    stages = expand(8, 16, 4.0, 1.2, 8)
    assert len(stages.widths) < stages.total
    assert sum(stages.depths) == 8
    assert len(set(stages.widths)) == len(stages.widths)


def test_expansion_by_the_book() -> None:
    for point in zip(*(values.tolist() for values in _from_the_grid(2_000, seed=1)), strict=True):
        assert expand(*point) == _by_the_book(*point)


@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_one_network_is_a_batch_of_one(count: int) -> None:
    for numbers in (_from_the_grid(count, seed=2), _from_anywhere(count, seed=3)):
        batch = expand_batch(*numbers)
        sizes, works = np.array(complexity_batch(batch)).T, np.array(work_batch(batch)).T
        lengths = batch.stages
        assert batch.widths.shape == batch.depths.shape == batch.group_widths.shape == (count, lengths.max())
        for row, point in enumerate(zip(*numbers, strict=True)):
            stages = expand(*point)
            own = len(stages.widths)
            arrays = [array[row].tolist() for array in batch[:3]]
            assert [tuple(array[:own]) for array in arrays] == list(stages[:3])
            assert not any(any(array[own:]) for array in arrays)
            assert [batch.total[row], lengths[row]] == [stages.total, own]
            assert tuple(sizes[row]) == complexity(stages)
            assert tuple(works[row]) == work(stages)


def test_batches_do_not_depend_on_the_pieces_they_are_cut_into(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = _from_anywhere(1_000, seed=4)
    whole = expand_batch(*numbers)
    sizes = complexity_batch(whole, im_size=64, stem_width=32, num_classes=200)
    monkeypatch.setattr(regnet, "_PIECE", 64)
    cut = expand_batch(*numbers)
    assert all(map(np.array_equal, whole, cut))
    assert all(map(np.array_equal, sizes, complexity_batch(cut, im_size=64, stem_width=32, num_classes=200)))


def test_batches_of_numbers_and_of_none() -> None:
    one = expand_batch(*EXAMPLE)
    assert one.widths.tolist() == [[112, 288]]
    mixed = expand_batch([11, 6], 112, 17.9, [2.601, 2.601], 8)
    assert mixed.depths.tolist() == [[4, 7], [4, 2]]
    none = expand_batch(*(np.empty(0) for _ in range(5)))
    assert len(none.widths) == len(none.total) == len(complexity_batch(none).flops) == 0


def test_squeezed_channels_are_a_quarter_half_to_even() -> None:
    channels = np.arange(1, 500)
    assert squeezed(channels).tolist() == [max(1, round(own / 4)) for own in channels.tolist()]
    assert [squeezed(own) for own in channels.tolist()] == squeezed(channels).tolist()


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        *[(0, wrong) for wrong in (0, -1, 2.5, 10**9, math.nan)],
        *[(1, wrong) for wrong in (0, 4, -48, 1e300, math.inf, math.nan)],
        *[(2, wrong) for wrong in (-0.1, 1e300, math.inf, math.nan)],
        *[(3, wrong) for wrong in (1.0, 0.0, -2.0, math.inf, math.nan)],
        *[(4, wrong) for wrong in (0, -8, 1.5, 10**9)],
        *[(place, "eight") for place in range(5)],
    ],
)
def test_what_is_no_regnet_is_refused_in_words(place: int, wrong: Any) -> None:
    name = ("depth", "w0", "wa", "wm", "group_w")[place]
    given: list[Any] = [*EXAMPLE[:place], wrong, *EXAMPLE[place + 1 :]]
    with pytest.raises(UserError, match=rf"{name}.*expected"):
        expand(*given)
    with pytest.raises(UserError, match=rf"{name}.*expected"):
        expand_batch(*([number, number] for number in given))


def test_stages_too_wide_to_count_are_refused() -> None:
    for wide in ((8, 48, 60_000.0, 2.5, 8), (3, 60_000, 60_000.0, 2.5, 8)):
        with pytest.raises(UserError, match=r"width .*65,536"):
            expand(*wide)
        with pytest.raises(UserError, match=r"width .*65,536"):
            expand_batch(*([number] for number in wide))


def test_arrays_of_other_shapes_are_refused() -> None:
    with pytest.raises(UserError, match="shapes"):
        expand_batch([6, 7], [48, 56, 64], 8.0, 2.5, 8)
    with pytest.raises(UserError, match="shapes"):
        expand_batch([[6, 7]], 48, 8.0, 2.5, 8)
