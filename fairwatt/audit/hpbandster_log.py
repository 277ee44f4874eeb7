"""HpBandSter's `json_result_logger`: `configs.json` and `results.json`, a JSON list in each line of both."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import read_json_lines
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import table
from fairwatt.audit.tool_notes import tool_log


def wrote_hpbandster(path: Path, start: bytes) -> bool:
    """Whether a file is `results.json` with its `configs.json` beside it."""
    return path.name == "results.json" and path.with_name("configs.json").is_file() and start.startswith(b"[[")


def read_hpbandster(path: Path, given: Collection[str]) -> list[RawLog]:
    """One search, named as its folder. Raises LogError."""
    configs = {}
    for number, line in enumerate(read_json_lines(path.with_name("configs.json")), 1):
        if not isinstance(line, list) or len(line) not in (2, 3) or not isinstance(line[1], dict):
            raise LogError(f"{path.with_name('configs.json')}: row {number}: expected [id, config, info]")
        configs[str(line[0])] = line[1]
    rows = [_row(line, number, configs, path) for number, line in enumerate(read_json_lines(path), 1)]
    frame = table(rows, str(path))
    stated = {
        "val_error": Formula(("loss",)),
        "fidelity": Formula(("budget",)),
        "order": Formula(("finished",)),
        "valid": Formula(("status",)),
    }
    said = ["HpBandSter: a job with an exception, or without a loss, is a failed request."]
    source = str(path.parent)
    return [
        tool_log(
            "HpBandSter",
            frame,
            source,
            stated,
            given,
            notes_in="info.",
            configs_in="config.",
            seconds=("seconds",),
            said=said,
        )
    ]


def _row(line: Any, number: int, configs: dict[str, Any], path: Path) -> dict[str, Any]:
    if not isinstance(line, list) or len(line) != 5 or not isinstance(line[2], dict):
        raise LogError(f"{path}: row {number}: expected [id, budget, times, result, exception]")
    job, budget, times, result, exception = line
    if str(job) not in configs:
        raise LogError(f"{path}: row {number}: configs.json has no {str(job)[:40]}")
    result = result if isinstance(result, dict) else {}
    info = result.get("info")
    started, finished = times.get("started"), times.get("finished")
    seconds = finished - started if isinstance(started, int | float) and isinstance(finished, int | float) else None
    row = {"budget": budget, "loss": result.get("loss"), "finished": finished, "seconds": seconds}
    row["status"] = "failed" if exception is not None or row["loss"] is None else "success"
    row |= {f"config.{name}": value for name, value in configs[str(job)].items()}
    return row | {f"info.{name}": value for name, value in (info if isinstance(info, dict) else {}).items()}
