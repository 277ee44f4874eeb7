"""A learned model on disk: arrays and a card in one `.npz`, written whole or not at all, under a checksum."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.sealed import DamagedFileError, write_atomically

FORMAT = "fairwatt-surrogate 1"
_OWN = ("format", "card", "sha256")


def write_surrogate(path: Path, arrays: Mapping[str, NDArray[Any]], card: Mapping[str, Any]) -> str:
    """Store arrays, and the card as JSON beside them; returns the checksum of both.

    Raises ValueError for a card that JSON cannot hold (NaN included) and for arrays of objects, OSError.
    """
    text = json.dumps(card, sort_keys=True, ensure_ascii=False, allow_nan=False)
    digest = _sha256(arrays, text)
    buffer = io.BytesIO()
    own = {name: np.array(word) for name, word in zip(_OWN, (FORMAT, text, digest), strict=True)}
    np.savez_compressed(buffer, allow_pickle=False, **arrays, **own)
    write_atomically(path, buffer.getvalue())
    return digest


def read_surrogate(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any], str]:
    """The arrays, the card and their checksum. Raises DamagedFileError for other content, UserError for a file of a
    newer fairwatt, OSError where it cannot be read, such as FileNotFoundError."""
    check_regular(path)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        version, text, digest = (str(arrays.pop(name)) for name in _OWN)
        sound = _sha256(arrays, text) == digest
        card = json.loads(text)
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, zlib.error) as error:
        raise DamagedFileError(path, f"is no surrogate, or damaged ({error})") from None
    if version != FORMAT:
        raise UserError(f"{path}: surrogate format {version!r}, this fairwatt reads {FORMAT!r}: update fairwatt")
    if not sound:
        raise DamagedFileError(path, "the content does not match its checksum")
    return arrays, card, digest


def _sha256(arrays: Mapping[str, NDArray[Any]], card: str) -> str:
    digest = hashlib.sha256(card.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
