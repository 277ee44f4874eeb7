"""Files that are named as copies of others: the same search again, or another one, which only their owner knows."""

from pathlib import Path

import pytest
from small_tables import asked, called, searches
from test_path_numbers import offered, question, read

from fairwatt.audit.log_file import read_logs

COUNTED, METHODS = "{method} ({seed}).csv", "{method}.csv"


@pytest.mark.parametrize(
    ("files", "copy", "patterns"),
    [
        (["rs.csv", "rs (1).csv", "tpe.csv"], "rs (1).csv", [METHODS]),
        (["rs (1).csv", "rs (2).csv"], "rs (1).csv", [COUNTED, METHODS]),
        (["rs (3).csv", "rs (4).csv", "tpe (3).csv", "tpe (4).csv"], "rs (3).csv", [COUNTED, METHODS]),
        (["rs(1).csv", "rs(2).csv"], "rs(1).csv", ["{method}({seed}).csv", METHODS]),
        (["rs - Copy.csv", "rs.csv"], "rs - Copy.csv", [METHODS]),
        (["rs - Copy.csv", "rs - Copy (2).csv"], "rs - Copy.csv", [METHODS]),
        (["rs.csv", "rs copy.csv", "rs copy 2.csv"], "rs copy.csv", [METHODS]),
        (["rs_seed0.csv", "rs_seed1.csv", "rs_seed1 (1).csv"], "rs_seed1 (1).csv", [METHODS]),
        (["rs_0.csv", "rs_1.csv", "rs_1 (1).csv"], "rs_1 (1).csv", [METHODS]),
        (["results.csv", "results (1).csv"], "results (1).csv", [METHODS]),
        (["rs/results.csv", "rs (1)/results.csv"], "rs (1)/results.csv", ["{method}/results.csv"]),
        (["rs/0.csv", "rs/0 (1).csv", "tpe/0.csv"], "rs/0 (1).csv", []),
    ],
)
def test_a_copy_is_asked_about(files: list[str], copy: str, patterns: list[str]) -> None:
    text = question([f"logs/{file}" for file in files])
    assert text.startswith(f"logs/{copy}: named as a copy beside ")
    assert (offered(text) if patterns else []) == patterns
    assert ("name them such as tpe_seed1" in text) == (len(patterns) < 2)


@pytest.mark.parametrize(
    ("files", "methods"),
    [
        (["rs.csv", "tpe (1).csv"], ["rs", "tpe (1)"]),
        (["a/rs.csv", "b/rs (1).csv"], ["rs", "rs (1)"]),
        (["rs (a).csv", "rs (lr=1).csv"], ["rs (a)", "rs (lr=1)"]),
        (["copy.csv", "copy-net.csv"], ["copy", "copy-net"]),
        (
            [f"{folder}/seed{seed}/log.csv" for folder in ("rs", "a (1)") for seed in "01"],
            [*2 * ["rs"], *2 * ["a (1)"]],
        ),
    ],
)
def test_what_is_no_copy_of_another_is_read_as_it_is(files: list[str], methods: list[str]) -> None:
    assert [method for method, _ in read(files)] == methods


def test_of_methods_that_a_column_tells_names_say_nothing() -> None:
    assert [seed for _, seed in read(["results.csv", "results (1).csv"], by_column=True)] == ["0", "0"]


def test_both_answers_are_taken(tmp_path: Path) -> None:
    for seed, rows in called(method="", trial="")(searches()).groupby("seed"):
        rows.drop(columns="seed").to_csv(tmp_path / f"rs ({seed}).csv", index=False)
    counted, methods = offered(asked(tmp_path))
    found = [read_logs([tmp_path], files=pattern).frame for pattern in (counted, methods)]
    assert sorted(found[0].groupby(["method", "seed"]).groups) == [("rs", "0"), ("rs", "1"), ("rs", "2")]
    assert sorted(found[1].groupby(["method", "seed"]).groups) == [("rs (0)", "0"), ("rs (1)", "0"), ("rs (2)", "0")]
