"""What a program is: the files that define it, named by their content."""

import ast
import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def source_of(definition: Callable[..., Any], builds_on: tuple[str, ...]) -> bytes:
    """The file that defines a class or function, then those that it imports, at whatever depth, ordered by path.

    builds_on: packages of fairwatt of which imported files count, by `from ... import`. Raises TypeError, OSError or
    SyntaxError where the definition is in no file.
    """
    path = Path(inspect.getsourcefile(inspect.unwrap(definition)) or "")
    files, waiting = {path: path.read_bytes()}, [path]
    while waiting:
        for node in ast.walk(ast.parse(files[waiting.pop()])):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(builds_on):
                continue
            module = Path(__file__).parent.parent.joinpath(*(node.module or "").split("."))
            for file in (module.with_suffix(".py"), *(module / f"{imported.name}.py" for imported in node.names)):
                if file not in files and file.is_file():
                    files[file] = file.read_bytes()
                    waiting.append(file)
    others = (files[file] for file in sorted(files) if file != path)
    return b"".join([files[path], *others])


@cache
def digest_of(definition: Callable[..., Any], builds_on: tuple[str, ...], and_version: str = "") -> str:
    """Twelve hex digits of the sha256 of `source_of` as it was when first asked for, and of a package's version.

    "interactive" where the definition is in no file.
    """
    try:
        content = source_of(definition, builds_on)
    except (TypeError, OSError, SyntaxError):
        return "interactive"
    return hashlib.sha256(content + and_version.encode()).hexdigest()[:12]
