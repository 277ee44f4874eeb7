"""Runs and references as sealed files: columns of the recorded stream, and the books that were kept of it."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.ledger import AccountingPolicy, price
from fairwatt.problem import OBJECTIVES, Reference, Tariff
from fairwatt.records import End, Header, Measurement, Request, Run, Status, Trial
from fairwatt.sealed import DamagedFileError, read_sealed, write_sealed

FORMAT = 1
_BOOKS = ("charge", "cost", "spent", "cost_nj", "spent_nj", "policy_id")


def write_run(path: Path, run: Run) -> None:
    """Write a run with its whole recorded stream."""
    requests = run.requests
    write_sealed(
        path,
        {
            "format": FORMAT,
            "header": asdict(run.header),
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


def read_run(path: Path) -> Run:
    """Read a run and keep its books again.

    Raises DamagedFileError where the seal is broken, the format is another one, or the books do not come out as they
    were written.
    """
    data = read_sealed(path)
    if data.get("format") != FORMAT:
        raise DamagedFileError(path, f"format {data.get('format')} of run files is not format {FORMAT}")
    try:
        header = _header(data["header"])
        requests = tuple(_requests(data["requests"], header.objectives))
        recorded = Run(header, (), End(data["end"]), requests, data["ended"])
        policy = AccountingPolicy(**header.policy)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(path, f"not a run file ({error!r})") from error
    run = price(recorded, policy, header.budget, header.budget_text)
    if any([getattr(row, name) for row in run.rows] != data["rows"][name] for name in _BOOKS) or run.end != data["end"]:
        raise DamagedFileError(path, "the books, kept again, do not come out as written")
    return run


def write_reference(path: Path, reference: Reference) -> None:
    """Write what analysis knows of the truth of one space."""
    data = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(reference).items()}
    data["params"] = [_finite(value) for value in reference.params.tolist()]
    write_sealed(path, data | {"format": FORMAT, "tariff": reference.tariff.to_json()})


def read_reference(path: Path) -> Reference:
    """The inverse of `write_reference`. Raises DamagedFileError."""
    data = read_sealed(path)
    if data.pop("format", None) != FORMAT:
        raise DamagedFileError(path, f"not a reference file of format {FORMAT}")
    for name in ("val_error", "test_error", "energy_kwh", "seconds", "params"):
        data[name] = np.array([math.nan if value is None else value for value in data[name]], dtype=np.float64)
    for name in ("keys", "fidelities", "notes"):
        data[name] = tuple(data[name])
    return Reference(**data | {"tariff": Tariff.from_json(data["tariff"])})


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _header(data: Mapping[str, Any]) -> Header:
    tuples = ("fidelities", "kinds", "objectives")
    fields: dict[str, Any] = {name: tuple(value) if name in tuples else value for name, value in data.items()}
    return Header(**fields)


def _requests(columns: Mapping[str, list[Any]], objectives: tuple[str, ...]) -> list[Request]:
    values = [OBJECTIVES[name].value for name in objectives]
    requests = []
    for config, fidelity, key, replicate, status, val, test, energy, seconds, epochs in zip(
        *columns_in_order(columns), strict=True
    ):
        val_error, energy_kwh = (math.inf if v is None else v for v in (val, energy))
        seconds = math.inf if seconds is None else seconds
        measured = Measurement(val_error, test, energy_kwh, seconds, epochs, Status(status))
        losses = tuple(value(measured) for value in values)
        trial = Trial(tuple(config), fidelity, val_error, energy_kwh, losses, measured.status)
        requests.append(Request(trial, key, replicate, test, seconds, epochs))
    return requests


def columns_in_order(columns: Mapping[str, list[Any]]) -> list[list[Any]]:
    """The request columns in the order in which a request is built. Raises KeyError for a missing one."""
    names = ("config", "fidelity", "key", "replicate", "status")
    return [columns[name] for name in (*names, "val_error", "test_error", "energy_kwh", "seconds", "epochs")]
