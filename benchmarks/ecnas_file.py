"""Writes a file in the wire format of EC-NAS, laid out as the official 7V surrogate file: most fields are unset.

The size of that file tells its layout: a message of 12 numbers, the parameters and the headers of three evaluations
makes a file of all cells 613,992,864 bytes long, as the official one is. Which fields the numbers are in is a guess,
and the numbers are invented; energy grows with the parameters.
"""

import base64
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from google_crc32c import value as crc32c
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_index import cell_hashes, cell_index, pairs

EPOCHS = (4, 12, 36, 108)
OPS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
_CHUNK = 1 << 16
_EVALUATIONS = struct.Struct("<" + "3sdsdsd" * 2 + "3sdsdsdsdsdsd")
_HEADER, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")


@dataclass(frozen=True)
class Trainings:
    """Invented trainings of K cells at the four budgets: cells [K] ids, everything else [K, 4].

    Accuracies are those of training, validation and test, and the same at all three points of a training.
    """

    cells: NDArray[np.int32]
    energy_kwh: NDArray[np.float64]
    seconds: NDArray[np.float64]
    accuracies: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def invent(cells: NDArray[np.int32], seed: int = 0) -> Trainings:
    """Numbers of a plausible size for these cells of the 7V index, ascending ids."""
    rng = np.random.default_rng(seed)
    epochs, shape = np.array(EPOCHS), (len(cells), len(EPOCHS))
    params = cell_index(7).params[cells][:, None]
    energy = (3e-4 + 4.5e-10 * params) * epochs * rng.uniform(0.9, 1.1, shape)
    ceiling = 0.85 + 0.1 * rng.random((len(cells), 1))
    learnt = ceiling - 0.5 * (4 / epochs) * rng.uniform(0.5, 1.0, shape)
    accuracies = tuple(np.clip(learnt + shift + rng.normal(0, 0.003, shape), 0, 1) for shift in (0.04, 0.0, -0.005))
    return Trainings(cells, energy, 9e3 * energy, accuracies)


def write_file(path: Path, trainings: Trainings, seed: int = 0) -> int:
    """Write one record for each training, in shuffled order; returns the size in bytes."""
    order = np.random.default_rng(seed).permutation(trainings.energy_kwh.size)
    with path.open("wb", 1 << 20) as stream:
        for begin in range(0, len(order), _CHUNK):
            stream.writelines(_frames(trainings, order[begin : begin + _CHUNK]))
    return path.stat().st_size


def _frames(trainings: Trainings, rows: NDArray[np.int64]) -> Iterator[bytes]:
    index, places = cell_index(7), rows // len(EPOCHS)
    cells = trainings.cells[places]
    sizes, masks, numbers = (array[cells].tolist() for array in (index.sizes, index.masks, index.numbers))
    columns = (trainings.seconds, *trainings.accuracies, trainings.energy_kwh)
    for code, fidelity, size, mask, number, params, seconds, train, validation, test, energy in zip(
        cell_hashes()[cells].astype(str).tolist(),
        (rows % len(EPOCHS)).tolist(),
        sizes,
        masks,
        numbers,
        index.params[cells].tolist(),
        *(column.ravel()[rows].tolist() for column in columns),
        strict=True,
    ):
        epochs = EPOCHS[fidelity]
        accuracies = (train, b"\x21", validation, b"\x29", test)
        message = _EVALUATIONS.pack(
            *(b"\x0a\x1b\x19", *accuracies) * 2,
            *(b"\x0a\x36\x09", float(epochs), b"\x11", seconds, b"\x19", *accuracies, b"\x31", energy),
        )
        text = base64.encodebytes(message + b"\x10" + _varint(params)).decode().replace("\n", "\\n")
        payload = f'["{code}", {epochs}, "{_adjacency(size, mask)}", "{_operations(size, number)}", "{text}"]'.encode()
        header = _HEADER.pack(len(payload))
        yield b"".join((header, _masked_crc(header), payload, _masked_crc(payload)))


@cache
def _adjacency(size: int, mask: int) -> str:
    digits = ["0"] * size**2
    for bit, (i, j) in enumerate(pairs(size)):
        digits[i * size + j] = str(mask >> bit & 1)
    return "".join(digits)


@cache
def _operations(size: int, number: int) -> str:
    codes = [number // 3**place % 3 for place in reversed(range(size - 2))]
    return ",".join(["input", *(OPS[code] for code in codes), "output"])


def _varint(number: int) -> bytes:
    count = max(1, math.ceil(number.bit_length() / 7))
    return bytes(number >> 7 * place & 0x7F | (0x80 if place < count - 1 else 0) for place in range(count))


def _masked_crc(data: bytes) -> bytes:
    crc = crc32c(data)
    return _CHECKSUM.pack(((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
