"""Images to train on: the embedded digits, an npz file, or a folder of classes. What is wrong with them is said first.

npz: `images` [M, H, W], [M, H, W, C] or [M, C, H, W] with 1 or 3 channels, 8-bit or floating-point; `labels` [M] whole
numbers; `split` [M], if there is one, of 0, 1, 2 or of train, validation, test. Folder: CLASS/FILE.png (or .jpg), all
of one size, with 8 bits a channel and no transparency; what would lose something when it is read is refused. Without a
split a fifth of each class is for validation and a fifth for testing, by lots that are always the same. Images are
standardised by their training part.

Files may be anybody's. Nothing is unpacked before its header was read, and what would take more than 8 GiB in memory
(an array as it is stored, images as the float32 that they become) is refused; links do not lead out of a folder.
"""

import hashlib
import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError
from fairwatt.experiments.digits import PARTS
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.regular_file import check_regular
from fairwatt.streams import stream

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

DIGITS = "digits"
SUFFIXES = (".png", ".jpg", ".jpeg")
CHANNELS = (1, 3)
MOST_BYTES = 8 << 30
_HELD_OUT = 0.2
_GREY = ("1", "L", "LA")
_ARRAYS = ("images", "labels", "split")


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
    with _existing(source) as path:
        raw, labels, parts = _read_folder(path) if path.is_dir() else _read_npz(path)
        names, places = np.unique(labels, return_inverse=True)
        split = _random_split(places, len(names)) if parts is None else _given_split(parts, len(places))
        _check_split(split, places, len(names))
        return ImageData(_standardised(raw, split["train"]), places.astype(np.int64), split, len(names))


def fingerprint(source: str) -> str:
    """sha256 of what a training depends on: the file's bytes, or those of a folder's images with their names.

    Raises SweepError, in one line, for what cannot be read.
    """
    if source == DIGITS:
        from fairwatt.experiments import digits

        return digits.load().sha256()
    digest = hashlib.sha256()
    with _existing(source) as path:
        for file in [path] if path.is_file() else [file for _, file in _files(path)]:
            if path.is_dir():
                digest.update(os.fsencode(f"{file.parent.name}/{file.name}|{file.stat().st_size}|"))
            with file.open("rb") as opened:
                while chunk := opened.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _existing(source: str) -> Iterator[Path]:
    """The path of a file or folder; what is wrong with it inside of the block becomes one line."""
    path = Path(source)
    try:
        if not path.exists():
            raise SweepError("no such file or folder; expected digits, an .npz file or a folder of classes")
        if not path.is_dir():
            check_regular(path)
        yield path
    except SweepError as fault:
        raise SweepError(f"{source}: {fault}") from fault
    except OSError as fault:
        raise SweepError(f"{fault.filename or source}: cannot be read: {_reason(fault)}") from None


def _shown(text: str) -> str:
    """What somebody else chose, as it can be printed in a line."""
    line = text if text.isprintable() else ascii(text)
    return line if len(line) <= 200 else f"{line[:200]}..."


def _reason(fault: Exception) -> str:
    said = (fault.strerror if isinstance(fault, OSError) else None) or str(fault) or type(fault).__name__
    return _shown(" ".join(said.split()))


def _check_size(what: str, count: int, bytes_each: int = 4) -> None:
    """Of so many numbers, which may become float32."""
    size = count * max(bytes_each, 4)
    if size > MOST_BYTES:
        raise SweepError(f"{what}: {size / 2**30:,.1f} GiB of memory, expected at most {MOST_BYTES / 2**30:g}")


def _read_npz(path: Path) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[Any] | None]:
    """([M, C, H, W], labels [M], split [M] or None)."""
    with path.open("rb") as opened:
        if not zipfile.is_zipfile(opened):
            raise SweepError("not an .npz file; expected one with the arrays images and labels")
        try:
            with zipfile.ZipFile(opened) as archive:
                found = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
                missing = {"images", "labels"} - set(found)
                if missing:
                    some = ", ".join(map(_shown, found[:9])) or "none"
                    raise SweepError(f"arrays {some}: {' and '.join(sorted(missing))} missing")
                arrays = {name: _read_array(archive, name) for name in _ARRAYS if name in found}
        except SweepError:
            raise
        except Exception as fault:  # zipfile and numpy raise a dozen kinds for damaged files, and promise none
            raise SweepError(f"not a readable .npz file: {_reason(fault)}") from None
    images, labels = arrays["images"], arrays["labels"]
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise SweepError(f"labels {labels.dtype} {list(labels.shape)}: expected whole numbers [M]")
    return _channels_first(images, len(labels)), labels, arrays.get("split")


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """An array, of which nothing but the header is unpacked until it is known to be one, and how large."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.flag_bits & 1:
        raise SweepError(f"{name}: encrypted; save it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without bounds
        raise SweepError(f"{name}: compression of type {entry.compress_type}: expected none (0), or deflate (8)")
    with archive.open(entry) as opened:
        version = np.lib.format.read_magic(opened)
        if version != (1, 0):  # in later ones a header may have 4 GiB
            raise SweepError(
                f"{name}: an array of version {version[0]}.{version[1]}: expected 1.0, as of plain numbers"
            )
        shape, _, dtype = np.lib.format.read_array_header_1_0(opened)
        begins = opened.tell()
    if dtype.hasobject:
        raise SweepError(f"{name}: an array of Python objects, which is never read; save numbers instead")
    what, count, held = _shown(f"{name} {dtype} {list(shape)}"), prod(shape), entry.file_size - begins
    _check_size(what, count, dtype.itemsize)
    if min(shape, default=0) < 0 or count * dtype.itemsize != held:
        raise SweepError(f"{what}: the file has {held:,} bytes of it; save it again")
    with archive.open(entry) as opened:
        array: NDArray[Any] = np.lib.format.read_array(opened, allow_pickle=False)
    return array


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
    _check_size(f"images {shape}", images.size)
    with np.errstate(over="ignore"):
        found = images.astype(np.float32, order="C")
    if dtype == np.uint8:
        found /= 255
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found).all(axis=(1, 2, 3)))[0])
        raise SweepError(f"image {place} has a pixel that is not finite")
    return found


def _files(folder: Path) -> list[tuple[str, Path]]:
    """(class, file) in the order of their names. Raises SweepError for links out of the folder and what is no file."""
    found = [
        (home.name, file)
        for home in sorted(folder.iterdir())
        if home.is_dir() and not home.name.startswith(".")
        for file in sorted(home.iterdir())
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    if not found:
        raise SweepError(f"no images; expected CLASS/FILE{SUFFIXES[0]}")
    root = os.path.realpath(folder)
    for _, file in found:
        linked = file.is_symlink() or file.parent.is_symlink()
        if linked and not Path(os.path.realpath(file)).is_relative_to(root):
            raise SweepError(f"{_named(file)}: a link out of the folder; put the images themselves there")
        check_regular(file)
    return found


def _named(file: Path) -> str:
    return _shown(f"{file.parent.name}/{file.name}")


def _read_folder(folder: Path) -> tuple[NDArray[np.float32], NDArray[Any], None]:
    """Greyscale where all images are, else colours."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("reading image files", "Pillow", "training") from None
    files = _files(folder)
    read: list[Image.Image] = []
    for _, file in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file, formats=("PNG", "JPEG")) as image:
                    _check_alike(image, files, read)
                    read.append(_eight_bits(image, _named(file)))
        except SweepError:
            raise
        except Exception as fault:  # Pillow's decoders raise many kinds for damaged files, and promise none
            raise SweepError(f"{_named(file)}: not a readable image ({_reason(fault)})") from None
    mode = "L" if all(image.mode == "L" for image in read) else "RGB"
    pixels = np.stack([np.asarray(image.convert(mode)) for image in read])
    return _channels_first(pixels, len(files)), np.array([home for home, _ in files]), None


def _check_alike(image: "ImageFile", files: list[tuple[str, Path]], read: list["Image"]) -> None:
    """Before it is unpacked: that it has the others' size, and that all together have room."""
    sizes = ["{} x {}".format(*one.size) for one in (*read[:1], image)]
    if sizes[0] != sizes[-1]:
        names = [_named(files[place][1]) for place in (0, len(read))]
        raise SweepError(
            f"images of different sizes: {names[0]} is {sizes[0]}, {names[1]} {sizes[1]}; make them equal first"
        )
    channels = 1 if image.mode in _GREY else 3
    _check_size(f"{len(files)} images of {sizes[0]}", len(files) * image.width * image.height * channels)


def _eight_bits(image: "ImageFile", name: str) -> "Image":
    """In mode L or RGB. Raises SweepError where something would be lost."""
    if image.mode in ("I", "F") or any("16" in f"{image.mode} {tile[3]}" for tile in image.tile):
        raise SweepError(f"{name}: more than 8 bits a channel; save such images in an .npz file, as float32")
    if image.mode not in (*_GREY, "P", "PA", "RGB", "RGBA"):
        raise SweepError(f"{name}: colours of mode {image.mode}: expected greyscale or RGB; convert it first")
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise SweepError(f"{name}: transparent pixels: expected none; put it on a background first")
    return image.convert("L" if image.mode in _GREY else "RGB")


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
    known = np.array(PARTS, dtype=parts.dtype.kind) if parts.dtype.kind in "US" else np.arange(len(PARTS))
    if parts.shape != (images,) or parts.dtype.kind not in "USiu" or not np.isin(parts, known).all():
        raise SweepError(
            f"split {parts.dtype} {list(parts.shape)}: expected [{images}] of 0, 1, 2 or {', '.join(PARTS)}"
        )
    return {part: np.flatnonzero(parts == value).astype(np.int64) for part, value in zip(PARTS, known, strict=True)}


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
