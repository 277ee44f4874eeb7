"""Errors that are answers: one line that says what was given, what was expected, what to do next.

The command line prints a `UserError` as that one line and exits with code 2; anything else is a defect of fairwatt's
and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that its reader can mend: a wrong name, path, key, value or file."""


class UnknownNameError(UserError):
    """A name that nothing is registered under, with the nearest one that is."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        small = {name.lower(): name for name in names}
        nearest = difflib.get_close_matches(str(name).lower(), small, n=1, cutoff=0.5)
        hint = f"did you mean {small[nearest[0]]!r}?" if nearest else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")
        self.kind, self.name, self.known = kind, name, tuple(names)


class NotAvailableError(UserError):
    """A value that the specification names and this version does not carry out yet."""

    def __init__(self, what: str, value: object, available: Iterable[object]) -> None:
        options = ", ".join(str(option) for option in available)
        super().__init__(f"{what} = {value!r} is not available yet; available: {options}")


class MissingExtraError(UserError):
    """An optional package that is needed here and not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'fairwatt[{extra}]'")
