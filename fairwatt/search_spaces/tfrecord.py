"""EC-NAS and NAS-Bench-101 files without TensorFlow: frames, checksums, and the records inside, all of it checked.

A frame is u64 length · u32 masked CRC-32C of the length · payload · u32 masked CRC-32C of the payload, all
little-endian. A payload is the UTF-8 JSON list [hash, epochs, adjacency, operations, metrics], the last a base64 text
with line breaks of a proto2 message.
"""

import binascii
import json
import os
import re
import reprlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import google_crc32c

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.search_spaces.cell_text import Matrix, computed_hash, indexed_hash, matrix_of, ops_of
from fairwatt.search_spaces.ecnas_metrics import Metrics, decode_metrics

MAX_EPOCHS = 32_767
EVALUATIONS = 3

_ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
_accuracies = attrgetter(*_ACCURACIES)
_LARGEST_COST = 1e15
"""Of one training, in kWh or seconds: beyond anything that exists, and sums over a file stay finite."""
_MOST_DEVICES = 64

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_BUFFER = 1 << 20
_MANY_CELLS = 32 << 20
"""Bytes of a file above which hashes are looked up, not computed: the index of large cells takes seconds to build."""
_HASH = re.compile(r"[0-9a-f]{32}")
_LFS_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\s*$", re.MULTILINE)
_LFS_SIZE = re.compile(rb"^size (\d{1,18})\s*$", re.MULTILINE)

Decode = Callable[[bytes], Metrics]


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
    matrix: Matrix
    ops: tuple[str, ...]
    metrics: Metrics
    record: int = field(compare=False)
    offset: int = field(compare=False)


def read_records(path: Path | str, decode: Decode = decode_metrics) -> Iterator[Record]:
    """The records of a file in file order, one at a time; raises TFRecordError at the first fault.

    decode: what reads the metrics, `decode_nasbench` for files of NAS-Bench-101.
    """
    hash_of: Callable[[str, str], str] | None = None
    for frame in frames(path):
        if hash_of is None:
            hash_of = indexed_hash if Path(path).stat().st_size > _MANY_CELLS else computed_hash
        try:
            yield _record(frame, decode, hash_of)
        except _FaultError as fault:
            raise TFRecordError(path, frame.record, frame.offset, str(fault)) from None


def frames(path: Path | str) -> Iterator[Frame]:
    """The frames of a TFRecord file; raises TFRecordError. Never holds more than one payload."""
    record, offset = 0, 0
    try:
        check_regular(Path(path))
        with Path(path).open("rb", _BUFFER) as stream:
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


def message_of(payload: bytes) -> bytes:
    """The metrics of a record, as they were serialised; raises ValueError for a payload that is no record's."""
    try:
        return _message(_parts(payload)[-1])
    except _FaultError as fault:
        raise ValueError(str(fault)) from None


def masked_crc(data: bytes) -> int:
    """The masked CRC-32C that TFRecord files store."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def stranger(start: bytes) -> str | None:
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


class _FaultError(Exception):
    """Why a frame or a record is refused; its place is added by who knows it."""


def _payload(stream: BinaryIO, offset: int, size: int) -> bytes:
    header = stream.read(_HEADER.size)
    if offset == 0 and (said := stranger(header + stream.peek(1024)[:1024])):  # type: ignore[attr-defined]
        raise _FaultError(said)
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


def _record(frame: Frame, decode: Decode, hash_of: Callable[[str, str], str]) -> Record:
    stored, epochs, adjacency, operations, metrics = _parts(frame.payload)
    if type(epochs) is not int or not 1 <= epochs <= MAX_EPOCHS:
        raise _FaultError(f"the epochs are {reprlib.repr(epochs)}, expected 1 to {MAX_EPOCHS}")
    if not isinstance(adjacency, str) or not isinstance(operations, str):
        raise _FaultError("adjacency and operations must be texts")
    try:
        matrix, ops = matrix_of(adjacency), ops_of(operations)
    except ValueError as error:
        raise _FaultError(str(error)) from None
    if len(ops) != len(matrix):
        raise _FaultError(f"{len(matrix)} vertices and {len(ops)} operations")
    if (computed := hash_of(adjacency, operations)) != stored:
        if not isinstance(stored, str) or not _HASH.fullmatch(stored):
            raise _FaultError(f"the hash is {reprlib.repr(stored)}, expected 32 lower-case hex digits")
        raise _FaultError(f"the stored hash is {stored}, the stored cell's is {computed}")
    return Record(computed, epochs, matrix, ops, _metrics(metrics, decode), frame.record, frame.offset)


def _parts(payload: bytes) -> list[Any]:
    try:
        parts = json.loads(payload.decode())
    except UnicodeDecodeError as error:
        raise _FaultError(f"the payload is not UTF-8: {error.reason} at its byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _FaultError(f"the payload is not JSON: {error.msg} at its character {error.pos}") from None
    except (ValueError, RecursionError):  # a number with thousands of digits, brackets nested as deeply
        raise _FaultError("the payload is not JSON that a record can hold") from None
    if not isinstance(parts, list) or len(parts) != 5:
        raise _FaultError("expected a JSON list of hash, epochs, adjacency, operations and metrics")
    return parts


def _metrics(text: object, decode: Decode) -> Metrics:
    data = _message(text)
    try:
        metrics = decode(data)
    except ValueError as error:
        raise _FaultError(f"the metrics are not a message: {error}") from None
    if len(metrics.evaluations) != EVALUATIONS:
        raise _FaultError(f"{len(metrics.evaluations)} evaluations, expected {EVALUATIONS}: start, half-way, end")
    final = metrics.final
    for name, value in (("energy_kwh", final.energy_kwh), ("seconds", final.seconds)):
        if value is not None and not 0 <= value <= _LARGEST_COST:
            raise _FaultError(f"the final {name} is {value}, expected a number from 0 to {_LARGEST_COST:g}")
    for name, value in zip(_ACCURACIES, _accuracies(final), strict=True):
        if value is not None and not 0 <= value <= 1:
            raise _FaultError(f"the final {name} is {value}, expected a fraction between 0 and 1")
    for devices in filter(None, metrics.power or ()):
        if max(map(len, devices)) > _MOST_DEVICES:
            raise _FaultError(f"more than {_MOST_DEVICES} devices of a kind")
    if metrics.trainable_parameters is not None and metrics.trainable_parameters < 0:
        raise _FaultError(f"{metrics.trainable_parameters} trainable parameters")
    return metrics


def _message(text: object) -> bytes:
    if not isinstance(text, str):
        raise _FaultError("the metrics must be a base64 text")
    try:
        return binascii.a2b_base64(text.replace("\n", ""), strict_mode=True)
    except ValueError as error:
        raise _FaultError(f"the metrics are not base64: {error}") from None
