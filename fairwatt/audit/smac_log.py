"""SMAC's run history: `runhistory.json` of SMAC 2, with the `scenario.json` beside it."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import read_json
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import table
from fairwatt.audit.tool_notes import objectives, tool_log
from fairwatt.audit.vocabulary import words

FIELDS = words("config_id instance seed budget cost time status starttime endtime additional_info")
"""Of a trial in versions before 2.3, which wrote lists; 2.3 has `cpu_time` after `time`."""

STATUSES = ("running", "success", "crashed", "timeout", "memoryout")
METHODS = {
    "HyperparameterOptimizationFacade": "smac",
    "MultiFidelityFacade": "smac-mf",
    "BlackBoxFacade": "smac-bb",
    "RandomFacade": "smac-random",
    "HyperbandFacade": "smac-hyperband",
    "AlgorithmConfigurationFacade": "smac-ac",
}


def wrote_smac(path: Path, start: bytes) -> bool:
    """Whether a file is a run history, by its name or its first fields."""
    return path.name == "runhistory.json" or bool(re.search(rb'^\s*\{\s*"stats".*"config_id"', start, re.DOTALL))


def read_smac(path: Path, given: Collection[str]) -> list[RawLog]:
    """One search, without a name where there is no scenario. Raises LogError for what is no run history of SMAC 2."""
    history, scenario = read_json(path), path.with_name("scenario.json")
    known = read_json(scenario) if scenario.is_file() else {}
    if not isinstance(history, dict) or not isinstance(history.get("data"), list) or not isinstance(known, dict):
        raise LogError(f"{path}: no run history of SMAC 2: expected an object with data and configs")
    configs = history.get("configs")
    if not isinstance(configs, dict):
        raise LogError(f"{path}: configs is no object")
    names = known.get("objectives", "cost")
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise LogError(f"{scenario}: objectives are no names")
    rows = [_row(row, number, configs, names, path) for number, row in enumerate(history["data"], 1)]
    frame = table(rows, str(path))
    stated = objectives([f"cost.{name}" for name in names] if len(names) > 1 else ["cost"], str(path), given)
    stated |= {"fidelity": Formula(("budget",)), "valid": Formula(("status",))}
    facade = known.get("_meta", {}).get("facade", {}).get("name", "") if isinstance(known.get("_meta"), dict) else ""
    constants = {"method": METHODS.get(facade, "smac")} if known else {}  # else paths may tell who asked
    if "seed" in known:
        constants["seed"] = str(known["seed"])
    space = str(known.get("name", ""))
    if space and not re.fullmatch(r"[0-9a-f]{32}", space):  # else SMAC's own hash of the scenario, seed included
        constants["space"] = space
    stated |= {name: Formula(constant=value) for name, value in constants.items()}
    said = ["SMAC: a trial that crashed, ran out of time or out of memory is a failed request."]
    return [
        tool_log(
            "SMAC",
            frame,
            str(path),
            stated,
            given,
            notes_in="additional_info.",
            configs_in="config.",
            seconds=("time",),
            said=said,
        )
    ]


def _row(row: Any, number: int, configs: dict[str, Any], names: list[str], path: Path) -> dict[str, Any]:
    if isinstance(row, list) and len(row) in (len(FIELDS), len(FIELDS) + 1):
        fields = FIELDS if len(row) == len(FIELDS) else (*FIELDS[:6], "cpu_time", *FIELDS[6:])
        row = dict(zip(fields, row, strict=True))
    if not isinstance(row, dict) or not {"config_id", "cost", "status"} <= row.keys():
        raise LogError(f"{path}: row {number}: no trial of SMAC 2, which has config_id, cost and status")
    info, config = row.get("additional_info"), configs.get(str(row["config_id"]))
    notes = info if isinstance(info, dict) else {}
    if not isinstance(config, dict):
        raise LogError(f"{path}: row {number}: configs has no {str(row['config_id'])[:40]!r}")
    made = {name: row.get(name) for name in ("instance", "budget", "time", "cpu_time", "starttime", "endtime")}
    made |= {"trial_seed": row.get("seed"), "status": _status(row["status"])}
    cost = row["cost"]
    if isinstance(cost, list):
        if len(cost) != len(names):
            raise LogError(f"{path}: row {number}: {len(cost)} costs, and objectives {', '.join(names)}")
        made |= {f"cost.{name}": value for name, value in zip(names, cost, strict=True)}
    else:
        made["cost"] = cost
    made |= {f"config.{name}": value for name, value in config.items()}
    return made | {f"additional_info.{name}": value for name, value in notes.items()}


def _status(status: Any) -> str:
    return STATUSES[status] if isinstance(status, int) and 0 <= status < len(STATUSES) else str(status)
