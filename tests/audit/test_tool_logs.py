"""Histories as tools write them: genuine where the tool is installed, else in the form of its source code."""

import json
import multiprocessing.dummy
import sqlite3
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt.audit.log import Log, LogError
from fairwatt.audit.log_file import read_logs
from fairwatt.errors import UnknownNameError

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "foreign_logs.py"


def read(path: Path, **options: str) -> Log:
    return read_logs([path], **options)


def column(log: Log, name: str) -> list[Any]:
    return log.frame[name].tolist()


def put(path: Path, content: Any) -> Path:
    """A file of JSON, or of JSON lines for a list of lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def lines(values: list[Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


class TestSmac:
    TRIALS = (
        {"cost": 0.5, "status": 1, "additional_info": {"energy_kwh": 3.0, "test_acc": 40}},
        {"cost": float("inf"), "status": 2, "additional_info": {"traceback": "..."}},
        {"cost": 0.25, "status": 1, "additional_info": {"energy_kwh": 1.0, "test_acc": 70}},
        {"cost": 0.0, "status": 0, "additional_info": {}},
    )

    def history(self, folder: Path, form: str = "2.4", **scenario: Any) -> Path:
        fields = [
            "config_id",
            "instance",
            "seed",
            "budget",
            "cost",
            "time",
            "cpu_time",
            "status",
            "starttime",
            "endtime",
        ]
        fields = [field for field in [*fields, "additional_info"] if field != "cpu_time" or form != "2.0"]
        fixed = {"instance": None, "seed": 7, "budget": 9.0, "time": 0.5, "cpu_time": 0.5, "starttime": 0, "endtime": 0}
        trials = [fixed | trial | {"config_id": n % 2 + 1} for n, trial in enumerate(self.TRIALS)]
        data = trials if form == "2.4" else [[trial[field] for field in fields] for trial in trials]
        configs = {"1": {"lr": 0.1, "op": "a"}, "2": {"lr": 0.2}}
        put(
            folder / "scenario.json",
            {"name": "digits", "seed": 4, "_meta": {"facade": {"name": "HyperbandFacade"}}} | scenario,
        )
        put(folder / "configspace.json", {"no": "log"})
        return put(folder / "runhistory.json", {"stats": {"submitted": 4}, "data": data, "configs": configs})

    def test_without_a_scenario_paths_tell_who_asked(self, tmp_path: Path) -> None:
        for name in ("tpe_0", "tpe_1", "random_0", "random_1"):
            self.history(tmp_path / name, "2.4").with_name("scenario.json").unlink()
        log = read(tmp_path)
        assert log.frame.groupby("method")["seed"].nunique().to_dict() == {"random": 2, "tpe": 2}

    @pytest.mark.parametrize("form", ["2.0", "2.3", "2.4"])
    def test_all_forms_of_version_2(self, tmp_path: Path, form: str) -> None:
        self.history(tmp_path / "digits" / "4", form)
        log = read(tmp_path)
        assert log.frame[["space", "method", "seed"]].drop_duplicates().values.tolist() == [
            ["digits", "smac-hyperband", "4"]
        ]
        assert column(log, "val_error") == [0.5, np.inf, 0.25]
        assert column(log, "test_error") == pytest.approx([0.6, np.inf, 0.3])
        assert column(log, "valid") == [True, False, True]
        assert column(log, "cost") == [3.0, 0.0, 1.0]
        assert column(log, "fidelity") == [9.0] * 3
        assert column(log, "config")[:2] == ["config.lr=0.1, config.op=a", "config.lr=0.2"]
        assert (log.cost_unit, log.error_unit, log.bounded) == ("kWh", "objective", False)
        assert log.frame["energy"].isna().all()  # a note is no objective
        assert any("left out: 1." in note for note in log.notes)

    def test_columns_name_what_the_tool_calls_them(self, tmp_path: Path) -> None:
        path = self.history(tmp_path)
        log = read(path, columns="cost=time*2, cost_unit='CPU s', val_error=1-cost")
        assert (column(log, "cost"), log.cost_unit) == ([1.0] * 3, "CPU s")
        assert (column(log, "val_error"), log.error_unit) == ([0.5, np.inf, 0.75], "1-cost")
        with pytest.raises(UnknownNameError, match=r"did you mean 'cpu_time'"):
            read(path, columns="cost=cpu_tim")

    def test_two_objectives(self, tmp_path: Path) -> None:
        path = self.history(tmp_path, objectives=["energy", "val_error"])
        history = json.loads(path.read_text())
        for trial in history["data"]:
            trial["cost"] = [trial["config_id"] * 2.0, 0.5]
            trial["additional_info"] = {}
        put(path, history)
        log = read(path)
        assert column(log, "energy")[::2] == column(log, "cost")[::2] == [2.0, 2.0]
        assert column(log, "val_error")[0] == 0.5
        put(path.with_name("scenario.json"), {"objectives": ["one", "two"]})
        with pytest.raises(LogError, match=r"objectives cost.one, cost.two: .*--columns \"val_error=cost.one"):
            read(path)
        assert column(read(path, columns="val_error=cost.two"), "val_error")[0] == 0.5

    def test_several_notes_of_energy(self, tmp_path: Path) -> None:
        path = self.history(tmp_path)
        history = json.loads(path.read_text())
        history["data"][0]["additional_info"]["gpu_energy"] = 2.0
        put(path, history)
        with pytest.raises(LogError, match=r"several notes .*add --columns \"cost=additional_info.energy_kwh\""):
            read(path)
        assert column(read(path, columns="cost=time"), "cost") == [0.5] * 3

    def test_a_name_that_is_a_hash_is_no_space(self, tmp_path: Path) -> None:
        assert read(self.history(tmp_path, name="0" * 32)).spaces == ("unnamed",)

    @pytest.mark.parametrize("trial", [{"config_id": 9, "cost": 1, "status": 1}, [[1, None, 0, 0.0], [1, 2]], "x", {}])
    def test_a_trial_that_is_none_is_named(self, tmp_path: Path, trial: Any) -> None:
        path = self.history(tmp_path)
        put(path, json.loads(path.read_text()) | {"data": [trial]})
        with pytest.raises(LogError, match=r"runhistory.json: row 1: "):
            read(path)
        with pytest.raises(LogError, match="no run history"):
            read(put(tmp_path / "other.json", [1]), preset="smac")


@pytest.fixture(params=["journal", pytest.param("database", marks=pytest.mark.slow)], scope="module")
def studies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genuine storage of two studies, one of them with a pruned, a failed and an enqueued trial."""
    optuna = pytest.importorskip("optuna")
    path = tmp_path_factory.mktemp("optuna") / "storage.file"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        storage: Any = f"sqlite:///{path}"
        if request.param == "journal":
            backend = optuna.storages.journal.JournalFileBackend(str(path))
            storage = optuna.storages.JournalStorage(backend)
        study = optuna.create_study(storage=storage, study_name="old")
        study.optimize(lambda trial: 0.125, n_trials=1)
        optuna.delete_study(study_name="old", storage=storage)
        study = optuna.create_study(storage=storage, study_name="tpe-seed3", direction="maximize")
        study.set_user_attr("dataset", "digits")
        study.optimize(_accuracy, n_trials=4, catch=(ValueError,))
        study.enqueue_trial({"depth": 1})
        study = optuna.create_study(storage=storage, study_name="a\x1b[2Jb", direction="maximize")
        study.optimize(_accuracy, n_trials=1)
    return path


def _accuracy(trial: Any) -> float:
    import optuna

    trial.suggest_int("depth", trial.number, trial.number)
    trial.suggest_categorical("op", ["x", None, 2])
    trial.set_user_attr("energy_kwh", trial.number + 1.0)
    trial.report(0.5, 3)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ValueError
    trial.report(0.75, 9)
    return 0.75


class TestOptuna:
    def test_a_genuine_storage(self, studies: Path) -> None:
        before = (studies.read_bytes(), sorted(studies.parent.iterdir()))
        log = read(studies)
        frame = log.frame[log.frame["method"] == "tpe"]
        assert frame[["space", "seed"]].drop_duplicates().values.tolist() == [["digits", "3"]]
        assert frame["val_error"].tolist() == [0.25, 0.5, np.inf, 0.25]
        assert frame["fidelity"].tolist() == [9, 3, 3, 9]
        assert frame["cost"].tolist() == [1, 2, 3, 4]
        assert frame["config"].str.contains(r"params.depth=[0-3], params.op=(?:x|null|2)$").all()
        assert set(log.frame["method"]) == {"tpe", "a?[2Jb"}
        assert (log.cost_unit, log.error_unit, log.bounded) == ("kWh", "1 - objective", True)
        assert any("left out: 1." in note for note in log.notes)
        assert (studies.read_bytes(), sorted(studies.parent.iterdir())) == before

    def test_databases_are_opened_for_reading(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = []
        monkeypatch.setattr(sqlite3, "connect", lambda name, uri: opened.append(name) or sqlite3.Connection(":memory:"))
        (tmp_path / "a?mode=rw.db").write_bytes(b"SQLite format 3\x00")
        with pytest.raises(LogError, match="no storage"):
            read(tmp_path / "a?mode=rw.db")
        assert [name.rpartition("/")[2] for name in opened] == ["a%3Fmode%3Drw.db?mode=ro"]

    def test_names_of_studies_by_a_pattern(self, studies: Path) -> None:
        with pytest.raises(LogError, match="is not of the form"):
            read(studies, files="{method}-seed{seed}")
        assert set(column(read(studies, files="{method}"), "method")) == {"tpe-seed3", "a?[2Jb"}

    def test_a_database_of_others_and_a_hostile_one(self, tmp_path: Path) -> None:
        endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
        with sqlite3.connect(tmp_path / "a.db") as database:
            for name in ("studies", "study_directions", "trial_params", "trial_values"):
                database.execute(f"CREATE TABLE {name} (x)")
            database.execute(f"CREATE VIEW trials AS {endless}")
        with pytest.raises(LogError, match="no storage of Optuna"):
            read(tmp_path / "a.db")
        with sqlite3.connect(tmp_path / "a.db") as database:
            database.execute("DROP VIEW trials")
            database.execute("CREATE TABLE trials (x)")
        with pytest.raises(LogError, match=r"a\.db: cannot be read as a storage of Optuna: no such column"):
            read(tmp_path / "a.db")

    @pytest.mark.parametrize(
        "entry",
        [
            {"op_code": 4, "study_id": 7},
            {"op_code": 0},
            {"op_code": 5, "trial_id": 0},
            {"op_code": 4, "study_id": 0, "state": 1, "datetime_start": "noon", "datetime_complete": "night"},
            [1],
        ],
    )
    def test_a_journal_that_is_none(self, tmp_path: Path, entry: Any) -> None:
        study = {"op_code": 0, "study_name": "s", "directions": [1]}
        with pytest.raises(LogError, match="no storage of Optuna"):
            read(put(tmp_path / "a.log", lines([study, entry])), preset="optuna")


def test_hpbandster_genuine(tmp_path: Path) -> None:
    pytest.importorskip("hpbandster")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hpbandster.core.dispatcher import Job
        from hpbandster.core.result import json_result_logger
    logger = json_result_logger(str(tmp_path / "bohb-seed5"))
    results = [
        (1.0, {"loss": 0.5, "info": {"note": "x"}}),
        (3.0, {"loss": 0.25, "info": 1}),
        (9.0, None),
        (9.0, {"loss": 0.0}),
    ]
    for number, (budget, result) in enumerate(results):
        job = Job((0, 0, number // 2), config={"lr": number // 2}, budget=budget)
        job.timestamps = {"submitted": 0.0, "started": 10.0 * number, "finished": 10.0 * number + budget}
        job.result, job.exception = result, "Traceback" if budget == 9.0 else None
        logger.new_config(job.id, job.kwargs["config"], {"model_based_pick": False})
        logger(job)
    log = read(tmp_path)
    assert log.frame[["method", "seed"]].drop_duplicates().values.tolist() == [["bohb", "5"]]
    assert column(log, "val_error") == [0.5, 0.25, np.inf, np.inf]
    assert column(log, "fidelity") == column(log, "cost") == [1, 3, 9, 9]
    assert column(log, "config") == ["0", "0", "1", "1"]
    assert (log.cost_unit, log.error_unit) == ("s", "objective")
    assert any("where the calls only looked trainings up" in note for note in log.notes)
    put(tmp_path / "bohb-seed5" / "results.json", lines([[[0, 0, 8], 1.0, {}, None, None]]))
    with pytest.raises(LogError, match=r"row 1: configs\.json has no"):
        read(tmp_path)


class TestNaslib:
    RECORD: dict[str, Any] = {  # noqa: RUF012 - read only
        "train_acc": [99] * 3,
        "valid_acc": [60, 90, 80],
        "test_acc": [-1] * 3,
        "runtime": [0.1] * 3,
        "train_time": [10.0, 30.0, 20.0],
        "arch_eval": [],
        "params": 5.0,
    }

    def test_by_the_folders_of_its_trainer(self, tmp_path: Path) -> None:
        put(tmp_path / "run/nasbench201/cifar10/re/config_0/12/errors.json", self.RECORD)
        log = read(tmp_path)
        names = log.frame[["space", "method", "seed"]].drop_duplicates().values.tolist()
        assert names == [["nasbench201/cifar10", "re", "12"]]
        assert column(log, "val_error") == pytest.approx([0.4, 0.1, 0.2])
        assert column(log, "cost") == [10, 30, 20]
        assert log.frame["test_error"].isna().all()
        assert (log.cost_unit, log.error_unit, log.bounded) == ("s", "1 - accuracy", True)

    def test_by_its_own_configuration(self, tmp_path: Path) -> None:
        config = {"search_space": "nb101", "dataset": None, "optimizer": "ls", "search": {"seed": 3}}
        record = self.RECORD | {"test_acc": [50] * 3, "train_energy_kwh": [1, 2, 3], "fidelity": [4, 4, 8]}
        log = read(put(tmp_path / "errors.json", [config, record]))
        assert log.frame[["space", "method", "seed"]].values.tolist()[0] == ["nb101", "ls", "3"]
        assert (column(log, "cost"), log.cost_unit, column(log, "fidelity")) == ([1, 2, 3], "kWh", [4, 4, 8])
        assert column(log, "test_error") == [0.5] * 3

    def test_incumbents_are_no_requests(self, tmp_path: Path) -> None:
        record = {"valid_acc": sorted(range(20, 30)), "train_time": [5.0] * 10}
        log = read(put(tmp_path / "errors.json", record))
        assert (column(log, "cost"), log.cost_unit) == ([1.0] * 10, "evaluations")
        assert any("report_incumbent" in note for note in log.notes)

    @pytest.mark.parametrize("record", [{}, [1], {"valid_acc": []}, {"valid_acc": [1], "train_time": []}])
    def test_what_is_no_record(self, tmp_path: Path, record: Any) -> None:
        with pytest.raises(LogError, match=r"errors.json: no "):
            read(put(tmp_path / "errors.json", record))


class TestCarps:
    def trial(self, number: int, cost: Any, status: int = 1, **value: Any) -> dict[str, Any]:
        info = {"config": [number % 2, "a"], "instance": None, "seed": None, "budget": 3.0, "name": None}
        shown = {"cost": cost, "time": 0.5, "virtual_time": 0.0, "status": status, "additional_info": {}} | value
        return {"n_trials": number, "n_function_calls": number, "trial_info": info, "trial_value": shown}

    def test_a_run(self, tmp_path: Path) -> None:
        folder = tmp_path / "SMAC20" / "bbob" / "7"
        trials = [self.trial(2, 0.25, virtual_time=8.0), self.trial(1, 0.5, virtual_time=4.0), self.trial(3, 9.0, 2)]
        put(folder / "trial_logs.jsonl", lines(trials))
        put(folder / "trajectory_logs.jsonl", lines(trials[:1]))
        setting = "optimizer_id: SMAC20\nseed: 7\ntask_id: ${task.name}/${no.such}\ntask:\n  name: bbob/2\n"
        put(folder / ".hydra" / "config.yaml", setting)
        log = read(tmp_path)
        names = log.frame[["space", "method", "seed"]].drop_duplicates().values.tolist()
        assert names == [["bbob/2/${no.such}", "SMAC20", "7"]]
        assert column(log, "val_error") == [0.5, 0.25, np.inf]
        assert column(log, "cost") == [4, 8, 0]
        assert column(log, "config") == ['[1, "a"]', '[0, "a"]', '[1, "a"]']
        assert (log.cost_unit, log.error_unit) == ("s", "objective")

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_a_gathered_table(self, tmp_path: Path, suffix: str) -> None:
        import pandas as pd

        columns = {"task_id": ["t"] * 2, "optimizer_id": ["rs", "bo"], "seed": [1, 1], "n_trials": [1, 1]}
        trials = {
            "trial_info__config": ["[1]", "[2]"],
            "trial_info__budget": [None, None],
            "trial_value__status": [1, 1],
        }
        costs = {"trial_value__cost": ["[0.5, 3]", "[0.25, 4]"], "trial_value__time": [2.0, 3.0]}
        frame = pd.DataFrame(columns | trials | costs)
        path = tmp_path / f"logs{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
        with pytest.raises(
            LogError, match=r"objectives cost_0, cost_1: .*--columns \"val_error=cost_0, energy=cost_1\""
        ):
            read(path)
        log = read(path, columns="val_error=cost_0, energy=cost_1")
        assert log.frame[["space", "method", "seed"]].values.tolist() == [["t", "bo", "1"], ["t", "rs", "1"]]
        assert (column(log, "val_error"), column(log, "energy"), column(log, "cost")) == ([0.25, 0.5], [4, 3], [3, 2])

    def test_yaml_is_no_code(self, tmp_path: Path) -> None:
        put(tmp_path / "trial_logs.jsonl", lines([self.trial(1, 1.0)]))
        put(tmp_path / ".hydra" / "config.yaml", "seed: !!python/object/apply:os.getpid []\n")
        with pytest.raises(LogError, match=r"config.yaml: no YAML"):
            read(tmp_path)


class TestSyneTune:
    HEADER = "accuracy,epoch,st_worker_time,st_decision,st_status,trial_id,config_lr,config_energy_weight,st_tuner_time"
    ROWS = (
        "0.5,1,2.0,CONTINUE,InProgress,0,0.1,9,2.1",
        "0.25,1,3.0,STOP,InProgress,1,0.2,9,3.1",
        "0.75,2,5.0,CONTINUE,InProgress,0,0.1,9,5.1",
        "0.75,1,1.0,CONTINUE,InProgress,1,0.2,9,6.1",
    )

    def experiment(self, folder: Path, **metadata: Any) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / "results.csv.zip", "w") as archive:
            archive.writestr("results.csv", "\n".join([self.HEADER, *self.ROWS]))
        known = {"metric_names": ["accuracy"], "metric_mode": "max", "scheduler_name": "ASHA", "benchmark": "lstm"}
        put(folder / "metadata.json", known | metadata)
        return folder

    def test_an_experiment(self, tmp_path: Path) -> None:
        log = read(self.experiment(tmp_path / "asha-seed2"))
        names = log.frame[["space", "method", "seed"]].drop_duplicates().values.tolist()
        assert names == [["lstm", "ASHA", "2"]]
        assert column(log, "val_error") == [0.5, 0.75, 0.25, 0.25]
        assert column(log, "cost") == [2.0, 3.0, 3.0, 1.0]  # trial 0 goes on, trial 1 begins again
        assert column(log, "fidelity") == [1, 1, 2, 1]
        assert column(log, "config")[0] == "config_lr=0.1, config_energy_weight=9"
        assert (log.cost_unit, log.error_unit, log.bounded) == ("s", "1 - objective", True)

    def test_what_its_user_wrote_goes_before(self, tmp_path: Path) -> None:
        log = read(self.experiment(tmp_path, algorithm="MOB", seed=4, metric_mode=["min"]))
        assert log.frame[["method", "seed"]].values.tolist()[0] == ["MOB", "4"]
        assert (column(log, "val_error")[0], log.error_unit) == (0.5, "objective")

    def test_without_metadata_the_metric_is_asked_for(self, tmp_path: Path) -> None:
        folder = self.experiment(tmp_path)
        (folder / "metadata.json").unlink()
        with pytest.raises(LogError, match=r"columns: accuracy, epoch, trial_id; add --columns"):
            read(folder)
        assert read(folder, columns="val_error=1-accuracy").error_unit == "1 - accuracy"


@pytest.mark.slow(9)
def test_smac_and_optuna_really_run_outside_our_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("smac")
    pytest.importorskip("optuna")
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import foreign_logs

    monkeypatch.setattr(foreign_logs, "get_context", lambda method: multiprocessing.dummy)  # a thread: SMAC is here
    folder = tmp_path / "foreign"
    monkeypatch.setattr(sys, "argv", [SCRIPT.name, str(folder), "--seeds", "1", "--trials", "9"])
    foreign_logs.main()
    log = read_logs([folder / "smac", folder / "optuna.db"])
    assert log.frame.groupby("method").size().to_dict() == {"random": 9, "smac": 9, "tpe": 9}
    assert (log.spaces, log.cost_unit, log.error_unit) == (("digits-cells-5v",), "kWh", "objective")
    from fairwatt.registry import make_benchmark

    benchmark = make_benchmark("digits-cells-5v")
    valid = log.frame[log.frame["valid"]]
    known = benchmark.measure_batch([int(key) for key in valid["config"]], 1.0, 0)
    for name, ours in (("val_error", "val_error"), ("test_error", "test_error"), ("cost", "energy_kwh")):
        np.testing.assert_array_equal(valid[name], known[ours])
    assert 0 < (~log.frame["valid"]).sum() < 20
