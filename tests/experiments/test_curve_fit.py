"""Surrogates of learning curves end to end on an invented sweep: table, split, file, audit, command line."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from invented_sweep import write_parts
from numpy.typing import NDArray
from typer.testing import CliRunner

from fairwatt.cli_surrogate import surrogate_app
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments import curve_audit, curve_checks, curve_fit, curve_noise_audit, curve_ranks
from fairwatt.experiments.config_table import collect_configs
from fairwatt.experiments.curve_audit import CEILING, OURS, audit_curves
from fairwatt.experiments.curve_checks import checks
from fairwatt.experiments.curve_data import MeasuredCurves, read_measured_curves, split_keys
from fairwatt.experiments.curve_fit import fit_curves
from fairwatt.experiments.curve_noise_audit import noise_check, noise_levels
from fairwatt.experiments.curve_scores import curve_scores
from fairwatt.sealed import DamagedFileError
from fairwatt.search_spaces import curve_surrogate
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, CurveSurrogateNotFoundError
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.table import TableError
from fairwatt.surrogates import baselines
from fairwatt.surrogates.baselines import BASELINES
from fairwatt.surrogates.curve_examples import CurveExamples
from fairwatt.surrogates.curve_model import CurveModel

Array = NDArray[np.float64]
SETTINGS = {"members": 2, "width": 16, "epochs": 15}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    spec = folder / "digits-regnet-hpo.yaml"
    spec.write_text("name: digits-regnet-hpo\nspace: digits-regnet-hpo\nconfigs: 300\nrepeated: 100\n")
    write_parts(spec, folder)
    return collect_configs(spec, folder=folder)


@pytest.fixture(scope="module")
def data(table: Path) -> MeasuredCurves:
    return read_measured_curves(table)


@pytest.fixture(scope="module")
def surrogate(data: MeasuredCurves) -> CurveSurrogate:
    return fit_curves(data, seed=1, **SETTINGS)


@pytest.mark.slow
def test_the_table_becomes_curves_in_percent(data: MeasuredCurves) -> None:
    assert (len(data), len(np.unique(data.keys)), len(data.repeated)) == (400, 300, 100)
    assert data.lengths == {50: 12, 100: 25, 200: 50}
    assert data.energy_origin == "modelled"
    first, second = data.pairs(data.keys)
    assert (data.keys[first] == data.keys[second]).all()
    assert (data.repeats[second] == 1).all()
    assert data.examples.last.min() > 1  # percent, not fractions


@pytest.mark.slow
def test_splits_share_no_key_and_the_strict_one_no_network(data: MeasuredCurves) -> None:
    split = split_keys(data)
    parts = [split.training, split.stopping, split.test]
    assert sorted(np.concatenate(parts).tolist()) == np.unique(data.keys).tolist()
    whole = replace(data, developed=data.developed[:0])
    assert [len(part) for part in vars(split_keys(whole)).values()] == [210, 30, 60]
    assert len(np.intersect1d(split_keys(whole).test, data.repeated)) == 40
    assert len(split.stopping) == 30
    assert len(np.intersect1d(data.developed, np.unique(data.keys))) > 0
    assert np.array_equal(split.test, np.setdiff1d(split_keys(whole).test, data.developed))
    assert (split_keys(data).test == split.test).all()
    assert not np.array_equal(split_keys(data, 1).test, split.test)
    strict = split_keys(data, by_network=True)
    networks = [set((part // HYPERS).tolist()) for part in (strict.training, strict.stopping, strict.test)]
    assert sum(map(len, networks)) == len(set.union(*networks))
    left = np.setdiff1d(np.unique(data.keys // HYPERS), sorted(set.union(*networks)))
    assert np.isin(data.keys[np.isin(data.keys // HYPERS, left)], data.developed).all()
    assert not np.isin(strict.test, data.developed).any()


@pytest.mark.slow
def test_the_file_tells_what_the_surrogate_told(
    surrogate: CurveSurrogate, data: MeasuredCurves, tmp_path: Path
) -> None:
    path = tmp_path / "one.npz"
    saved = surrogate.save(path)
    again = CurveSurrogate.load(path)
    keys, progress, uniforms = data.keys[:50], [1 / 9, 1 / 3, 1.0], np.linspace(0, 0.9, 50)
    assert again.sha256 == saved.sha256
    assert again.card == surrogate.card
    assert np.array_equal(again.predict(keys, progress), surrogate.predict(keys, progress))
    assert np.array_equal(again.noisy(keys, progress, uniforms), surrogate.noisy(keys, progress, uniforms))
    assert (again.seconds_per_epoch(keys) == surrogate.seconds_per_epoch(keys)).all()
    assert (again.test == surrogate.test).all()
    assert sorted(set(again.lengths(keys).tolist())) == [12, 25, 50]
    assert again.positions(keys, [1.0]).tolist() == [[1.0]] * 50
    assert fit_curves(data, seed=1, **SETTINGS).save(tmp_path / "two.npz").sha256 == saved.sha256
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFileError):
        CurveSurrogate.load(path)
    with pytest.raises(UserError, match="keys outside"):
        surrogate.predict(np.array([10**6]), [1.0])
    with pytest.raises(UserError, match="progress outside 0 to 1"):
        surrogate.predict(keys, [1.5])


@pytest.mark.slow(14)
def test_the_audit_sees_what_is_wrong(
    surrogate: CurveSurrogate, data: MeasuredCurves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curve_audit, "BASELINES", {"parametric": BASELINES["parametric"]})
    monkeypatch.setattr(baselines, "_MOST_EPOCHS", 60)  # nothing here hangs on how good it is
    monkeypatch.setattr(curve_checks, "ASKED", 2000)
    monkeypatch.setattr(curve_noise_audit, "_DRAWS", 2)
    monkeypatch.setattr(curve_ranks, "DRAWS", 20)
    audit = audit_curves(surrogate, data, strict=True)
    assert audit.configurations[:2] == (len(surrogate.test), np.isin(surrogate.test, data.repeated).sum())
    assert audit.scores.keys() == {OURS, "parametric"}
    assert audit.on_repeated.keys() == {OURS, "parametric", CEILING}
    ceiling = audit.on_repeated[CEILING]["validation"]
    assert ceiling.keys() == {"12", "25", "50", "mean"}
    assert audit.shares[OURS]["test"] == pytest.approx(
        audit.on_repeated[OURS]["test"]["mean"]["end_tau"] / audit.on_repeated[CEILING]["test"]["mean"]["end_tau"]
    )
    assert surrogate.card.test["validation_end_tau"] == audit.scores[OURS]["validation"]["mean"]["end_tau"]
    assert not [check for check in audit.checks if check.passed is False]
    leaking = replace(surrogate, training=np.sort(np.append(surrogate.training, surrogate.test[:3])))
    monkeypatch.setattr(curve_audit, "BASELINES", {})
    wrong = audit_curves(leaking, data, strict=False)
    failed = [check.name for check in wrong.checks if check.passed is False]
    assert [name.split()[1] for name in failed] == ["test", "second", "split"]
    assert wrong.by_network == {}
    metered = replace(data, energy_kwh=np.exp(data.examples.architecture[:, 0] / 20), energy_origin="estimated")
    own = fit_curves(metered, **SETTINGS | {"epochs": 1})
    assert own.card.energy.endswith("energy that was estimated")
    assert surrogate.energy is None
    assert surrogate.card.energy == "operation counts"
    measured = own.energy
    assert audit.energy == {}
    assert measured is not None
    kwh = measured.predict(np.hstack([data.examples.architecture, data.examples.hyper]))
    assert np.corrcoef(kwh, metered.energy_kwh)[0, 1] > 0.95
    with pytest.raises(UserError, match="fit it again"):
        audit_curves(surrogate, replace(data, sha256="0" * 64))


@dataclass(frozen=True)
class Turned:
    """The model of a surrogate, turned into a bad one."""

    model: CurveModel

    def uncut(self, architecture: Array, hyper: Array, positions: Array) -> Array:
        return 3 * self.model.uncut(architecture, hyper, positions)


class ByEpochs:
    """Costs of an epoch that halve more than once where a training is twice as long."""

    def predict(self, features: Array) -> Array:
        return np.asarray(np.exp(-5.0 * features[:, -6]) * 0.01)


@pytest.mark.slow
def test_every_check_can_fail(surrogate: CurveSurrogate, data: MeasuredCurves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve_checks, "ASKED", 500)
    sound = checks(surrogate, data)
    assert [check.name for check in sound if check.passed is False] == []
    high = replace(surrogate, model=Turned(surrogate.model), seconds=ByEpochs(), test=surrogate.training)  # type: ignore[arg-type]
    object.__setattr__(high, "predict", surrogate.predict)
    failed = [check.name.split()[0:2] for check in checks(high, data) if check.passed is False]
    assert failed == [
        ["at", "most"],
        ["time", "of"],
        ["time", "grows"],
        ["no", "test"],
        ["the", "split"],
        ["no", "test"],
    ]
    first, second = (data.examples.rows(rows) for rows in data.pairs(data.repeated))
    levels = noise_levels(surrogate, first, second)
    assert noise_check(levels).passed
    assert noise_check([replace(level, drawn=3 * level.measured) for level in levels]).passed is False
    assert noise_check([replace(level, pairs=9) for level in levels]).passed is None


def test_scores_by_hand() -> None:
    errors = np.broadcast_to(np.array([10.0, 20.0, 30.0])[:, None, None], (3, 2, 7))
    examples = CurveExamples(np.zeros((3, 1)), np.zeros((3, 1)), np.full(3, 7), errors)
    column = np.array([[10.0], [30.0], [20.0]])
    scores = curve_scores(examples, lambda places: (np.repeat(column, len(places), axis=1), np.full((3, 7), 20.0)))
    assert scores["validation"]["7"] == pytest.approx(
        {"end_tau": 1 / 3, "end_r2": 0, "tau": 1 / 3, "r2": 0, "end_rmse": np.sqrt(200 / 3), "rmse": np.sqrt(200 / 3)}
    )
    assert scores["test"]["mean"]["tau"] == scores["test"]["mean"]["r2"] == 0


@pytest.mark.slow
def test_the_command_line_fits_shows_and_audits(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    monkeypatch.setattr(curve_audit, "BASELINES", {})
    monkeypatch.setattr(curve_checks, "ASKED", 1000)
    monkeypatch.setattr(curve_ranks, "DRAWS", 20)
    monkeypatch.setattr(curve_noise_audit, "_DRAWS", 2)
    monkeypatch.setattr(curve_fit, "fit_curves", partial(fit_curves, **SETTINGS))

    def answer(*words: str) -> str:
        return " ".join(CliRunner().invoke(surrogate_app, words, catch_exceptions=False).output.split())

    with pytest.raises(UserError, match="its surrogate ships with fairwatt; say where another one goes"):
        answer("fit", str(table))
    for room in (curve_fit, curve_surrogate):
        monkeypatch.setattr(room, "EMBEDDED", tmp_path)  # as if none shipped
    with pytest.raises(CurveSurrogateNotFoundError, match="fairwatt surrogate fit"):
        answer("audit", str(table))
    with pytest.raises(UnknownNameError, match="kind of surrogate"):
        answer("fit", str(table), "--kind", "trees")
    shown = answer("fit", str(table))
    assert "73/10/17 % of keys (training, stopping, test), by key under seed 0" in shown
    path = tmp_path / "surrogates" / "digits-regnet-hpo.npz"
    assert path.stat().st_size < 10**6
    assert answer("show", str(path)) in shown
    told = answer("audit", str(table), "--no-strict")
    assert "final τ as a share of the second training's" in told
    assert "holds 0 of 1,000 random keys; at most by 0.0" in told
    assert "predicted to be the best tenth" in told


def test_mistakes_are_answered(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        read_measured_curves("digits-regnet-hop")
    with pytest.raises(TableError, match="is no table of RegNet"):
        read_measured_curves("digits-cells-4v")
    spec = tmp_path / "digits-regnet-hpo.yaml"
    spec.write_text("name: digits-regnet-hpo\nspace: digits-regnet-hpo\nconfigs: 5\n")
    write_parts(spec, tmp_path)
    with pytest.raises(UserError, match="5 configurations; a surrogate of curves needs 200"):
        read_measured_curves(collect_configs(spec, folder=tmp_path))
