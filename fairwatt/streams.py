"""Random streams: one tree of seeds, keyed by what a stream is for, never by who asked first."""

import hashlib

import numpy as np

ROOT = 2026
ROLES = ("initial", "optimizer", "training", "analysis", "tuning")


def stream(role: str, space: str, seed: int, label: str = "") -> np.random.Generator:
    """The generator of one role under one seed.

    role: initial (the shared design, equal for every arm), optimizer (keyed by the arm's label, so that two clones
    of one optimizer share nothing else), training, analysis, tuning. Raises ValueError for any other role.
    """
    words = [ROOT, ROLES.index(role), seed, *_words(space), *_words(label)]
    return np.random.default_rng(np.random.SeedSequence(words))


def replicate(seed: int, key: int | str, fidelity: float | None, replicates: int) -> int:
    """Which of the repeated trainings answers: a pure function of what is asked, never of when.

    fidelity: None where all fidelities are points of one training (a learning curve). A cryptographic hash, because a
    checksum is linear: under CRC-32 and 2, 4 or 8 replicates the noise of two seeds is the same or complementary.
    """
    if replicates == 1:
        return 0
    digest = hashlib.sha256(f"{seed}|{key}|{fidelity}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % replicates


def _words(text: str) -> list[int]:
    """Four 32-bit words that tell any two texts apart."""
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[place : place + 4], "big") for place in range(0, 16, 4)]
