"""Work that is done in a copy of this process, while this one goes on with something else.

A copy (fork) holds all that is in memory, so nothing is sent to it, and only the answer comes back. It is made where
that is safe: on Linux, while this process has one thread only; elsewhere the work is done here, when it is asked for.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


def can_copy() -> bool:
    """Whether this process may be copied, and there is a core for the copy."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


class Apart(Generic[Answer]):
    """One piece of work. Where it fails in the copy, or the copy dies, it is done here, and fails here if it must.

    work: takes nothing and changes nothing; what it returns can be pickled.
    """

    def __init__(self, work: Callable[[], Answer]) -> None:
        context = get_context("fork")
        self._work = work
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_send, args=(work, sender), daemon=True)  # ends with this process
        self._process.start()
        sender.close()

    def answer(self) -> Answer:
        """Wait for it; to be asked for once."""
        try:
            answer: Answer = self._receiver.recv()
        except EOFError:
            answer = self._work()
        finally:
            self._receiver.close()
            self._process.join()
        return answer


def _send(work: Callable[[], Answer], sender: "Connection[Answer, Answer]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked ends this one
    with suppress(Exception), sender:  # of whatever goes wrong here the same work there will tell
        sender.send(work())
