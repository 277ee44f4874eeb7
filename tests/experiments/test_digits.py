"""The data of the miniature trainings: fixed, disjoint, standardised."""

import hashlib
from importlib.resources import files

import numpy as np

from fairwatt.experiments import digits


def test_the_split_is_fixed_disjoint_and_complete() -> None:
    parts = digits.split()
    assert {part: len(indices) for part, indices in parts.items()} == {"train": 400, "validation": 600, "test": 797}
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(1_797))


def test_the_split_file_is_the_one_of_the_embedded_tables() -> None:
    content = files("fairwatt.search_spaces").joinpath("data", digits.SPLIT_FILE).read_bytes()
    assert hashlib.sha256(content).hexdigest() == "64f9dbdfdc72b9a197297ec30d88cb39ccee895d0ae3f42a3cf93fde3f6ba1e1"


def test_images_are_noisy_and_standardised_by_the_training_part() -> None:
    data = digits.load()
    assert data.images.shape == (1_797, 8, 8)
    train = data.images[data.split["train"]]
    assert abs(train.mean()) < 1e-12
    assert abs(train.std() - 1) < 1e-12
    # Blank borders of the real digits hold the noise alone, in units of the images' spread.
    from sklearn.datasets import load_digits

    raw = load_digits().images / 16
    column = data.images[:, :, 0][raw[:, :, 0] == 0]
    clean_plus_noise_std = np.sqrt(raw[data.split["train"]].std() ** 2 + digits.NOISE_STD**2)
    assert abs(column.std() * clean_plus_noise_std - digits.NOISE_STD) < 0.01


def test_loading_leaves_the_global_stream_alone() -> None:
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    digits.load.cache_clear()
    first = digits.load().sha256()
    digits.load.cache_clear()
    assert digits.load().sha256() == first
    assert str(np.random.get_state(legacy=False)) == str(before)  # noqa: NPY002
