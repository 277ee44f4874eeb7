"""Writes EC-NAS files byte by byte, so that tests can have any record and any fault."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

from fairwatt.search_spaces.cell import graph_hash
from fairwatt.search_spaces.tfrecord import masked_crc

CHAIN = ("010001000", "input,conv3x3-bn-relu,output")
FINAL = {1: 4.0, 2: 70.5, 3: 0.5, 4: 0.4375, 5: 0.40625, 6: 0.015625, 7: 1.5}


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: float | int | str | bytes) -> bytes:
    """One field: float as double, int as varint, text and bytes length-delimited."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(fields: dict[int, Any]) -> bytes:
    """A message of singular fields."""
    return b"".join(field(number, value) for number, value in fields.items())


def metrics(final: dict[int, Any] = FINAL, extra: bytes = b"", evaluations: int = 3) -> bytes:
    """A ModelMetricsEnergy whose last evaluation is `final`; the others are empty."""
    parts = [{} for _ in range(evaluations - 1)] + [final]
    return b"".join(field(1, message(part)) for part in parts) + field(2, 1234) + extra


def payload(
    data: bytes | str | None = None,
    *,
    cell: tuple[str, str] = CHAIN,
    epochs: Any = 4,
    stored_hash: Any = None,
) -> bytes:
    """A record's JSON; a text as `data` is taken for the base64 as it stands."""
    adjacency, operations = cell
    text = data if isinstance(data, str) else base64.encodebytes(metrics() if data is None else data).decode()
    code = cell_hash(*cell) if stored_hash is None else stored_hash
    return json.dumps([code, epochs, adjacency, operations, text]).encode()


def cell_hash(adjacency: str, operations: str) -> str:
    size = round(len(adjacency) ** 0.5)
    return graph_hash(
        [[int(d) for d in adjacency[r * size : (r + 1) * size]] for r in range(size)], operations.split(",")
    )


def frame(data: bytes) -> bytes:
    header = struct.pack("<Q", len(data))
    return header + struct.pack("<I", masked_crc(header)) + data + struct.pack("<I", masked_crc(data))


def write(path: Path, *payloads: bytes) -> Path:
    path.write_bytes(b"".join(map(frame, payloads)))
    return path
