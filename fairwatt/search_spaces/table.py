"""Measurement tables: columns with unit, provenance and description in one Arrow IPC file that is memory-mapped.

The file is plain Arrow, readable by any Arrow tool. Its columns are one batch, uncompressed but in the tables that
ship, so a column is a view of the file: opening costs a millisecond whatever the size, and processes share the pages.
A checksum over names, types, labels, values and card is stored beside them; `Table.verify` computes it again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.regular_file import check_regular
from fairwatt.sealed import remove_leftovers, replacing
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.column import PROVENANCES, Column
from fairwatt.search_spaces.entries import AsciiTexts, Entries, EntriesWithGaps, Texts

FORMAT = "1"
_CARD, _FORMAT, _SHA256 = b"fairwatt.card", b"fairwatt.format", b"fairwatt.sha256"
_LABELS = ("unit", "provenance", "description")


class TableError(UserError):
    """A file that is not a table, is damaged, or was written by a newer fairwatt."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {' '.join(reason.split())}")
        self.path, self.reason = Path(path), reason


class Table:
    """A table on disk, read-only; columns are views of the file. Values are not checked before `verify`."""

    def __init__(self, path: Path, batch: Any, card: Card) -> None:
        self.path = path
        self.card = card
        self.rows: int = batch.num_rows
        self._batch = batch
        self._fields = {field.name: place for place, field in enumerate(batch.schema)}

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in file order."""
        return tuple(self._fields)

    def column(self, name: str) -> NDArray[Any]:
        """[rows] values; of missing entries NaN, 0 or "" (see `missing`).

        Numbers are a read-only view of the file, text is a copy as numpy str (`ascii` avoids it). Raises
        UnknownNameError.
        """
        array = self._array(name)
        if _kind(array) == "U":
            try:  # a damaged offset would lead out of the file
                array.validate(full=True)
            except ValueError as error:
                raise TableError(self.path, f"column {name!r} is damaged: {error}") from None
            return np.array([text or "" for text in array.to_pylist()], dtype=np.str_)
        if _kind(array) == "S":
            try:
                return self.ascii(name).astype(np.str_)
            except UnicodeDecodeError:
                raise TableError(self.path, f"column {name!r} is damaged: not ASCII") from None
        return np.frombuffer(array.buffers()[1] or b"", dtype=array.type.to_pandas_dtype(), count=self.rows)

    def ascii(self, name: str) -> NDArray[np.bytes_]:
        """[rows] fixed-width text as a read-only numpy S view of the file; raises ValueError for other columns."""
        array = self._array(name)
        if _kind(array) != "S":
            raise ValueError(f"column {name!r} is no fixed-width text")
        return np.frombuffer(array.buffers()[1] or b"", dtype=f"S{array.type.byte_width}", count=self.rows)

    def entries(self, name: str) -> Entries:
        """`entries(name)[row]`: one entry as a plain Python value, None where missing; raises UnknownNameError."""
        array = self._array(name)
        if _kind(array) == "U":
            return Texts(array)
        entries: Entries = AsciiTexts(self.ascii(name)) if _kind(array) == "S" else self.column(name).data
        return EntriesWithGaps(entries, memoryview(array.buffers()[0])) if array.null_count else entries

    def reader(self, name: str) -> Callable[[int], Any]:
        """`entries` as a function of the row; raises UnknownNameError."""
        return self.entries(name).__getitem__

    def missing(self, name: str) -> NDArray[np.bool_]:
        """[rows] whether the entry is missing; raises UnknownNameError."""
        nulls: NDArray[np.bool_] = self._array(name).is_null().to_numpy(zero_copy_only=False)
        return nulls

    def unit(self, name: str) -> str:
        """The unit of a column; raises UnknownNameError."""
        return self._labels(name)["unit"]

    def provenance(self, name: str) -> str:
        """How the numbers of a column came about, one of `PROVENANCES`; raises UnknownNameError."""
        return self._labels(name)["provenance"]

    def description(self, name: str) -> str:
        """What a column is; raises UnknownNameError."""
        return self._labels(name)["description"]

    @cached_property
    def sha256(self) -> str:
        """The stored checksum of the content: what a run's header names as its data."""
        return str((self._batch.schema.metadata or {}).get(_SHA256, b"").decode("ascii", "replace"))

    def verify(self) -> None:
        """Compute the checksum of the whole content again; raises TableError where it is not the stored one."""
        import pyarrow as pa

        try:
            self._batch.validate(full=True)
            digest = _content_sha256(self._batch, self.card)
        except (ValueError, pa.ArrowException) as error:
            raise TableError(self.path, f"damaged: {error}") from None
        if digest != self.sha256:
            raise TableError(self.path, "damaged: its content does not match its stored sha256; import it again")

    def _array(self, name: str) -> Any:
        if name not in self._fields:
            raise UnknownNameError("column", name, self._fields)
        return self._batch.column(self._fields[name])

    def _labels(self, name: str) -> dict[str, str]:
        self._array(name)
        return _labels(self._batch.schema.field(self._fields[name]))


def write_table(path: Path | str, columns: Mapping[str, Column], card: Card, *, compress: bool = False) -> Path:
    """Write a table so that `path` is afterwards the whole table or what it was before; returns the path.

    compress: a fifth of the size (zstd), and read into memory instead of mapped: for small tables only. Raises
    ValueError for no columns or columns of different lengths.
    """
    import pyarrow as pa

    lengths = {name: len(column.values) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"columns must have one length, got {lengths}")
    fields, arrays = [], []
    for name, column in columns.items():
        arrays.append(column.to_arrow())
        labels = {key: getattr(column, key) for key in _LABELS}
        fields.append(pa.field(name, arrays[-1].type, metadata=labels))
    batch = pa.record_batch(arrays, schema=pa.schema(fields))
    metadata = {_FORMAT: FORMAT, _CARD: card.to_json(), _SHA256: _content_sha256(batch, card)}
    batch = batch.replace_schema_metadata(metadata)
    target = Path(path)
    remove_leftovers(target.parent)
    options = pa.ipc.IpcWriteOptions(compression="zstd" if compress else None)
    with replacing(target) as stream, pa.ipc.new_file(stream, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return target


def open_table(path: Path | str) -> Table:
    """Map a table into memory; raises TableError where the file is missing, foreign, damaged or of a newer fairwatt."""
    import pyarrow as pa

    path = Path(path)
    try:
        check_regular(path)
    except FileNotFoundError:
        raise TableError(path, "no such file") from None
    except OSError as error:
        raise TableError(path, f"cannot be read: {error.strerror or error}") from None
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            metadata = reader.schema.metadata or {}
            version = metadata.get(_FORMAT)
            if version is None or _CARD not in metadata:
                raise TableError(path, "an Arrow file, but no fairwatt table")
            if version != FORMAT.encode():
                raise TableError(path, f"table format {version!r}, this fairwatt reads {FORMAT}: update fairwatt")
            if reader.num_record_batches != 1:
                raise TableError(path, f"{reader.num_record_batches} record batches, a table has one")
            batch = reader.get_batch(0)
            batch.validate()
            card = Card.from_json(metadata[_CARD].decode())
        for field in batch.schema:
            _check(field)
        if len(set(batch.schema.names)) != len(batch.schema):
            raise TableError(path, "damaged: two columns have one name")
        return Table(path, batch, card)
    except (ValueError, OSError, RecursionError, pa.ArrowException) as error:
        raise TableError(path, f"not a table, or damaged: {error}") from None


def _content_sha256(batch: Any, card: Card) -> str:
    """Over the card and, for each column, its name, type, labels, which rows are missing, and its values."""
    digest = hashlib.sha256(card.to_json().encode())
    for field, array in zip(batch.schema, batch.columns, strict=True):
        labels = [field.name, str(field.type), batch.num_rows, _labels(field)]
        digest.update(json.dumps(labels, sort_keys=True).encode())
        digest.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
        if _kind(array) == "U":
            offsets = np.frombuffer(array.buffers()[1] or b"", np.int32, len(array) + 1)
            digest.update(offsets.tobytes())
            digest.update(memoryview(array.buffers()[2] or b"")[: int(offsets[-1])])
        elif len(array):
            digest.update(memoryview(array.buffers()[1])[: len(array) * array.type.byte_width])
    return digest.hexdigest()


def _kind(array: Any) -> str:
    import pyarrow.types as types

    if types.is_string(array.type):
        return "U"
    return "S" if types.is_fixed_size_binary(array.type) else "number"


def _check(field: Any) -> None:
    import pyarrow.types as types

    is_number = types.is_integer(field.type) or types.is_floating(field.type)
    if not (is_number or types.is_string(field.type) or types.is_fixed_size_binary(field.type)):
        raise ValueError(f"column {field.name!r} is of type {field.type}")
    if _labels(field).keys() != set(_LABELS):
        raise ValueError(f"column {field.name!r} lacks unit, provenance or description")
    if _labels(field)["provenance"] not in PROVENANCES:
        raise ValueError(f"column {field.name!r} has provenance {_labels(field)['provenance']!r}")


def _labels(field: Any) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
