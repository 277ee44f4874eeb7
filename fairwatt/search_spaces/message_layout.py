"""Decoding of many messages of one layout: what the first of them taught is applied to the others.

Two messages have the same layout if they are of equal length and agree in every bit but those of their values: tags,
lengths, unknown fields and the bits that say where a number of variable length ends. The general decoder would then
walk through both along the same bytes, so that reading the values where the first message had them gives its very
answer, in a fifth of the time.
"""

import struct
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from fairwatt.search_spaces.protobuf import Schema, Span, decode, scalar, spans

_MOST = 256

_Build = Callable[[Sequence[Any]], Any]


class Decoder:
    """`protobuf.decode` of one schema, with a memory for layouts: one for each message length, 256 at most."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._layouts: dict[int, _Layout] = {}

    def __call__(self, data: bytes) -> Any:
        """The message in `data`; raises MalformedMessage."""
        layout = self._layouts.get(len(data))
        if layout is not None and int.from_bytes(data, "little") & layout.mask == layout.pattern:
            return layout.decode(data)
        message = decode(self._schema, data)
        if layout is None and len(self._layouts) < _MOST:
            self._layouts[len(data)] = _Layout(self._schema, data)
        return message


class _Layout:
    """mask: [8 bits a byte, the first byte lowest] ones where messages of this layout agree; pattern: in what."""

    def __init__(self, schema: Schema, example: bytes) -> None:
        scalars: list[tuple[Schema, Span]] = []
        self._build = _builder(schema, example, 0, len(example), scalars)
        mask, parts, at = bytearray(b"\xff" * len(example)), ["<"], 0
        for _, span in scalars:
            size = span.stop - span.start
            parts.append(f"{span.start - at}x" + ("d" if span.field.kind == "double" else f"{size}s"))
            mask[span.start : span.stop] = (b"\x80" if span.field.kind == "int32" else b"\0") * size
            at = span.stop
        self._struct = struct.Struct("".join([*parts, f"{len(example) - at}x"]))
        self._others = [(place, *pair) for place, pair in enumerate(scalars) if pair[1].field.kind != "double"]
        self.mask = int.from_bytes(mask, "little")
        self.pattern = int.from_bytes(example, "little") & self.mask

    def decode(self, data: bytes) -> Any:
        """The message in `data`, which must have this layout; raises MalformedMessage for a text not in UTF-8."""
        values = [*self._struct.unpack(data), None]
        for place, schema, span in self._others:
            values[place] = scalar(schema, span, data)
        return self._build(values)


def _builder(schema: Schema, data: bytes, start: int, stop: int, scalars: list[tuple[Schema, Span]]) -> _Build:
    """A function from the list of the layout's values, the last one None, to the message; appends to `scalars`."""
    slots: list[Any] = [[] if value == () else -1 for value in schema.unset]
    for span in spans(schema, data, start, stop):
        source: int | _Build
        if isinstance(span.field.kind, Schema):
            source = _builder(span.field.kind, data, span.start, span.stop, scalars)
        else:
            source = len(scalars)
            scalars.append((schema, span))
        if span.field.repeated:
            slots[span.field.slot].append(source)
        else:
            slots[span.field.slot] = source
    make = schema.make
    if len(slots) > 1 and all(isinstance(source, int) for source in slots):
        pick = itemgetter(*slots)  # of many values at once, most of them unset
        return lambda values: make(pick(values))
    getters = [_tuple_of(source) if isinstance(source, list) else _getter(source) for source in slots]
    return lambda values: make([get(values) for get in getters])


def _getter(source: int | _Build) -> _Build:
    return itemgetter(source) if isinstance(source, int) else source


def _tuple_of(sources: Sequence[int | _Build]) -> _Build:
    getters = [_getter(source) for source in sources]
    return lambda values: tuple([get(values) for get in getters])
