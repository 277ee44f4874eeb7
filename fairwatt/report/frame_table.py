"""Data frames as tables of finished text."""

import math
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.carbon import LADDER
from fairwatt.report.plain_text import name
from fairwatt.report.wording import TextTable

if TYPE_CHECKING:
    import pandas as pd

TITLES = {
    "energy_kwh": "energy, kWh",
    "energy_kwh_min": "min",
    "energy_kwh_max": "max",
    "timed": "searches timed",
    "cpu_seconds": "CPU s, median",
    "cpu_seconds_max": "max",
    "joules": "J, median",
    "percent": "% of budget, median",
    "percent_max": "max",
    "charged_joules": "J charged, mean",
    "tuning_kwh": "tuning, kWh",
    "tuning_full": "tuning, full trainings",
    "total_kwh": "both, kWh",
    "threshold": "threshold, %",
    "sum_kwh": "sum, kWh",
    "search_kwh": "search, kWh",
    "training_kwh": "training, kWh",
    "search_and_training_kwh": "both, kWh",
    "pue": "PUE contained",
    **{f"co2e_{unit}_at_{rung}": f"{unit} CO2e at {rung}" for unit in ("g", "kg") for rung in LADDER},
    "hypervolume_regret_log_energy": "hypervolume regret, log energy",
    "igd_plus": "IGD+",
    "epsilon_additive": "additive epsilon",
    "a12": "A12",
    "p": "p, sign flips",
    "p_holm": "Holm p",
    "p_wilcoxon": "p, Wilcoxon",
    "q_wilcoxon": "q, Wilcoxon",
    "p_wilcoxon_holm": "Holm p, Wilcoxon",
    "p_friedman": "p, Friedman",
    "q_friedman": "q, Friedman",
    "p_iman_davenport": "p, Iman and Davenport",
    "p_nemenyi": "p, Nemenyi",
    "cliff_delta": "Cliff's delta",
}


def frame_table(frame: "pd.DataFrame", caption: str) -> TextTable:
    """A data frame as finished text: integers whole, other numbers with four significant digits."""
    text = tuple(place for place, column in enumerate(frame.columns) if frame[column].dtype.kind not in "iuf")
    rows = tuple(tuple(_cell(value) for value in row) for row in frame.itertuples(index=False))
    titles = tuple(TITLES.get(str(column), str(column).replace("_", " ")) for column in frame.columns)
    return TextTable(caption, titles, rows, text=text)


def _cell(value: object) -> str:
    if not isinstance(value, float | np.floating):
        return name(str(value), 200)
    number = float(value)
    if math.isnan(number):
        return "-"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
