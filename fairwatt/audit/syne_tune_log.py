"""Syne Tune's `results.csv.zip`: a row for each report of each trial, with `metadata.json` beside it.

A training reports as it goes on, so each report is charged what it took since the one before of the same trial, in the
seconds of the worker.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import head, read_json
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, numbers, texts
from fairwatt.audit.table_file import read_table
from fairwatt.audit.tool_notes import lowered, objectives, tool_log
from fairwatt.audit.vocabulary import EXACT

if TYPE_CHECKING:
    import pandas as pd

OWN = re.compile(r"(?<![\w])st_(tuner_time|worker_time|decision|worker_iter)")
ELAPSED = ("st_worker_time", "elapsed_time")
METHODS = {name: EXACT[name] for name in ("method", "space", "seed")}


def wrote_syne_tune(path: Path, start: bytes) -> bool:
    """Whether a file is a table of results, by its name or its columns."""
    if path.name == "results.csv.zip":
        return True
    return path.suffix == ".csv" and bool(OWN.search(start.partition(b"\n")[0].decode("utf-8", "replace")))


def read_syne_tune(path: Path, given: Collection[str]) -> list[RawLog]:
    """One experiment. Raises LogError for results without trials, or a metric that nothing names."""
    frame, source = read_table(path), str(path)
    beside = path.with_name("metadata.json")
    metadata = read_json(beside) if beside.is_file() and head(beside) else {}
    if not isinstance(metadata, dict) or "trial_id" not in frame:
        raise LogError(f"{path}: no results of Syne Tune, which have trial_id and metadata.json beside them")
    names, modes = _metrics(metadata, frame, path, given)
    stated = objectives(names, source, given) if names else {}
    units, bounded = {}, False
    error = stated["val_error"].columns[0] if stated else ""
    if error and modes[names.index(error)] == "max":
        stated["val_error"], units["error_unit"], bounded = lowered(frame, error, source)
    resource = next((name for name in ("epoch", "resource", "step", "st_worker_iter") if name in frame), None)
    if resource:
        stated["fidelity"] = Formula((resource,))
    if "st_tuner_time" in frame:
        stated["order"] = Formula(("st_tuner_time",))
    stated |= _names(metadata)
    elapsed = next((name for name in ELAPSED if name in frame), None)
    if elapsed:
        frame["report_seconds"] = _since_last(frame, elapsed, source)
    said = [f"Syne Tune: a request is one report; its seconds are the rise of {elapsed} within the trial."]
    raw = tool_log(
        "Syne Tune",
        frame,
        source,
        stated,
        given,
        notes_in="",
        configs_in="config_",
        seconds=("report_seconds",),
        said=said if elapsed else (),
    )
    return [replace(raw, units={**raw.units, **units}, bounded=bounded)]


def _metrics(
    metadata: Mapping[str, Any], frame: "pd.DataFrame", path: Path, given: Collection[str]
) -> tuple[list[str], list[str]]:
    """Names and modes (min or max) of the metrics, as the scheduler declared them."""
    names, modes = metadata.get("metric_names"), metadata.get("metric_mode", "min")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n in frame for n in names):
        if "val_error" in given:
            return [], []
        columns = ", ".join(name for name in map(str, frame.columns) if not name.startswith(("st_", "config_")))
        raise LogError(
            f"{path}: metadata.json does not name the metric; columns: {columns}; "
            'add --columns "val_error=COLUMN", or 1-COLUMN for an accuracy'
        )
    each = modes if isinstance(modes, list) and len(modes) == len(names) else [modes] * len(names)
    return names, [str(mode) for mode in each]


def _since_last(frame: "pd.DataFrame", elapsed: str, source: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """[rows] rise of a trial's seconds since its last report; a smaller number is a worker that began again."""
    import pandas as pd

    seconds = pd.Series(numbers(frame[elapsed], source))
    before = seconds.groupby(np.array(texts(frame["trial_id"]), dtype=object)).shift(fill_value=0.0)
    rise = (seconds - before).to_numpy(np.float64)
    return np.where(rise < 0, seconds.to_numpy(np.float64), rise)


def _names(metadata: Mapping[str, Any]) -> dict[str, Formula]:
    """What its user wrote into the metadata, as the library's own benchmarks do; else the class of the scheduler."""
    found = {}
    for name, known in METHODS.items():
        value = next((metadata[key] for key in known if key in metadata and key != "scheduler"), None)
        if name == "method" and value is None:
            value = metadata.get("scheduler_name")
        if value is not None:
            found[name] = Formula(constant=str(value))
    return found
