"""One's own optimizer as its author meets it: begin, check, list, run by words alone, install."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fairwatt import make_benchmark
from fairwatt.cli_optimizers import explanations
from fairwatt.experiments.study import read_study
from fairwatt.optimizer_template import write_optimizer
from fairwatt.registry import BENCHMARKS, OPTIMIZERS, Registry, find_optimizer

PAGE = (Path(__file__).parents[1] / "docs" / "own-optimizer.md").read_text("utf-8")
Command = Callable[..., tuple[int, str, str]]


def _refused(answer: tuple[int, str, str], words: str) -> None:
    code, out, err = answer
    assert (code, err.count("\n")) == (2, 1)
    assert words in err
    assert "Traceback" not in out + err


# -- new and check


@pytest.mark.slow
def test_what_new_writes_passes_check_and_its_own_test(fairwatt: Command) -> None:
    code, out, _ = fairwatt("new", "optimizer", "hill")
    assert code == 0
    assert "fairwatt check hill.py:hill" in out
    code, out, _ = fairwatt("check", "hill.py:hill")
    assert code == 0
    assert "one search in any process" in out
    assert "FAILED" not in out
    assert subprocess.run([sys.executable, "-m", "pytest", "-q", "test_hill.py"], check=False).returncode == 0


@pytest.mark.slow
def test_check_says_what_failed_and_what_to_do(fairwatt: Command) -> None:
    fairwatt("new", "optimizer", "hill")
    program = Path("hill.py")
    program.write_text(program.read_text("utf-8").replace("next(draws)", "space.sample(rng)"), encoding="utf-8")
    code, out, err = fairwatt("check", "hill.py:hill")
    assert (code, err) == (1, "")
    assert re.search(r"FAILED  starts with the shared design\n +seen: .+\n +fix:  ask all of `problem.initial`", out)
    assert "1 of 23 checks failed" in out


def test_a_failed_check_leaves_out_those_that_build_on_it(fairwatt: Command) -> None:
    Path("mute.py").write_text(
        '"""Mute."""\nfrom fairwatt.optimizer import optimizer\n\n@optimizer("mute")\ndef mute(problem, rng):\n'
        '    """Nothing."""\n    yield from ()\n',
        encoding="utf-8",
    )
    code, out, _ = fairwatt("check", "mute.py:mute")
    assert code == 1
    assert out.count("FAILED") == 1
    assert "it ends before it has asked anything" in out
    assert re.search(r"not tried until that is mended: .*a smaller budget is a prefix", out)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["check", "nothing.py:x"], "no such file: 'nothing.py'"),
        (["check", "nothing.py"], "expected FILE.py:NAME, such as nothing.py:nothing"),
        (["check", "rx"], "unknown optimizer 'rx'"),
        (["check", "re", "--space", "toy-cell"], "did you mean 'toy-cells'"),
        (["new", "optimizer", "my-opt"], "use letters, digits and _, as in my_opt"),
        (["new", "optimizer", "class"], "as in my_class"),
        (["new", "optimizer", "../x"], "as in x"),
        (["new", "optimizer", "re"], "choose another name, such as my_re"),
        (["new", "optimizer", "random"], "a Python module"),
        (["new", "optimizer", "Query"], "used by the files"),
        (["new", "optimiser", "x"], "did you mean 'optimizer'"),
    ],
)
def test_a_mistake_gets_one_line(fairwatt: Command, words: list[str], answer: str) -> None:
    _refused(fairwatt(*words), answer)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("there", ["hill.py", "test_hill.py"])
def test_new_overwrites_nothing(fairwatt: Command, there: str) -> None:
    Path(there).write_text("mine", encoding="utf-8")
    _refused(fairwatt("new", "optimizer", "hill"), f"{there} is there")
    assert [path.read_text("utf-8") for path in Path().iterdir()] == ["mine"]


def test_a_name_that_has_become_a_file_is_free_for_nobody(fairwatt: Command) -> None:
    fairwatt("new", "optimizer", "hill")
    _refused(fairwatt("new", "optimizer", "hill"), "hill.py is there; nothing is overwritten")


# -- lists


@pytest.fixture
def without_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OPTIMIZERS.names():
        if extra := OPTIMIZERS.load(name).extra:
            monkeypatch.setitem(sys.modules, extra, None)


@pytest.mark.usefixtures("without_extras")
def test_optimizers_without_their_extras_are_listed_and_not_run(fairwatt: Command) -> None:
    _, out, _ = fairwatt("optimizers")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert set(OPTIMIZERS.names()) <= set(lines)
    assert " torch, not installed " in lines["bananas"]
    assert "here" not in out
    _refused(fairwatt("check", "bananas"), "pip install 'fairwatt[torch]'")


def test_an_extra_of_ones_own_that_is_missing_gets_one_line(fairwatt: Command) -> None:
    Path("mine.py").write_text(
        '"""Mine."""\nfrom fairwatt.optimizer import optimizer\n\n@optimizer("mine", extra="not_there")\nclass Mine:\n'
        '    """Mine."""\n    def __init__(self, problem, rng):\n        import not_there\n',
        encoding="utf-8",
    )
    _refused(fairwatt("check", "mine.py:Mine"), "optimizer mine needs not_there: pip install not_there")


def test_show_prints_source_deviations_and_settings(fairwatt: Command) -> None:
    code, out, _ = fairwatt("optimizers", "show", "semoa")
    assert code == 0
    assert "Krause, Glasmachers and Igel 2016" in out
    assert re.search(r"^eta_p +1\.9 +selective pressure of linear ranking, 1 to 2\.$", out, flags=re.M)
    assert re.search(r"^edge_changes +2 +expected changes of a child", out, flags=re.M)
    assert "docs/optimizers.md" in out
    write_optimizer("hill", Path())
    _, out, _ = fairwatt("optimizers", "show", "hill.py:hill")
    assert re.search(r"^patience +8 +failures in a row", out, flags=re.M)
    assert "docs/optimizers.md" not in out


def test_show_ends_an_explanation_where_another_setting_begins(fairwatt: Command) -> None:
    _, out, _ = fairwatt("optimizers", "show", "mo-bohb")
    assert re.search(r"^eta +3 +the share 1/eta of a rung goes on\.$", out, flags=re.M)
    assert re.search(r"^candidates +24 +drawn from the good density for each proposal\.$", out, flags=re.M)


def test_explanations_are_read_from_a_docstring() -> None:
    text = (
        "One line.\n\nsize: P, the\n    members. a, b: both. eta: as in x; y: z. Raises UserError where size: 0.\n\n"
        "More. c: no."
    )
    assert explanations(text, ["size", "a", "b", "eta", "none"]) == {
        "size": "P, the members.",
        "a": "both.",
        "b": "both.",
        "eta": "as in x; y: z.",
    }


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_every_setting_is_explained(fairwatt: Command, name: str) -> None:
    _, out, _ = fairwatt("optimizers", "show", name)
    for setting in OPTIMIZERS.load(name).defaults:
        assert re.search(rf"^{setting} +\S+ +\S+", out, flags=re.M), setting


# -- studies of words alone


def test_words_alone_make_a_study(fairwatt: Command) -> None:
    write_optimizer("hill", Path())
    study = read_study("optimizer=hill.py:hill,re,rs", ["space=toy-cells", "seeds=0:3", "budget=30"])
    assert (study.labels, study.spaces, study.seeds) == (("hill", "re", "rs"), ("toy-cells",), (0, 1, 2))
    assert (study.budgets, study.reference, study.study) == (("30 full",), "rs", "hill-re-rs-on-toy-cells-30full")
    words = ["optimizers=hill.py:hill,re", "space=toy-cells", "budget=10,2.5,1.5 kWh", "initial=2"]
    study = read_study(words[0], words[1:])
    assert (study.reference, study.seeds, study.initial) == ("hill", tuple(range(30)), 2)
    assert study.budgets == ("10 full", "2.5 full", "1.5 kWh")
    code, out, _ = fairwatt("run", *words, "--dry-run")
    assert (code, "60 searches" in out) == (0, True)
    assert "results/hill-re-on-toy-cells-10full-2.5full-1.5kWh" in out


def test_singular_keys_change_a_study_that_has_a_file_too(fairwatt: Command) -> None:
    Path("mine.yaml").write_text("study: mine\nspaces: [toy-cells]\noptimizers: [rs]\nseeds: 0:2\n", encoding="utf-8")
    study = read_study("mine.yaml", ["optimizer=rs,re", "budget=5"])
    assert (study.study, study.labels, study.budgets) == ("mine", ("rs", "re"), ("5 full",))
    assert read_study("mine.yaml", ["budgets=[5, 7 kWh]"]).budgets == ("5 full", "7 kWh")
    one = read_study("mine.yaml", ["optimizers={optimizer: re, label: rs, settings: {population_size: 4}}"])
    assert (one.labels, one.optimizers[0].settings) == (("rs",), {"population_size": 4})


def test_names_of_studies_stay_short_and_sound() -> None:
    names = [name for name in OPTIMIZERS.names() if name != "rs"]
    study = read_study(f"optimizer={','.join(names)}", ["space=toy-cells"])
    assert (study.study, study.reference) == (f"{len(names)}-optimizers-on-toy-cells-30full", "re")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("optimizer=rs", "needs space=, such as space=digits-cells-5v"),
        ("space=toy-cells", "needs optimizer=, such as"),
        ("optimizer=rs spcae=toy-cells", "unknown study key 'spcae'; did you mean 'space'"),
        ("optimizer=rs space=toy-cells budget=ten", "budget 'ten': expected a number and a unit"),
        ("optimizer=rs space=toy-cells budget=0", "nothing can be bought for zero"),
        ("optimizer=rs space=toy-cells budget=", "expected a value, such as budget=30"),
        ("optimizer=rs,rs space=toy-cells", "labels must differ: rs, rs; to give one, write {optimizer: 'rs', label:"),
        ("optimizer=rs, space=toy-cells", "'optimizer=rs,': nothing is named, before or after a comma"),
        ("optimizer=[] space=toy-cells", "'optimizer=[]': nothing is named"),
        ("optimizer=rs optimizer=re space=toy-cells", "'optimizer=re': optimizers given twice"),
        ("optimizer=rs,re optimizers=hb space=toy-cells", "'optimizers=hb': optimizers given twice"),
        ("quickstart seeds=0:5 seeds=0:3", "'seeds=0:3': seeds given twice; write one word, such as seeds=0:30"),
        ("optimizer=rs space=toy-cells seeds=1.5", "'1.5': expected first:end"),
        ("optimizer=rs space=toy-cells seeds=true", "'True': expected first:end"),
        ("optimizer=rs space=toy-cells reference=re", "unknown reference 're'"),
        ("optimizer=hill.py space=toy-cells", "expected FILE.py:NAME"),
        ("seeds=0:3 quickstart", "a study's name comes first"),
    ],
)
def test_each_bad_word_gets_one_line(fairwatt: Command, words: str, answer: str) -> None:
    _refused(fairwatt("run", *words.split()), answer)


# -- installed packages

PACKAGE = """from fairwatt.optimizer import optimizer
from fairwatt.records import Query
from fairwatt.search_spaces.toy import toy_cells

@optimizer("tiny")
def tiny(problem, rng):
    for config in problem.starts(rng):
        yield Query(config)
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package on the path, as `pip install` leaves it."""
    (tmp_path / "tiny_package.py").write_text(PACKAGE, encoding="utf-8")
    (tmp_path / "broken_package.py").write_text("1 / 0\n", encoding="utf-8")
    info = tmp_path / "tiny_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[fairwatt.optimizers]\ntiny = tiny_package:tiny\nbroken = broken_package:broken\n\n"
        "[fairwatt.benchmarks]\ntiny-space = tiny_package:toy_cells\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    for registry in (OPTIMIZERS, BENCHMARKS):
        monkeypatch.setattr(registry, "_targets", dict(registry._targets))
        monkeypatch.setattr(registry, "_plugins_read", False)


@pytest.mark.usefixtures("installed")
def test_what_a_package_registers_is_there_by_name(fairwatt: Command) -> None:
    _, out, _ = fairwatt("optimizers")
    assert re.search(r"^tiny +single +full", out, flags=re.M)
    assert re.search(r"^broken .*cannot be imported \(ZeroDivisionError", out, flags=re.M)
    assert make_benchmark("tiny-space").name == "tiny-space"
    words = ["optimizer=tiny,rs", "space=tiny-space", "seeds=0:1", "budget=5", "--executor", "serial"]
    assert fairwatt("run", *words)[0] == 0
    _refused(fairwatt("run", "optimizer=broken", "space=toy-cells"), "'broken', broken_package:broken: cannot be")


def test_a_defect_of_fairwatts_own_keeps_its_traceback() -> None:
    with pytest.raises(ModuleNotFoundError):
        Registry("thing", "nothing.registered", {"one": "fairwatt.no_such_module:x"}).load("one")


# -- the documentation


def _blocks(kind: str) -> list[tuple[str, str]]:
    blocks = re.findall(r"^```(\w*)([^\n]*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [(rest, text) for language, rest, text in blocks if language == kind]


@pytest.mark.slow(15)
def test_the_page_as_typed(fairwatt: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # more processes would take longer to start than these searches
    for heading, program in _blocks("python"):
        name = re.findall(r'title="(\w+\.py)"', heading)[0]
        Path(name).write_text(program, encoding="utf-8")
        assert len(program.splitlines()) < 40
    commands = [line for _, block in _blocks("") for line in block.splitlines()]
    assert {line.split()[0] for line in commands} == {"fairwatt", "pytest"}
    said = {}
    for line in commands:
        program, *words = shlex.split(line)
        if program == "pytest":
            assert subprocess.run([sys.executable, "-m", "pytest", "-q", *words], check=False).returncode == 0
        else:
            code, said[line], err = fairwatt(*words)
            assert (code, err) == (0, ""), line
    (compared,) = (out for line, out in said.items() if " compare " in line)
    assert re.search(r"^climber v\. rs +30 full", compared, flags=re.M)
    assert find_optimizer("climber.py:climber").name == "climber"


def test_the_page_names_every_check() -> None:
    from fairwatt.conformance.promises import PROMISES

    table = re.findall(r"^\| ([a-z][^|]+?) \| ", PAGE, flags=re.M)
    assert table == ["check", *(name for name, *_ in PROMISES)]


def test_the_doctor_knows_every_package_that_an_optimizer_needs() -> None:
    from fairwatt.doctor import EXTRAS
    from fairwatt.registry import OPTIMIZERS

    for name in sorted(OPTIMIZERS.declared):
        if extra := OPTIMIZERS.load(name).extra:
            assert name in re.findall(r"[\w-]+", EXTRAS[extra][1])
