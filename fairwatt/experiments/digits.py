"""The data of the miniature trainings: real digits with synthetic noise, and their fixed split.

scikit-learn's `load_digits` (1,797 real 8 x 8 images) with Gaussian pixel noise of a fifth of the
pixel range, which is what makes cells differ. The split is a stored list of indices, not a seed,
so that it cannot change with a library.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

PARTS = ("train", "validation", "test")
NOISE_STD = 0.2
"""Standard deviation of the pixel noise, as a fraction of the pixel range."""
NOISE_SEED = 20240817
SPLIT_FILE = "digits-split.json"


@dataclass(frozen=True)
class Digits:
    """images: [M, 8, 8], standardised by the training part; labels: [M]; split: indices by part."""

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    split: dict[str, NDArray[np.int64]]

    def sizes(self) -> dict[str, int]:
        """Images in each part."""
        return {part: len(self.split[part]) for part in PARTS}

    @property
    def source(self) -> str:
        """Where they are from, in words."""
        sizes = "/".join(map(str, self.sizes().values()))
        return (
            "scikit-learn load_digits (UCI optical recognition of handwritten digits), pixel noise of std "
            f"{NOISE_STD} of the pixel range, split {sizes} ({', '.join(PARTS)}) of {SPLIT_FILE}"
        )

    def sha256(self) -> str:
        """Of images, labels and split: what a training depends on."""
        digest = hashlib.sha256(self.images.tobytes() + self.labels.tobytes())
        for part in PARTS:
            digest.update(self.split[part].tobytes())
        return digest.hexdigest()


def split() -> dict[str, NDArray[np.int64]]:
    """The stored indices of the 400 training, 600 validation and 797 test images."""
    text = files("fairwatt.search_spaces").joinpath("data", SPLIT_FILE).read_text("utf-8")
    stored = json.loads(text)
    return {part: np.array(stored[part], dtype=np.int64) for part in PARTS}


@cache
def load() -> Digits:
    """The noisy images, the same in every process.

    Raises MissingExtraError without scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as missing:
        raise MissingExtraError("training on digits", "scikit-learn", "training") from missing
    raw = load_digits()
    noise = np.random.default_rng(NOISE_SEED).standard_normal(raw.images.shape)
    images = raw.images / 16 + NOISE_STD * noise
    parts = split()
    train = images[parts["train"]]
    images = (images - train.mean()) / train.std()
    return Digits(images, raw.target.astype(np.int64), parts)
