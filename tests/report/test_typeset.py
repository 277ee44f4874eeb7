"""Tables as text: nothing in a cell acts, and LaTeX has as many cells in each row."""

import re

import pytest

from fairwatt.report.typeset import Sheet, csv_text, escaped, harmless, latex, markdown

HOSTILE = r"a_b & 5 % $x$ #1 {y} ~ ^ \input{z} [q] <s> | `c` -- *d* " + "\u202e中"
SHEET = Sheet(
    "verdicts-a_b",
    HOSTILE,
    ("arm", "difference [95 %]", "p"),
    ((HOSTILE, "-0.123 [-0.200, 0.010]", "< .001"), ("[x]", "-", "0.034"), ("rs", "12.000 [1.000, 20.000]", "-")),
    bold=frozenset({(0, 1)}),
)


def unescaped(text: str, char: str) -> int:
    return len(re.findall(rf"(?<!\\){re.escape(char)}", text))


def test_latex_of_hostile_names_is_balanced() -> None:
    text = latex(SHEET)
    assert unescaped(text, "{") == unescaped(text, "}")
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0].strip().splitlines()
    assert [unescaped(line, "&") for line in body] == [3, 3, 3]  # the difference has two columns
    head = text.partition(r"\toprule")[2].partition(r"\midrule")[0]
    assert unescaped(head, "&") + head.count(r"\multicolumn{2}") == 3
    assert r"\begin{tabular}{@{}p{4cm}r@{\ }lr@{}}" in text
    assert not unescaped(re.sub(r"\$-\$|\$\\times\$", "", "".join(body)), "$")
    assert not any(unescaped(line, char) for line in body for char in "%#^~_")
    assert r"\input" not in text
    assert body[1].startswith("{}[x]")  # what follows \\ in brackets would be its argument
    assert r"\textbf{$-$0.123} & \textbf{[$-$0.200, 0.010]}" in body[0]
    assert r"\label{tab:verdicts-a-b}" in text


@pytest.mark.parametrize(
    ("text", "set_"),
    [
        ("bohb--x", "bohb-{}-x"),
        ("c̄ = 1", r"$\bar{c}$ = 1"),
        ("中", r"\textbackslash{}u4e2d"),
        ("é", "é"),
        ("a\\b", r"a\textbackslash{}b"),
    ],
)
def test_text_is_set_as_it_is(text: str, set_: str) -> None:
    assert escaped(text) == set_


def test_markdown_has_a_pipe_for_each_column_only() -> None:
    caption, _, *table = markdown(SHEET).splitlines()
    assert {unescaped(line, "|") for line in table} == {4}
    assert "<s>" not in caption + "".join(table)
    assert "**-0.123 [-0.200, 0.010]**" in table[2]
    assert table[1] == "| --- | ---: | ---: |"


def test_csv_runs_nothing_in_a_spreadsheet() -> None:
    assert csv_text(["=a", "b"], [("=1+1", -0.5), ("-", "@x")]) == "'=a,b\n'=1+1,-0.5\n-,'@x\n"
    assert [harmless(value) for value in ("", "-x", -1.0, "x=1")] == ["", "'-x", -1.0, "x=1"]


@pytest.mark.parametrize("value", [" =1+1", "\u00a0@SUM(A1)", "\ufeff+1", "\u200b-2+3", "＝1+1", "\t", "=1", "\x01=1"])
def test_formulas_behind_blanks_are_quoted_too(value: str) -> None:
    assert harmless(value) == f"'{value}"
    assert harmless("a =1") == "a =1"
    assert harmless(" a") == " a"
    assert harmless("-") == "-"
