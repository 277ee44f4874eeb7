"""The beginning of an optimizer of one's own, and of its test: two files to fill in."""

import importlib.util
import keyword
import re
import sys
from pathlib import Path

from fairwatt.errors import UserError
from fairwatt.registry import OPTIMIZERS

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = ("Query", "optimizer", "conftest")
"""Names that the files themselves, or pytest, use for something else."""

_OPTIMIZER = '''\
"""NAME. Author, venue year: where the algorithm is from. Deviations from it go below this line."""

from fairwatt.optimizer import optimizer
from fairwatt.records import Query


@optimizer("NAME")
def NAME(problem, rng, *, starts=5, patience=8):
    """Hill climbing with restarts: put your own algorithm in its place.

    starts: configurations to begin with. patience: failures in a row before a restart.
    """
    space, asked, draws = problem.space, set(), problem.starts(rng)  # the design that all share, then own draws
    first = []
    for _ in range(starts):
        first.append((yield Query(next(draws))))  # a trial: config, losses, status, ok, ...
    current, failures = min(first, key=lambda trial: trial.losses[0]), 0
    while True:
        restart = failures >= patience
        config = next(draws) if restart else space.mutate(current.config, rng)  # chance comes from `rng` alone
        if not restart and space.key(config) in asked:
            failures += 1
            continue
        asked.add(space.key(config))
        trial = yield Query(config)
        if restart or trial.losses[0] < current.losses[0]:  # lower is better; infinite where the answer is INVALID
            current, failures = trial, 0
        else:
            failures += 1
'''

_TEST = '''\
"""NAME keeps what every optimizer promises."""

from NAME import NAME

from fairwatt import make_benchmark, run
from fairwatt.conformance import check_optimizer


def test_NAME_conforms():
    findings = check_optimizer(NAME, make_benchmark("toy-cells"), run)
    assert [finding for finding in findings if not finding.passed] == []
'''


def write_optimizer(name: str, folder: Path) -> tuple[Path, Path]:
    """Write NAME.py, which passes all checks as it is, and test_NAME.py. Nothing is overwritten.

    Raises UserError where the name is no Python name of plain letters, or stands for something else already, and
    where one of the files is there.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        words = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
        usable = _NAME.fullmatch(words) and not keyword.iskeyword(words)
        hint = words if usable else f"my_{words or 'optimizer'}"
        raise UserError(f"{name!r} is no name for a Python file and function; use letters, digits and _, as in {hint}")
    if name.casefold() in map(str.casefold, OPTIMIZERS.names()):
        raise UserError(f"{name!r} is an optimizer that there is; choose another name, such as my_{name}")
    if name in _TAKEN or _is_module(name):
        raise UserError(f"{name!r} is a Python module, or used by the files; choose another name, such as my_{name}")
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in paths:
        if path.exists() or path.is_symlink():
            raise UserError(f"{path} is there; nothing is overwritten: move it, or choose another name")
    for path, text in zip(paths, (_OPTIMIZER, _TEST), strict=True):
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text.replace("NAME", name))
    return paths


def _is_module(name: str) -> bool:
    """Whether `import NAME` finds something besides a file of the working folder."""
    if name in sys.stdlib_module_names:
        return True
    found = importlib.util.find_spec(name)
    return found is not None and not (found.origin and Path(found.origin).parent == Path.cwd())
