"""What the names and values of columns tell: the error, the cost, the configuration."""

from pathlib import Path

import pytest
from table_log import column, read, written

from fairwatt.audit.log import LogError
from fairwatt.audit.vocabulary import tokens


@pytest.mark.parametrize(
    ("name", "values", "errors", "unit", "bounded"),
    [
        ("valid_acc_pct", [90, 80], [0.1, 0.2], "1 - accuracy", True),
        ("validAccuracy", [90, 80], [0.1, 0.2], "1 - accuracy", True),
        ("dev_acc_pct", [0.9, 0.8], [0.991, 0.992], "1 - accuracy", True),
        ("val_error", [0.1, 0.2], [0.1, 0.2], "error rate", True),
        ("val_err", [10, 20], [0.1, 0.2], "error rate", True),
        ("val_error", [10, 200], [10, 200], "val_error", False),
        ("valid_loss", [1.5, 2], [1.5, 2], "valid_loss", False),
        ("accuracy", [0.9, 0.8], [0.1, 0.2], "1 - accuracy", True),
        ("regret", [3, 2], [3, 2], "regret", False),
    ],
)
def test_unit_and_direction_of_the_error(tmp_path: Path, name, values, errors, unit, bounded) -> None:  # type: ignore[no-untyped-def]
    log = read(written(tmp_path / "a.csv", {name: values, "test_loss": [1, 2], "train_acc": [1, 1]}))
    assert column(log, "val_error") == pytest.approx(errors)
    assert (log.error_unit, log.bounded) == (unit, bounded)
    assert any(name in note and "lies in" in note for note in log.notes)


def test_validation_goes_before_others_and_an_error_before_a_loss(tmp_path: Path) -> None:
    columns = {"loss": [9], "val_loss": [8], "accuracy": [0.1], "val_acc": [0.25], "test_acc": [0.75], "train_acc": [1]}
    log = read(written(tmp_path / "a.csv", columns))
    assert (column(log, "val_error"), column(log, "test_error")) == ([0.75], [0.25])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"val_acc_a": [1], "val_acc_b": [1]}, '--columns "val_error=1-val_acc_a"'),
        ({"value": [0.5]}, '--columns "val_error=value" or --columns "val_error=1-value"'),
        ({"test_acc": [93]}, '--columns "val_error=1-test_acc/100"'),
        ({"colour": ["red"]}, "columns: colour; add"),
        ({"val_acc": [500]}, '--columns "val_error=-val_acc"'),
        (
            {"val_acc": [0.5], "gpu_energy": [1], "cpu_energy": [1]},
            "columns: gpu_energy, cpu_energy, val_acc; add --columns",
        ),
        ({"val_acc": [0.5], "cost": [1], "price": [1]}, 'add --columns "cost=cost"'),
        ({"val_acc": [0.5], "training_hours": [5], "wall_time_min": [2]}, 'add --columns "cost=training_hours"'),
    ],
)
def test_what_cannot_be_told_is_asked_in_one_line(tmp_path: Path, columns, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LogError) as raised:
        read(written(tmp_path / "a.csv", columns))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_words_that_are_asked_for_are_the_answer(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {"val_acc_a": [75], "val_acc_b": [25], "gpu_energy": [1], "cpu_energy": [2]})
    log = read(path, "val_error=1-val_acc_b/100, cost=cpu_energy")
    assert (column(log, "val_error"), column(log, "cost"), log.bounded) == ([0.75], [2.0], True)
    with pytest.raises(LogError, match=r"error rate of -24, expected 0 to 1"):
        read(path, "val_error=1-val_acc_b, cost=cpu_energy")


@pytest.mark.parametrize(
    ("columns", "cost", "unit"),
    [
        ({"energy_kwh": [3], "train_time_s": [5], "cost": [7]}, 3, "kWh"),
        ({"train_time_s": [5], "cost": [7]}, 7, "units of cost"),
        ({"runtime": [5], "start_time": [70], "timestamp": [9], "inference_time": [3]}, 5, "s"),
        ({"training_hours": [5]}, 5, "h"),
        ({"wall_time_min": [2]}, 2, "min"),
        ({"gpu_hours": [5]}, 5, "h"),
        ({"gpu_days": [5], "memory_consumption": [7]}, 5, "d"),
        ({"memory_consumption": [7], "runtime": [5]}, 5, "s"),
        ({"val_energy_mae": [7], "time": [5]}, 5, "s"),
        ({"power_consumption_w": [7]}, 1, "evaluations"),
        ({"power_consumption_kwh": [7]}, 7, "kWh"),
        ({"energy_kWh": [7]}, 7, "kWh"),
        ({"energyWh": [7]}, 7, "Wh"),
        ({"energy_mJ": [7]}, 7, "mJ"),
        ({"energy_MJ": [7]}, 7, "MJ"),
        ({"energy_mj": [7]}, 7, "mj"),
        ({"lr": [5]}, 1, "evaluations"),
    ],
)
def test_what_a_request_is_charged(tmp_path: Path, columns, cost, unit) -> None:  # type: ignore[no-untyped-def]
    log = read(written(tmp_path / "a.csv", {"val_error": [0.5], **columns}))
    assert (column(log, "cost"), log.cost_unit) == ([cost], unit)


def test_a_cost_beside_a_time_is_the_objective_where_nothing_else_is(tmp_path: Path) -> None:
    log = read(written(tmp_path / "a.csv", {"cost": [0.5], "time": [7]}))
    assert (column(log, "val_error"), column(log, "cost"), log.bounded) == ([0.5], [7.0], False)


def test_configurations(tmp_path: Path) -> None:
    error = {"val_error": [0.1, 0.2]}
    one = read(written(tmp_path / "a.csv", error | {"hash": ["007", "7"], "config_lr": [1, 2]}))
    assert column(one, "config") == ["007", "7"]  # text that looks like one number
    several = read(
        written(tmp_path / "b.csv", error | {"params_lr": [1, 1], "params_depth": [2, 3], "config_id": [0, 1]})
    )
    assert column(several, "config") == ["params_lr=1, params_depth=2", "params_lr=1, params_depth=3"]
    told = read(tmp_path / "b.csv", "config=params_lr+params_depth")
    assert column(told, "config") == column(several, "config")
    same = ['{"b": [{"c": 1, "d": 2}], "a": [2]}', '{"a": [2], "b": [{"d": 2, "c": 1}]}']
    (tmp_path / "c.jsonl").write_text("".join(f'{{"loss": 1, "config": {config}}}\n' for config in same))
    assert len(set(column(read(tmp_path / "c.jsonl"), "config"))) == 1


def test_hyperparameters_are_no_metric_and_no_cost(tmp_path: Path) -> None:
    columns = {"final_val_acc": [0.5], "time": [3], "config_val_acc": [0.25], "config_energy_weight": [9]}
    log = read(written(tmp_path / "a.csv", columns))
    assert (column(log, "val_error"), column(log, "cost"), log.cost_unit) == ([0.5], [3.0], "s")
    assert column(log, "config") == ["config_val_acc=0.25, config_energy_weight=9"]


def test_an_optimizer_that_trains_is_no_method(tmp_path: Path) -> None:
    assert column(read(written(tmp_path / "bo.csv", {"loss": [1], "optimizer": ["Adam"]})), "method") == ["bo"]
    assert column(read(written(tmp_path / "bo.csv", {"loss": [1], "optimizer": ["tpe"]})), "method") == ["tpe"]


def test_words_of_names() -> None:
    assert tokens("validAcc_pct.Top1") == ["valid", "acc", "pct", "top1"]
    assert tokens("testerror") == ["test", "error"]
