"""A table as CSV with every digit, and as Markdown and LaTeX with those that a reader wants."""

import math
from typing import TYPE_CHECKING, Any

from fairwatt.report.typeset import escaped, piped

if TYPE_CHECKING:
    import pandas as pd


def csv(table: "pd.DataFrame") -> str:
    """Full precision, a header, no index."""
    return table.to_csv(index=False, lineterminator="\n")


def markdown(table: "pd.DataFrame") -> str:
    """A pipe table; numbers to the right."""
    heads = [piped(str(name)) for name in table.columns]
    rules = ["---:" if number else "---" for number in _numeric(table)]
    rows = [[piped(shown(cell)) for cell in row] for row in table.itertuples(index=False, name=None)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rules, *rows)) + "\n"


def latex(table: "pd.DataFrame") -> str:
    """A tabular with the rules of booktabs; everything in it is escaped."""
    layout = "".join("r" if number else "l" for number in _numeric(table))
    heads, *rows = (
        " & ".join(escaped(shown(cell)) for cell in row) + r" \\"
        for row in (tuple(table.columns), *table.itertuples(index=False, name=None))
    )
    lines = [
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        heads,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def shown(cell: Any) -> str:
    """A cell as it is read: five digits, thousands from 100,000 on, nothing where there is no number."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1e5 else f"{cell:.5g}"
    return str(cell)


def rounded(value: float, digits: int = 3) -> str:
    """So many significant digits, never an exponent: 3,840 and 0.000784."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(places, 0)}f}"


def _numeric(table: "pd.DataFrame") -> list[bool]:
    from pandas.api.types import is_numeric_dtype

    return [bool(is_numeric_dtype(table[name])) for name in table.columns]
