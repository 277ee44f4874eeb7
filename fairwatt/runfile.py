"""Runs and references as sealed files: columns of the recorded stream, and the books that were kept of it."""

import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.ledger import AccountingPolicy, price
from fairwatt.problem import OBJECTIVES, Reference, Tariff
from fairwatt.records import Config, End, Header, Key, Measurement, Request, Run, Status, Trial
from fairwatt.sealed import DamagedFileError, read_sealed, write_atomically, write_sealed

FORMAT = 1
FORMAT_BESIDE = 2
"""Of references whose columns are in a file beside them."""
LONG = 20_000
"""Rows above which the columns of a reference are not text."""
_COLUMNS = ("keys", "val_error", "test_error", "energy_kwh", "seconds", "params")
_OPTIONAL = ("probabilities", "val_repeats", "energy_repeats")
"""Columns that are there where keys are not equally likely, and where what a search sees of them varies."""
_DEVICES = "device_factors"
_STATUS = {str(status): status for status in Status}
_BOOKS = ("charge", "cost", "spent", "cost_nj", "spent_nj", "policy_id")


def write_run(path: Path, run: Run) -> None:
    """Write a run with its whole recorded stream."""
    requests = run.requests
    write_sealed(
        path,
        {
            "format": FORMAT,
            "header": _header_to_json(run.header),
            "end": run.end,
            "ended": run.ended,
            "requests": {
                "config": [r.trial.config for r in requests],
                "fidelity": [r.trial.fidelity for r in requests],
                "key": [r.key for r in requests],
                "replicate": [r.replicate for r in requests],
                "status": [r.trial.status for r in requests],
                "val_error": [_finite(r.trial.val_error) for r in requests],
                "test_error": [_finite(r.test_error) for r in requests],
                "energy_kwh": [_finite(r.trial.energy_kwh) for r in requests],
                "seconds": [_finite(r.seconds) for r in requests],
                "epochs": [r.epochs for r in requests],
            },
            "rows": {name: [getattr(row, name) for row in run.rows] for name in _BOOKS},
        },
    )


Known = dict[tuple[str, ...], dict[tuple[Any, ...], Request]]
"""Requests by the objectives of a run and by their content."""


def read_run(path: Path, known: Known | None = None) -> Run:
    """Read a run and keep its books again.

    known: requests of runs of the same study; it grows, and runs that ask the same share the answer,
    which saves time and memory where a space is small and searches are many. Raises DamagedFileError where the seal is
    broken, the format is another one, or the books do not come out as they were written.
    """
    data = read_sealed(path)
    if data.get("format") != FORMAT:
        raise DamagedFileError(path, f"format {data.get('format')} of run files is not format {FORMAT}")
    try:
        header = _header(data["header"])
        requests = tuple(_requests(data["requests"], header.objectives, {} if known is None else known))
        recorded = Run(header, (), End(data["end"]), requests, data["ended"])
        policy = AccountingPolicy(**header.policy)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(path, f"not a run file ({error!r})") from error
    run = price(recorded, policy, header.budget, header.budget_text)
    kept = zip(*map(attrgetter(*_BOOKS), run.rows), strict=True) if run.rows else ([] for _ in _BOOKS)
    if run.end != data["end"] or any(list(mine) != data["rows"][name] for name, mine in zip(_BOOKS, kept, strict=True)):
        raise DamagedFileError(path, "the books, kept again, do not come out as written")
    return run


def write_reference(path: Path, reference: Reference) -> None:
    """Write what analysis knows of the truth of one space; its columns in a file beside it where they are long."""
    columns = {name: np.asarray(getattr(reference, name)) for name in _COLUMNS}
    columns |= {name: getattr(reference, name) for name in _OPTIONAL if getattr(reference, name) is not None}
    columns |= {f"{_DEVICES}/{device}": factors for device, factors in reference.device_factors.items()}
    data = {name: value for name, value in vars(reference).items() if name not in (*_COLUMNS, *_OPTIONAL, _DEVICES)}
    data |= {"format": FORMAT, "tariff": reference.tariff.to_json()}
    if len(reference.keys) > LONG:
        archive = io.BytesIO()
        np.savez(archive, **columns)  # type: ignore[arg-type]
        content = archive.getvalue()
        write_atomically(_columns_path(path), content)
        data |= {"format": FORMAT_BESIDE, "columns_sha256": hashlib.sha256(content).hexdigest()}
    else:
        data |= {name: column.tolist() for name, column in columns.items()} | {"keys": reference.keys}
        data["params"] = [_finite(value) for value in data["params"]]
    write_sealed(path, data)


def read_reference(path: Path) -> Reference:
    """The inverse of `write_reference`. Raises DamagedFileError."""
    data = read_sealed(path)
    version = data.pop("format", None)
    if version == FORMAT:
        names = [name for name in data if name in (*_COLUMNS[1:], *_OPTIONAL) or name.startswith(_DEVICES + "/")]
        data["params"] = [math.nan if value is None else value for value in data["params"]]
        data |= {name: np.array(data[name], dtype=np.float64) for name in names}
    elif version == FORMAT_BESIDE:
        data |= _read_columns(_columns_path(path), data.pop("columns_sha256"))
    else:
        raise DamagedFileError(path, f"not a reference file of format {FORMAT} or {FORMAT_BESIDE}, but {version}")
    for name in ("keys", "fidelities", "notes"):
        data[name] = tuple(data[name])
    devices = [name for name in data if name.startswith(_DEVICES + "/")]
    data[_DEVICES] = {name.partition("/")[2]: data.pop(name) for name in devices}
    return Reference(**data | {"tariff": Tariff.from_json(data["tariff"])})


def _columns_path(path: Path) -> Path:
    return path.with_suffix(".npz")


def _read_columns(path: Path, sha256: str) -> dict[str, Any]:
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedFileError(path, f"not the columns that belong to {path.with_suffix('.json').name}")
    with np.load(io.BytesIO(content), allow_pickle=False) as columns:
        read = {name: columns[name] for name in columns}
    return read | {"keys": read["keys"].tolist()}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _header_to_json(header: Header) -> dict[str, Any]:
    """Without a model of overhead and the sampler's code where there is none, as in files of before there were any."""
    optional = ("overhead", "sampler_code")
    return {name: value for name, value in asdict(header).items() if name not in optional or value}


def _header(data: Mapping[str, Any]) -> Header:
    tuples = ("fidelities", "kinds", "objectives")
    fields: dict[str, Any] = {name: tuple(value) if name in tuples else value for name, value in data.items()}
    return Header(**fields)


def _requests(columns: Mapping[str, list[Any]], objectives: tuple[str, ...], known: Known) -> Iterator[Request]:
    columns_of = columns_in_order(columns)
    columns_of[0] = [tuple(config) for config in columns_of[0]]
    told = known.setdefault(objectives, {})
    for content in zip(*columns_of, strict=True):
        request = told.get(content)
        if request is None:
            request = told[content] = _request(objectives, *content)
        yield request


def _request(
    objectives: tuple[str, ...],
    config: Config,
    fidelity: float,
    key: Key | None,
    replicate: int,
    status: str,
    val: float | None,
    test: float | None,
    energy: float | None,
    seconds: float | None,
    epochs: float,
) -> Request:
    val_error, energy_kwh = math.inf if val is None else val, math.inf if energy is None else energy
    seconds, state = math.inf if seconds is None else seconds, _STATUS[status]
    measured = Measurement(val_error, test, energy_kwh, seconds, epochs, state)
    losses = tuple([OBJECTIVES[name].value(measured) for name in objectives])
    return Request(Trial(config, fidelity, val_error, energy_kwh, losses, state), key, replicate, test, seconds, epochs)


def columns_in_order(columns: Mapping[str, list[Any]]) -> list[list[Any]]:
    """The request columns in the order in which a request is built. Raises KeyError for a missing one."""
    names = ("config", "fidelity", "key", "replicate", "status")
    return [columns[name] for name in (*names, "val_error", "test_error", "energy_kwh", "seconds", "epochs")]
