"""A surrogate beside the trainings it is about: what is equal agrees, and a difference that is known is found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from fairwatt.search_spaces.curve_agreement import curve_agreement
from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark
from fairwatt.search_spaces.measured_configs import MeasuredConfigs, measured_configs


def _with(toy: MeasuredConfigs, **changes: object) -> CurveBenchmark:
    data = replace(toy._data, **changes)  # type: ignore[arg-type]
    return CurveBenchmark("other", toy.space, data, data_sha256="", provenance={}, energy_label="")


def test_agreement_is_of_means_over_repeats(toy_table: Path) -> None:
    toy = measured_configs(str(toy_table))
    errors = toy._data.val_error
    shifted = _with(toy, val_error=np.clip(errors + 0.01, 0, 1))
    itself, moved = curve_agreement(toy, toy), curve_agreement(toy, shifted)
    assert [found.fidelity for found in itself] == list(FIDELITIES)
    assert all(found.tau == pytest.approx(1) and found.difference == found.bias == 0 for found in itself)
    last = moved[-1]
    assert (last.configurations, last.bias, last.difference) == (480, pytest.approx(0.01), pytest.approx(0.01))
    assert last.repeats_tau == pytest.approx(kendalltau(errors[:, 0, -1], errors[:, 1, -1]).statistic)
    assert str(last).startswith("at 1 of training, 480 configurations: τ 1.00 (of two repeats 0.")


def test_only_common_keys_are_compared(toy_table: Path) -> None:
    toy = measured_configs(str(toy_table))
    other = _with(toy, keys=np.append(toy.keys[240:], toy.keys[-1] + 1 + np.arange(240)), val_error=toy._data.val_error)
    assert curve_agreement(toy, other)[0].configurations == 240
    assert curve_agreement(toy, _with(toy, keys=toy.keys + 10**6)) == []
