"""Work in a copy of the process: the same answers, and nothing lost with a copy that dies."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys
from fairwatt.analysis.apart import Apart, can_copy

assert can_copy() == (sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1)
here = os.getpid()
assert Apart(lambda: (os.getpid(), [1.5])).answer()[1] == [1.5]
assert Apart(os.getpid).answer() != here
dies = Apart(lambda: os.getpid() == here or os.kill(os.getpid(), signal.SIGKILL))
assert dies.answer() is True  # done here
fails = Apart(lambda: 1 / 0)
try:
    fails.answer()
except ZeroDivisionError:
    print("told here")
assert Apart(lambda: lambda: 0).answer()() == 0  # cannot be sent
"""


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_a_copy_answers_and_what_it_cannot_do_is_done_here() -> None:
    """In a process of its own: those of pytest-xdist have several threads."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "told here\n", "")
