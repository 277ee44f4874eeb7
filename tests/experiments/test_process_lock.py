"""A lock belongs to one process, which is named, and ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fairwatt.errors import UserError
from fairwatt.experiments.process_lock import HeldError, holding

HOLD = """
import sys
from pathlib import Path
from fairwatt.experiments.process_lock import holding

with holding(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_by_one_and_ends_with_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(HeldError, match=f"held by process {other.pid} on "), holding(path):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert path.read_text()  # of a crash something is left, and nobody is kept out by it
        with holding(path):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
    assert path.read_text() == ""


def test_a_lock_ends_with_its_block_however_that_ends(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), holding(tmp_path / "lock"):
            raise ZeroDivisionError
    with holding(tmp_path / "lock"), pytest.raises(HeldError), holding(tmp_path / "lock"):
        pass


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="cannot be made or opened"), holding(tmp_path / "lock"):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    with holding(tmp_path / "lock"), holding(tmp_path / "lock"):
        pass
