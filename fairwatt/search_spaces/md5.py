"""MD5 of many short messages at once, in numpy: about seven million blocks a second and core.

RFC 1321. It names cells as NAS-Bench-101 does and secures nothing. `hashlib` takes longer to start on a message of
100 bytes than to hash it; here each of the 64 steps is taken for thousands of messages together. As a step reads one
word of every message, a message is a column of words, four bytes each, the first byte lowest.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = 4
END = b"\x80"
"""Behind every message, before the zeros."""

_BLOCK = 16  # words
_LANES = 1 << 15  # messages at a time: enough to hide numpy's overhead per call, few enough for the processor's cache
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_SHIFTS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
_WORD_OF_STEP = (lambda i: i, lambda i: 5 * i + 1, lambda i: 3 * i + 5, lambda i: 7 * i)
_PAIRS = np.arange(1 << 16)
_BYTE = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="<u2").astype(np.uint32)
_HEX = _BYTE[_PAIRS & 255] | _BYTE[_PAIRS >> 8] << np.uint32(16)  # two bytes, four digits


def _scalar(value: int) -> NDArray[np.uint32]:
    return np.array(value & 0xFFFFFFFF, dtype=np.uint32)  # without axes: numpy takes any other scalar a µs longer


_STEPS = [
    (i // 16, _WORD_OF_STEP[i // 16](i) % 16, _scalar(int(abs(math.sin(i + 1)) * 2**32)), _scalar(s), _scalar(32 - s))
    for i in range(64)
    for s in (_SHIFTS[i // 16][i % 4],)
]


def room(count: int, length: int) -> NDArray[np.uint32]:
    """[W, count] for as many messages of `length` bytes and the byte `END`; nothing is written yet."""
    return np.empty((length // WORD + 1, count), dtype=np.uint32)


def md5_of_columns(words: NDArray[np.uint32], length: int) -> NDArray[np.uint32]:
    """[4, N] the digests, in words too, of messages that fill their `room`: `END` and zeros behind `length` bytes."""
    count = words.shape[1]
    blocks = -(-(length + 1 + 8) // (_BLOCK * WORD))
    padding: list[NDArray[np.uint32] | None] = [None] * (blocks * _BLOCK - len(words))  # None: zero in every message
    padding[-2] = _scalar(8 * length)
    digests = np.empty((4, count), dtype=np.uint32)
    lanes = -(-count // max(1, -(-count // _LANES)))  # as many in every part
    scratch = np.empty((5, lanes), dtype=np.uint32)
    for begin in range(0, count, max(1, lanes)):
        part = slice(begin, begin + lanes)
        state, rows = digests[:, part], [*words[:, part], *padding]
        state.T[:] = _START
        for block in range(0, len(rows), _BLOCK):
            _compress(state, rows[block : block + _BLOCK], scratch[:, : state.shape[1]])
    return digests


def hex_words(digests: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """[8, N] the hexadecimal digits, as ASCII, of digests [4, N]."""
    texts = np.empty((8, digests.shape[1]), dtype=np.uint32)
    for place, word in enumerate(digests):
        np.take(_HEX, word & np.uint32(0xFFFF), out=texts[2 * place], mode="wrap")
        np.take(_HEX, word >> np.uint32(16), out=texts[2 * place + 1], mode="wrap")
    return texts


def _compress(
    state: NDArray[np.uint32], words: Sequence[NDArray[np.uint32] | None], scratch: NDArray[np.uint32]
) -> None:
    """One block of every message; a, b, c, d and the functions F, G, H, I are those of the RFC, section 3.4."""
    a, b, c, d, t = scratch
    np.copyto(scratch[:4], state)
    for function, place, constant, left, right in _STEPS:
        if function == 0:
            np.bitwise_xor(c, d, t)
            np.bitwise_and(t, b, t)
            np.bitwise_xor(t, d, t)
        elif function == 1:
            np.bitwise_xor(b, c, t)
            np.bitwise_and(t, d, t)
            np.bitwise_xor(t, c, t)
        elif function == 2:
            np.bitwise_xor(b, c, t)
            np.bitwise_xor(t, d, t)
        else:
            np.invert(d, t)
            np.bitwise_or(t, b, t)
            np.bitwise_xor(t, c, t)
        np.add(t, a, t)
        np.add(t, constant, t)
        word = words[place]
        if word is not None:
            np.add(t, word, t)
        np.left_shift(t, left, a)
        np.right_shift(t, right, t)
        np.bitwise_or(a, t, a)
        np.add(a, b, a)
        a, b, c, d = d, a, b, c
    np.add(state, scratch[:4], state)  # after 64 steps each is where it was
