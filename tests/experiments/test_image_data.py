"""What may be trained on, and one clear line for what may not."""

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fairwatt.experiments import image_data
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


@pytest.mark.parametrize("kind", ["U", "S", "i"])
def test_a_split_that_is_given_is_taken(tmp_path: Path, kind: str) -> None:
    places = np.repeat([0, 1, 2], [20, 4, 16])
    words = np.array(["train", "validation", "test"])
    data = load_images(npz(tmp_path, split=places if kind == "i" else words[places].astype(kind)))
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
        ({"split": np.array([b"train", b"\xff"] * 20)}, "of 0, 1, 2 or train"),
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


def npy(array: NDArray[Any]) -> bytes:
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


def npy_header(shape: str, descr: str = "'<f4'", version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("images", b"these are no images", "not a readable .npz file: the magic string"),
        (
            "images",
            npy_header("(4123168604160,)"),
            r"images float32 \[4123168604160\]: 15,360.0 GiB of memory, expected",
        ),
        ("labels", npy_header("(20,)", "'<U500000000'"), "GiB of memory, expected at most 8"),
        ("labels", npy_header("(9999999999,)", "'S0'"), "GiB of memory, expected at most 8"),
        ("images", npy_header("(-1, -1)"), r"images float32 \[-1, -1\]: the file has 0 bytes of it"),
        ("images", npy_header("(40, 6, 5)") + bytes(9), r"images float32 \[40, 6, 5\]: the file has 9 bytes of it"),
        ("labels", npy(GOOD["labels"]) + b"0", r"labels int64 \[40\]: the file has 321 bytes of it"),
        ("images", npy_header("(40, 6"), "not a readable .npz file"),
        ("images", npy_header("(40,)", "()"), "not a readable .npz file"),
        ("images", npy_header("(" + 3000 * "1, " + ")"), r"1, 1, .*\.\.\.: the file has 0 bytes"),
        ("split", npy_header("(40,)", version=2), "split: an array of version 2.0: expected 1.0"),
        ("\n\x1b[2J", b"", r"arrays images, '\\n\\x1b\[2J': labels missing"),
    ],
)
def test_arrays_that_nobody_should_have_saved_are_refused_in_one_line(
    tmp_path: Path, member: str, content: bytes, message: str
) -> None:
    members = {"images": npy(GOOD["images"]), "labels": npy(GOOD["labels"])} | {member: content}
    if "\n" in member:
        del members["labels"]
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in members.items():
            archive.writestr(f"{name}.npy", array)
    said = refused(tmp_path / "x.npz", message)
    assert len(said) < 400


@pytest.mark.parametrize(
    ("kind", "byte", "value", "message"),
    [
        (zipfile.ZIP_BZIP2, None, 0, "images: compression of type 12: expected none"),
        (zipfile.ZIP_LZMA, None, 0, "images: compression of type 14: expected none"),
        (zipfile.ZIP_STORED, 10, 77, "images: compression of type 77: expected none"),
        (zipfile.ZIP_STORED, 8, 1, "images: encrypted; save it without a password"),
        (zipfile.ZIP_STORED, 20, 1, "the file has .* bytes of it|not a readable .npz file"),
    ],
)
def test_archives_that_nobody_should_have_packed_are_refused_in_one_line(
    tmp_path: Path, kind: int, byte: int | None, value: int, message: str
) -> None:
    """byte: of the entry of the images in the archive's directory."""
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, array in GOOD.items():
            archive.writestr(f"{name}.npy", npy(array))
    if byte is not None:
        whole = bytearray(path.read_bytes())
        whole[whole.index(b"PK\1\2") + byte] = value
        path.write_bytes(whole)
    refused(path, message)


def test_what_would_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As float32, whatever the file has."""
    path, root = npz(tmp_path), folder(tmp_path / "images")
    monkeypatch.setattr(image_data, "MOST_BYTES", 4 * GOOD["images"].size)
    load_images(path)
    load_images(str(root))
    monkeypatch.setattr(image_data, "MOST_BYTES", 4 * GOOD["images"].size - 1)
    refused(Path(path), r"images uint8 \[40, 6, 5, 3\]: 0.0 GiB of memory, expected at most")
    refused(root, "40 images of 5 x 6: 0.0 GiB of memory, expected at most")


def refused(source: Path, message: str) -> str:
    """What is said: one line that can be printed and begins with the source."""
    with pytest.raises(SweepError, match=message) as caught:
        load_images(str(source))
    said = str(caught.value)
    assert said.startswith(f"{source}: ")
    assert said.isprintable()
    return said


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


def png(bits: int, colour: int, samples: int) -> bytes:
    """6 x 5 black pixels with so many bits a sample, in PNG's colour type."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = bytes(1 + 6 * samples * bits // 8)
    shape = struct.pack(">IIBBBBB", 6, 5, bits, colour, 0, 0, 0)
    parts = chunk(b"IHDR", shape), chunk(b"IDAT", zlib.compress(5 * row)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(("colour", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_images_of_16_bits_are_refused_whatever_they_are_opened_as(tmp_path: Path, colour: int, samples: int) -> None:
    """Pillow opens a greyscale as I;16, of which RGB would keep 0 to 255, and colours as RGB without their low bits."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(png(16, colour, samples))
    refused(tmp_path, r"a/1\.png: more than 8 bits a channel; save such images in an \.npz file, as float32")
    (tmp_path / "a" / "1.png").write_bytes(png(8, colour, samples))
    if samples % 2:
        refused(tmp_path, "no validation images")  # it was read
    else:
        refused(tmp_path, r"a/1\.png: transparent pixels")


def test_modes_whose_pixels_stay_what_they_are(tmp_path: Path) -> None:
    """Palettes, opaque transparency and bits are read as the colours and greys that they are; other colours are not."""
    root = folder(tmp_path / "images", "L")
    colours = folder(tmp_path / "colours")
    grey, coloured = load_images(str(root)).images, load_images(str(colours)).images
    for file in root.glob("*/*.png"):
        with Image.open(file) as image:
            image.convert("LA").save(file)
    assert (load_images(str(root)).images == grey).all()
    for file in colours.glob("*/*.png"):
        with Image.open(file) as image:  # 30 pixels fit into a palette
            (image.convert("RGBA") if int(file.stem) % 2 else image.quantize(30, dither=Image.Dither.NONE)).save(file)
    assert (load_images(str(colours)).images == coloured).all()
    Image.new("CMYK", (5, 6)).save(tmp_path / "images" / "class-00" / "00.png", "JPEG")
    refused(root, r"class-00/00\.png: colours of mode CMYK: expected greyscale or RGB")
    Image.new("RGB", (5, 6)).save(tmp_path / "images" / "class-00" / "00.png", "GIF")
    refused(root, r"class-00/00\.png: not a readable image")


def test_files_of_a_folder_that_lead_elsewhere_or_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "images")
    whole = load_images(str(root)).images
    first, outside = root / "class-00" / "00.png", tmp_path / "00.png"
    first.rename(outside)
    for make, message in (
        (lambda: first.symlink_to(outside), r"class-00/00\.png: a link out of the folder; put the images themselves"),
        (lambda: first.symlink_to("nothing.png"), r"class-00/00\.png: cannot be read: No such file"),
        (lambda: first.symlink_to("00.png"), r"class-00/00\.png: cannot be read: Too many levels of symbolic links"),
        (lambda: os.mkfifo(first), r"class-00/00\.png: cannot be read: it is a pipe, not a regular file"),
        (lambda: first.write_bytes(b""), r"class-00/00\.png: not a readable image"),
    ):
        make()
        for ask in (load_images, fingerprint) if first.is_symlink() or first.is_fifo() else (load_images,):
            with pytest.raises(SweepError, match=message) as caught:
                ask(str(root))
            assert str(caught.value).startswith(str(root))
            assert str(caught.value).isprintable()
        first.unlink()
    (root / "kept").mkdir()  # links that stay inside are files like others
    outside.rename(root / "kept" / "00.gone")
    first.symlink_to(Path("..") / "kept" / "00.gone")
    assert (load_images(str(root)).images == whole).all()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 29)  # of 30: what only warns of a decompression bomb is one
    refused(root, r"class-00/00\.png: not a readable image \(Image size \(30 pixels\) exceeds limit")
    monkeypatch.undo()
    for source in (tmp_path / "x.npz", tmp_path / "link"):
        source.unlink(missing_ok=True)
        os.mkfifo(source)
        refused(source, "cannot be read: it is a pipe, not a regular file")
    refused(tmp_path / ("x" * 300), "cannot be read: File name too long")
    (root / "class-00" / os.fsdecode(b"\xff\n.png")).write_bytes(b"")
    refused(root, r"'class-00/\\udcff\\n\.png': not a readable image")
    assert len(fingerprint(str(root))) == 64


def test_a_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    first = fingerprint(npz(tmp_path))
    moved = tmp_path / "moved.npz"
    Path(npz(tmp_path)).rename(moved)
    assert fingerprint(str(moved)) == first
    assert fingerprint(npz(tmp_path, labels=GOOD["labels"][::-1])) != first
