"""The learning curves of one training of a sweep, checked: correct images, seconds and energies of every epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.eahas_fields import EPOCHS, VALIDATION, SweepRecord, number, shown, tells_number
from fairwatt.search_spaces.eahas_report import Given, RefusedTrainingError, SweepReport
from fairwatt.search_spaces.eahas_setting import Setting

Array = NDArray[np.float64]

ROUNDING = 0.05
"""Of an image: what four digits behind the point, as pycls writes errors in percent, leave open."""
_LEAST_ERROR = 1.0
"""Percent; a training of which no epoch errs by more is one of fractions."""
_MOST = 1e9
"""Of seconds and of energies in any unit that an epoch may take: sums of them stay numbers."""


@dataclass(frozen=True)
class Curves:
    """Of one training, [E] by epoch.

    correct: images by part. energy: in the file's unit and series, None where it has none. diverged_epoch: from 1, in
    which a loss was not finite; 0 where that never happened.
    """

    correct: Mapping[str, NDArray[np.int32]]
    seconds: Array
    energy: Array | None
    diverged_epoch: int


class CurveReader:
    """Reads curves of one setting.

    parts: the file's columns by the part of the table that they become; images: of which each part's curve counts the
    correct ones.
    """

    def __init__(self, setting: Setting, parts: Mapping[str, str], report: SweepReport) -> None:
        self.parts, self._report = parts, report
        self.images = {
            part: setting.count("test" if name.endswith("test_error") else part) for part, name in parts.items()
        }

    def curves(self, record: SweepRecord, given: Given, epochs: int) -> Curves:
        """The curves of a training of so many epochs. Raises RefusedTrainingError."""
        if missing := [name for name in (*self.parts.values(), "seconds") if name not in record.curves]:
            only_raw = "test_error" in missing and "raw_test_error" in record.curves
            hint = " of averaged weights (--weights raw takes those of plain ones)" if only_raw else ""
            raise RefusedTrainingError("incomplete", f"no {', '.join(missing)}{hint}")
        self._check_epochs(record, epochs)
        errors = {part: _numbers(record, name, epochs) for part, name in self.parts.items()}
        for part, percent in errors.items():
            if outside := percent[(percent < 0) | (percent > 100)].tolist():
                raise RefusedTrainingError("out-of-range", f"{self.parts[part]} {outside[0]:g} %")
            if percent.max() <= _LEAST_ERROR:
                raise RefusedTrainingError("fractions", f"{self.parts[part]} {percent.min():g} to {percent.max():g}")
        seconds = _numbers(record, "seconds", epochs)
        if (seconds <= 0).any():
            raise RefusedTrainingError("negative", f"{seconds.min():g} s in epoch {int(seconds.argmin()) + 1}")
        energy = _numbers(record, "energy", epochs) if "energy" in record.curves else None
        diverged = self._diverged(record, given, epochs)
        searched = errors["validation"]
        if searched[-1] > searched[0]:
            self._report.add("errors-rise", record.number, given, f"{searched[0]:g} % to {searched[-1]:g} %")
        return Curves(self._correct(record, given, errors), seconds, energy, diverged)

    def _check_epochs(self, record: SweepRecord, epochs: int) -> None:
        for name in EPOCHS:
            told = [number(each) for each in record.curves.get(name, [])]
            if told and told != list(range(1, len(told) + 1)):
                place = next(place for place, each in enumerate(told) if each != place + 1)
                detail = f"{name} {shown(record.curves[name][place])} in place {place + 1}"
                raise RefusedTrainingError("wrong-epochs", detail)
            if told and len(told) != epochs:
                raise RefusedTrainingError("wrong-length", f"{name}: {len(told)} epochs of {epochs}")

    def _correct(self, record: SweepRecord, given: Given, errors: Mapping[str, Array]) -> dict[str, NDArray[np.int32]]:
        found = {}
        worst = 0.0
        for part, percent in errors.items():
            exact = self.images[part] * (1 - percent / 100)
            whole = np.rint(exact)
            worst = max(worst, float(np.abs(exact - whole).max()))
            found[part] = whole.astype(np.int32)
        if worst > ROUNDING:
            self._report.add("rounded", record.number, given, f"up to {worst:.2f} of an image")
        return found

    def _diverged(self, record: SweepRecord, given: Given, epochs: int) -> int:
        """The first epoch whose loss is not finite. Raises RefusedTrainingError for a loss that is not there."""
        losses = record.curves.get("train_loss", [])
        if losses and len(losses) != epochs:
            raise RefusedTrainingError("wrong-length", f"train_loss: {len(losses)} epochs of {epochs}")
        if gap := next((place + 1 for place, loss in enumerate(losses) if not tells_number(loss)), 0):
            hint = "write nan for one that is not finite, or leave all losses out"
            raise RefusedTrainingError("not-a-number", f"train_loss {shown(losses[gap - 1])} in epoch {gap}: {hint}")
        epoch = next((place + 1 for place, loss in enumerate(losses) if not math.isfinite(number(loss))), 0)
        if epoch:
            self._report.add("diverged", record.number, given, f"in epoch {epoch}")
        return epoch


def curve_parts(curves: frozenset[str], weights: str) -> dict[str, str]:
    """Part -> column of a file that has these curves; the only evaluated split is searched on, and then none tested.

    Raises UserError for plain weights beside validation errors, which are those of averaged ones.
    """
    if weights == "raw" and VALIDATION in curves:
        raise UserError(f"no column has {VALIDATION}s of plain weights: leave --weights raw out, or that column")
    tested = "test_error" if weights == "ema" else "raw_test_error"
    parts = {"validation": VALIDATION, "test": tested} if VALIDATION in curves else {"validation": tested}
    parts = {part: name for part, name in parts.items() if part == "validation" or name in curves}
    return ({"train": "train_error"} if "train_error" in curves else {}) | parts


def _numbers(record: SweepRecord, name: str, epochs: int) -> Array:
    """[epochs] of a curve. Raises RefusedTrainingError for another length, and for what is no finite number."""
    values = record.curves[name]
    if len(values) != epochs:
        raise RefusedTrainingError("wrong-length", f"{name}: {len(values)} epochs of {epochs}")
    found = np.array([number(value) for value in values], dtype=np.float64)
    if not np.isfinite(found).all():
        place = int((~np.isfinite(found)).argmax())
        raise RefusedTrainingError("not-a-number", f"{name} {shown(values[place])} in epoch {place + 1}")
    if (largest := float(np.abs(found).max())) > _MOST:
        raise RefusedTrainingError("absurd", f"{name} {largest:g}")
    return found
