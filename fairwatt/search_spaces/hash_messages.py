"""Messages made of md5 texts, many side by side: what every round of the graph hash hashes.

A text of 32 digits fills eight words if it begins with one, and reaches into a ninth if it begins a byte or two later,
behind one or two bars. All texts are moved by one and two bytes beforehand; messages are then made of whole words.
"""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.md5 import WORD, hex_words

DIGITS = 32


class Texts:
    """The md5 texts of N digests [4, N]."""

    def __init__(self, digests: NDArray[np.uint32]) -> None:
        words = hex_words(digests)
        self._moved = (words, _moved(words, 1), _moved(words, 2))

    def words(self, offset: int) -> NDArray[np.uint32]:
        """[8 or 9, N] for texts that begin `offset` bytes into their first word: 0, 1 or 2."""
        return self._moved[offset]


class Writer:
    """Writes N messages of one length into columns of words, all from left to right at the same time."""

    def __init__(self, columns: NDArray[np.uint32]) -> None:
        self._rows, self._at = columns, 0

    def write(self, same: bytes) -> None:
        """The same few bytes, four at most, in every message."""
        row, offset = divmod(self._at, WORD)
        value = int.from_bytes(same, "little") << 8 * offset
        self._begin(row, offset, np.uint32(value & 0xFFFFFFFF))
        if offset + len(same) > WORD:
            self._rows[row + 1] = value >> 8 * WORD
        self._at += len(same)

    def write_texts(self, texts: Texts, which: NDArray[np.int64]) -> None:
        """A text of its own in every message: `which` [N]."""
        row, offset = divmod(self._at, WORD)
        first, *others = texts.words(offset)
        self._begin(row, offset, first[which])
        for column, words in zip(self._rows[row + 1 :], others, strict=False):
            np.take(words, which, out=column, mode="wrap")  # in range as they are, and this mode is the fastest
        self._at += DIGITS

    def _begin(self, row: int, offset: int, value: np.uint32 | NDArray[np.uint32]) -> None:
        if offset:
            self._rows[row] |= value  # whoever wrote the bytes before left zeros here
        else:
            self._rows[row] = value


def _moved(words: NDArray[np.uint32], offset: int) -> NDArray[np.uint32]:
    left, right = np.uint32(8 * offset), np.uint32(8 * (WORD - offset))
    moved = np.empty((len(words) + 1, words.shape[1]), dtype=np.uint32)
    rest = moved[-1]
    rest[:] = 0
    for word, row in zip(words, moved, strict=False):
        np.left_shift(word, left, row)
        np.bitwise_or(row, rest, row)
        np.right_shift(word, right, rest)
    return moved
