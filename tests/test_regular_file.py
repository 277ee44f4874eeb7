"""Pipes, devices and folders are refused before they are read: reading some of them never ends.

`/dev/null` stands for them where something would be read: it ends at once, so a missing check fails and does not hang.
"""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairwatt import cli, load_table
from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.sealed import read_sealed
from fairwatt.search_spaces.compat import ECNASBench
from fairwatt.search_spaces.tfrecord import frames

DEVICE = Path("/dev/null")
pytestmark = pytest.mark.skipif(not DEVICE.is_char_device(), reason="no POSIX system")


def test_a_file_and_a_link_to_one_pass(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    check_regular(tmp_path / "file")
    check_regular(tmp_path / "link")


def test_everything_else_is_told_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("link").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")  # relative: the path of a socket is short
    for name, kind in (("pipe", "pipe"), ("link", "device"), ("socket", "socket"), (".", "folder")):
        with pytest.raises(OSError, match=f"it is a {kind}, not a regular file") as refused:
            check_regular(Path(name))
        assert refused.value.filename == name
        assert isinstance(refused.value, IsADirectoryError) == (kind == "folder")
    with pytest.raises(FileNotFoundError):
        check_regular(Path("nothing"))


@pytest.mark.parametrize(
    "words",
    [
        ["data", "import", "GIVEN"],
        ["data", "import", "GIVEN", "--name", "own"],
        ["surrogate", "fit", "GIVEN"],
        ["surrogate", "learning-curve", "GIVEN"],
        ["surrogate", "show", "GIVEN"],
        ["sweep", "run", "GIVEN"],
        ["sweep", "status", "GIVEN"],
        ["sweep", "collect", "GIVEN"],
        ["run", "GIVEN"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(("given", "kind"), [(DEVICE, "device"), (Path("folder"), "folder")])
def test_commands_refuse_it_in_one_line(
    words: list[str],
    given: Path,
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    monkeypatch.setattr(sys, "argv", ["fairwatt", *(str(given) if word == "GIVEN" else word for word in words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    _, err = capfd.readouterr()
    assert ended.value.code == 2
    assert err.count("\n") == 1
    assert str(given) in err
    assert "not a regular file" in err
    assert f"it is a {kind}" in err or words[0] == "run"


@pytest.mark.parametrize(
    "read",
    [load_table, ECNASBench, lambda path: next(frames(path)), read_sealed],
    ids=["load_table", "ECNASBench", "frames", "read_sealed"],
)
@pytest.mark.parametrize("name", ["table.arrow", "energy_4V9E_linscale.tfrecord"])
def test_readers_refuse_it(read: Callable[[Path], object], name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(DEVICE)
    expected = "a file to import first" if read is load_table and name.endswith("record") else "it is a device"
    with pytest.raises((UserError, OSError), match=expected):
        read(tmp_path / name)
