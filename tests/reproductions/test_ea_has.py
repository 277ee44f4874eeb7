"""EA-HAS-Bench's figures, made again from our own searches and trainings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairwatt.errors import UserError
from fairwatt.experiments.study import read_study
from fairwatt.reproductions.catalogue import DIGITISED, find
from fairwatt.reproductions.ea_has_anytime import (
    METHODS,
    STUDY,
    _resampled,
    compared,
    digitised,
    order_tau,
    searched,
)
from fairwatt.reproductions.ea_has_space import PRINTED, Box, box, front_rows, scatter
from fairwatt.reproductions.item import Shelf

NAN = float("nan")


def test_orders_are_compared_over_what_both_show() -> None:
    """1 2 3 4 against 1 2 4 3: five pairs of six agree."""
    assert order_tau(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 4.0, 3.0]))[0] == pytest.approx(4 / 6)
    assert order_tau(np.array([1.0, 9.0, 3.0, 4.0]), np.array([1.0, NAN, 3.0, 4.0]))[0] == pytest.approx(1.0)
    tau, p = order_tau(np.arange(6.0), np.array([0.0, 1, 2, 3, 5, 4]))
    assert (round(tau, 2), p < 0.05) == (0.87, True)
    tau, p = order_tau(np.arange(6.0), np.array([0.0, 1, 2, 4, 5, 3]))
    assert (round(tau, 2), p < 0.05) == (0.73, False)


def test_seeds_are_drawn_again_together() -> None:
    values = np.arange(8.0)
    drawn = _resampled({"a": values, "b": values + 1})
    assert np.allclose(drawn[:, 1] - drawn[:, 0], 1.0)
    assert drawn[:, 0].mean() == pytest.approx(values.mean(), abs=0.15)
    assert drawn[:, 0].std() == pytest.approx(values.std() / np.sqrt(8), rel=0.1)


def test_printed_orders(shared: Path) -> None:
    """As eahas.md, section 4, has them at the end."""
    found = digitised(Shelf(shared.parent))
    last = {name: table.iloc[-1].sort_values().index.tolist() for name, table in found.items()}
    assert last["CIFAR_NAS.jpg"] == ["LS", "BANANAS", "REA", "RS", "HB", "BOHB"]
    assert last["Tiny_nas.jpg"] == ["HB", "BOHB", "BANANAS", "LS", "RS", "REA"]
    assert np.isnan(found["CIFAR_NAS.jpg"].loc[1_000, "BANANAS"])


@pytest.mark.parametrize("text", ["{", "[]", '{"curves": {}}', '{"curves": {"CIFAR_NAS.jpg": {"RS": {"a": 1}}}}'])
def test_another_file_of_that_name_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / DIGITISED
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UserError, match="not the digitised curves"):
        digitised(Shelf(tmp_path))


@pytest.mark.slow
def test_regrets_of_a_small_study(shared: Path, tmp_path: Path) -> None:
    """In points of test error, at the end, by hand from the reference and the recorded requests."""
    study = read_study(STUDY, ["seeds=0:3", "budgets=10 full"])
    assert set(study.labels) == set(METHODS)
    comparison = searched(study, tmp_path, "serial")
    made = compared(comparison, digitised(Shelf(shared.parent)))
    reference = comparison.reference
    errors = dict(zip(reference.keys, reference.test_error, strict=True))
    regrets = []
    for trajectory in comparison.endpoints.trajectories["rs"].values():
        full = [r for r in trajectory.run.requests if r.trial.fidelity == 1.0 and r.key is not None]
        credited = full[: trajectory.close(comparison.books[-1]).credited]
        regrets.append(errors[min(credited, key=lambda r: r.trial.val_error).key] - reference.test_error.min())
    ends = made.tables["ends"].set_index("method")
    assert ends.loc["RS", "mean test regret"] == pytest.approx(np.mean(regrets))
    curve = made.tables["curves"].query("arm == 'rs'")
    assert curve["mean"].iloc[-1] == pytest.approx(np.mean(regrets))
    order = " < ".join(ends["mean test regret"].sort_values().index)
    assert {deviation.ours for deviation in made.deviations[:-1]} == {order}
    assert "about as many full trainings" in made.deviations[1].what


def test_the_search_space_is_larger_than_printed_and_has_few_networks(tmp_path: Path) -> None:
    """eahas.md, sections 1.1 and 1.4."""
    (item,) = find(["ea-has/search-space"])
    assert item.make is not None
    made = item.make(Shelf(tmp_path))
    assert {d.what: (d.published, d.ours) for d in made.deviations} == {
        "values of initial width": ("10", "11"),
        "values of group width": ("5", "7"),
        "configurations": ("3.26e+10", "5.02e+10"),
        "share of draws within the limits": ("", "1.40 %"),
    }
    assert made.tables["sizes"]["architectures"].tolist() == [92_970_570, 2_031_321, 334]


def test_boxes_by_hand() -> None:
    """Quartiles 2, 3, 4 of 1..5 and 8: whiskers reach 1.5 x 2 further, so that 8 is outside."""
    found = Box.of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 3.0, 2.0, 4.0]))
    assert (found.low, found.q1, found.median, found.q3, found.high, found.count) == (1.0, 2.0, 3.0, 4.0, 5.0, 9)
    weighted = Box.of(np.array([1.0, 2.0, 3.0]), np.array([8.0, 1.0, 1.0]))
    assert weighted.median == 1.0
    assert pytest.approx(PRINTED.low, abs=0.05) == PRINTED.q1 - 1.5 * (PRINTED.q3 - PRINTED.q1)  # Tukey's whiskers too


def test_a_front_holds_each_point_once() -> None:
    trained = pd.DataFrame(
        {"val_accuracy": [50.0, 60.0, 60.0, 40.0, 70.0], "energy_kwh": [1.0, 2.0, 2.0, 3.0, 4.0], "seconds": 1.0}
    )
    assert front_rows(trained, "energy_kwh") == [0, 1, 4]
    assert front_rows(trained, "seconds") == [4]


@pytest.mark.slow
def test_the_trained_space(tmp_path: Path) -> None:
    """Quartiles, best and chance as on the table's card; both fronts hold the most accurate training."""
    nothing = Shelf(tmp_path)
    boxes = box(nothing)
    row = boxes.tables["boxes"].iloc[1]
    assert [round(row[name] / 100, 3) for name in ("q1", "median", "q3", "high")] == [0.12, 0.233, 0.495, 0.883]
    assert row["count"] == "2,000"
    assert boxes.deviations[-1].ours == "33.6 %"
    made = scatter(nothing)
    fronts, trained = made.tables["fronts"], made.tables["trainings"]
    assert fronts["val_accuracy"].max() == trained["val_accuracy"].max() == pytest.approx(88.3, abs=0.05)
    assert fronts.loc[fronts["val_accuracy"].idxmax(), "front"] == "both"
    shared = (fronts["front"] == "both").sum()
    assert made.deviations[0].ours.startswith(f"no: {shared} shared")
    assert trained["energy_kwh"].mean() == pytest.approx(0.185339, rel=1e-3)  # of the card, over all 2,500 trainings
