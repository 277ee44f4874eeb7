from pathlib import Path

import ecnas_writer as w
import pytest

from fairwatt.search_spaces.ecnas_metrics import ECNAS, Evaluation, decode_metrics
from fairwatt.search_spaces.message_layout import Decoder
from fairwatt.search_spaces.protobuf import Field, MalformedMessage, Schema, decode
from fairwatt.search_spaces.tfrecord import frames, message_of

INNER = Schema("inner", tuple, {1: Field(0, "double"), 2: Field(1, "string")})
OUTER = Schema(
    "outer", tuple, {1: Field(0, INNER, repeated=True), 2: Field(1, "int32"), 3: Field(2, "string", repeated=True)}
)


def outer(number: float, text: str, count: int, *more: str, unknown: float = 0.5) -> bytes:
    inner = w.field(1, w.field(1, number) + w.field(2, text))
    texts = b"".join(w.field(3, item) for item in more)
    return inner + w.field(9, unknown) + w.field(2, count) + texts + w.field(1, b"")


def test_messages_of_a_known_layout_are_what_the_general_decoder_reads() -> None:
    decoder = Decoder(OUTER)
    for message in (
        outer(1.5, "abc", 300, "x", "yy"),
        outer(-0.0, "é ", 16_383, "z", "  "),
        outer(float("inf"), "\0\0\0", 128, "x", "yy"),
        outer(2.5, "abc", 300, "x", "yy", unknown=7.0),  # same length, other bytes between the values
        outer(2.5, "abc", 127, "xy", "yy"),  # same length, the number is shorter and a text longer
        outer(2.5, "abcd", 300, "x", "y"),
        b"",
        b"",
    ):
        assert decoder(message) == decode(OUTER, message)
    assert decoder(outer(1.0, "abc", 300, "x", "yy")) == (((1.0, "abc"), (None, None)), 300, ("x", "yy"))
    assert decoder(b"") == ((), None, ())


def test_faults_within_values_of_a_known_layout() -> None:
    decoder = Decoder(OUTER)
    decoder(outer(1.5, "abc", 300))
    with pytest.raises(MalformedMessage, match="inner: field 2 is not UTF-8"):
        decoder(outer(1.5, "abc", 300).replace(b"abc", b"a\xffc"))
    with pytest.raises(MalformedMessage):
        decoder(outer(1.5, "abc", 300)[:-1])


def test_large_and_negative_numbers_of_a_known_layout() -> None:
    decoder = Decoder(OUTER)
    for number in (-1, -(2**31), 2**63 + 5, -2):
        assert decoder(w.field(2, number))[1] == decode(OUTER, w.field(2, number))[1]
    with pytest.raises(MalformedMessage, match="more than 64 bits"):
        decoder(w.field(2, -1)[:-1] + b"\x7f")


def test_genuine_messages_are_read_alike(shared: Path) -> None:
    decoded, repeated = 0, 0
    for path in sorted((shared / "ecnas/official").rglob("*4V9E*.tfrecord")):
        seen: set[int] = set()
        for frame in frames(path):
            message = message_of(frame.payload)
            metrics = decode_metrics(message)
            assert metrics == decode(ECNAS, message)
            assert all(type(point) is Evaluation for point in metrics.evaluations)
            decoded, repeated = decoded + 1, repeated + (len(message) in seen)
            seen.add(len(message))
    assert repeated > 0.9 * decoded > 2_000
