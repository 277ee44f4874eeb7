"""Arrays that were worked out once: one file with a checksum, mapped into memory by every process that needs them."""

import json
import mmap
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google_crc32c import extend as crc32c
from numpy.typing import NDArray

from fairwatt.sealed import DamagedFileError, remove_leftovers, write_atomically

Arrays = Mapping[str, NDArray[Any]]

_ALIGNMENT = 64
_CRC_BYTES = 4
_CHUNK = 1 << 18


def cached_arrays(path: Path, kind: str, build: Callable[[], Arrays]) -> Arrays:
    """The arrays stored at `path`, or those of `build`, then stored there.

    A file that is missing, damaged, or of another kind is silently replaced: it holds nothing that cannot be worked
    out again. Where the folder cannot be read or written the arrays live in this process only. Processes that build
    at the same time replace one whole file by another with the same content.
    """
    try:
        return load_arrays(path, kind)
    except (OSError, DamagedFileError):
        arrays = build()
    try:
        store_arrays(path, kind, arrays)
    except OSError:  # a read-only or full cache costs time, nothing else
        return arrays
    return arrays


def store_arrays(path: Path, kind: str, arrays: Arrays) -> None:
    """Write a line of JSON that says what follows, the arrays, and the CRC-32C of all that. Raises OSError."""
    listed, bodies, offset = [], [], 0
    for name, array in arrays.items():
        body = _padded(np.ascontiguousarray(array).tobytes())
        listed.append({"name": name, "dtype": array.dtype.str, "shape": array.shape, "offset": offset})
        bodies.append(body)
        offset += len(body)
    header = json.dumps({"kind": kind, "arrays": listed}).encode() + b"\n"
    content = b"".join([_padded(header), *bodies])
    remove_leftovers(path.parent)
    write_atomically(path, content + crc32c(0, content).to_bytes(_CRC_BYTES, "little"))


def load_arrays(path: Path, kind: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file, read-only views of its mapped pages, the whole checked against its checksum.

    Raises DamagedFileError for content that `store_arrays` did not write under this kind, OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        left, crc = size - _CRC_BYTES, 0
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            left, crc = left - len(chunk), crc32c(crc, chunk)
        if left != 0 or file.read() != crc.to_bytes(_CRC_BYTES, "little"):
            raise DamagedFileError(path, "the content does not match its checksum")
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    try:
        return _views(path, mapped, kind)
    except (ValueError, KeyError, TypeError) as error:  # a checksum that holds is no proof: that of four zeros does
        raise DamagedFileError(path, f"holds no arrays that can be read: {error!r}") from None


def _views(path: Path, mapped: mmap.mmap, kind: str) -> dict[str, NDArray[Any]]:
    line = mapped.readline()
    header = json.loads(line)
    if header["kind"] != kind:
        raise DamagedFileError(path, f"holds {header['kind']!r}, not {kind!r}")
    start = len(_padded(line))
    arrays = {}
    for item in header["arrays"]:
        count = int(np.prod(item["shape"]))
        flat = np.frombuffer(mapped, dtype=np.dtype(item["dtype"]), count=count, offset=start + item["offset"])
        arrays[item["name"]] = flat.reshape(item["shape"])
    return arrays


def _padded(content: bytes) -> bytes:
    return content + b" " * (-len(content) % _ALIGNMENT)
