"""Files that an audit wrote, known by how they begin: the next audit may replace them, and never reads them."""

import re
from pathlib import Path

FIRST_COLUMNS = "space,endpoint,arm,reference,policy,rule,state,a12,"
_FIRST_ITEMS = re.compile(r'\s*\{\s*"format": \d+,\s*"sources": \[')
_FIRST_TAGS = re.compile(r"<!doctype html>.*<title>Audit of ", re.DOTALL)
_LOOK = 4096  # bytes by which a file of ours is known


def is_comparisons(path: Path) -> bool:
    """Whether a file is a table of comparisons."""
    return _begin(path).startswith(FIRST_COLUMNS)


def is_everything(path: Path) -> bool:
    """Whether a file is all of an audit as JSON."""
    return _FIRST_ITEMS.match(_begin(path)) is not None


def wrote_audit(path: Path) -> bool:
    """Whether a file is one of the three that an audit writes."""
    match path.suffix:
        case ".csv":
            return is_comparisons(path)
        case ".json":
            return is_everything(path)
        case ".html" | ".htm":
            return _FIRST_TAGS.match(_begin(path)) is not None
    return False


def _begin(path: Path) -> str:
    if not path.is_file():
        return ""  # nobody waits for a pipe
    try:
        with path.open("rb") as stream:
            return stream.read(_LOOK).decode("utf-8", errors="replace")
    except OSError:
        return ""  # what cannot be read is not known to be ours
