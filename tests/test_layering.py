"""Who may import whom, read from the syntax trees."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "fairwatt"
FREE = {"__init__.py", *(path.name for path in PACKAGE.glob("cli*.py"))}  # these may import anything
MAY_IMPORT = {
    "hallway": {"hallway"},
    "surrogates": {"hallway", "surrogates"},
    "search_spaces": {"hallway", "surrogates", "search_spaces"},
    "optimizers": {"hallway", "surrogates", "optimizers"},
    "experiments": {"hallway", "search_spaces", "surrogates", "optimizers", "experiments"},
    "analysis": {"hallway", "analysis"},
    "conformance": {"hallway", "conformance"},
    "fairness": {"hallway", "analysis", "fairness"},
    "report": {"hallway", "analysis", "fairness", "report"},
    "audit": {"hallway", "analysis", "fairness", "report", "audit"},
    "reproductions": {
        "hallway",
        "surrogates",
        "search_spaces",
        "optimizers",
        "experiments",
        "analysis",
        "fairness",
        "report",
        "audit",
        "reproductions",
    },
}
HALLWAY_PACKAGES = {"fairwatt", "numpy"}


def _room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "hallway"


@cache
def _nodes(path: Path) -> list[ast.AST]:
    """Imports and calls, which are all that is asked for; the other nodes are left out, for there are many."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Call)]


@cache
def _imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


FILES = sorted(PACKAGE.rglob("*.py"))


def test_there_are_these_rooms_and_no_others() -> None:
    rooms = {_room(path) for path in FILES} - {"hallway"}
    assert rooms == set(MAY_IMPORT) - {"hallway"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_respect_the_layers(path: Path) -> None:
    if path.parent == PACKAGE and path.name in FREE:
        return
    rooms = {
        name.split(".")[1] if name.split(".")[1] in MAY_IMPORT else "hallway"
        for name in _imports(path)
        if name.startswith("fairwatt.")
    }
    assert rooms <= MAY_IMPORT[_room(path)]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_the_hallway_needs_numpy_only(path: Path) -> None:
    import sys

    if path.name in FREE:
        return
    roots = {name.split(".")[0] for name in _imports(path)}
    assert roots <= HALLWAY_PACKAGES | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_data_is_never_code(path: Path) -> None:
    """No module of the package can run code from what it reads."""
    banned = {"pickle", "dill", "joblib", "marshal", "shelve"}
    assert not {name.split(".")[0] for name in _imports(path)} & banned
    for node in _nodes(path):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "yaml.load", "torch.load", "np.random.seed", "torch.manual_seed"}
            assert not (called == "np.load" and "allow_pickle=True" in ast.unparse(node))


def test_importing_fairwatt_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = ("torch", "smac", "hpbandster", "matplotlib", "pyarrow", "pandas", "scipy", "requests")
    code = f"import sys, fairwatt, fairwatt.registry; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
