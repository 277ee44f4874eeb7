"""Mutated files for the reader of EC-NAS and NAS-Bench-101 files.

Each must give a TFRecordError, or records: the original ones where the mutation changed nothing that counts or was
left without its checksums, and otherwise what the general decoder reads from the mutated message.

    python -m tests.search_spaces.fuzz_tfrecord --files 100000 --seed 0
"""

import argparse
import base64
import json
import resource
import signal
import struct
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

try:
    import ecnas_writer as w  # pytest puts this folder on the path
except ModuleNotFoundError:
    from tests.search_spaces import ecnas_writer as w

from fairwatt.search_spaces import protobuf
from fairwatt.search_spaces.ecnas_metrics import ECNAS, NASBENCH, Metrics, decode_metrics, decode_nasbench
from fairwatt.search_spaces.tfrecord import Record, TFRecordError, masked_crc, read_records

MOST_BYTES = 4 << 20
"""Of memory, that reading a mutated file of some kilobytes may take."""
MOST_SECONDS = 5
_TRACED = 200

CELLS = (
    w.CHAIN,
    ("0110000100010000", "input,conv1x1-bn-relu,maxpool3x3,output"),
    (
        "0110000000100000001000000010000001000000010000000",
        "input,conv3x3-bn-relu,conv1x1-bn-relu,maxpool3x3,conv3x3-bn-relu,conv3x3-bn-relu,output",
    ),
)
Rng = np.random.Generator
Mutant = tuple[bytes, bool, bool]
"""A file, whether nothing changed that counts, and whether its checksums were repaired."""


@dataclass(frozen=True)
class Original:
    """A sound file: its messages by record, and how they are decoded."""

    messages: tuple[bytes, ...]
    nasbench: bool

    @cached_property
    def payloads(self) -> tuple[bytes, ...]:
        return tuple(w.payload(data, cell=cell, epochs=108) for data, cell in zip(self.messages, CELLS, strict=True))

    @property
    def decode(self) -> Callable[[bytes], Metrics]:
        return decode_nasbench if self.nasbench else decode_metrics

    def general(self, message: bytes) -> Any:
        """The message as the general decoder reads it, without the memory for layouts."""
        return protobuf.decode(NASBENCH if self.nasbench else ECNAS, message)


@cache
def originals() -> tuple[Original, ...]:
    """As the measured files are (every field set), as 7V's (most of them unset), and as NAS-Bench-101's."""
    point = w.FINAL | {8: 88.0, 9: "2022-05-28 13:57:33", 10: "2022-05-28 13:58:14"}
    final = point | {11: 0.014, 12: 1.25, 13: 97.0, 14: 88.5, 15: "model.ckpt"}
    device = w.field(1, w.field(1, 150.5)) + w.field(2, w.field(1, 9449.25)) + w.field(3, w.field(1, "GPU é"))
    power = w.field(9, w.field(1, device) + w.field(2, device))
    totals = w.message({3: 154.5, 4: 0.0187, 5: 1.64, 6: "2022-05-28", 7: "2022-05-29", 8: 88.0})
    measured = b"".join(w.field(1, w.message(part)) for part in (point, point, final)) + w.field(2, 1756298)
    accuracies = {3: 0.5, 4: 0.4375, 5: 0.40625}
    surrogate = b"".join(w.field(1, w.message(p)) for p in (accuracies, accuracies, {1: 108.0, 2: 900.5} | accuracies))
    surrogate = surrogate + w.field(2, 8555530)
    numbers = {1: 108.0, 2: 1157.5} | accuracies
    nasbench = b"".join(w.field(1, w.message(numbers)) for _ in range(3)) + w.field(2, 8555530) + w.field(3, 2400.5)
    return (
        Original((measured + totals + power, measured + power, measured), nasbench=False),
        Original((surrogate, surrogate, surrogate), nasbench=False),
        Original((nasbench, nasbench, nasbench), nasbench=True),
    )


def mutated(original: Original, rng: Rng) -> tuple[str, Mutant]:
    """One mutation at one level, and the level's name."""
    name = list(LEVELS)[int(rng.integers(len(LEVELS)))]
    return name, LEVELS[name](original, rng)


def outcome(path: Path, original: Original, mutant: Mutant) -> str:
    """ "refused", "equal" or "other values"; AssertionError for everything that must not be."""
    data, void, _ = mutant
    path.write_bytes(data)
    try:
        records = list(read_records(path, original.decode))
    except TFRecordError as error:
        problem = _problem(error, data, void)
    else:
        return _compared(records, original, mutant)
    assert not problem, problem
    return "refused"


def _problem(error: TFRecordError, data: bytes, void: bool) -> str:
    """What is wrong with a refusal."""
    if void:
        return f"refused although nothing changed: {error}"
    if "\n" in str(error) or not 0 <= error.offset <= len(data) or (error.record is None) == bool(data):
        return f"a strange error: {error!r}"
    return ""


def _compared(records: list[Record], original: Original, mutant: Mutant) -> str:
    data, void, repaired = mutant
    expected = {_facts(record) for record in _expected(original)}
    if {_facts(record) for record in records} <= expected and (not void or len(records) == len(expected)):
        return "equal"
    assert repaired, "other values under an intact checksum"
    assert not void, "a mutation that changes nothing gave other values"
    for record, payload in zip(records, _payloads(data), strict=True):
        message = base64.b64decode(json.loads(payload)[-1])
        assert repr(record.metrics) == repr(original.general(message)), "a layout gave other values"
    return "other values"


@cache
def _expected(original: Original) -> tuple[Record, ...]:
    with tempfile.TemporaryDirectory() as folder:
        return tuple(read_records(w.write(Path(folder, "a"), *original.payloads), original.decode))


def _facts(record: Record) -> tuple[Any, ...]:
    return record.hash, record.epochs, record.matrix, record.ops, repr(record.metrics)


def _payloads(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + size]
        at += size + 16


# -- mutations


def scrambled(data: bytes, rng: Rng) -> bytes:
    """One to three bytes flipped, overwritten, removed, inserted or repeated, or a tail cut off."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if not changed:
            break
        place, kind = int(rng.integers(len(changed))), int(rng.integers(6))
        if kind == 0:
            changed[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[place] = int(rng.integers(256))
        elif kind == 2:
            del changed[place : place + int(rng.integers(1, 9))]
        elif kind == 3:
            changed[place:place] = rng.bytes(int(rng.integers(1, 9)))
        elif kind == 4:
            changed[place:place] = changed[place : place + int(rng.integers(1, 65))]
        elif place:
            del changed[place:]
    return bytes(changed)


def _file(payloads: Iterable[bytes]) -> bytes:
    return b"".join(map(w.frame, payloads))


def _with(original: Original, rng: Rng, change: Callable[[bytes], bytes]) -> bytes:
    """The file with one of its payloads changed and its checksums repaired."""
    payloads = list(original.payloads)
    place = int(rng.integers(len(payloads)))
    payloads[place] = change(payloads[place])
    return _file(payloads)


def in_bytes(original: Original, rng: Rng) -> Mutant:
    data = _file(original.payloads)
    changed = scrambled(data, rng)
    return changed, changed == data, False


def in_frames(original: Original, rng: Rng) -> Mutant:
    frames = [w.frame(payload) for payload in original.payloads]
    kind, place = int(rng.integers(4)), int(rng.integers(len(frames)))
    if kind == 0:
        del frames[place]
    elif kind == 1:
        frames.append(frames[place])
    elif kind == 2:
        frames[place:] = frames[place:][::-1]
    else:
        frames.append(rng.bytes(int(rng.integers(1, 40))))
    return b"".join(frames), False, False


def in_lengths(original: Original, rng: Rng) -> Mutant:
    frames = [w.frame(payload) for payload in original.payloads]
    place = int(rng.integers(len(frames)))
    size = len(frames[place]) - 16
    near = size + int(rng.integers(-20, 21))
    length = [0, 1, near, 2 * size, 2**31, 2**63, 2**64 - 1, int(rng.integers(2**40))][int(rng.integers(8))]
    header = struct.pack("<Q", max(length, 0))
    repaired = bool(rng.integers(2))
    checksum = struct.pack("<I", masked_crc(header)) if repaired else frames[place][8:12]
    frames[place] = header + checksum + frames[place][12:]
    return b"".join(frames), length == size, False


def in_payload(original: Original, rng: Rng) -> Mutant:
    return _with(original, rng, lambda payload: scrambled(payload, rng)), False, True


def in_json(original: Original, rng: Rng) -> Mutant:
    strange: list[Any] = [None, True, -1, 0, 4.5, 10**30, "", "é" * 99, [], [[]], {"a": 1}, "0" * 49, float("nan")]

    def change(payload: bytes) -> bytes:
        parts = json.loads(payload)
        kind, place = int(rng.integers(5)), int(rng.integers(5))
        if kind == 0:
            parts[place] = strange[int(rng.integers(len(strange)))]
        elif kind == 1:
            del parts[place]
        elif kind == 2:
            parts.insert(place, strange[int(rng.integers(len(strange)))])
        elif kind == 3 and isinstance(parts[place], str):
            parts[place] = scrambled(parts[place].encode(), rng).decode("utf-8", "replace")
        else:
            other = int(rng.integers(5))
            parts[place], parts[other] = parts[other], parts[place]
        return json.dumps(parts).encode()

    return _with(original, rng, change), False, True


def in_json_spelling(original: Original, rng: Rng) -> Mutant:
    def change(payload: bytes) -> bytes:
        parts = json.loads(payload)
        if rng.integers(2):
            blank = " \t\n\r"[int(rng.integers(4))]
            return (blank + json.dumps(parts, indent=int(rng.integers(4))) + blank).encode()
        place = int(rng.integers(5))
        items = [json.dumps(part) for part in parts]
        if isinstance(parts[place], str):
            items[place] = '"' + "".join(f"\\u{ord(character):04x}" for character in parts[place]) + '"'
        return f"[{','.join(items)}]".encode()

    return _with(original, rng, change), True, True


def in_base64(original: Original, rng: Rng) -> Mutant:
    spelling = bool(rng.integers(2))

    def change(payload: bytes) -> bytes:
        *parts, text = json.loads(payload)
        if spelling:  # other columns, which mean nothing
            flat, width = text.replace("\n", ""), int(rng.integers(1, 100))
            text = "\n" * int(rng.integers(3)) + "\n".join(flat[at : at + width] for at in range(0, len(flat), width))
        else:
            text = scrambled(text.encode(), rng).decode("latin-1")
        return json.dumps([*parts, text]).encode()

    return _with(original, rng, change), spelling, True


def _with_message(original: Original, rng: Rng, change: Callable[[bytes], bytes]) -> bytes:
    def whole(payload: bytes) -> bytes:
        *parts, text = json.loads(payload)
        return json.dumps([*parts, base64.encodebytes(change(base64.b64decode(text))).decode()]).encode()

    return _with(original, rng, whole)


def in_message(original: Original, rng: Rng) -> Mutant:
    return _with_message(original, rng, lambda message: scrambled(message, rng)), False, True


def in_numbers(original: Original, rng: Rng) -> Mutant:
    """Bits of values only: the layout stays what it was."""

    def change(message: bytes) -> bytes:
        changed = bytearray(message)
        tags = [at for at in range(len(message) - 9) if message[at] in (0x11, 0x19, 0x21, 0x29, 0x31)]
        for at in rng.choice(tags, 3):
            number = [np.nan, np.inf, -0.0, 5e-324, float(rng.normal()), float(rng.random())][int(rng.integers(6))]
            changed[at + 1 : at + 9] = struct.pack("<d", number)
        return bytes(changed)

    return _with_message(original, rng, change), False, True


def with_unknown_fields(original: Original, rng: Rng) -> Mutant:
    def change(message: bytes) -> bytes:
        number = int(rng.integers(16, 1 << 20))
        values: list[float | int | str] = [float(rng.random()), int(rng.integers(2**40)), "x" * int(rng.integers(300))]
        unknown = w.field(number, values[int(rng.integers(3))])
        return message + unknown if rng.integers(2) else unknown + message

    return _with_message(original, rng, change), True, True


LEVELS: dict[str, Callable[[Original, Rng], Mutant]] = {
    "bytes": in_bytes,
    "frames": in_frames,
    "lengths": in_lengths,
    "payload": in_payload,
    "json": in_json,
    "json spelling": in_json_spelling,
    "base64": in_base64,
    "message": in_message,
    "numbers": in_numbers,
    "unknown fields": with_unknown_fields,
}


def fuzz(path: Path, files: int, seed: int) -> Counter[tuple[str, str]]:
    """How many files of each level had each outcome; AssertionError at the first that had none."""
    rng, counts = np.random.default_rng(seed), Counter[tuple[str, str]]()
    for number in range(files):
        original = originals()[number % len(originals())]
        level, mutant = mutated(original, rng)
        is_traced = number % _TRACED == 0
        if is_traced:
            tracemalloc.start()
        try:
            counts[level, outcome(path, original, mutant)] += 1
            assert not is_traced or tracemalloc.get_traced_memory()[1] < MOST_BYTES
        except BaseException:
            print(f"seed {seed}, file {number}, level {level}: kept at {path}")
            raise
        finally:
            tracemalloc.stop()
    return counts


def main() -> None:
    """Fuzz and print the counts; a file that takes longer than `MOST_SECONDS` ends it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()

    def hang(*_: object) -> None:
        raise TimeoutError(f"no file took its turn for {MOST_SECONDS} s of processor time")

    signal.signal(signal.SIGVTALRM, hang)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    total: Counter[tuple[str, str]] = Counter()
    for part in range(0, chosen.files, 100):  # the alarm is set anew for each hundred
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        path = Path(tempfile.gettempdir(), f"fuzz-{chosen.seed}-{part}.tfrecord")
        total += fuzz(path, min(100, chosen.files - part), chosen.seed + part)
        path.unlink()
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    outcomes = ("refused", "equal", "other values")
    print(f"{'level':16}" + "".join(f"{name:>14}" for name in outcomes))
    for level in (*LEVELS, "all"):
        own = {
            name: sum(n for (at, got), n in total.items() if got == name and level in (at, "all")) for name in outcomes
        }
        print(f"{level:16}" + "".join(f"{own[name]:>14,}" for name in outcomes))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{chosen.files:,} files, seed {chosen.seed}: {time.perf_counter() - start:.0f} s, memory grew {grown:.0f} MB"
    )


if __name__ == "__main__":
    main()
