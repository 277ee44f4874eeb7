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
    """One piece of work, done once: when it is asked for, or in a copy that was begun before.

    work: takes nothing and changes nothing; what it returns can be pickled.
    """

    def __init__(self, work: Callable[[], Answer]) -> None:
        self._work = work
        self._copy: _Copy[Answer] | None = None
        self._done: list[Answer] = []

    @property
    def is_begun(self) -> bool:
        """Whether a copy is at it."""
        return self._copy is not None

    def begin(self) -> None:
        """Have it done in a copy, where there can be one, unless it is begun or done."""
        if not self._copy and not self._done and can_copy():
            self._copy = _Copy(self._work)

    def answer(self) -> Answer:
        """What comes of it. Where a copy fails or dies it is done here, and fails here if it must."""
        if not self._done:
            copy, self._copy = self._copy, None
            answers = copy.answers() if copy else []
            self._done = answers or [self._work()]
        return self._done[0]


class _Copy(Generic[Answer]):
    """A copy of this process, at work."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        context = get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        sending = work, self._receiver, sender
        self._process = context.Process(target=_send, args=sending, daemon=True)  # ends with this process
        self._process.start()
        sender.close()

    def answers(self) -> list[Answer]:
        """Wait for it, once: its answer, or none."""
        try:
            return [self._receiver.recv()]
        except EOFError:
            return []
        finally:
            self._receiver.close()
            self._process.join()


def _send(
    work: Callable[[], Answer], receiver: "Connection[Answer, Answer]", sender: "Connection[Answer, Answer]"
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked ends this one
    receiver.close()  # or this copy would wait to be read, by itself, where the process that asked was killed
    with suppress(Exception), sender:  # of whatever goes wrong here the same work there will tell
        sender.send(work())
