"""CARP-S: `trial_logs.jsonl` of its file logger, with Hydra's configuration beside it, or the table gathered of many.

Both hold trial_info (config, budget) and trial_value (cost, time, virtual_time, status); the table's columns are named
`trial_info__config` and so on.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import parse_json, text
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, numbers, texts
from fairwatt.audit.smac_log import STATUSES
from fairwatt.audit.table_file import read_table
from fairwatt.audit.tool_notes import objectives, tool_log
from fairwatt.audit.vocabulary import EXACT

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SETTING = 2**20
PARQUET = b"PAR1"
NAMES = {"method": ("optimizer_id",), "space": ("task_id", "problem_id", "benchmark_id"), "seed": ("seed",)}


def wrote_carps(path: Path, start: bytes) -> bool:
    """Whether a file is a log of trials, or a table of them; not one of incumbents, which has the same form."""
    if path.name.startswith("trajectory"):
        return False
    if path.name == "trial_logs.jsonl" or b"trial_value__cost" in start:
        return True
    if start.startswith(PARQUET):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return "trial_value__cost" in pq.read_schema(path).names
        except (OSError, pa.ArrowException, ValueError):
            return False
    return start.startswith(b"{") and b'"trial_info"' in start and b'"trial_value"' in start


def read_carps(path: Path, given: Collection[str]) -> list[RawLog]:
    """One search of a log, or all of a table. Raises LogError."""
    frame = read_table(path)
    flat = {str(name): re.sub(r"^(trial_(?:info|value))(?:__|\.)", r"\1.", str(name)) for name in frame.columns}
    frame = frame.rename(columns=flat)
    if not {"trial_info.config", "trial_value.cost"} <= set(frame.columns) and "trial_value.cost" not in frame:
        raise LogError(f"{path}: no trials of CARP-S, which have trial_info and trial_value")
    source = str(path)
    costs = _costs(frame, source)
    stated = objectives(costs, source, given) | {
        "config": Formula(("trial_info.config",)),
        "fidelity": Formula(("trial_info.budget",)),
    }
    if "trial_value.status" in frame:
        frame["status"] = [_status(word) for word in texts(frame["trial_value.status"])]
        stated["valid"] = Formula(("status",))
    stated |= _names(frame, path)
    order = next((name for name in ("n_function_calls", "n_trials") if name in frame), None)
    if order:
        stated["order"] = Formula((order,))
    virtual = "trial_value.virtual_time"
    seconds = [virtual] if virtual in frame and (numbers(frame[virtual], source) > 0).any() else []
    said = ["CARP-S: virtual_time is what a benchmark says that the training took."] if seconds else []
    return [
        tool_log(
            "CARP-S",
            frame,
            source,
            stated,
            given,
            notes_in="trial_value.additional_info.",
            configs_in="trial_info.config.",
            seconds=(*seconds, "trial_value.time"),
            said=said,
        )
    ]


def _costs(frame: "pd.DataFrame", source: str) -> list[str]:
    """The columns of the objectives: lists are taken apart, also those that a table keeps as text."""
    import pandas as pd

    written = texts(frame["trial_value.cost"])
    if not any(word and word.startswith("[") for word in written):
        return ["trial_value.cost"]
    values = [parse_json(word or "[]", f"{source}: row {row}") for row, word in enumerate(written, 1)]
    count = max(len(value) for value in values)
    names = [f"cost_{place}" for place in range(count)]
    for place, name in enumerate(names):
        frame[name] = pd.Series([value[place] if len(value) == count else None for value in values], dtype=object)
    return names


def _status(word: str | None) -> str:
    return STATUSES[int(word)] if word in ("0", "1", "2", "3", "4") else word or "failed"


def _names(frame: "pd.DataFrame", path: Path) -> dict[str, Formula]:
    """From columns of the gathered table, else from Hydra's configuration of the run."""
    columns = {name: _first(frame, (*known, *EXACT[name])) for name, known in NAMES.items()}
    found = {name: Formula((column,)) for name, column in columns.items() if column}
    setting = path.parent / ".hydra" / "config.yaml"
    if setting.is_file():
        config = _setting(setting)
        for name, known in NAMES.items():
            value = next((config[key] for key in known if config.get(key) is not None), None)
            if name not in found and value is not None:
                found[name] = Formula(constant=_resolved(str(value), config))
    return found


def _first(frame: "pd.DataFrame", names: Collection[str]) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def _setting(path: Path) -> dict[str, Any]:
    import yaml

    try:
        config = yaml.safe_load(text(path, LARGEST_SETTING))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise LogError(f"{path}: no YAML: {' '.join(str(error).split())[:200]}") from None
    return config if isinstance(config, dict) else {}


def _resolved(value: str, config: Mapping[str, Any]) -> str:
    """With Hydra's `${task.name}` looked up, once."""

    def found(place: re.Match[str]) -> str:
        inner: Any = config
        for part in place[1].split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        return place[0] if inner is None else str(inner)

    return re.sub(r"\$\{([\w.]+)\}", found, value)
