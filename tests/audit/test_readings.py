"""Small tables whose costs and configurations are not what their names say, and what the notes tell of it."""

from pathlib import Path

import numpy as np
import pytest
from small_tables import brackets, curves, read, retrained, searches
from table_log import column

from fairwatt.audit.log import LogError
from fairwatt.audit.log_file import read_logs


class TestTotalsOfTrials:
    @pytest.mark.parametrize("name", ["time_total_s", "elapsed", "time", "wall_clock_min"])
    def test_are_taken_apart(self, tmp_path: Path, name: str) -> None:
        log = read(curves().drop(columns="time").rename(columns={"time_total": name}), tmp_path)
        assert column(log, "cost") == pytest.approx(column(read(curves().drop(columns="time_total"), tmp_path), "cost"))
        assert any("by trial" in note for note in log.notes)

    def test_of_trials_in_turns(self, tmp_path: Path) -> None:
        frame = curves().drop(columns="time").sort_values(["method", "seed", "epoch", "trial"], kind="stable")
        log = read(frame, tmp_path)
        assert log.frame["cost"].sum() == pytest.approx(curves()["time"].sum())

    def test_without_a_trial_the_hyperparameters_tell(self, tmp_path: Path) -> None:
        log = read(curves().drop(columns=["time", "trial"]), tmp_path)
        assert log.frame["cost"].sum() == pytest.approx(curves()["time"].sum())
        assert any("its rise by lr+width" in note for note in log.notes)

    def test_by_name_of_trials_that_mostly_report_once(self, tmp_path: Path) -> None:
        """Trainings that begin anew take longer at the next rung, too: values cannot tell."""
        named = brackets().rename(columns={"time": "time_total_s"})
        with pytest.raises(LogError, match=r"diff\(time_total_s by lr\)\", if it is what each report took: "):
            read(named, tmp_path)
        totals = read(named, tmp_path, "cost=diff(time_total_s by lr)")
        assert totals.frame["cost"].sum() == brackets().groupby(["method", "seed", "lr"])["time"].max().sum()
        assert read(named, tmp_path, "cost=time_total_s").frame["cost"].sum() == brackets()["time"].sum()
        assert any(
            "if it is a total of each trial: cost=diff(time by lr)" in n for n in read(brackets(), tmp_path).notes
        )

    def test_told(self, tmp_path: Path) -> None:
        frame = curves().drop(columns="time")
        log = read(frame, tmp_path, "cost=diff(time_total/2 by trial)")
        assert log.frame["cost"].sum() == pytest.approx(curves()["time"].sum() / 2)
        with pytest.raises(LogError, match=r"falls by .*diff\(time_total by COLUMN\)"):
            read(frame, tmp_path, "cost=diff(time_total)")

    @pytest.mark.parametrize("again", [1.0, 0.5])
    def test_trainings_that_begin_anew_are_none(self, tmp_path: Path, again: float) -> None:
        frame = brackets(again)
        assert read(frame, tmp_path).frame["cost"].sum() == pytest.approx(frame["time"].sum())


class TestConfigurations:
    @pytest.mark.parametrize("name", ["param_count", "params_m", "hp_total", "config_id_hash"])
    def test_a_size_is_none(self, tmp_path: Path, name: str) -> None:
        log = read(searches().assign(**{name: lambda frame: frame["width"]}), tmp_path)
        assert log.frame["config"].isna().all()

    @pytest.mark.parametrize("name", ["key", "arch", "config_id"])
    def test_a_part_is_none_where_others_tell_its_values_apart(self, tmp_path: Path, name: str) -> None:
        log = read(searches().rename(columns={"width": name}), tmp_path)
        assert log.frame["config"].isna().all()
        assert any(f"if these are: config={name}+lr." in note for note in log.notes)

    def test_noise_is_no_reason(self, tmp_path: Path) -> None:
        frame = searches(40).drop(columns="lr").rename(columns={"width": "arch"})
        assert read(frame, tmp_path).frame["config"].notna().all()
        assert read(frame.assign(lr=0.1, train_loss=frame["val_acc"]), tmp_path).frame["config"].notna().all()

    def test_a_column_that_one_file_has_explains_no_noise(self, tmp_path: Path) -> None:
        frame = searches(40).drop(columns="lr").rename(columns={"width": "arch"})
        for method, rows in frame.groupby("method"):
            more = {"depth": rows["trial"] % 7} if method == "tpe" else {}
            rows.assign(**more).to_csv(tmp_path / f"{method}.csv", index=False)
        assert read_logs([tmp_path]).frame["config"].notna().all()

    def test_numbers_that_begin_again_in_each_search(self, tmp_path: Path) -> None:
        log = read(searches().rename(columns={"trial": "config_id"}), tmp_path)
        assert log.frame["config"].nunique() == len(log.frame)
        assert any("the same within a search only" in note for note in log.notes)
        told = read(searches().assign(config_id=np.arange(72)), tmp_path)
        assert told.frame["config"].nunique() == 72
        assert not any("within a search only" in note for note in told.notes)
        grid = searches().assign(config_id=lambda f: f["trial"], val_acc=lambda f: 0.5 + 0.01 * (f["trial"] % 5))
        assert read(grid, tmp_path, "seed=seed").frame["config"].nunique() == 12

    @pytest.mark.parametrize("columns", [["lr", "width"], ["lr"], []])
    def test_numbers_that_are_the_same_in_all_searches(self, tmp_path: Path, columns: list[str]) -> None:
        """By their hyperparameters, or by errors that are alike, though training is noisy."""
        frame = retrained(0.002 if not columns else 0.05).rename(columns={"trial": "config_id"})
        log = read(frame[["method", "seed", "config_id", "val_acc", *columns]], tmp_path, "seed=seed")
        assert log.frame["config"].nunique() == 12

    def test_numbers_of_searches_that_begin_alike_are_their_own(self, tmp_path: Path) -> None:
        """The first seven of twenty requests are one initial design, with one result for all."""
        frame = searches(20).drop(columns=["lr", "width"]).rename(columns={"trial": "config_id"})
        first = frame["config_id"] < 7
        frame.loc[first, "val_acc"] = frame["config_id"].map(lambda number: 0.5 + 0.05 * (number * 5 % 7)).round(4)
        assert read(frame, tmp_path).frame["config"].nunique() == 120

    def test_a_setting_of_a_grid_is_no_method(self, tmp_path: Path) -> None:
        """Though its values come in blocks."""
        frame = searches(12)[["val_acc", "time"]].reset_index(names="row")
        frame["params.strategy"] = [["mean", "median", "mode"][row // 24] for row in frame["row"]]
        frame["params.lr"], frame["params.C"] = frame["row"] % 24 // 4, frame["row"] % 4
        log = read(frame.drop(columns="row"), tmp_path)
        assert (log.frame["method"].nunique(), log.frame["config"].nunique()) == (1, 72)

    def test_columns_that_may_be_one_are_named(self, tmp_path: Path) -> None:
        log = read(searches(), tmp_path)
        assert any('if these are the hyperparameters: --columns "config=lr+width".' in note for note in log.notes)
        assert read(searches(), tmp_path, "config=lr+width").frame["config"].notna().all()


class TestNotes:
    def test_requests_that_failed_without_a_cost_are_evaluations(self, tmp_path: Path) -> None:
        frame = searches().drop(columns="time").assign(status=["ok", "crashed"] * 36)
        log = read(frame, tmp_path)
        assert "36 of 72 requests failed; each counts as one evaluation, as any other." in log.notes
        assert (log.frame["cost"] == 1).all()

    def test_a_total_by_name_that_is_none_is_charged_in_one_sentence(self, tmp_path: Path) -> None:
        notes = read(searches().rename(columns={"time": "total_time"}), tmp_path).notes
        assert [note for note in notes if "charged" in note] == [
            "A request is charged total_time in s: it falls within a search, so it is no running total."
        ]
        assert not any("diff(" in note for note in notes)

    def test_costs_that_are_not_used_are_named(self, tmp_path: Path) -> None:
        log = read(searches().assign(total_time=lambda f: f["time"] + 3, energy_std=1, inference_time=2), tmp_path)
        assert any("not used: total_time; " in note for note in log.notes)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0:01:45.5", 105.5),
        ("1-00:00:01", 86_401),
        ("1.5min", 90),
        ("1m 45s", 105),
        ("2h, 3 minutes", 7_380),
        ("5ms", 0.005),
    ],
)
def test_durations(tmp_path: Path, written: str, seconds: float) -> None:
    assert read(searches().assign(time=written), tmp_path).frame["cost"].iloc[0] == seconds


def test_the_newest_first_within_a_day(tmp_path: Path) -> None:
    frame = searches().assign(date=lambda f: np.where(f["trial"] > 5, "2024-01-02", "2024-01-01"))
    log = read(frame.drop(columns="trial")[::-1], tmp_path)
    assert column(log, "cost") == column(read(frame, tmp_path), "cost")


def test_a_time_of_day_is_no_order(tmp_path: Path) -> None:
    frame = (
        searches()
        .drop(columns="trial")
        .assign(start_time="23:59:59")
        .assign(start_time=lambda f: f["start_time"].where(f.index % 12 < 6, "0:00:01"))
    )
    assert column(read(frame, tmp_path), "val_error") == column(read(searches(), tmp_path), "val_error")
