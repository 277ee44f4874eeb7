"""The md5 graph hashes of many cells, shared by a few processes.

All 423,624 cells take 17 million md5s of 44 million blocks, about ten seconds of one core. numpy spends them in
calls of a few microseconds, and each begins and ends with the interpreter's lock, so threads would mostly wait for it.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import DEVNULL, PIPE, SubprocessError, run

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.hash_rounds import hashes_of_one_size

_CELLS = 1 << 15  # hashed at a time at most, in about 100 MB
_WORTH_A_PROCESS = 1 << 14  # cells: some 0.4 s, and an interpreter takes 0.2 s to start
_PROCESSES = 4
_CODE = np.dtype([("size", "i1"), ("mask", "<i4"), ("number", "u1")])
_HASH = np.dtype("S32")
_HELPER = f"from {__name__} import help_out; help_out()"

_Codes = NDArray[np.void]
_Hashes = NDArray[np.bytes_]


def graph_hashes(sizes: NDArray[np.int8], masks: NDArray[np.int32], numbers: NDArray[np.uint8]) -> _Hashes:
    """[K] of dtype S32: the hash of each cell, from the codes [K] of the cells.

    Where there are many it starts other interpreters, one for each further core and three at most, and does their
    share itself if they cannot be started.
    """
    order = np.lexsort((masks, sizes))
    codes = np.empty(len(order), dtype=_CODE)
    codes["size"], codes["mask"], codes["number"] = sizes[order], masks[order], numbers[order]
    processes = min(_processes(), len(codes) // _WORTH_A_PROCESS) or 1
    blocks = np.array_split(np.arange(len(codes)), processes * (-(-len(codes) // (processes * _CELLS)) or 1))
    *shares, own = [np.concatenate(blocks[first::processes]) for first in range(processes)]  # the largest cells here
    hashes = np.empty(len(codes), dtype=_HASH)
    with ThreadPoolExecutor(processes) as threads:  # which do nothing but wait
        helpers = [threads.submit(_helped, codes[share]) for share in shares]
        hashes[order[own]] = _hashes(codes[own])
        for share, helper in zip(shares, helpers, strict=True):
            found = helper.result()
            hashes[order[share]] = _hashes(codes[share]) if found is None else found
    return hashes


def help_out() -> None:
    """What a helping process does: codes from standard input, hashes to standard output."""
    codes = np.frombuffer(sys.stdin.buffer.read(), dtype=_CODE)
    sys.stdout.buffer.write(_hashes(codes).tobytes())


def _helped(codes: _Codes) -> _Hashes | None:
    """The hashes from a process that finds modules where this one does; None if it fails, whatever the reason."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-c", _HELPER]
    try:
        helper = run(command, input=codes.tobytes(), stdout=PIPE, stderr=DEVNULL, env=environment, check=True)
    except (OSError, SubprocessError):
        return None
    return np.frombuffer(helper.stdout, dtype=_HASH)


def _hashes(codes: _Codes) -> _Hashes:
    hashes = np.empty(len(codes), dtype=_HASH)
    for size in np.unique(codes["size"]).tolist():
        own = np.flatnonzero(codes["size"] == size)
        for part in np.array_split(own, -(-len(own) // _CELLS)):
            hashes[part] = hashes_of_one_size(codes["mask"][part], codes["number"][part], size)
    return hashes


def _processes() -> int:
    if getattr(sys, "frozen", False) or not sys.executable:  # no interpreter that could be started
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(_PROCESSES, cores or 1)
