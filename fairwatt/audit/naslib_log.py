"""NASLib's `errors.json`: lists over the requests of a search, with the search's configuration before them or not.

NASLib's trainer reports the incumbent after each request unless told otherwise (`report_incumbent`), and then neither
the accuracy nor the training time is the request's own. Such a file is recognised by a validation accuracy that never
falls, and its requests count as one evaluation each.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.error_doubt import STEADY
from fairwatt.audit.hostile_file import read_json
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, numbers
from fairwatt.audit.vocabulary import ENERGY, tokens, unit_of


def wrote_naslib(path: Path, start: bytes) -> bool:
    """Whether a file is `errors.json`, or begins as one."""
    return path.name == "errors.json" or bool(re.match(rb'\s*\{\s*"train_acc"\s*:\s*\[', start))


def read_naslib(path: Path, given: Collection[str]) -> list[RawLog]:
    """One search. Raises LogError for what is no record of NASLib's trainer, or one of a one-shot search."""
    import pandas as pd

    record, config = read_json(path), {}
    if isinstance(record, list) and len(record) == 2 and isinstance(record[0], dict):
        config, record = record
    if not isinstance(record, dict) or not isinstance(record.get("valid_acc"), list) or not record["valid_acc"]:
        raise LogError(f"{path}: no record of NASLib: expected lists valid_acc, test_acc, train_time and so on")
    count = len(record["valid_acc"])
    lists = {name: each for name, each in record.items() if isinstance(each, list) and len(each) == count}
    if "train_time" not in lists and "fidelity" not in lists:
        raise LogError(f"{path}: no train_time for each request: a one-shot search has no requests to audit")
    frame = pd.DataFrame(lists)
    accuracy = numbers(frame["valid_acc"], str(path))
    percent = bool(np.nanmax(accuracy, initial=0.0) > 1.5)
    formulas = _names(config, path) | {"val_error": _error("valid_acc", percent)}
    notes = [f"NASLib: valid_acc is an accuracy{' in percent' if percent else ''}."]
    if "test_acc" in lists and numbers(frame["test_acc"], str(path)).min() >= 0:  # -1 where there is none
        formulas["test_error"] = _error("test_acc", percent)
    for name in ("fidelity", "arch"):
        if name in lists:
            formulas["config" if name == "arch" else name] = Formula((name,))
    unit = "evaluations"
    costs = [*(name for name in lists if ENERGY & set(tokens(name))), "train_time"]
    if count >= STEADY and (np.diff(accuracy) >= 0).all():
        notes.append(
            "NASLib: valid_acc never falls, so every row is the incumbent and not the request (report_incumbent, the "
            "trainer's default): what requests cost cannot be told, and each counts as one evaluation."
        )
    elif costs[0] in lists:
        formulas["cost"] = Formula((costs[0],))
        unit = "s" if costs[0] == "train_time" else unit_of(formulas["cost"])
        notes.append(f"NASLib: the cost is {costs[0]} in {unit}, what the benchmark says of the request's training.")
    return [RawLog(frame, str(path), formulas, {"cost_unit": unit, "error_unit": "1 - accuracy"}, True, tuple(notes))]


def _error(name: str, percent: bool) -> Formula:
    return Formula((name,), offset=1.0, scale=-0.01 if percent else -1.0)


def _names(config: Mapping[str, Any], path: Path) -> dict[str, Formula]:
    """From the configuration, or from the trainer's folders: SPACE/DATASET/OPTIMIZER/[config_N/]SEED/errors.json."""
    if config:
        search = config.get("search") if isinstance(config.get("search"), dict) else {}
        space, dataset, method = (config.get(name) for name in ("search_space", "dataset", "optimizer"))
        seed = config.get("seed", search.get("seed") if search else None)
    else:
        parts = [part for part in path.parts[:-1] if not re.fullmatch(r"config_\d+|search", part)]
        if len(parts) < 4 or not parts[-1].isdecimal():
            return {}
        space, dataset, method, seed = parts[-4:]
    named = {"space": "/".join(str(each) for each in (space, dataset) if each), "method": method, "seed": seed}
    return {name: Formula(constant=str(value)) for name, value in named.items() if value not in (None, "")}
