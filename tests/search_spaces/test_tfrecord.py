import json
import re
import struct
import tracemalloc
from pathlib import Path

import ecnas_writer as w
import pytest

from fairwatt.search_spaces import cell_text, tfrecord
from fairwatt.search_spaces.cell_index import cell_hashes
from fairwatt.search_spaces.ecnas_metrics import Devices
from fairwatt.search_spaces.tfrecord import TFRecordError, frames, masked_crc, read_records

GOOD = w.payload()
SQUARE = ("0110000100010000", "input,conv1x1-bn-relu,maxpool3x3,output")


def fault(path: Path) -> TFRecordError:
    with pytest.raises(TFRecordError) as caught:
        list(read_records(path))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    power = w.field(1, w.field(1, w.field(1, 150.5)) + w.field(3, w.field(1, "GPU é")))
    extra = w.field(3, 90.25) + w.field(7, "2022-05-28 14:00:08") + w.field(9, power)
    path = w.write(tmp_path / "a", GOOD, w.payload(w.metrics(extra=extra), cell=SQUARE, epochs=108))
    first, second = read_records(path)
    assert (first.hash, first.epochs, first.ops) == (w.cell_hash(*w.CHAIN), 4, tuple(w.CHAIN[1].split(",")))
    assert second.matrix == ((0, 1, 1, 0), (0, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 0))
    assert (second.epochs, second.record, second.offset) == (108, 1, len(w.frame(GOOD)))
    assert second.metrics.final[:7] == tuple(w.FINAL.values())
    assert (second.metrics.trainable_parameters, second.metrics.total_seconds) == (1234, 90.25)
    assert (second.metrics.total_start, second.metrics.total_stop) == (None, "2022-05-28 14:00:08")
    assert second.metrics.power is not None
    assert second.metrics.power.gpu == Devices((150.5,), (), ("GPU é",))
    assert second.metrics.power.cpu is None


def test_unset_is_not_zero(tmp_path: Path) -> None:
    path = w.write(tmp_path / "a", w.payload(w.metrics({6: 0.0, 9: ""})))
    (record,) = read_records(path)
    final = record.metrics.final
    assert final.energy_kwh == 0.0
    assert final.start == ""
    assert set(final) - {0.0, ""} == {None}
    assert set(record.metrics.evaluations[0]) == {None}
    assert record.metrics.total_energy_kwh is None


def test_unknown_fields_are_skipped_and_the_last_of_a_scalar_counts(tmp_path: Path) -> None:
    unknown = w.field(77, 1.0) + w.field(78, 5) + w.field(79, "x") + w.varint(80 << 3 | 5) + b"\0\0\0\0"
    data = w.metrics(extra=unknown + w.field(4, 1.0) + w.field(4, 2.0) + w.field(2, -1) + w.field(2, 7))
    (record,) = read_records(w.write(tmp_path / "a", w.payload(data)))
    assert (record.metrics.total_energy_kwh, record.metrics.trainable_parameters) == (2.0, 7)


def test_frames_serve_files_of_other_contents(tmp_path: Path) -> None:
    assert [f.payload for f in frames(w.write(tmp_path / "a", b"", b"anything"))] == [b"", b"anything"]


def test_known_checksum() -> None:
    # RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 0x8A9136AA
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff[]", "not UTF-8"),
        (GOOD[:-1], "not JSON: .* at its character"),
        (b"[" * 100_000, "not JSON"),
        (b"[" + b"9" * 5_000 + b"]", "not JSON"),
        (b'{"a": 1}', "expected a JSON list"),
        (b"[1, 2, 3, 4]", "expected a JSON list"),
        (w.payload(stored_hash="A" * 32), "expected 32 lower-case hex"),
        (w.payload(stored_hash="a" * 31), "expected 32 lower-case hex"),
        (w.payload(stored_hash=7), "expected 32 lower-case hex"),
        (w.payload(stored_hash="a" * 32), "stored hash is a{32}, the stored cell's is [0-9a-f]{32}"),
        (w.payload(epochs=0), "epochs are 0"),
        (w.payload(epochs=True), "epochs are True"),
        (w.payload(epochs=4.0), "epochs are 4.0"),
        (w.payload(epochs=10**9), "epochs are 1000000000"),
        (w.payload(cell=("01001", w.CHAIN[1]), stored_hash="a" * 32), "5 digits"),
        (w.payload(cell=("1", "input"), stored_hash="a" * 32), "1 digits"),
        (w.payload(cell=("0" * 64, w.CHAIN[1]), stored_hash="a" * 32), "64 digits"),
        (w.payload(cell=("020001000", w.CHAIN[1]), stored_hash="a" * 32), "expected digits 0 and 1"),
        (w.payload(cell=("01\n001000", w.CHAIN[1]), stored_hash="a" * 32), "expected digits 0 and 1"),
        (w.payload(cell=("010101000", w.CHAIN[1]), stored_hash="a" * 32), "not upper-triangular"),
        (w.payload(cell=("010011000", w.CHAIN[1]), stored_hash="a" * 32), "not upper-triangular"),
        (w.payload(cell=("001000000", w.CHAIN[1]), stored_hash="a" * 32), "1 of the cell's vertices"),
        (w.payload(cell=("010000000", w.CHAIN[1]), stored_hash="a" * 32), "vertices are on no path"),
        (
            w.payload(cell=("0111100111000110000100000", "input,a,b,c,output"), stored_hash="a" * 32),
            "10 edges",
        ),
        (w.payload(cell=(w.CHAIN[0], "input,output"), stored_hash="a" * 32), "3 vertices and 2 operations"),
        (w.payload(cell=(w.CHAIN[0], "output,conv3x3-bn-relu,input"), stored_hash="a" * 32), "run from 'input'"),
        (w.payload(cell=(w.CHAIN[0], "input,conv5x5,output"), stored_hash="a" * 32), "unknown operation 'conv5x5'"),
        (w.payload(cell=(w.CHAIN[0], "input,a\nb,output"), stored_hash="a" * 32), r"unknown operation 'a\\nb'"),
        (json.dumps([w.cell_hash(*w.CHAIN), 4, *w.CHAIN, None]).encode(), "base64 text"),
        (w.payload("%%%%"), "not base64"),
        (w.payload("é"), "not base64"),
        (w.payload(w.metrics(evaluations=2)), "2 evaluations, expected 3"),
        (w.payload(w.metrics(evaluations=4)), "4 evaluations, expected 3"),
        (w.payload(w.metrics({6: float("nan")})), "final energy_kwh is nan"),
        (w.payload(w.metrics({6: float("inf")})), "final energy_kwh is inf"),
        (w.payload(w.metrics({6: -1e-9})), "final energy_kwh is -1e-09"),
        (w.payload(w.metrics({6: 1e300})), "final energy_kwh is 1e\\+300, expected a number from 0 to"),
        (w.payload(w.metrics({2: -1.0})), "final seconds is -1.0"),
        (w.payload(w.metrics({4: 1.0000001})), "final validation_accuracy is 1.0000001"),
        (w.payload(w.metrics({5: float("nan")})), "final test_accuracy is nan"),
        (w.payload(w.metrics({3: -0.1})), "final train_accuracy is -0.1"),
        (w.payload(w.metrics(extra=w.field(2, -5))), "-5 trainable parameters"),
        (w.payload(w.metrics(extra=b"\x80" * 10)), "longer than 10 bytes"),
        (w.payload(w.metrics(extra=b"\xff" * 9 + b"\x7f")), "more than 64 bits"),
        (w.payload(w.metrics(extra=b"\x80")), "runs past the end"),
        (w.payload(w.metrics(extra=w.field(3, 5))), "field 3 has wire type 0, expected 1"),
        (w.payload(w.metrics(extra=w.field(2, 5.0))), "field 2 has wire type 1, expected 0"),
        (w.payload(w.metrics(extra=w.field(6, 5.0))), "field 6 has wire type 1, expected 2"),
        (w.payload(w.metrics(extra=w.field(3, 5.0)[:-1])), "field 3 runs past the end"),
        (w.payload(w.metrics(extra=w.field(77, 5.0)[:-1])), "field 77 runs past the end"),
        (w.payload(w.metrics(extra=w.field(6, "abc")[:-1])), "announces 3 bytes, the message has 2 left"),
        (w.payload(w.metrics(extra=w.field(6, b"\xff"))), "field 6 is not UTF-8"),
        (w.payload(w.metrics(extra=w.field(9, b"") * 2)), "field 9 occurs twice"),
        (w.payload(w.metrics(extra=w.field(9, w.field(1, w.field(1, b"") * 65)))), "more than 64 devices"),
        (w.payload(w.metrics(extra=w.varint(77 << 3 | 3))), "field 77 has wire type 3"),
        (w.payload(w.metrics(extra=b"\x00\x00")), "0 is not a field number"),
    ],
)
def test_every_fault_of_a_record_is_told_with_its_place(tmp_path: Path, payload: bytes, reason: str) -> None:
    error = fault(w.write(tmp_path / "a.tfrecord", GOOD, payload, GOOD))
    assert (error.record, error.offset) == (1, len(w.frame(GOOD)))
    assert str(error) == f"{tmp_path / 'a.tfrecord'}: record 1 at byte {error.offset}: {error.reason}"
    assert re.search(reason, error.reason)


def test_a_file_cut_anywhere_is_truncated_at_the_right_record(tmp_path: Path) -> None:
    path, whole, step = tmp_path / "a", w.frame(GOOD) * 2, len(w.frame(GOOD))
    for size in range(1, 2 * step):
        if size == step:
            continue
        path.write_bytes(whole[:size])
        error = fault(path)
        assert (error.record, error.offset) == ((0, 0) if size < step else (1, step))
        assert error.reason.startswith("truncated: ")


def test_nothing_is_allocated_that_a_header_only_announces(tmp_path: Path) -> None:
    header = struct.pack("<Q", 2**60)
    path = tmp_path / "a"
    path.write_bytes(w.frame(GOOD) + header + struct.pack("<I", masked_crc(header)) + b"rest")
    tracemalloc.start()
    error = fault(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.record, error.offset) == (1, len(w.frame(GOOD)))
    assert str(2**60) in error.reason
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file, no records"),
        (b"<!DOCTYPE html>\n<html>", "web page"),
        (b"\n<HTML><body>404", "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12\n",
            "12 bytes, sha256 aaa",
        ),
        (b"version https://git-lfs.github.com/spec/v1\nsize 12\n", "LFS pointer"),
        (b"PAR1, or whatever else this may be", "not a TFRecord file"),
    ],
)
def test_strangers_are_called_by_their_name(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert reason in str(fault(path))


@pytest.mark.slow
def test_hashes_of_large_files_are_looked_up_and_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = (
        "011000000100000010000001000001000000",
        "input,conv3x3-bn-relu,conv1x1-bn-relu,maxpool3x3,conv1x1-bn-relu,output",
    )
    path = w.write(tmp_path / "a", GOOD, w.payload(cell=large))
    expected = list(read_records(path))
    monkeypatch.setattr(tfrecord, "_MANY_CELLS", 0)
    monkeypatch.setattr(cell_text, "cell_hashes", lambda: cell_hashes(6))  # without the 359,082 of 7 vertices
    assert list(read_records(path)) == expected
    assert cell_text.indexed_hash(*large) == w.cell_hash(*large)
    wrong = large[0], large[1].replace("maxpool3x3", "conv3x3-bn-relu")
    error = fault(w.write(tmp_path / "a", w.payload(cell=wrong, stored_hash=w.cell_hash(*large))))
    assert error.reason == f"the stored hash is {w.cell_hash(*large)}, the stored cell's is {w.cell_hash(*wrong)}"


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert "No such file" in str(fault(tmp_path / "none"))
    assert fault(tmp_path).record is None
