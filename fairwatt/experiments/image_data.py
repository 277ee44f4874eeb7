"""Images to train on: the embedded digits, an npz file, or a folder of classes. What is wrong with them is said first.

npz: `images` [M, H, W], [M, H, W, C] or [M, C, H, W] with 1 or 3 channels, 8-bit or floating-point; `labels` [M] whole
numbers; `split` [M], if there is one, of 0, 1, 2 or of train, validation, test. Folder: CLASS/FILE.png (or .jpg), all
of one size. Without a split a fifth of each class is for validation and a fifth for testing, by lots that are always
the same. Images are standardised by their training part.
"""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError
from fairwatt.experiments.digits import PARTS
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.regular_file import check_regular
from fairwatt.streams import stream

DIGITS = "digits"
SUFFIXES = (".png", ".jpg", ".jpeg")
CHANNELS = (1, 3)
_HELD_OUT = 0.2


@dataclass(frozen=True)
class ImageData:
    """images: [M, C, H, W] float32, standardised; labels: [M]; split: indices of train, validation, test."""

    images: NDArray[np.floating]
    labels: NDArray[np.int64]
    split: dict[str, NDArray[np.int64]]
    classes: int

    def sizes(self) -> dict[str, int]:
        """Images in each part."""
        return {part: len(self.split[part]) for part in PARTS}


def load_images(source: str) -> ImageData:
    """The images of "digits", or of a path. Raises SweepError, in one line, for what cannot be trained on."""
    if source == DIGITS:
        from fairwatt.experiments import digits

        data = digits.load()
        return ImageData(data.images.astype(np.float32)[:, None], data.labels, data.split, 10)
    path = _existing(source)
    try:
        raw, labels, parts = _read_folder(path) if path.is_dir() else _read_npz(path)
        names, places = np.unique(labels, return_inverse=True)
        split = _random_split(places, len(names)) if parts is None else _given_split(parts, len(places))
        _check_split(split, places, len(names))
        return ImageData(_standardised(raw, split["train"]), places.astype(np.int64), split, len(names))
    except SweepError as fault:
        raise SweepError(f"{path}: {fault}") from fault


def fingerprint(source: str) -> str:
    """sha256 of what a training depends on: the file's bytes, or those of a folder's images with their names."""
    if source == DIGITS:
        from fairwatt.experiments import digits

        return digits.load().sha256()
    path = _existing(source)
    digest = hashlib.sha256()
    for file in [path] if path.is_file() else [file for _, file in _files(path)]:
        if path.is_dir():
            digest.update(f"{file.parent.name}/{file.name}|{file.stat().st_size}|".encode())
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _existing(source: str) -> Path:
    path = Path(source)
    if not path.exists():
        raise SweepError(f"data {source}: no such file or folder; expected digits, an .npz file or a folder of classes")
    if not path.is_dir():
        check_regular(path)
    return path


def _read_npz(path: Path) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[Any] | None]:
    """([M, C, H, W], labels [M], split [M] or None)."""
    if not zipfile.is_zipfile(path):
        raise SweepError("not an .npz file; expected one with the arrays images and labels")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            missing = {"images", "labels"} - set(arrays.files)
            if missing:
                raise SweepError(f"arrays {', '.join(arrays.files)}: {' and '.join(sorted(missing))} missing")
            images, labels = arrays["images"], arrays["labels"]
            parts = arrays["split"] if "split" in arrays.files else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as fault:
        if "allow_pickle" in str(fault):
            raise SweepError("an array of Python objects, which is never read; save numbers instead") from None
        raise SweepError(f"not a readable .npz file: {' '.join(str(fault).split())}") from None
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise SweepError(f"labels {labels.dtype} {list(labels.shape)}: expected whole numbers [M]")
    return _channels_first(images, len(labels)), labels, parts


def _channels_first(images: NDArray[Any], labels: int) -> NDArray[np.float32]:
    shape, dtype = list(images.shape), images.dtype
    if dtype != np.uint8 and not np.issubdtype(dtype, np.floating):
        raise SweepError(f"images {dtype}: expected 8-bit (uint8) or floating-point numbers")
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[3] in CHANNELS and shape[1] not in CHANNELS:
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in CHANNELS or 0 in shape:
        raise SweepError(f"images {shape}: expected [M, H, W], [M, H, W, C] or [M, C, H, W] with C = 1 or 3")
    if len(images) != labels:
        raise SweepError(f"{len(images)} images, {labels} labels: expected as many")
    found = images.astype(np.float32, order="C")
    if dtype == np.uint8:
        found /= 255
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found).all(axis=(1, 2, 3)))[0])
        raise SweepError(f"image {place} has a pixel that is not finite")
    return found


def _files(folder: Path) -> list[tuple[str, Path]]:
    """(class, file) in the order of their names."""
    found = [
        (home.name, file)
        for home in sorted(folder.iterdir())
        if home.is_dir() and not home.name.startswith(".")
        for file in sorted(home.iterdir())
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    if not found:
        raise SweepError(f"{folder}: no images; expected CLASS/FILE{SUFFIXES[0]}")
    return found


def _read_folder(folder: Path) -> tuple[NDArray[np.float32], NDArray[Any], None]:
    """Greyscale where all images are, else colours."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("reading image files", "Pillow", "training") from None
    files, read = _files(folder), []
    for _, file in files:
        try:
            check_regular(file)
            with Image.open(file) as image:
                read.append(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
            raise SweepError(f"{file.parent.name}/{file.name}: not a readable image ({fault})") from None
        if read[-1].size != read[0].size:
            sizes = ["{} x {}".format(*image.size) for image in (read[0], read[-1])]
            names = [f"{home}/{file.name}" for home, file in (files[0], files[len(read) - 1])]
            raise SweepError(
                f"images of different sizes: {names[0]} is {sizes[0]}, {names[1]} {sizes[1]}; make them equal first"
            )
    mode = "L" if all(image.mode == "L" for image in read) else "RGB"
    pixels = np.stack([np.asarray(image.convert(mode)) for image in read])
    return _channels_first(pixels, len(files)), np.array([home for home, _ in files]), None


def _random_split(labels: NDArray[np.int64], classes: int) -> dict[str, NDArray[np.int64]]:
    rng = stream("training", "image split", 0)
    chosen: dict[str, list[NDArray[np.int64]]] = {part: [] for part in PARTS}
    for label in range(classes):
        own = rng.permutation(np.flatnonzero(labels == label))
        held = round(_HELD_OUT * len(own))
        for part, places in zip(PARTS, (own[2 * held :], own[:held], own[held : 2 * held]), strict=True):
            chosen[part].append(places)
    return {part: np.sort(np.concatenate(places)).astype(np.int64) for part, places in chosen.items()}


def _given_split(parts: NDArray[Any], images: int) -> dict[str, NDArray[np.int64]]:
    known = np.array(PARTS) if parts.dtype.kind in "US" else np.arange(len(PARTS))
    given = parts.astype(str) if parts.dtype.kind == "S" else parts
    if given.shape != (images,) or given.dtype.kind not in "Uiu" or not np.isin(given, known).all():
        raise SweepError(
            f"split {parts.dtype} {list(parts.shape)}: expected [{images}] of 0, 1, 2 or {', '.join(PARTS)}"
        )
    return {part: np.flatnonzero(given == value).astype(np.int64) for part, value in zip(PARTS, known, strict=True)}


def _check_split(split: dict[str, NDArray[np.int64]], labels: NDArray[np.int64], classes: int) -> None:
    for part in PARTS:
        if not len(split[part]):
            raise SweepError(f"no {part} images; expected some of {', '.join(PARTS)}")
    learned = len(np.unique(labels[split["train"]]))
    if classes < 2 or learned < classes:
        raise SweepError(f"{learned} of {classes} classes in the training images: expected all, and at least 2")


def _standardised(images: NDArray[np.float32], train: NDArray[np.int64]) -> NDArray[np.float32]:
    own = images[train]
    mean = own.mean(axis=(0, 2, 3), dtype=np.float64)
    deviation = own.std(axis=(0, 2, 3), dtype=np.float64)
    if not deviation.all():
        raise SweepError(f"channel {int(np.argmin(deviation))} is the same in all pixels of the training images")
    images -= mean.astype(np.float32)[:, None, None]
    images /= deviation.astype(np.float32)[:, None, None]
    return images
