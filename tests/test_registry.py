"""Names to factories: the nearest name, no name twice, files that users hand over."""

import re
from pathlib import Path

import pytest

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.registry import BENCHMARKS, OPTIMIZERS, Registry, from_file, make_benchmark

GOOD = '"""Mine. Me, 2026."""\nfrom fairwatt.optimizer import optimizer\nfrom fairwatt.records import Query\n\n' + (
    '@optimizer("mine")\ndef mine(problem, rng, *, size=3):\n    """Asks."""\n    yield Query(problem.initial[0])\n'
)


def test_lookup_suggests_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown optimizer 'hbo'; did you mean"):
        OPTIMIZERS.load("hbo")
    with pytest.raises(UnknownNameError, match="did you mean 'digits-cells-5v'"):
        BENCHMARKS.load("digits-cell-5v")
    with pytest.raises(UnknownNameError, match="known: one"):
        Registry("thing", "nothing.registered", {"one": "os:path"}).load("zzzzzz")


def test_an_option_that_a_space_has_not_is_said() -> None:
    with pytest.raises(
        UnknownNameError, match="unknown option of the space toy-cells: 'samplr'; did you mean 'sampler'"
    ):
        make_benchmark("toy-cells", samplr="raw")


def test_a_name_taken_twice_raises() -> None:
    registry = Registry("thing", "nothing.registered", {"one": "os:path"})
    registry.register("one", "os:path")
    with pytest.raises(UserError, match="'one' is registered twice: os:path and os:sep"):
        registry.register("one", "os:sep")


def test_entry_points_add_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("theirs", "os:sep", "some.group")
    monkeypatch.setattr("fairwatt.registry.entry_points", lambda group: [point] if group == "some.group" else [])
    registry = Registry("thing", "some.group", {"one": "os:path"})
    assert registry.names() == ["one", "theirs"]
    assert registry.load("theirs") == "/"


def test_every_registered_optimizer_names_its_source() -> None:
    for name in OPTIMIZERS.names():
        factory = OPTIMIZERS.load(name)
        assert factory.name == name
        assert re.search(r"\b(19|20)\d\d\b", factory.source)
        assert factory.summary


def test_a_file_of_the_users_is_loaded_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GOOD, encoding="utf-8")
    factory = from_file(f"{tmp_path}/mine.py:mine")
    assert (factory.source, factory.summary, factory.defaults) == ("Mine. Me, 2026.", "Asks.", {"size": 3})


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (GOOD, "mime", "did you mean 'mine'"),
        ("def broken(:\n", "broken", "cannot be imported .SyntaxError"),
        ("import not_installed_anywhere\n", "x", "cannot be imported .ModuleNotFoundError"),
    ],
)
def test_faulty_files_get_one_line(tmp_path: Path, content: str, name: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        from_file(f"{tmp_path}/mine.py:{name}")
    with pytest.raises(UserError, match="no such file"):
        from_file(f"{tmp_path}/other.py:{name}")
