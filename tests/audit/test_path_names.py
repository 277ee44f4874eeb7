"""Methods, seeds and trials in the names of files."""

from pathlib import Path

import pytest
from small_tables import asked, curves

from fairwatt.audit.log_file import read_logs


class TestFiles:
    def one_each(self, path: Path, pattern: str, names: list[str]) -> Path:
        for words, rows in curves().groupby(names):
            file = path / pattern.format(**dict(zip(names, words, strict=True)))
            file.parent.mkdir(parents=True, exist_ok=True)
            rows.drop(columns=[*names, "time"]).to_csv(file, index=False)
        return path

    @pytest.mark.parametrize(
        "pattern",
        ["{method}_{seed}.csv", "{method}/{seed}.csv", "{method}/seed_{seed}/history.csv", "{method}_seed{seed}.csv"],
    )
    def test_the_seed_of_a_name_is_seen(self, tmp_path: Path, pattern: str) -> None:
        log = read_logs([self.one_each(tmp_path, pattern, ["method", "seed"])])
        assert sorted(log.frame["method"].unique()) == ["random", "tpe"]
        assert sorted(log.frame["seed"].unique()) == ["0", "1", "2"]

    def test_a_last_number_that_may_be_a_methods(self, tmp_path: Path) -> None:
        self.one_each(tmp_path, "{method}_{seed}.csv", ["method", "seed"])
        (tmp_path / "tpe_1.csv").unlink()
        question = asked(tmp_path)
        assert '--files "{method}_{seed}.csv" or --files "{method}.csv"' in question
        assert len(read_logs([tmp_path], files="{method}_{seed}.csv").frame["method"].unique()) == 2
        assert len(read_logs([tmp_path], files="{method}.csv").frame["method"].unique()) == 5

    def test_a_file_for_each_trial(self, tmp_path: Path) -> None:
        self.one_each(tmp_path, "{method}/seed{seed}/trial_{trial}/log.csv", ["method", "seed", "trial"])
        pattern = "{method}/seed{seed}/trial_{trial}/log.csv"
        assert f'--files "{pattern}"' in asked(tmp_path)
        log = read_logs([tmp_path], files=pattern)
        assert log.frame.groupby(["method", "seed"]).size().tolist() == [24] * 6
        assert log.frame["cost"].sum() == pytest.approx(curves()["time"].sum())
        assert log.frame["order"].max() == 23
        one = read_logs([tmp_path / "tpe"], files="seed{seed}/trial_{trial}/log.csv")
        assert set(one.frame["method"]) == {"unnamed"}
