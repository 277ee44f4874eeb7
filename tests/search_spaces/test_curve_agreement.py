"""A surrogate beside the trainings it is about: what is equal agrees, and a difference that is known is found."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from fairwatt.search_spaces.curve_agreement import curve_agreement
from fairwatt.search_spaces.curve_benchmark import FIDELITIES, epochs_at
from fairwatt.search_spaces.measured_configs import MeasuredConfigs, measured_configs
from fairwatt.search_spaces.regnet_encoding import key_epochs

NONE = np.zeros(0, dtype=np.int64)


@dataclass
class Teller:
    """Says of the grid what its first trainings gave, plus a constant."""

    toy: MeasuredConfigs
    more: float = 0.0
    training: Any = field(default_factory=lambda: NONE)
    stopping: Any = field(default_factory=lambda: NONE)

    def predict(self, keys: Any, progress: Any) -> Any:
        epochs = key_epochs(keys)
        shares = [[epochs_at(fidelity, full) / full for fidelity in FIDELITIES] for full in epochs.tolist()]
        places = [row.index(asked[0]) for row, asked in zip(shares, progress.tolist(), strict=True)]
        errors = np.stack([self.toy.repeats(keys, fidelity)[:, 0] for fidelity in FIDELITIES], axis=1)
        told = 100 * errors[np.arange(len(keys)), places] + self.more
        return told[:, None], told[:, None]


def test_what_is_equal_agrees_and_a_shift_is_a_bias(toy_table: Path) -> None:
    toy = measured_configs(str(toy_table))
    itself, moved = curve_agreement(toy, Teller(toy)), curve_agreement(toy, Teller(toy, 1.0))  # type: ignore[arg-type]
    assert [found.fidelity for found in itself] == list(FIDELITIES)
    # percent and back is not exact, so that some ties are none
    assert all(found.tau > 0.99 and found.difference < 1e-12 for found in itself)
    last = moved[-1]
    assert (last.configurations, last.learned) == (480, 0)
    assert (last.bias, last.difference) == (pytest.approx(0.01), pytest.approx(0.01))
    epochs, errors = key_epochs(toy.keys), toy.repeats(toy.keys, 1.0)
    taus = [kendalltau(*errors[epochs == full].T).statistic for full in (50, 100, 200)]
    assert last.repeat_tau == pytest.approx(np.mean(taus))
    assert str(last).startswith("at 1 of training, 480 configurations: τ 1.00 (a second training 0.")


def test_keys_that_were_learned_from_are_left_out(toy_table: Path) -> None:
    toy = measured_configs(str(toy_table))
    known = Teller(toy, training=toy.keys[:200], stopping=np.append(toy.keys[200:240], 10**6))
    found = curve_agreement(toy, known)[0]  # type: ignore[arg-type]
    assert (found.configurations, found.learned) == (240, 240)
    assert "240 configurations, 240 more were learned from" in str(found)
    assert curve_agreement(toy, Teller(toy, training=toy.keys)) == []  # type: ignore[arg-type]
