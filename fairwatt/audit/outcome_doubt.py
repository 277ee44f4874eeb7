"""Whether a status of 0 and 1 tells failure and success, or is the exit code of a program, in which 0 is success."""

from collections.abc import Sequence

import numpy as np

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import Requests
from fairwatt.audit.raw_log import numbers
from fairwatt.audit.unused_columns import is_number
from fairwatt.audit.vocabulary import tokens

CODES = frozenset({"status", "state"})
"""Words of names that a code may have; of `success` or `valid`, 1 means what it says."""


def check_codes(parts: Sequence[Requests], column: str) -> None:
    """Raises LogError where a status is 0 or 1, and a request of 0 has an error all the same.

    parts: all that call the outcome so.
    """
    if not CODES & set(tokens(column)):
        return
    failed = 0
    for part in parts:
        words = part.raw.frame[column]
        if words.dtype == bool or words.isna().any() or not is_number(words):
            return
        values = numbers(words, "")
        if set(values) - {0.0, 1.0}:
            return
        zero = values[part.frame["row"].to_numpy()] == 0
        errors = part.frame["val_error"].to_numpy()[zero]
        if len(set(errors[np.isfinite(errors)])) > 1:  # one value is a mark of failure
            failed += int(np.isfinite(errors).sum())
    if failed:
        raise LogError(
            f"{parts[0].raw.source}: valid: {column} is 0 in {failed} requests that have an error all the same, so it "
            f'may be the code of a program, in which 0 is success; if so, add --columns "valid=" (requests without an '
            f"error failed), if 0 is failure: {option(f'valid={joined((column,))}')}"
        )
