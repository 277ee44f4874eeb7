"""Work in a copy of the process: the same answers, and nothing lost with a copy that dies."""

import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys
from fairwatt.analysis.apart import Apart, can_copy

assert can_copy() == (sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1)
here = os.getpid()

def begun(work):
    apart = Apart(work)
    apart.begin()
    apart.begin()
    assert apart.is_begun
    return apart

assert Apart(os.getpid).answer() == here
elsewhere = begun(os.getpid)
there = elsewhere.answer()
assert there != here
elsewhere.begin()
assert (elsewhere.answer(), elsewhere.is_begun) == (there, False)  # kept
dies = begun(lambda: os.getpid() == here or os.kill(os.getpid(), signal.SIGKILL))
assert dies.answer() is True  # done here
fails = begun(lambda: 1 / 0)
try:
    fails.answer()
except ZeroDivisionError:
    print("told here")
assert begun(lambda: lambda: 0).answer()() == 0  # cannot be sent
"""


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_a_copy_answers_and_what_it_cannot_do_is_done_here() -> None:
    """In a process of its own: those of pytest-xdist have several threads."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "told here\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_copies_end_where_the_process_was_killed_that_asked() -> None:
    """Though nobody reads their answers, of more bytes than a pipe takes; they hold its output open until they end."""
    script = """
import os, signal
from fairwatt.analysis.apart import Apart

copies = [Apart(lambda: bytes(1_000_000)) for _ in range(3)]
for copy in copies:
    copy.begin()
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
