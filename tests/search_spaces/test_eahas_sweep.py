"""Sweeps as CSV: the same trainings as in JSON, by either's names, and one line for what is none."""

from pathlib import Path

import pytest
from invented_eahas import csv_rows, pycls_record, sampled, write_csv, write_json

from fairwatt.search_spaces import eahas_sweep
from fairwatt.search_spaces.eahas_fields import PYCLS, number, shown, whole_numbers
from fairwatt.search_spaces.eahas_sweep import SweepFileError, check_form, read_sweep

ROW = "training,epoch,lr\n"


@pytest.mark.parametrize("prefix", [None, "cfg.", ""])
def test_a_csv_file_holds_what_json_holds(tmp_path: Path, prefix: str | None) -> None:
    records = [pycls_record(config) for config in sampled(3)]
    rows = [row for place, record in enumerate(records) for row in csv_rows(record, f"job {place}")]
    if prefix is not None:
        rows = [{_column(name, prefix): value for name, value in row.items()} for row in rows]
    found = []
    for path in (write_json(tmp_path / "a.json", records), write_csv(tmp_path / "a.csv", rows)):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as spreadsheets begin a file
        with path.open("rb") as stream:
            found.append(list(read_sweep(path, stream).records))
    for one, other in zip(*found, strict=True):
        assert one.number == other.number
        for name, text in other.values.items():
            assert text == str(one.values[name])
        for name, column in other.curves.items():
            assert [float(text) for text in column] == one.curves[name]
        assert {"epoch", "test_error", "train_error", "seconds"} <= other.curves.keys()


def _column(name: str, prefix: str) -> str:
    path = PYCLS.get(name, name)
    return path.removeprefix("cfg.") if not prefix else path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("epoch;lr\n1;0.1\n", "no column 'training', a label that each training has alone, but 'epoch;lr'"),
        ("training,LR\na,0.1\n", "no column of a curve, such as 'test_error' and 'seconds', but 'training, LR'"),
        ("training,epoch,lr,OPTIM.BASE_LR\n", "columns 'lr', 'OPTIM.BASE_LR', which are the same (lr)"),
        ("training,energy_wh,energy_kwh\n", "which are the same (energy)"),
        (ROW + "a,1\n", "line 2: 2 values under 3 columns"),
        (ROW + "a,1,0.1\na,2,0.2\n", "training 'a': lr changes from row to row"),
        (ROW + "a,1,0.1\nb,1,0.1\na,2,0.1\n", "line 4: training 'a' again; its rows must stand together"),
        (ROW + 'a,"1\n', "line 2: unexpected end of data"),
        (ROW + "a,\udcff,0.1\n", "is not UTF-8"),
        (ROW + "a," + "1" * 2**20, "has a line of more than"),
        (ROW + "a," + "1" * 200_000, "field larger than field limit"),
        (ROW + "a,1,0.1\n" * 10_001, "more than 10,000 epochs"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_no_table_of_epochs_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with path.open("rb") as stream, pytest.raises(SweepFileError) as refused:
        list(read_sweep(path, stream).records)
    assert reason in str(refused.value)


def test_other_files_and_those_beyond_limits_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SweepFileError, match=r"expected a sweep as \.json"):
        check_form(tmp_path / "sweep.pickle")
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(10 * 2**30)  # takes no room
    with pytest.raises(SweepFileError, match="10,737,418,240 bytes; at most"):
        check_form(large)
    monkeypatch.setattr(eahas_sweep, "MOST_RECORDS", 2)
    path = write_json(tmp_path / "a.json", [{}, {}, {}])
    with path.open("rb") as stream, pytest.raises(SweepFileError, match="more than 2 trainings"):
        list(read_sweep(path, stream).records)


def test_numbers_are_what_is_a_number_and_nothing_else() -> None:
    assert [number(value) for value in (1, 0.5, "2e3", 10**400, "1e999")] == [
        1.0,
        0.5,
        2000.0,
        float("inf"),
        float("inf"),
    ]
    assert all(number(value) != number(value) for value in (None, True, "1_000", "", "x", [1], {}, "nan"))
    assert whole_numbers([4, 7]) == whole_numbers("[4, 7]") == whole_numbers("4 7") == (4, 7)
    assert whole_numbers([4, 1.5]) == whole_numbers([True]) == whole_numbers(None) == whole_numbers([10**400]) == ()
    assert shown("\x1b[31m" + "x" * 99) == "'\\x1b[31m" + "x" * 48 + "..."
    assert shown(10**4_000) == "a huge number"
