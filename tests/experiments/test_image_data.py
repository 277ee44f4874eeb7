"""What may be trained on, and one clear line for what may not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fairwatt.experiments.image_data import fingerprint, load_images
from fairwatt.experiments.sweep_spec import SweepError

GOOD: dict[str, NDArray[Any]] = {
    "images": np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), dtype=np.uint8),
    "labels": np.arange(40) % 4 * 10,
}


def npz(folder: Path, **arrays: Any) -> str:
    path = folder / "images.npz"
    np.savez(path, **{name: array for name, array in (GOOD | arrays).items() if array is not None})
    return str(path)


def test_an_npz_is_standardised_by_its_training_part_and_split_by_class(tmp_path: Path) -> None:
    data = load_images(npz(tmp_path))
    assert data.images.shape == (40, 3, 6, 5)
    assert data.images.dtype == np.float32
    assert data.classes == 4
    assert data.sizes() == {"train": 24, "validation": 8, "test": 8}
    assert sorted(np.concatenate(list(data.split.values())).tolist()) == list(range(40))
    for part, each in (("train", 6), ("validation", 2), ("test", 2)):
        assert np.bincount(data.labels[data.split[part]]).tolist() == [each] * 4
    train = data.images[data.split["train"]].astype(np.float64)
    assert np.abs(train.mean(axis=(0, 2, 3))).max() < 1e-5
    assert np.abs(train.std(axis=(0, 2, 3)) - 1).max() < 1e-5
    again = load_images(npz(tmp_path))
    assert all((data.split[part] == again.split[part]).all() for part in data.split)


@pytest.mark.parametrize("layout", ["channels last", "channels first", "floats", "grey", "grey with a channel"])
def test_layouts_and_types_of_the_same_images(tmp_path: Path, layout: str) -> None:
    images = GOOD["images"]
    whole = load_images(npz(tmp_path)).images
    shown = {
        "channels last": images,
        "channels first": images.transpose(0, 3, 1, 2),
        "floats": images / 255,
        "grey": images[..., 0],
        "grey with a channel": images[..., :1],
    }[layout]
    expected = whole[:, :1] if layout.startswith("grey") else whole
    np.testing.assert_allclose(load_images(npz(tmp_path, images=shown)).images, expected, atol=1e-5)


@pytest.mark.parametrize("names", [True, False])
def test_a_split_that_is_given_is_taken(tmp_path: Path, names: bool) -> None:
    places = np.repeat([0, 1, 2], [20, 4, 16])
    words = np.array(["train", "validation", "test"])
    data = load_images(npz(tmp_path, split=words[places] if names else places))
    assert data.sizes() == {"train": 20, "validation": 4, "test": 16}
    assert data.split["validation"].tolist() == [20, 21, 22, 23]


def _holes(value: float) -> NDArray[np.float64]:
    images = GOOD["images"] / 255
    images[7, 2, 2, 1] = value
    return images


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": None}, "labels missing"),
        ({"images": GOOD["images"][0]}, "6 images, 40 labels"),
        ({"images": GOOD["images"][:, :, :, :2]}, r"images \[40, 6, 5, 2\]: expected"),
        ({"images": GOOD["images"][:, 0, 0]}, r"images \[40, 3\]: expected"),
        ({"images": GOOD["images"][:, :0]}, r"images \[40, 0, 5, 3\]: expected"),
        ({"images": GOOD["images"][:39]}, "39 images, 40 labels"),
        ({"images": GOOD["images"].astype(np.int32)}, "images int32: expected 8-bit"),
        ({"images": _holes(np.nan)}, "image 7 has a pixel that is not finite"),
        ({"images": _holes(np.inf)}, "image 7 has a pixel that is not finite"),
        ({"images": np.full((40, 6, 5), 3, dtype=np.uint8)}, "channel 0 is the same in all pixels"),
        ({"labels": GOOD["labels"] / 2}, r"labels float64 \[40\]: expected whole numbers"),
        ({"labels": GOOD["labels"][:, None]}, r"labels int64 \[40, 1\]: expected whole numbers"),
        ({"labels": np.zeros(40, dtype=int)}, "1 of 1 classes in the training images: expected all, and at least 2"),
        ({"labels": np.array(["a", None] * 20, dtype=object)}, "an array of Python objects, which is never read"),
        ({"split": np.zeros(40, dtype=int)}, "no validation images"),
        ({"split": np.arange(40)}, r"split int64 \[40\]: expected \[40\] of 0, 1, 2 or train, validation, test"),
        ({"split": np.array(["train", "dev"] * 20)}, "of 0, 1, 2 or train"),
        ({"split": np.repeat([1, 2, 0], [10, 29, 1])}, "1 of 4 classes in the training images"),
    ],
)
def test_what_is_wrong_with_an_npz_is_said_in_one_line(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    source = npz(tmp_path, **arrays)
    with pytest.raises(SweepError, match=message) as refused:
        load_images(source)
    assert str(refused.value).startswith(source)
    assert "\n" not in str(refused.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    for source in (tmp_path / "nothing.npz", tmp_path):
        with pytest.raises(SweepError, match=r"no such file|no images"):
            load_images(str(source))
        with pytest.raises(SweepError, match=r"no such file|no images"):
            fingerprint(str(source))
    (tmp_path / "text.npz").write_text("images")
    np.save(tmp_path / "one.npy", GOOD["images"])
    whole = Path(npz(tmp_path)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[:-200])
    (tmp_path / "changed.npz").write_bytes(whole[:500] + b"changed" + whole[507:])
    for name, message in (("text", "not an"), ("one", "not an"), ("cut", "not an"), ("changed", "not a readable")):
        with pytest.raises(SweepError, match=f"{message} .npz file"):
            load_images(str(next(tmp_path.glob(f"{name}.*"))))


def folder(root: Path, mode: str = "RGB") -> Path:
    for place, (image, label) in enumerate(zip(GOOD["images"], GOOD["labels"], strict=True)):
        home = root / f"class-{label:02d}"
        home.mkdir(parents=True, exist_ok=True)
        pixels = image if mode == "RGB" else image[..., 0]
        Image.fromarray(pixels).save(home / f"{place:02d}.png")
    (root / ".hidden").mkdir()
    (root / "notes.txt").write_text("not an image")
    return root


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_folder_of_classes_is_the_same_as_its_npz(tmp_path: Path, mode: str) -> None:
    order = np.argsort(GOOD["labels"], kind="stable")
    images = GOOD["images"][order] if mode == "RGB" else GOOD["images"][order][..., 0]
    expected = load_images(npz(tmp_path, images=images, labels=GOOD["labels"][order]))
    data = load_images(str(folder(tmp_path / "images", mode)))
    assert (data.images == expected.images).all()
    assert (data.labels == expected.labels).all()
    assert data.sizes() == expected.sizes()


def test_image_files_that_cannot_be_used(tmp_path: Path) -> None:
    root = folder(tmp_path / "images")
    before = fingerprint(str(root))
    Image.fromarray(np.zeros((7, 5, 3), dtype=np.uint8)).save(root / "class-10" / "01.png")
    with pytest.raises(SweepError, match=r"different sizes: class-00/00\.png is 5 x 6, class-10/01\.png 5 x 7"):
        load_images(str(root))
    assert fingerprint(str(root)) != before
    (root / "class-10" / "01.png").write_bytes(b"\x89PNG no")
    with pytest.raises(SweepError, match=r"class-10/01\.png: not a readable image"):
        load_images(str(root))


def test_a_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    first = fingerprint(npz(tmp_path))
    moved = tmp_path / "moved.npz"
    Path(npz(tmp_path)).rename(moved)
    assert fingerprint(str(moved)) == first
    assert fingerprint(npz(tmp_path, labels=GOOD["labels"][::-1])) != first
