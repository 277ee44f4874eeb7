"""`fairwatt data import --schema eahas` and what follows it, as a user meets them."""

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from invented_eahas import changed, pycls_record, sampled, write_json

from fairwatt import cli
from fairwatt.conformance import check_benchmark
from fairwatt.errors import UserError
from fairwatt.experiments import curve_data
from fairwatt.experiments.curve_data import read_measured_curves
from fairwatt.experiments.curve_fit import fit_curve_surrogate
from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.search_spaces.eahas_import import import_sweep
from fairwatt.search_spaces.eahas_setting import SweepOptions

CONFIGS = [(*config[:8], 50, config[9]) for config in sampled(6)]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def fairwatt(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairwatt", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return fairwatt


def test_a_sweep_is_imported_listed_shown_and_verified(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    records = [pycls_record(config, energy=True) for config in CONFIGS]
    write_json(Path("sweep.json"), [*records, changed(records[0], "cfg.REGNET.WA", 9.99), records[1]])
    words = ["data", "import", "--schema", "eahas", "sweep.json", "--name", "mine", "--report", "found.json"]
    code, out, err = run(*words)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "they imply a mean power of 64 W as Wh and 64,000 W as kWh" in err
    assert "off-grid  error" in out
    assert json.loads(Path("found.json").read_text())["stopped"] in err
    code, out, _ = run(*words, "--energy-unit", "wh")
    assert code == 0
    assert "taken: 6 trainings, 6 configurations" in out
    found = json.loads(Path("found.json").read_text())
    assert (found["stopped"], found["trainings"]["in_table"]) == ("", 6)
    assert {each["kind"]: each["trainings"] for each in found["findings"]} == {"off-grid": 1, "duplicate": 1}
    assert found["findings"][0]["first"][0]["record"] == 6
    assert "mine" in run("data", "list")[1]
    assert run("data", "verify", "mine")[1] == "mine: as written\n"
    code, out, _ = run("spaces", "show", "mine")
    assert code == 0
    assert "fairwatt surrogate fit mine makes one" in out
    assert "fairwatt data import --schema eahas sweep.json --name mine --energy-unit wh" in out
    code, _, err = run("surrogate", "fit", "mine")
    assert (code, "6 configurations; a surrogate of curves needs 200" in err) == (2, True)
    monkeypatch.setattr(curve_data, "LEAST_KEYS", 6)
    code, _, err = run("surrogate", "fit", "mine")
    assert (code, "no configuration of 100 or 200 epochs" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--schema", "eahs"], "did you mean 'eahas'"),
        (["--dataset", "tiny"], "--dataset is for sweeps: --schema eahas"),
        (["--cutout", "0"], "--cutout is for sweeps: --schema eahas"),
        (["--schema", "eahas", "--report", "found.txt"], "the report is a .json file"),
        (["--schema", "eahas", "--images", "test"], "--images 'test': expected train=N"),
        (["--schema", "eahas", "--energy-unit", "kw"], "did you mean 'kwh'"),
        (["--schema", "eahas", "--name", "ec-nas-4v"], "is taken"),
    ],
)
def test_mistakes_are_one_line(run, words: list[str], reason: str) -> None:  # type: ignore[no-untyped-def]
    write_json(Path("sweep.json"), [])
    code, out, err = run("data", "import", "sweep.json", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert reason in err


def test_a_hostile_name_of_a_file_is_shown_and_kept_harmless(run) -> None:  # type: ignore[no-untyped-def]
    write_json(Path("\x1b[2J.json"), [pycls_record(CONFIGS[0])])
    code, out, _ = run("data", "import", "--schema", "eahas", "\x1b[2J.json", "--name", "mine")
    assert (code, "\x1b" in out) == (0, False)
    assert "\x1b" not in run("spaces", "show", "mine")[1]


def test_a_hostile_file_ends_in_one_line_and_leaves_nothing(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for content in ('[{"a": 1, "a": 2}]', "[" * 99_999, '[{"a": ' + "9" * 9_999 + "}]", '[{"a": "\x1b[2J'):
        Path("sweep.json").write_text(content)
        code, out, err = run("data", "import", "--schema", "eahas", "sweep.json", "--report", "found.json")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "\x1b" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.json"}


@pytest.mark.slow(8)
def test_a_surrogate_of_one_evaluated_split_tells_no_test_error(run) -> None:  # type: ignore[no-untyped-def]
    write_json(Path("sweep.json"), [pycls_record(config, energy=True) for config in sampled(220, seed=1)])
    import_sweep("sweep.json", SweepOptions(energy_unit="wh"), "my-sweep.v1")
    data = read_measured_curves("my-sweep.v1")
    assert data.validation_only
    path = fit_curve_surrogate("my-sweep.v1", members=2, width=16, epochs=15)
    surrogate = CurveSurrogate.load(path)
    assert surrogate.card.kinds == ("validation",)
    assert not any(name.startswith("test") for name in surrogate.card.test)
    validation, test = surrogate.predict(data.keys[:5], [1.0])
    assert np.isfinite(validation).all()
    assert np.isnan(test).all()
    _, out, _ = run("surrogate", "show", str(path))
    assert "validation curves, on test keys" in out
    assert "\ntest curves" not in out
    benchmark = make_benchmark("my-sweep.v1")
    assert not benchmark.has_test
    assert not benchmark.reference().has_test
    assert [found for found in check_benchmark(benchmark, np.random.default_rng(0)) if not found.passed] == []


@pytest.mark.slow
def test_a_space_that_is_a_table_is_not_replaced_by_its_surrogate(run) -> None:  # type: ignore[no-untyped-def]
    networks = [CONFIGS[0][:5], CONFIGS[1][:5]]
    hyper = product((0.01, 0.1, 1.0), ("sgd", "adam"), ("cos", "exp", "lin"), (50, 100, 200), (0, 16))
    points = [(*network, *each) for network, each in product(networks, hyper)]
    write_json(Path("sweep.json"), [pycls_record(config, energy=True) for config in points])
    import_sweep("sweep.json", SweepOptions(energy_unit="wh"), "own-grid")
    with pytest.raises(UserError, match=r"own-grid is a space already, an exact one; .*--out FILE\.npz"):
        fit_curve_surrogate("own-grid")
    assert not Path("cache/surrogates").exists()
    assert run("spaces", "show", "own-grid")[0] == 0
