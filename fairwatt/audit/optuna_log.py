"""Optuna's storages, read without Optuna: an SQLite database, opened for reading only, or a journal file.

A study is a search. Its method, space and seed are its own user attributes of such names, else its name tells them:
`tpe-seed3`. Pruned trials count at the last step that they reported, whose value Optuna makes theirs.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import LARGEST, parse_json, printable, read_json_lines
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import table
from fairwatt.audit.tool_notes import lowered, objectives, tool_log
from fairwatt.audit.vocabulary import EXACT

SQLITE = b"SQLite format 3\x00"
STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
STEPS, MOST_STEPS = 10**6, 10**4
"""Instructions of SQLite's machine between two looks, and looks: minutes, where a hostile file would go on for ever."""


@dataclass
class _Trial:
    state: str = "RUNNING"
    values: dict[int, float | None] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, float | None] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None


@dataclass
class _Study:
    name: str
    directions: list[str]
    notes: dict[str, Any] = field(default_factory=dict)
    metric_names: list[str] = field(default_factory=list)
    trials: dict[int, _Trial] = field(default_factory=dict)


def wrote_optuna(path: Path, start: bytes) -> bool:
    """Whether a file is a database of SQLite, or a journal of operations."""
    return start.startswith((SQLITE, b'{"op_code":'))


def read_optuna(path: Path, given: Collection[str]) -> list[RawLog]:
    """One log for each study that has trials. Raises LogError."""
    with path.open("rb") as file:
        is_database = file.read(len(SQLITE)) == SQLITE
    try:
        studies = _from_database(path) if is_database else _from_journal(path)
        found = [_log(study, path, given) for study in studies if study.trials]
    except sqlite3.Error as error:
        raise LogError(f"{path}: cannot be read as a storage of Optuna: {error}") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise LogError(f"{path}: no storage of Optuna: {type(error).__name__} {printable(str(error))}") from None
    if not found:
        raise LogError(f"{path}: no study with a trial")
    return found


def _from_database(path: Path) -> list[_Study]:
    if path.stat().st_size > LARGEST:
        raise LogError(f"{path}: more than {LARGEST >> 20} MiB; export its studies as tables")
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        looks = count(1)
        database.set_progress_handler(lambda: int(next(looks) > MOST_STEPS), STEPS)
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"studies", "study_directions", "trials", "trial_params", "trial_values"} <= tables:
            raise LogError(f"{path}: a database, and no storage of Optuna 3 or later (it lacks its tables)")
        studies = {i: _Study(name, []) for i, name in database.execute("SELECT study_id, study_name FROM studies")}
        for study, direction in database.execute("SELECT study_id, direction FROM study_directions ORDER BY objective"):
            studies[study].directions.append(direction)
        for study, key, value in database.execute("SELECT study_id, key, value_json FROM study_user_attributes"):
            studies[study].notes[key] = parse_json(value, str(path))
        for study, key, value in database.execute("SELECT study_id, key, value_json FROM study_system_attributes"):
            if key == "study:metric_names":
                studies[study].metric_names = parse_json(value, str(path))
        trials: dict[int, _Trial] = {}
        for i, study, number, state, start, end in database.execute(
            "SELECT trial_id, study_id, number, state, datetime_start, datetime_complete FROM trials ORDER BY trial_id"
        ):
            trials[i] = studies[study].trials[number] = _Trial(state, start=start, end=end)
        for i, name, value, kind in database.execute(
            "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params ORDER BY param_id"
        ):
            trials[i].params[name] = _param(value, kind, path)
        for i, key, value in database.execute("SELECT trial_id, key, value_json FROM trial_user_attributes"):
            trials[i].notes[key] = parse_json(value, str(path))
        for i, objective, value, kind in database.execute(
            "SELECT trial_id, objective, value, value_type FROM trial_values"
        ):
            trials[i].values[objective] = _value(value, kind)
        for i, step, value, kind in database.execute(
            "SELECT trial_id, step, intermediate_value, intermediate_value_type FROM trial_intermediate_values"
        ):
            trials[i].steps[step] = _value(value, kind)
    return list(studies.values())


def _value(value: float | None, kind: str) -> float | None:
    return {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": None}.get(kind, value)


def _param(value: float, distribution: str, path: Path) -> Any:
    """A parameter as its user knows it, from the number that Optuna keeps."""
    kind = parse_json(distribution, str(path))
    if kind["name"] == "CategoricalDistribution":
        return kind["attributes"]["choices"][int(value)]
    return int(value) if kind["name"].startswith("Int") else value


def _from_journal(path: Path) -> list[_Study]:
    studies: list[_Study | None] = []
    trials: list[_Trial] = []
    for entry in read_json_lines(path):
        match entry["op_code"]:
            case 0:
                if any(study and study.name == entry["study_name"] for study in studies):
                    continue  # a worker that came second
                directions = ["MAXIMIZE" if direction == 2 else "MINIMIZE" for direction in entry["directions"]]
                studies.append(_Study(entry["study_name"], directions))
            case 1:
                studies[entry["study_id"]] = None
            case 2 | 3 | 4 as code:
                study = studies[entry["study_id"]]
                if study is None:  # deleted: what comes after counts for nothing, in Optuna's numbering too
                    continue
                if code == 2:
                    study.notes |= entry["user_attr"]
                elif code == 3:
                    study.metric_names = entry["system_attr"].get("study:metric_names", study.metric_names)
                else:
                    trials.append(_created(entry, path))
                    study.trials[len(study.trials)] = trials[-1]
            case 5:
                value = _param(entry["param_value_internal"], entry["distribution"], path)
                trials[entry["trial_id"]].params[entry["param_name"]] = value
            case 6:
                trial = trials[entry["trial_id"]]
                trial.state = STATES[entry["state"]]
                trial.values = dict(enumerate(entry.get("values") or ()))
                trial.start = entry.get("datetime_start", trial.start)
                trial.end = entry.get("datetime_complete", trial.end)
            case 7:
                trials[entry["trial_id"]].steps[entry["step"]] = entry["intermediate_value"]
            case 8:
                trials[entry["trial_id"]].notes |= entry["user_attr"]
    return [study for study in studies if study is not None]


def _created(entry: Mapping[str, Any], path: Path) -> _Trial:
    """A trial as it begins; copied ones arrive whole."""
    given = entry.get("distributions") or {}
    params = {name: _param(value, given[name], path) for name, value in (entry.get("params") or {}).items()}
    values = entry.get("values") or ([entry["value"]] if entry.get("value") is not None else [])
    steps = {int(step): value for step, value in (entry.get("intermediate_values") or {}).items()}
    return _Trial(
        STATES[entry.get("state", 0)],
        dict(enumerate(values)),
        params,
        dict(entry.get("user_attrs") or {}),
        steps,
        entry.get("datetime_start"),
        entry.get("datetime_complete"),
    )


def _log(study: _Study, path: Path, given: Collection[str]) -> RawLog:
    source = f"{path}/{printable(study.name)}"
    size = len(study.directions)
    names = study.metric_names if len(study.metric_names) == size else [f"value_{place}" for place in range(size)]
    names = ["value"] if size == 1 and not study.metric_names else names
    frame = table([_row(number, study.trials[number], names) for number in sorted(study.trials)], source)
    stated = objectives(names, source, given)
    units, bounded = {}, False
    error = stated["val_error"].columns[0] if stated else ""
    if error and study.directions[names.index(error)] == "MAXIMIZE":
        stated["val_error"], units["error_unit"], bounded = lowered(frame, error, source)
    stated |= {"order": Formula(("number",)), "valid": Formula(("state",))}
    if any(trial.steps for trial in study.trials.values()):
        stated["fidelity"] = Formula(("last_step",))
    for name in ("method", "space", "seed"):
        value = next((study.notes[key] for key in EXACT[name] if key in study.notes), None)
        if value is not None:
            stated[name] = Formula(constant=value if isinstance(value, str) else json.dumps(value))
    said = ["Optuna: a trial that failed is a failed request; one that was pruned counts at its last step."]
    raw = tool_log(
        "Optuna",
        frame,
        source,
        stated,
        given,
        notes_in="user_attrs.",
        configs_in="params.",
        seconds=("seconds",),
        said=said,
    )
    return replace(raw, units={**raw.units, **units}, bounded=bounded)


def _row(number: int, trial: _Trial, names: list[str]) -> dict[str, Any]:
    last = max(trial.steps, default=None)
    values = [trial.values.get(place) for place in range(len(names))]
    row: dict[str, Any] = {"number": number, "state": trial.state.lower(), "last_step": last}
    row |= dict(zip(names, values, strict=True))
    if trial.start and trial.end:
        span = datetime.fromisoformat(trial.end) - datetime.fromisoformat(trial.start)
        row["seconds"] = span.total_seconds()
    row |= {f"params.{name}": json.dumps(value) if value is None else value for name, value in trial.params.items()}
    return row | {f"user_attrs.{name}": value for name, value in trial.notes.items()}
