"""The code of a notebook that was saved as text: `In [n]:` marks where a cell begins, nothing marks where it ends."""

import re
from pathlib import Path

_MARK = re.compile(r"^In \[[ \w]*\]:\n", re.MULTILINE)


def code_cells(path: Path) -> list[str]:
    """The code of each cell that is all there: exercises, which hold `...` in place of code, are left out."""
    regions = _MARK.split(path.read_text(encoding="utf-8"))[1:]
    cells = map(_code, regions)
    return [code for code, region in zip(cells, regions, strict=True) if code and not _is_exercise(region)]


def _code(region: str) -> str:
    """The longest beginning that is Python: what follows a cell is text and output."""
    lines = region.splitlines()
    for end in range(len(lines), 0, -1):
        code = "\n".join(lines[:end])
        try:
            compile(code, "cell", "exec")
        except SyntaxError:
            continue
        return code
    return ""


def _is_exercise(region: str) -> bool:
    return "TODO" in region and re.search(r"\.\.\.", region) is not None
