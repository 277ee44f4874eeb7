"""Random streams: one tree of seeds, keyed by what a stream is for, never by who asked first."""

import zlib

import numpy as np

ROOT = 2026
_ROLES = {"initial": 0, "optimizer": 1, "training": 2, "analysis": 3}


def stream(role: str, space: str, seed: int, label: str = "") -> np.random.Generator:
    """The generator of one role under one seed.

    role: initial (the shared design, equal for every arm), optimizer (keyed by the arm's label, so that two clones
    of one optimizer share nothing else), training, analysis. Raises KeyError for any other role.
    """
    words = [ROOT, zlib.crc32(space.encode()), seed, _ROLES[role], zlib.crc32(label.encode())]
    return np.random.default_rng(np.random.SeedSequence(words))


def replicate(seed: int, key: int | str, fidelity: float | None, replicates: int) -> int:
    """Which of the repeated trainings answers: a pure function of what is asked, never of when.

    fidelity: None where all fidelities are points of one training (a learning curve).
    """
    if replicates == 1:
        return 0
    return zlib.crc32(f"{seed}|{key}|{fidelity}".encode()) % replicates
