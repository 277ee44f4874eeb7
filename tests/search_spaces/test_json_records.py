"""Objects of a JSON array one at a time: the same as the whole, and within limits."""

import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatt.search_spaces import json_records as module
from fairwatt.search_spaces.json_records import RecordError, json_records

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(content: bytes) -> list[dict[str, object]]:
    return list(json_records(io.BytesIO(content)))


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=4), st.integers(1, 40), st.booleans())
def test_objects_are_those_of_the_whole_file_wherever_pieces_end(
    objects: list[dict[str, object]], piece: int, indented: bool
) -> None:
    text = json.dumps(objects, indent=1 if indented else None, ensure_ascii=indented)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", piece)
        assert read(text.encode()) == objects


def test_not_a_number_is_read_as_pycls_writes_it() -> None:
    (record,) = read(b'[{"loss": [1.5, NaN, Infinity]}]')
    loss = record["loss"]
    assert isinstance(loss, list)
    assert math.isnan(loss[1])
    assert loss[2] == math.inf


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected a JSON array"),
        (b'{"a": 1}', "expected a JSON array"),
        (b"[1, 2]", "record 0: expected an object, found '1'"),
        (b'[{"a": 1} {"a": 1}]', "after record 0: expected ',' or ']', found '{'"),
        (b'[{"a": 1},]', "record 1: expected an object, found ']'"),
        (b'[{"a": 1}', "after record 0: expected ',' or ']', found ''"),
        (b'[{"a": 1}] true', "behind the array of records there is 't'"),
        (b'[{"a": 1}, {"b": 2, "b": 3}]', "record 1: has the key 'b' twice"),
        (b'[{"a": {"b": 2, "b": 3}}]', "has the key 'b' twice"),
        (b'[{"a": tru}]', "record 0: is no JSON"),
        (b'[{"a": ' + b"9" * 5_000 + b"}]", "record 0: Exceeds the limit"),
        (b'[{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]", "record 0: is nested too deeply"),
        (b'[{"a": "\xff"}]', "is not UTF-8"),
        (b'[{"a": "' + b"x" * 9 * 2**20 + b'"}]', "longer than"),
        (b'[{"a": "' + b"x" * 9 * 2**20, "longer than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_array_of_sound_objects_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(RecordError) as refused:
        read(content)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 200
