"""What all commands print with: the console, sentences, progress, complaints."""

import sys

from rich.console import Console

console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
"""Prints what it is given: lines are not wrapped, so that paths and commands can be copied (see `prose`)."""


class Progress:
    """A bar on a terminal; in a log a plain line at each tenth, or none where the unit is empty."""

    def __init__(self, title: str, unit: str = "searches") -> None:
        from rich import progress

        columns = (
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
        )
        self._bar = progress.Progress(*columns, console=console) if console.is_terminal else None
        self._title, self._unit = title, unit
        self._task = self._bar.add_task(title, total=None) if self._bar else None
        self._tenth = -1

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, done: int, total: int, title: str = "") -> None:
        """Show that `done` of `total` are finished; a title that is given replaces the one that is shown."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=title or self._title)
        elif self._unit and (tenth := 10 * done // max(total, 1)) > self._tenth:
            self._tenth = tenth
            console.print(f"{self._title}: {done:,} of {total:,} {self._unit}")


def prose(text: str) -> None:
    """Sentences on standard output: on a terminal wrapped between words."""
    console.print(text, soft_wrap=not console.is_terminal)


def complain(message: str) -> None:
    """A message on standard error; what a terminal would take for a command, as in a file name, is written out."""
    plain = "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in message)
    print(f"fairwatt: {plain}", file=sys.stderr)
