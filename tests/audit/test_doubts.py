"""Where names of columns mislead: what values say against a guess is asked in one line, never guessed in silence."""

from pathlib import Path

import numpy as np
import pytest
from table_log import column, read, written

from fairwatt.audit import log_sources, table_file
from fairwatt.audit.log import Log, LogError
from fairwatt.audit.log_file import read_logs
from fairwatt.errors import UserError

ERRORS = [0.3, 0.1, 0.4, 0.2, 0.3, 0.5, 0.1, 0.2, 0.35, 0.15]
FALLING = [5, 3, 6, 2, 4, 1, 7, 3, 2, 8]
RISING = [1, 3, 4, 6, 7, 9, 12, 13, 15, 16]


def asked(path: Path, *said: str, **options: str) -> None:
    with pytest.raises(LogError) as raised:
        read(path, **options)
    for words in said:
        assert words in str(raised.value)
    assert str(raised.value).isprintable()


def told(log: Log) -> str:
    return " ".join(log.notes)


class TestDirections:
    @pytest.mark.parametrize(
        "name", ["neg_val_loss", "neg_mean_squared_error", "1-val_acc", "-val_loss", "val_acc_drop", "valid_error_std"]
    )
    def test_a_metric_turned_around(self, tmp_path: Path, name: str) -> None:
        path = written(tmp_path / "a.csv", {name: [0.2, 0.3]})
        asked(path, f'--columns "val_error={name}" or --columns "val_error=-{name}"')
        assert column(read(path, f"val_error={name}"), "val_error") == [0.2, 0.3]
        assert column(read(path, f"val_error=-{name}"), "val_error") == [-0.2, -0.3]

    @pytest.mark.parametrize("name", ["val_loss", "rmse", "val_error"])
    def test_a_loss_that_is_never_above_0(self, tmp_path: Path, name: str) -> None:
        asked(written(tmp_path / "a.csv", {name: [-0.2, -0.3]}), "never above 0", f'"val_error=-{name}"')

    def test_a_loss_called_accuracy(self, tmp_path: Path) -> None:
        asked(written(tmp_path / "a.csv", {"val_acc_loss": [0.2, 0.3]}), "whether a high val_acc_loss is good")
        assert column(read(written(tmp_path / "b.csv", {"val_top1_error": [0.2]})), "val_error") == [0.2]

    def test_a_spread_or_a_best_beside_the_metric_is_left_aside(self, tmp_path: Path) -> None:
        columns = {"val_acc_std": [0.1, 0.2], "val_acc": [0.5, 0.75], "best_val_acc": [0.5, 0.75]}
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [0.5, 0.25]

    def test_the_incumbent_in_every_row(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", {"best_val_acc": [0.5, 0.5, 0.75]})
        asked(path, "the incumbent's", '--columns "val_error=1-best_val_acc"')
        assert column(read(path, "val_error=1-best_val_acc"), "val_error") == [0.5, 0.5, 0.25]
        assert column(read(written(path, {"best_val_acc": [0.5, 0.25]})), "val_error") == [0.5, 0.75]
        falling = [0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.2, 0.1]
        asked(written(tmp_path / "b.csv", {"val_error": falling}), "never gets worse")
        assert column(read(written(tmp_path / "b.csv", {"val_error": falling[:9]})), "val_error") == falling[:9]


class TestFidelity:
    @pytest.mark.parametrize("budget", [list(range(1, 11)), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]])
    def test_a_counter(self, tmp_path: Path, budget: list[int]) -> None:
        configs = [f"c{number % 7}" for number in range(10)]
        path = written(tmp_path / "a.csv", {"config": configs, "budget": budget, "val_error": ERRORS})
        asked(path, '--columns "fidelity=budget"', '--columns "fidelity="')
        assert read(path, "fidelity=").frame["fidelity"].isna().all()

    @pytest.mark.parametrize("budget", [[1, 1, 1, 1, 3, 3, 9], [1, 9, 1, 3, 1, 9, 3], [9] * 7])
    def test_a_fidelity(self, tmp_path: Path, budget: list[int]) -> None:
        columns = {"config": list("abcdaba"), "budget": budget, "val_error": ERRORS[:7]}
        assert column(read(written(tmp_path / "a.csv", columns)), "fidelity") == budget


class TestFilesTogether:
    def test_percent_in_one_and_a_fraction_in_another(self, tmp_path: Path) -> None:
        written(tmp_path / "a_seed0.csv", {"val_error": [0.5, 3]})
        written(tmp_path / "a_seed1.csv", {"val_error": [0.5, 0.75]})
        asked(tmp_path, '--columns "val_error=val_error/100" or --columns "val_error=val_error"')
        with pytest.raises(LogError, match="would be read as"):
            read_logs([tmp_path / "a_seed0.csv", tmp_path / "a_seed1.csv"])
        assert column(read(tmp_path, "val_error=val_error/100"), "val_error") == [0.005, 0.03, 0.005, 0.0075]

    def test_a_running_total_in_long_and_short_searches(self, tmp_path: Path) -> None:
        written(tmp_path / "rs_seed0.csv", {"val_error": ERRORS, "time": RISING})
        written(tmp_path / "tpe_seed0.csv", {"val_error": ERRORS[:3], "time": RISING[:3]})
        log = read(tmp_path)
        assert column(log, "cost") == [1, 2, 1, 2, 1, 2, 3, 1, 2, 1, 1, 2, 1]
        assert [note for note in log.notes if "lies in" in note] == [
            "val_error lies in 0.1 to 0.5, an error rate by its name and range: lower is better."
        ]

    @pytest.mark.parametrize("name", ["time", "elapsed"])
    def test_a_running_total_here_and_none_there(self, tmp_path: Path, name: str) -> None:
        written(tmp_path / "rs_seed0.csv", {"val_error": ERRORS, name: RISING})
        written(tmp_path / "tpe_seed0.csv", {"val_error": ERRORS, name: FALLING})
        asked(tmp_path, "in 1 of 2 searches", '"cost="', f'"cost={name}"')

    def test_short_searches_that_all_rise(self, tmp_path: Path) -> None:
        for seed in range(4):
            written(tmp_path / f"rs_seed{seed}.csv", {"val_error": ERRORS[:6], "time": RISING[:6]})
        asked(tmp_path, '"cost=diff(time)"')

    def test_what_rises_with_the_fidelity_alone(self, tmp_path: Path) -> None:
        columns = {"config": list("abcdabcda"), "epochs": [1] * 4 + [3] * 4 + [9], "time": [1] * 4 + [3] * 4 + [9]}
        assert sum(column(read(written(tmp_path / "a.csv", columns | {"val_error": ERRORS[:9]})), "cost")) == 25


class TestSearches:
    def test_a_space_and_a_data_set(self, tmp_path: Path) -> None:
        columns = {"search_space": ["a", "a", "b"], "dataset": ["x", "y", "x"], "trial": [0] * 3, "loss": [1] * 3}
        assert read(written(tmp_path / "a.csv", columns)).spaces == ("a/x", "a/y", "b/x")
        columns["search_space"] = ["a"] * 3
        columns["dataset"] = ["x", "y", "z"]
        assert read(written(tmp_path / "a.csv", columns)).spaces == ("a/x", "a/y", "a/z")

    def test_two_methods(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", {"algorithm": ["a", "a"], "sampler": ["x", "y"], "loss": [1, 1]})
        asked(path, '--columns "method=algorithm+sampler"')
        assert column(read(path, "method=algorithm+sampler"), "method") == ["a/x", "a/y"]
        one = written(tmp_path / "b.csv", {"algorithm": ["a", "b"], "sampler": ["x", "y"], "loss": [1, 1]})
        assert column(read(one), "method") == ["a", "b"]

    def test_a_schedule_of_learning_rates_is_no_method(self, tmp_path: Path) -> None:
        log = read(written(tmp_path / "bo.csv", {"scheduler": ["cosine", "constant"], "loss": [1, 2]}))
        assert column(log, "method") == ["bo", "bo"]

    def test_a_run_and_the_seed_of_a_training(self, tmp_path: Path) -> None:
        columns = {"run": [0, 0, 1, 1], "seed": [7, 8, 7, 9], "loss": ERRORS[:4]}
        asked(written(tmp_path / "a.csv", columns), '--columns "seed=seed" or --columns "seed=run"')
        columns["seed"] = [7, 7, 8, 8]
        assert column(read(written(tmp_path / "a.csv", columns)), "seed") == ["7", "7", "8", "8"]
        columns["seed"] = [7] * 4
        assert column(read(written(tmp_path / "a.csv", columns)), "seed") == ["0", "0", "1", "1"]

    def test_an_object_within_an_object(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"info": {"method": "tpe", "seed": 4}, "metrics": {"val": {"acc": 0.5}}}\n')
        assert read(tmp_path / "a.jsonl").frame[["method", "seed", "val_error"]].values.tolist() == [["tpe", "4", 0.5]]

    def test_names_that_only_look_alike(self, tmp_path: Path) -> None:
        names = ["m\x01", "m\x02", "m?", "B" * 300 + "x", "B" * 300 + "y"]
        log = read(written(tmp_path / "a.csv", {"method": names, "loss": [1, 2, 3, 4, 5]}))
        shown = dict(zip(column(log, "val_error"), column(log, "method"), strict=True))
        assert len(set(shown.values())) == 5
        assert all(str(name).isprintable() and len(str(name)) <= 200 for name in shown.values())
        assert shown[3.0] == "m?"


class TestOrder:
    def test_numbers_before_clocks_before_trials(self, tmp_path: Path) -> None:
        columns = {"trial_id": [2, 1, 3], "timestamp": [20, 30, 10], "order": [3, 2, 1], "loss": [1, 2, 3]}
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [3, 2, 1]
        del columns["order"]
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [3, 1, 2]
        del columns["timestamp"]
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [2, 1, 3]

    @pytest.mark.parametrize("ids", [["9f", "0a", "77"], ["trial_9", "trial_10", "trial_11"]])
    def test_names_of_trials_are_no_order(self, tmp_path: Path, ids: list[str]) -> None:
        log = read(written(tmp_path / "a.csv", {"trial_id": ids, "loss": [2, 1, 3]}))
        assert column(log, "val_error") == [2, 1, 3]
        assert "that of the file (trial_id" in told(log)
        asked(tmp_path / "a.csv", "it is no order", columns="order=trial_id")

    def test_a_trial_that_comes_back_at_a_higher_fidelity(self, tmp_path: Path) -> None:
        columns = {"trial": [0, 1, 1], "config": [5, 6, 6], "epochs": [1, 1, 3], "loss": [1, 3, 2]}
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [1, 3, 2]
        columns["epochs"] = [1, 1, 1]
        asked(written(tmp_path / "a.csv", columns), "row 3, column trial: 1 is there twice", '--columns "order="')

    def test_an_order_that_recurs(self, tmp_path: Path) -> None:
        columns = {"data": ["x", "x", "y", "y"], "order": [0, 1, 0, 1], "loss": [1, 2, 3, 4]}
        asked(written(tmp_path / "a.csv", columns), "0 is there twice in the search unnamed / a / 0", "seed=COLUMN")

    def test_rounds_of_several(self, tmp_path: Path) -> None:
        columns = {"generation": [0, 0, 1, 1], "loss": [4, 3, 2, 9]}
        assert column(read(written(tmp_path / "a.csv", columns)), "val_error") == [4, 3, 2, 9]
        columns["generation"] = [0, 1, 0, 1]
        asked(written(tmp_path / "a.csv", columns), "there twice")


class TestForms:
    def test_decimal_commas(self, tmp_path: Path) -> None:
        columns = {"loss": ["0,5", "1,25"], "time": ["1,125", "2,5"], "layers": ["64,128", "8"]}
        log = read(written(tmp_path / "a.csv", columns, ";"))
        assert (column(log, "val_error"), column(log, "cost")) == ([0.5, 1.25], [1.125, 2.5])
        columns["loss"] = ["0.5", "1.25"]
        asked(written(tmp_path / "b.csv", columns, ";"), "'1,125' is not a number")
        asked(written(tmp_path / "c.csv", {"loss": [1], "time": ["1,125"]}, ";"), "'1,125' is not a number")

    def test_a_comma_at_the_end_of_every_row(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("method,cost,loss\nrs,2,0.5,\nrs,4,0.25,\n")
        assert read(tmp_path / "a.csv").frame[["method", "cost", "val_error"]].values.tolist() == [
            ["rs", 2.0, 0.5],
            ["rs", 4.0, 0.25],
        ]

    def test_more_fields_than_names(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("method,cost,loss\nrs,2,0.5,7\nrs,4,0.25,8\n")
        asked(tmp_path / "a.csv", "row 1 has 4 fields, the header 3")

    def test_a_name_twice(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("loss,loss\n1,2\n")
        asked(tmp_path / "a.csv", "the column loss is there twice")
        (tmp_path / "a.jsonl").write_text('{"loss": 1, "loss": 2}\n')
        asked(tmp_path / "a.jsonl", "the field loss is there twice")

    def test_lines_of_old(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"loss,cost\r1,3\r2,1\r")
        assert column(read(tmp_path / "a.csv"), "val_error") == [1, 2]

    def test_wide_characters(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes("loss\n1\n".encode("utf-16"))
        asked(tmp_path / "a.csv", "UTF-16 text; save it as UTF-8")

    def test_a_parquet_of_more_cells_than_any_log_has(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import pandas as pd

        pd.DataFrame({"loss": [1.0] * 50, "method": "a"}).to_parquet(tmp_path / "a.parquet")
        monkeypatch.setattr(table_file, "MOST_CELLS", 99)
        asked(tmp_path / "a.parquet", "100 cells, more than 99")

    def test_one_file_of_a_folder(self, tmp_path: Path) -> None:
        written(tmp_path / "a.csv", {"loss": [1]})
        (tmp_path / "b.csv").write_bytes(b"\xff\xff")
        asked(tmp_path, "b.csv: no UTF-8", "to leave this file out")

    def test_too_many_files_are_not_all_listed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(5):
            written(tmp_path / f"{number}" / "a.csv", {"loss": [1]})
        monkeypatch.setattr(log_sources, "MOST_FILES", 6)
        seen = []
        walk = log_sources.os.walk
        monkeypatch.setattr(log_sources.os, "walk", lambda top: (seen.append(each) or each for each in walk(top)))
        asked(tmp_path, "more than 6 files")
        assert len(seen) == 3

    def test_the_same_file_twice(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", {"loss": [1]})
        with pytest.raises(UserError, match="named twice"):
            read_logs([path, tmp_path])


def test_one_hyperparameter_is_no_configuration(tmp_path: Path) -> None:
    columns = {"architecture": ["vgg", "vgg", "resnet"], "lr": [1, 2, 3], "val_error": [0.1, 0.2, 0.3]}
    log = read(written(tmp_path / "a.csv", columns))
    assert log.frame["config"].isna().all()
    assert "if it is all of it: config=architecture" in told(log)
    assert column(read(tmp_path / "a.csv", "config=architecture"), "config") == columns["architecture"]
    columns["val_error"][1] = 0.1
    assert column(read(written(tmp_path / "a.csv", columns)), "config") == columns["architecture"]


def test_columns_that_may_be_a_cost_are_named(tmp_path: Path) -> None:
    log = read(written(tmp_path / "a.csv", {"loss": [1], "co2_kg": [2], "memory_mb": [3], "lr": [4]}))
    assert 'Not used: co2_kg, memory_mb; if one of them is the cost: --columns "cost=co2_kg".' in told(log)


def test_whether_energy_was_an_objective(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {"loss": [1], "energy_kwh": [2]})
    assert not read(path).energy_stated
    assert read(path, "energy=energy_kwh").energy_stated
    assert np.isnan(read(path, "energy=").frame["energy"][0])
