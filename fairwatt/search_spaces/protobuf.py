"""Decoding of proto2 messages without protobuf: as much of the wire format as EC-NAS files use.

A message type is a `Schema`: a NamedTuple class whose fields all default to unset, and the field numbers that fill it.
Unset stays None and never becomes 0.0; unknown fields are skipped; of a scalar given twice the last counts (proto2).
Source: the wire format of Protocol Buffers ("Encoding").
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

_DOUBLE = struct.Struct("<d")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIRES: Mapping[object, int] = {"double": _FIXED64, "int32": _VARINT}
_LAST_FIELD = (1 << 29) - 1


class MalformedMessage(ValueError):  # noqa: N818 - it says what the bytes are, as ValueError does
    """Bytes that are not a message of the schema; the text says why, in one line."""


class Field(NamedTuple):
    """Where a field goes: its slot in the tuple, its kind and whether it repeats.

    kind: "double", "int32", "string", or the schema of a nested message.
    """

    slot: int
    kind: "str | Schema"
    repeated: bool = False


class Schema:
    """A message type: `make` builds the tuple from the list of its values; `fields` is keyed by field number."""

    def __init__(self, name: str, make: Callable[[list[Any]], Any], fields: Mapping[int, Field]) -> None:
        self.name = name
        self.make = make
        self.wires = {number: _WIRES.get(field.kind, _BYTES) for number, field in fields.items()}
        self.by_tag = {number << 3 | self.wires[number]: field for number, field in fields.items()}
        slots = 1 + max(field.slot for field in fields.values())
        repeated = {field.slot for field in fields.values() if field.repeated}
        self.unset = [() if slot in repeated else None for slot in range(slots)]


class Span(NamedTuple):
    """A known field of a message: its number, and where its value begins and ends."""

    number: int
    field: Field
    start: int
    stop: int


def decode(schema: Schema, data: bytes) -> Any:
    """The message in `data`, built by `schema.make`; raises MalformedMessage."""
    return _decode(schema, data, 0, len(data))


def spans(schema: Schema, data: bytes, start: int, stop: int) -> Iterator[Span]:
    """The known fields of the message in data[start:stop], in its order; raises MalformedMessage."""
    by_tag, at = schema.by_tag, start
    while at < stop:
        tag, at = _varint(data, at, stop)
        field = by_tag.get(tag)
        if field is None:
            at = _skip(schema, tag, data, at, stop)
            continue
        begin = at
        if field.kind == "double":
            at += 8
            if at > stop:
                raise MalformedMessage(f"{schema.name}: field {tag >> 3} runs past the end of the message")
        elif field.kind == "int32":
            at = _varint(data, at, stop)[1]
        else:
            size, begin = _varint(data, at, stop)
            at = begin + size
            if at > stop:
                raise MalformedMessage(
                    f"{schema.name}: field {tag >> 3} announces {size} bytes, the message has {stop - begin} left"
                )
        yield Span(tag >> 3, field, begin, at)


def scalar(schema: Schema, span: Span, data: bytes) -> float | int | str:
    """The value of a field that is no message; raises MalformedMessage for a text that is not UTF-8."""
    if span.field.kind == "double":
        number: float = _DOUBLE.unpack_from(data, span.start)[0]
        return number
    if span.field.kind == "int32":
        bits = _varint(data, span.start, span.stop)[0]
        return (bits & 0xFFFFFFFF) - ((bits & 0x80000000) << 1)
    try:
        return data[span.start : span.stop].decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage(f"{schema.name}: field {span.number} is not UTF-8: {error.reason}") from None


def _decode(schema: Schema, data: bytes, start: int, stop: int) -> Any:
    values: list[Any] = schema.unset.copy()
    for span in spans(schema, data, start, stop):
        slot, kind, repeated = span.field
        if isinstance(kind, Schema):
            value = _decode(kind, data, span.start, span.stop)
            if not repeated and values[slot] is not None:
                raise MalformedMessage(f"{schema.name}: field {span.number} occurs twice")
        else:
            value = scalar(schema, span, data)
        values[slot] = (*values[slot], value) if repeated else value
    return schema.make(values)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at < end and data[at] < 0x80:  # nearly all of them
        return data[at], at + 1
    result = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise MalformedMessage("a varint runs past the end of the message")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result >> 64:
                raise MalformedMessage("a varint has more than 64 bits")
            return result, at
    raise MalformedMessage("a varint is longer than 10 bytes")


def _skip(schema: Schema, tag: int, data: bytes, at: int, end: int) -> int:
    """Where the field after this unknown one begins."""
    number, wire = tag >> 3, tag & 7
    if number in schema.wires:
        raise MalformedMessage(f"{schema.name}: field {number} has wire type {wire}, expected {schema.wires[number]}")
    if not 1 <= number <= _LAST_FIELD:
        raise MalformedMessage(f"{schema.name}: {number} is not a field number")
    if wire == _VARINT:
        return _varint(data, at, end)[1]
    if wire == _BYTES:
        size, at = _varint(data, at, end)
    elif wire in (_FIXED64, _FIXED32):
        size = 8 if wire == _FIXED64 else 4
    else:  # groups were deprecated long before these files were written
        raise MalformedMessage(f"{schema.name}: field {number} has wire type {wire}")
    if size > end - at:
        raise MalformedMessage(f"{schema.name}: field {number} runs past the end of the message")
    return at + size
