"""Tables of anybody's: guesses, the language of --columns, running totals, names in paths, hostile files."""

import gzip
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from table_log import column, read, written

from fairwatt.audit import hostile_file, table_file
from fairwatt.audit.column_map import Formula, formula, items, option
from fairwatt.audit.log import LogError
from fairwatt.audit.log_file import read_logs
from fairwatt.errors import UnknownNameError, UserError

USUAL = {"method": ["rs", "rs", "re"], "seed": [0, 0, 1], "val_acc": [0.5, 0.75, 1.0], "energy_kwh": [1, 2.5, 4]}


def as_csv(path: Path) -> Path:
    return written(path / "log.csv", USUAL)


def as_tsv(path: Path) -> Path:
    return written(path / "log.tsv", USUAL, "\t")


def as_semicolons(path: Path) -> Path:
    return written(path / "log.csv", USUAL, ";")


def as_gzip(path: Path) -> Path:
    packed = path / "log.csv.gz"
    packed.write_bytes(gzip.compress(as_csv(path).read_bytes()))
    return packed


def as_zip(path: Path) -> Path:
    packed = path / "log.csv.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(as_csv(path), "log.csv")
    return packed


def rows() -> list[dict[str, object]]:
    return [dict(zip(USUAL, row, strict=True)) for row in zip(*USUAL.values(), strict=True)]


def as_json(path: Path) -> Path:
    (path / "log.json").write_text(json.dumps(rows()))
    return path / "log.json"


def as_json_lines(path: Path) -> Path:
    (path / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows()) + '\n{"torn by a cra')
    return path / "log.jsonl"


def as_parquet(path: Path) -> Path:
    import pandas as pd

    pd.DataFrame(USUAL).to_parquet(path / "log.parquet")
    return path / "log.parquet"


FORMS = [as_csv, as_tsv, as_semicolons, as_gzip, as_zip, as_json, as_json_lines, as_parquet]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_of_table_is_the_same_log(tmp_path: Path, form) -> None:  # type: ignore[no-untyped-def]
    log = read(form(tmp_path))
    assert column(log, "method") == ["re", "rs", "rs"]
    assert column(log, "seed") == ["1", "0", "0"]
    assert column(log, "order") == [0, 0, 1]
    assert column(log, "val_error") == [0.0, 0.5, 0.25]
    assert column(log, "cost") == column(log, "energy") == [4.0, 1.0, 2.5]
    assert log.frame["valid"].all()
    assert log.frame[["config", "fidelity", "test_error"]].isna().all(axis=None)
    assert (log.cost_unit, log.error_unit, log.bounded) == ("kWh", "1 - accuracy", True)
    assert log.spaces == ("unnamed",)


def test_failed_requests_and_those_without_an_end(tmp_path: Path) -> None:
    columns = {
        "val_acc": [0.5, None, 0.25, "nan", 0.75],
        "test_acc": [0.5, None, 0.5, None, 0.5],
        "energy": [1, None, 2, 3, 4],
        "status": ["ok", "CRASHED", "TrialState.RUNNING", "success", "fail"],
    }
    log = read(written(tmp_path / "a.csv", columns))
    assert column(log, "valid") == [True, False, False, False]
    assert column(log, "val_error") == column(log, "test_error") == [0.5, np.inf, np.inf, np.inf]
    assert column(log, "cost") == [1, 0, 3, 4]
    assert log.frame["energy"].isna().tolist() == [False, True, True, True]
    told = " ".join(log.notes)
    assert "not finished, and are left out: 1." in told
    assert "without a finite error, and count as failed: 1." in told
    assert "3 of 4 requests failed; the log holds a cost of 2 of them" in told


def test_a_status_of_no_meaning_is_named_with_its_row(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {"val_acc": [0.5, 0.5], "status": ["ok", "purple"]})
    with pytest.raises(LogError, match=r"a.csv: row 2, column status: 'purple' .* --columns \"valid=\""):
        read(path)
    assert read(path, "valid=").frame["valid"].all()


@pytest.mark.parametrize(
    ("cost", "said"), [("-1", "cost -1"), ("inf", "cost inf"), ("", "cost nan"), ("x", "'x' is not")]
)
def test_costs_that_cannot_be_are_named(tmp_path: Path, cost: str, said: str) -> None:
    path = written(tmp_path / "a.csv", {"seed": [1, 0, 0], "val_acc": [0.5] * 3, "energy_kwh": [1, 1, cost]})
    with pytest.raises(LogError, match=rf"a\.csv: row 3, column energy_kwh: .*{said}"):
        read(path)


def test_requests_are_put_in_the_order_that_a_column_tells(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {"trial": [3, 1, 2], "val_error": [0.3, 0.1, 0.2]})
    assert column(read(path), "val_error") == [0.1, 0.2, 0.3]
    assert column(read(path, "order="), "val_error") == [0.3, 0.1, 0.2]
    times = [f"2026-01-0{day} 00:00" for day in (2, 3, 1)]
    assert column(read(written(path, {"timestamp": times, "val_error": [0.2, 0.3, 0.1]})), "val_error") == [
        0.1,
        0.2,
        0.3,
    ]


class TestRunningTotals:
    def test_a_name_that_says_so(self, tmp_path: Path) -> None:
        columns = {"seed": [1, 0, 1, 0], "val_error": [0.1] * 4, "total_kwh": [5, 1, 7, None]}
        log = read(written(tmp_path / "a.csv", columns | {"ok": [1, 1, 1, 0]}))
        assert column(log, "cost") == [1, 0, 5, 2]
        assert any("running total by its name" in note for note in log.notes)

    def test_a_name_that_says_so_and_values_that_do_not(self, tmp_path: Path) -> None:
        log = read(written(tmp_path / "a.csv", {"val_error": [0.1] * 3, "total_kwh": [5, 1, 7]}))
        assert column(log, "cost") == [5, 1, 7]
        assert any("no running total" in note for note in log.notes)

    def test_values_that_always_rise(self, tmp_path: Path) -> None:
        rising = {"val_error": [0.1] * 8, "energy_kwh": [1, 2, 4, 5, 6, 7, 8, 10]}
        log = read(written(tmp_path / "a.csv", rising))
        assert column(log, "cost") == column(log, "energy") == [1, 1, 2, 1, 1, 1, 1, 2]
        assert any("if it is not: cost=energy_kwh" in note for note in log.notes)
        assert column(read(tmp_path / "a.csv", "cost=energy_kwh"), "cost") == rising["energy_kwh"]

    def test_values_that_never_fall_are_asked_for(self, tmp_path: Path) -> None:
        costs = [1, 2, 4, 5, 6, 7, 8, 8]
        path = written(tmp_path / "a.csv", {"val_error": [0.1] * 8, "energy_kwh": costs})
        with pytest.raises(LogError, match=r'--columns "cost=diff\(energy_kwh\)".* --columns "cost=energy_kwh"'):
            read(path)
        assert column(read(path, "cost=energy_kwh"), "cost") == costs
        assert column(read(path, "cost=diff(energy_kwh)"), "cost") == [1, 1, 2, 1, 1, 1, 1, 0]

    def test_a_success_without_a_total(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", {"val_error": [0.1] * 3, "total_kwh": [1, None, 3]})
        with pytest.raises(LogError, match=r"row 2, column total_kwh: a request cannot cost nan"):
            read(path)

    def test_told(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", {"val_error": [0.1] * 2, "joules": [4, 6]})
        assert column(read(path, "cost=diff(joules/2)"), "cost") == [2, 1]
        path = written(tmp_path / "b.csv", {"val_error": [0.1] * 3, "joules": [4, 6, 5]})
        with pytest.raises(LogError, match=r"b\.csv: row 3, column joules: a running total that falls by 1"):
            read(path, "cost=diff(joules)")


class TestNames:
    def test_by_default(self, tmp_path: Path) -> None:
        for name in ("rs_seed3.csv", "seed4/tpe-0.5.csv", "bo/seed_5.csv", "ga.csv"):
            written(tmp_path / name, {"loss": [1]})
        log = read(tmp_path)
        searches = set(log.frame[["method", "seed"]].itertuples(index=False, name=None))
        assert searches == {("rs", "3"), ("tpe-0.5", "4"), ("bo", "5"), ("ga", "0")}
        assert any("names of files" in note for note in log.notes)
        assert log.sources == (str(tmp_path),)

    def test_by_a_pattern(self, tmp_path: Path) -> None:
        for name in ("rs/5v/run1_9.csv", "re/5v/run2_9.csv", "other.csv"):
            written(tmp_path / name, {"loss": [1], "method": ["wrong"]})
        log = read(tmp_path, files="{method}/{space}/run{seed}_*.csv")
        assert log.frame[["method", "space", "seed"]].values.tolist() == [["re", "5v", "2"], ["rs", "5v", "1"]]
        with pytest.raises(LogError, match="is not of the form --files"):
            read(tmp_path / "other.csv", files="{method}/run{seed}.csv")

    @pytest.mark.parametrize("pattern", ["a.csv", "{method}/{method}.csv", "{optimizer}.csv"])
    def test_of_no_use(self, tmp_path: Path, pattern: str) -> None:
        with pytest.raises(LogError, match="--files"):
            read(as_csv(tmp_path), files=pattern)

    def test_the_same_search_twice(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            written(tmp_path / folder / "rs.csv", {"loss": [1]})
        with pytest.raises(LogError, match=r"b/rs.csv: the search unnamed / rs / 0 is in .*a/rs.csv too; .*--files"):
            read(tmp_path)


class TestLanguage:
    COLUMNS = ("acc", "val/100", "a b", "spent", "1-acc")

    @pytest.mark.parametrize(
        ("right", "meant"),
        [
            ("acc", Formula(("acc",))),
            ("1-acc", Formula(("1-acc",))),  # the column of that name
            ("2 - acc", Formula(("acc",), offset=2, scale=-1)),
            ("-acc", Formula(("acc",), scale=-1)),
            ("acc/4", Formula(("acc",), scale=0.25)),
            ("1-acc*2", Formula(("acc",), offset=1, scale=-2)),
            ("val/100", Formula(("val/100",))),
            ("val/100/2", Formula(("val/100",), scale=0.5)),
            ('"a b"', Formula(("a b",))),
            ("diff( spent/1e3 )", Formula(("spent",), scale=1e-3, running=True)),
            ('diff(spent/2 by acc+"a b")', Formula(("spent",), scale=0.5, running=True, within=("acc", "a b"))),
            ("'7'", Formula(constant="7")),
            ("", Formula()),
        ],
    )
    def test_right_sides(self, right: str, meant: Formula) -> None:
        assert formula("cost", right, self.COLUMNS, "log") == meant

    def test_in_words_as_they_are_read(self) -> None:
        for right in ("1-acc/100", 'diff(spent/2 by acc+"a b")', "-acc", '"1-acc"'):
            assert formula("cost", right, self.COLUMNS, "log").in_words == right
        assert option('cost="a b"') == """--columns 'cost="a b"'"""
        assert option("cost=acc", "energy=") == '--columns "cost=acc, energy="'

    def test_a_column_whose_name_is_a_sum(self) -> None:
        assert formula("config", "a+b", ("a+b", "a", "b"), "log") == Formula(("a+b",))
        assert formula("config", "a+b", ("a", "b"), "log") == Formula(("a", "b"))

    def test_items(self) -> None:
        written = """ method='a, b', cost = "x,y"/2 ,order=, error_unit='1 - F1' """
        assert items(written) == {"method": "'a, b'", "cost": '"x,y"/2', "order": "", "error_unit": "'1 - F1'"}
        assert items("") == {}

    @pytest.mark.parametrize("columns", ["cost", "cost='x", "cost=acc, cost=acc"])
    def test_what_is_no_item(self, columns: str) -> None:
        with pytest.raises(LogError, match="--columns"):
            items(columns)

    @pytest.mark.parametrize(
        ("name", "right"),
        [("cost", "acc/0"), ("cost", "'dear'"), ("method", "diff(acc)"), ("cost_unit", "acc"), ("val_error", "")],
    )
    def test_what_is_no_right_side(self, name: str, right: str) -> None:
        with pytest.raises(LogError, match="--columns"):
            formula(name, right, self.COLUMNS, "log")

    @pytest.mark.parametrize(("name", "right"), [("cost", "1-ac"), ("cost", "__import__('os')"), ("method", "1-acc*2")])
    def test_no_such_column(self, name: str, right: str) -> None:
        with pytest.raises(UnknownNameError, match="column of log"):
            formula(name, right, self.COLUMNS, "log")

    def test_no_such_name(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean 'method'"):
            items("metod=acc")

    def test_units_and_constants(self, tmp_path: Path) -> None:
        log = read(as_csv(tmp_path), "cost='2', cost_unit='EUR', error_unit='1 - F1', space='x', energy=")
        assert (log.cost_unit, log.error_unit, log.spaces, column(log, "cost")) == ("EUR", "1 - F1", ("x",), [2.0] * 3)
        assert log.frame["energy"].isna().all()
        assert any("cost='2'" in note for note in log.notes)


class TestHostileFiles:
    @pytest.mark.parametrize("packed", [as_gzip, as_zip])
    def test_a_bomb_is_not_unpacked(self, tmp_path: Path, packed, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
        size = 40
        monkeypatch.setattr(hostile_file.content, "__defaults__", (size,))
        monkeypatch.setattr(hostile_file.text, "__defaults__", (size,))
        with pytest.raises(LogError, match="more than 0 MiB"):
            read(packed(tmp_path))

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("a.csv", b"", "no header"),
            ("a.csv", b"loss\n", "no row"),
            ("a.csv", b"a,b\n1,2\n1,2,3,4\n", "cannot be read as a table"),
            ("a.csv", b"loss\n\xff\n", "no UTF-8"),
            ("a.csv.gz", b"\x1f\x8b\x08\x00garbage", "cannot be read"),
            ("a.csv.zip", b"PK\x03\x04garbage", "cannot be read"),
            ("a.parquet", b"PAR1garbage", "cannot be read"),
            ("a.json", b"[" * 100_000, "a.json"),
            ("a.json", b'[{"a": 1}, 2]', "row 2 is 2, expected an object"),
            ("a.jsonl", b'{"a": 1}\nrubbish\n{"a": 2}\n', "line 2: no JSON"),
            ("a.db", b"SQLite format 3\x00garbage", "a.db"),
            ("a.csv", b'"lo\x1b[2Jss\n",x\n1,1\n', "columns: lo?[2Jss?"),
        ],
    )
    def test_what_is_no_table_gets_one_printable_line(
        self, tmp_path: Path, name: str, content: bytes, said: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(LogError) as raised:
            read(tmp_path / name)
        assert said in str(raised.value)
        assert str(raised.value).isprintable()

    def test_rows_of_ever_new_fields(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(table_file, "MOST_CELLS", 20)
        (tmp_path / "a.jsonl").write_text("".join(f'{{"field{number}": 1}}\n' for number in range(5)))
        with pytest.raises(LogError, match="5 requests with 5 or more different fields"):
            read(tmp_path / "a.jsonl")

    def test_pipes_and_absent_files(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.csv")
        with pytest.raises(LogError, match="it is a pipe"):
            read(tmp_path / "a.csv")
        with pytest.raises(LogError, match="No such file"):
            read(tmp_path / "b.csv")
        with pytest.raises(LogError, match="no history found"):
            read(tmp_path)

    def test_names_of_methods_are_printable(self, tmp_path: Path) -> None:
        log = read(written(tmp_path / "a.csv", {"loss": [1], "method": ["<b>\x1b[31m"]}))
        assert column(log, "method") == ["<b>?[31m"]


def test_units_that_differ_within_a_folder(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", {"loss": [1], "energy_kwh": [1]})
    written(tmp_path / "b.csv", {"loss": [1], "energy_j": [1]})
    with pytest.raises(LogError, match=r"""cost_unit differs: kWh .* J .* --columns "cost_unit='kWh'\""""):
        read(tmp_path)
    assert read(tmp_path, "cost_unit='kWh'").cost_unit == "kWh"


def test_presets_and_paths_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'optuna'"):
        read(as_csv(tmp_path), preset="optunna")
    with pytest.raises(UserError, match="no log is named"):
        read_logs([])


def test_a_study_of_ours_needs_no_audit(tmp_path: Path) -> None:
    (tmp_path / "space").mkdir()
    for name in ("study.json", "space/reference.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match="fairwatt compare"):
        read(tmp_path)


@pytest.mark.slow
def test_the_published_runs_need_no_words(shared: Path) -> None:
    log = read(shared / "ecnas" / "ecnas_published_runs.parquet")
    assert len(log.frame) == 297_337
    assert (log.cost_unit, log.error_unit, log.bounded, log.spaces) == ("kWh", "1 - accuracy", True, ("4v", "5v", "7v"))
    spent = log.frame.groupby(["space", "method", "seed"])["cost"].sum()
    means = spent.groupby(["space", "method"]).mean()
    known = {("4v", "rs"): 38.1, ("4v", "semoa"): 532, ("5v", "rs"): 42.2, ("5v", "semoa"): 2143, ("7v", "semoa"): 1598}
    assert {search: means[search] for search in known} == pytest.approx(known, rel=2e-3)
    assert any("fidelity is not written: 929." in note for note in log.notes)
    failed = log.frame[~log.frame["valid"]]
    assert len(failed) == 297_337 - 271_131
    assert (failed["cost"] == 0).all()
    assert np.isinf(failed["val_error"]).all()
    assert set(log.frame["fidelity"].dropna()) == {4, 12, 36, 108}
    assert log.frame["val_error"].min() == pytest.approx(1 - 0.94557959)
