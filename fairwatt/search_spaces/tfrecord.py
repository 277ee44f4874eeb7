"""EC-NAS files without TensorFlow: frames, checksums, and the records inside, checked before anyone sees them.

A frame is u64 length · u32 masked CRC-32C of the length · payload · u32 masked CRC-32C of the payload, all
little-endian. `frames` serves NASBench-101's files too, which share it. A payload is the UTF-8 JSON list
[hash, epochs, adjacency, operations, metrics], the last a base64 text with line breaks of a proto2 message.
"""

import base64
import json
import math
import os
import re
import reprlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell import INPUT, OPS, OUTPUT, graph_hash
from fairwatt.search_spaces.cell_index import MAX_EDGES, kept_vertices, pairs
from fairwatt.search_spaces.ecnas_metrics import Metrics, decode_metrics

MAX_VERTICES = 7
MAX_EPOCHS = 32_767
EVALUATIONS = 3

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_HASH = re.compile(r"[0-9a-f]{32}")
_LFS_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\s*$", re.MULTILINE)
_LFS_SIZE = re.compile(rb"^size (\d{1,18})\s*$", re.MULTILINE)


class TFRecordError(UserError):
    """A file that is not what it should be: which record (0-based), at which byte it begins, and why.

    record: None where the whole file is at fault (empty, unreadable).
    """

    def __init__(self, path: Path | str, record: int | None, offset: int, reason: str) -> None:
        place = "" if record is None else f" record {record} at byte {offset}:"
        super().__init__(f"{path}:{place} {reason}")
        self.path, self.record, self.offset, self.reason = Path(path), record, offset, reason


class Frame(NamedTuple):
    """One payload, checksums verified, and where its frame begins."""

    record: int
    offset: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One training of one cell.

    hash: the cell's md5 graph hash. matrix: n rows of n, upper-triangular 0/1. ops: n names, "input" to "output".
    metrics: what was recorded; unset is None. record, offset: where in the file; no part of equality.
    """

    hash: str
    epochs: int
    matrix: tuple[tuple[int, ...], ...]
    ops: tuple[str, ...]
    metrics: Metrics
    record: int = field(compare=False)
    offset: int = field(compare=False)


def read_records(path: Path | str) -> Iterator[Record]:
    """The records of an EC-NAS file in file order, one at a time; raises TFRecordError at the first fault."""
    for frame in frames(path):
        try:
            yield _record(frame)
        except _FaultError as fault:
            raise TFRecordError(path, frame.record, frame.offset, str(fault)) from None


def frames(path: Path | str) -> Iterator[Frame]:
    """The frames of a TFRecord file; raises TFRecordError. Never holds more than one payload."""
    record, offset = 0, 0
    try:
        with Path(path).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size == 0:
                raise TFRecordError(path, None, 0, "empty file, no records")
            while offset < size:
                payload = _payload(stream, offset, size)
                yield Frame(record, offset, payload)
                record, offset = record + 1, offset + _HEADER.size + len(payload) + _CHECKSUM.size
    except _FaultError as fault:
        raise TFRecordError(path, record, offset, str(fault)) from None
    except OSError as error:
        raise TFRecordError(path, None, offset, f"cannot be read: {error.strerror or error}") from None


def masked_crc(data: bytes) -> int:
    """The masked CRC-32C that TFRecord files store."""
    import google_crc32c

    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class _FaultError(Exception):
    """Why a frame or a record is refused; its place is added by who knows it."""


def _payload(stream: BinaryIO, offset: int, size: int) -> bytes:
    header = stream.read(_HEADER.size)
    stranger = _stranger(header + stream.peek(1024)[:1024]) if offset == 0 else None  # type: ignore[attr-defined]
    if stranger:
        raise _FaultError(stranger)
    if len(header) < _HEADER.size:
        raise _FaultError(f"truncated: {len(header)} of the {_HEADER.size} bytes of a header")
    length, checksum = _HEADER.unpack(header)
    if masked_crc(header[:8]) != checksum:
        hint = "; this is not a TFRecord file, or it is damaged" if offset == 0 else ""
        raise _FaultError(f"the checksum (CRC-32C) of the length does not match{hint}")
    left = size - offset - _HEADER.size
    if length + _CHECKSUM.size > left:  # before anything of that size is allocated
        raise _FaultError(
            f"truncated: the header announces {length} payload bytes and a checksum, the file ends {left} bytes on"
        )
    payload, tail = stream.read(length), stream.read(_CHECKSUM.size)
    if len(payload) + len(tail) < length + _CHECKSUM.size:
        raise _FaultError("truncated: the file became shorter while it was read")
    if masked_crc(payload) != _CHECKSUM.unpack(tail)[0]:
        raise _FaultError("the checksum (CRC-32C) of the payload does not match: the record is damaged")
    return payload


def _stranger(start: bytes) -> str | None:
    """What a file is that was saved in place of the data, told by its first bytes; None where it may be the data."""
    if start.startswith(b"version https://git-lfs"):
        oid, length = _LFS_OID.search(start), _LFS_SIZE.search(start)
        if not (oid and length):
            return "a Git LFS pointer, not the data (and a damaged one); fetch the file that it stands for"
        return (
            "a Git LFS pointer, not the data; fetch the file that it stands for: "
            f"{int(length[1])} bytes, sha256 {oid[1].decode()}"
        )
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML), not the data; fetch the file itself, not the page that shows it"
    return None


def _record(frame: Frame) -> Record:
    parts = _json(frame.payload)
    if not isinstance(parts, list) or len(parts) != 5:
        raise _FaultError("expected a JSON list of hash, epochs, adjacency, operations and metrics")
    cell_hash, epochs, adjacency, operations, metrics = parts
    if not isinstance(cell_hash, str) or not _HASH.fullmatch(cell_hash):
        raise _FaultError(f"the hash is {reprlib.repr(cell_hash)}, expected 32 lower-case hex digits")
    if type(epochs) is not int or not 1 <= epochs <= MAX_EPOCHS:
        raise _FaultError(f"the epochs are {reprlib.repr(epochs)}, expected 1 to {MAX_EPOCHS}")
    if not isinstance(adjacency, str) or not isinstance(operations, str):
        raise _FaultError("adjacency and operations must be texts")
    matrix, ops, computed = _cell(adjacency, operations)
    if computed != cell_hash:
        raise _FaultError(f"the stored hash is {cell_hash}, the stored cell's is {computed}")
    return Record(cell_hash, epochs, matrix, ops, _metrics(metrics), frame.record, frame.offset)


def _json(payload: bytes) -> object:
    try:
        return json.loads(payload.decode())
    except UnicodeDecodeError as error:
        raise _FaultError(f"the payload is not UTF-8: {error.reason} at its byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _FaultError(f"the payload is not JSON: {error.msg} at its character {error.pos}") from None
    except (ValueError, RecursionError):  # a number with thousands of digits, brackets nested as deeply
        raise _FaultError("the payload is not JSON that a record can hold") from None


@lru_cache(maxsize=1 << 14)
def _cell(adjacency: str, operations: str) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...], str]:
    """The matrix, the operations and the graph hash of a stored cell; files name each cell several times."""
    size = math.isqrt(len(adjacency))
    if size * size != len(adjacency) or not 2 <= size <= MAX_VERTICES:
        raise _FaultError(f"the adjacency has {len(adjacency)} digits, no square of 2 to {MAX_VERTICES} vertices")
    if adjacency.strip("01"):
        raise _FaultError(f"the adjacency is {reprlib.repr(adjacency)}, expected digits 0 and 1")
    matrix = tuple(tuple(int(digit) for digit in adjacency[row : row + size]) for row in range(0, size * size, size))
    if any(any(row[: place + 1]) for place, row in enumerate(matrix)):
        raise _FaultError("the adjacency is not upper-triangular")
    if adjacency.count("1") > MAX_EDGES:
        raise _FaultError(f"the cell has {adjacency.count('1')} edges, at most {MAX_EDGES}")
    ops = tuple(operations.split(","))
    if len(ops) != size:
        raise _FaultError(f"{size} vertices and {len(ops)} operations")
    if (ops[0], ops[-1]) != (INPUT, OUTPUT):
        raise _FaultError(f"operations run from '{INPUT}' to '{OUTPUT}', not {ops[0][:40]!r} to {ops[-1][:40]!r}")
    for op in ops[1:-1]:
        if op not in OPS:
            raise _FaultError(f"unknown operation {op[:40]!r}; known: {', '.join(OPS)}")
    kept = kept_vertices({(i, j) for i, j in pairs(size) if matrix[i][j]}, size)
    if len(kept) != size:
        raise _FaultError(f"{size - len(kept)} of the cell's vertices are on no path from input to output")
    return matrix, ops, graph_hash(matrix, ops)


def _metrics(text: object) -> Metrics:
    if not isinstance(text, str):
        raise _FaultError("the metrics must be a base64 text")
    try:
        data = base64.b64decode(text.replace("\n", ""), validate=True)
    except ValueError as error:
        raise _FaultError(f"the metrics are not base64: {error}") from None
    try:
        metrics = decode_metrics(data)
    except ValueError as error:
        raise _FaultError(f"the metrics are not a message: {error}") from None
    if len(metrics.evaluations) != EVALUATIONS:
        raise _FaultError(f"{len(metrics.evaluations)} evaluations, expected {EVALUATIONS}: start, half-way, end")
    final = metrics.final
    for name in ("energy_kwh", "seconds"):
        value = getattr(final, name)
        if value is not None and not 0 <= value < math.inf:
            raise _FaultError(f"the final {name} is {value}, expected a finite number that is not negative")
    for name in ("train_accuracy", "validation_accuracy", "test_accuracy"):
        value = getattr(final, name)
        if value is not None and not 0 <= value <= 1:
            raise _FaultError(f"the final {name} is {value}, expected a fraction between 0 and 1")
    if metrics.trainable_parameters is not None and metrics.trainable_parameters < 0:
        raise _FaultError(f"{metrics.trainable_parameters} trainable parameters")
    return metrics
