"""Objects of a JSON array, one at a time: memory is that of one of them, however long the file is.

Nothing but JSON is understood, within limits of size and depth. What Python's reader lets pass and a reader of
measurements must not is refused: one key twice, where the last would win in silence. NaN and Infinity, which are no
JSON but what pycls writes for a loss that diverged, are read as such.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

MOST_CHARACTERS = 8 * 2**20
"""Of one object."""
_CHUNK = 2**20
_SPACE = re.compile(r"[ \t\n\r]*")


class RecordError(ValueError):
    """A file whose records cannot be read, in words."""


def json_records(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """The objects of an array. Raises RecordError for anything else, with the number of the object, from 0."""
    return _Reader(stream).records()


class _Reader:
    """text from `start` on is what was read and not yet told."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(object_pairs_hook=_object)
        self._text, self._start, self._ended = "", 0, False

    def records(self) -> Iterator[dict[str, Any]]:
        """Objects of the array, one at a time. Raises RecordError for anything else."""
        if self._next() != "[":
            raise RecordError("expected a JSON array of records, as sweep_collect.py writes it")
        self._start += 1
        if self._next() != "]":
            for number in range(2**62):  # ends where the array does
                yield self._record(number)
                if (mark := self._next()) not in (",", "]"):
                    raise RecordError(f"after record {number}: expected ',' or ']', found {mark!r}")
                self._start += 1
                if mark == "]":
                    break
        else:
            self._start += 1
        if mark := self._next():
            raise RecordError(f"behind the array of records there is {mark!r}")

    def _record(self, number: int) -> dict[str, Any]:
        if (mark := self._next()) != "{":
            raise RecordError(f"record {number}: expected an object, found {mark!r}")
        while True:
            try:
                found, self._start = self._json.raw_decode(self._text, self._start)
            except json.JSONDecodeError as error:  # perhaps only because its end was not read yet
                long = len(self._text) - self._start > MOST_CHARACTERS
                if long or not self._more():
                    limit = f", or is longer than {MOST_CHARACTERS:,} characters" if long else ""
                    raise RecordError(f"record {number}: is no JSON, or is cut off ({error.msg}){limit}") from None
            except RecursionError:
                raise RecordError(f"record {number}: is nested too deeply") from None
            except RecordError as error:
                raise RecordError(f"record {number}: {error}") from None
            except ValueError as error:  # a number of more than 4,300 digits
                raise RecordError(f"record {number}: {error}") from None
            else:
                assert isinstance(found, dict)  # it began with a brace
                return found

    def _next(self) -> str:
        """The next character that is no space, not taken; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._start)
            self._start = space.end() if space else self._start
            if self._start < len(self._text) or not self._more():
                return self._text[self._start : self._start + 1]

    def _more(self) -> bool:
        """Read on; whether there was more."""
        if self._ended:
            return False
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        try:
            self._text = self._text[self._start :] + self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError:
            raise RecordError("is not UTF-8") from None
        self._start = 0
        return not self._ended


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RecordError(f"has the key {twice[:40]!r} twice")
    return found
