"""How the columns of EC-NAS's files came about: the provenance of each, by kind of file."""

from fairwatt.search_spaces.cell_columns import KEYS, Rules

_KEYS: Rules = tuple((key, "measured") for key in KEYS)
_PREDICTED: Rules = (("*predicted_*", "estimated"),)
_ACCURACY: Rules = (("train_accuracy", "measured"), ("validation_accuracy", "measured"), ("test_accuracy", "measured"))
_REST: Rules = (("*", "estimated"),)

MEASURED: Rules = _PREDICTED
"""Every training was run to its end; only carbontracker's predictions were not."""

LINSCALE: Rules = (
    *_KEYS,
    *_ACCURACY,
    *((name, "scaled") for name in ("energy_kwh", "seconds", "co2eq_g", "epoch")),
    *_REST,
)
"""Only the final message is scaled; the rest repeats the 4-epoch run at every budget, the accuracies at all points."""

HARDWARE: Rules = (
    *((part + name, "scaled") for part in ("halfway_", "total_") for name in ("energy_kwh", "seconds", "co2eq_g")),
    *LINSCALE,
)
"""As LINSCALE, with half-way and totals multiplied too."""

SURROGATE: Rules = (
    *_KEYS,
    *_ACCURACY,
    ("energy_kwh", "surrogate"),
    ("co2eq_g", "surrogate"),
    ("seconds", "measured"),
    *_REST,
)
SAMPLED: Rules = (
    *_KEYS,
    *_ACCURACY,
    ("energy_kwh", "surrogate"),
    ("extrapolated", "surrogate"),
    ("seconds", "scaled"),
    *_REST,
)
OWN: Rules = (*_KEYS, *_REST)
"""Of a file that the catalogue does not know, nothing is known."""
