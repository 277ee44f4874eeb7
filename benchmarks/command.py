"""The command line of the scripts of this folder: mistakes get one line and exit code 2."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from fairwatt.errors import UserError


class Parser(argparse.ArgumentParser):
    """Without the usage before each complaint."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def run(main: Callable[[], None]) -> None:
    """Run a script. What its user can mend, here or in a process that it started, ends it with exit code 2."""
    try:
        main()
    except UserError as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except subprocess.CalledProcessError as error:
        _end((error.stderr or str(error)).strip().splitlines()[-1])


def positive(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _end(reason: str) -> NoReturn:
    print(f"{Path(sys.argv[0]).name}: {reason}", file=sys.stderr)
    sys.exit(2)
