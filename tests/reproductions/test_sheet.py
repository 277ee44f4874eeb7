"""Tables as text: nothing lost in CSV, nothing misread in Markdown and LaTeX."""

import io

import numpy as np
import pandas as pd
import pytest

from fairwatt.reproductions import sheet

TABLE = pd.DataFrame({"what | who": ["a_1 & 5 %", "b"], "kWh": [1 / 3, np.nan], "n": [7, 1_234_567]})


def test_csv_keeps_every_digit() -> None:
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(sheet.csv(TABLE))), TABLE)


def test_markdown() -> None:
    assert sheet.markdown(TABLE) == (
        "| what \\| who | kWh | n |\n| --- | ---: | ---: |\n| a_1 & 5 % | 0.33333 | 7 |\n| b |  | 1234567 |\n"
    )


def test_large_numbers_have_thousands_and_no_exponent() -> None:
    assert [sheet.shown(value) for value in (259_841.2, 1_970.5, 1e-7, 12, None)] == [
        "259,841",
        "1970.5",
        "1e-07",
        "12",
        "",
    ]


def test_latex() -> None:
    lines = sheet.latex(TABLE).splitlines()
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert r"a\_1 \& 5 \% & 0.33333 & 7 \\" in lines
    assert sheet.latex(pd.DataFrame({"x": ["\\input{~/^a}", "1 ± 2"]})).splitlines()[4:6] == [
        r"\textbackslash{}input\{\textasciitilde{}/\textasciicircum{}a\} \\",
        r"1 $\pm$ 2 \\",
    ]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(3835.9, 3, "3,840"), (0.00078407, 3, "0.000784"), (0.0, 3, "0"), (999.6, 3, "1,000"), (17.75, 2, "18")],
)
def test_rounded(value: float, digits: int, text: str) -> None:
    assert sheet.rounded(value, digits) == text
