"""Numbers of numpy and words of ours as plain JSON values."""

import math
from typing import Any

import numpy as np


def plain_json(value: Any) -> Any:
    """The same, of dicts, lists, text, numbers and null only; what is not a finite number is null."""
    match value:
        case dict():
            return {str(key): plain_json(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_json(item) for item in value]
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case None:
            return None
    return str(value)
