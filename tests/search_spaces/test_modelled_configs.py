"""The benchmark on a surrogate of curves: answers are the model's with its noise, kept once, priced by the sampler."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from fairwatt import run
from fairwatt.analysis.random_search_curve import expected_best
from fairwatt.conformance import check_benchmark
from fairwatt.errors import UserError
from fairwatt.registry import BENCHMARKS
from fairwatt.search_spaces import curve_surrogate, modelled_configs, sources
from fairwatt.search_spaces.curve_benchmark import FIDELITIES
from fairwatt.search_spaces.curve_surrogate import CurveCard, CurveSurrogate
from fairwatt.search_spaces.modelled_configs import ModelledConfigs, TooManyKeysError
from fairwatt.surrogates.curve_noise import CurveNoise

pytestmark = pytest.mark.slow
Array = NDArray[np.float64]
CONFIG = (8, 120, 13.4, 2.951, 24, 0.01, "adam", "cos", 200, 16)


@dataclass(frozen=True)
class InventedModel:
    """A law of features in the place of a fitted model; its curves start at 90 % and fall."""

    residual: CurveNoise
    retraining: CurveNoise | None
    degree: int = 5

    def predict(self, architecture: Array, hyper: Array, positions: ArrayLike) -> tuple[Array, Array]:
        end = 10 + 5 * (architecture[:, 2:3] % 1) + 8 * hyper[:, -1:] ** 2
        means = np.clip(end + (90 - end) * np.exp(-4 * np.asarray(positions)), 0, 100)
        return means, np.minimum(means + 2.0, 100.0)

    def predict_all(self, architecture: Array, hyper: Array, positions: ArrayLike) -> tuple[Array, Array]:
        means = np.stack(self.predict(architecture, hyper, positions), axis=1)
        return means, np.full_like(means, 0.5)


class InventedCost:
    def predict(self, features: Array) -> Array:
        return np.asarray(0.1 + 0.01 * features[:, 0])


def noise() -> CurveNoise:
    rng = np.random.default_rng(0)
    whole = 3.0 * rng.standard_normal((200, 1, 1)) + rng.standard_normal((200, 2, 50))
    return CurveNoise.fit(whole, np.broadcast_to(rng.uniform(10, 90, (200, 1, 1)), whole.shape), np.zeros_like(whole))


def surrogate(**changes: Any) -> CurveSurrogate:
    fields: dict[str, Any] = dict.fromkeys(CurveCard.__dataclass_fields__, "")
    card = CurveCard(**fields | {"variant": "cifar10", "lengths": {"50": 12, "100": 25, "200": 50}, "notes": ("n",)})
    none = np.zeros(0, dtype=np.int64)
    own = CurveSurrogate(InventedModel(noise(), noise()), InventedCost(), None, none, none, none, card, "f" * 64)  # type: ignore[arg-type]
    return replace(own, **changes)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def benchmark(home: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(home))
        yield ModelledConfigs("invented", surrogate())


def test_it_conforms(benchmark: ModelledConfigs) -> None:
    assert [f for f in check_benchmark(benchmark, np.random.default_rng(0)) if not f.passed] == []


def test_answers_scatter_around_the_prediction_as_second_trainings_do(benchmark: ModelledConfigs) -> None:
    own, truth = surrogate(), benchmark.reference()
    keys = np.array(truth.keys)[::37]
    for fidelity in FIDELITIES:
        answers = [benchmark.measure_batch(keys, fidelity, seed) for seed in range(12)]
        named = np.array([50, 100, 200])[keys // 2 % 3]
        wanted = own.predict(keys, (answers[0]["epochs"] / named)[:, None])
        for kind, name in enumerate(("val_error", "test_error")):
            found = np.mean([answer[name] for answer in answers], axis=0)
            assert np.mean(found - wanted[kind][:, 0] / 100) == pytest.approx(0, abs=0.002)
    one, two = (benchmark.measure_batch(keys, 1.0, seed) for seed in (0, 1))
    between = one["val_error"] - two["val_error"]
    early = [benchmark.measure_batch(keys, 1 / 3, seed)["val_error"] for seed in (0, 1)]
    assert np.corrcoef(between, early[0] - early[1])[0, 1] > 0.5  # one training, one deviation
    assert np.corrcoef(between, one["test_error"] - two["test_error"])[0, 1] > 0.5
    assert truth.val_error[::37] == pytest.approx(own.predict(keys, 1.0)[0][:, 0] / 100, abs=6e-5)
    assert truth.val_error * 10_000 == pytest.approx(np.round(truth.val_error * 10_000), abs=1e-9)


def test_the_sampler_is_known_key_by_key(benchmark: ModelledConfigs) -> None:
    truth, rng = benchmark.reference(), np.random.default_rng(1)
    assert truth.probabilities is not None
    assert truth.probabilities.sum() == pytest.approx(1.0)
    draws = [int(benchmark.space.key(benchmark.space.sample(rng))) for _ in range(4_000)]
    assert truth.energy_kwh[draws].mean() == pytest.approx(benchmark.tariff().mean_full_kwh, rel=0.03)
    best = truth.val_error[np.array(draws).reshape(-1, 10)].min(axis=1)
    n = expected_best(truth.val_error, [10], replacement=True, probabilities=truth.probabilities)[0]
    assert best.mean() == pytest.approx(n, abs=4 * best.std() / len(best) ** 0.5)


def test_answers_are_worked_out_once(benchmark: ModelledConfigs, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(home))
    (file,) = (home / "answers").glob("invented-*.bin")
    before = file.stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(modelled_configs, "_answers", None)
        again = ModelledConfigs("invented", surrogate())
    assert again.measure(CONFIG, 1 / 3, 4) == benchmark.measure(CONFIG, 1 / 3, 4)
    assert file.stat().st_mtime_ns == before
    file.write_bytes(file.read_bytes()[:-9])
    mended = ModelledConfigs("invented", surrogate())
    assert mended.measure(CONFIG, 1 / 3, 4) == benchmark.measure(CONFIG, 1 / 3, 4)


def test_energy_is_modelled_unless_it_was_measured(
    benchmark: ModelledConfigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert benchmark.provenance["energy_kwh"] == "modelled"
    assert 0.05 < benchmark.measure(CONFIG).energy_kwh < 1
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    unpaired = InventedModel(noise(), None)
    measured = ModelledConfigs("own", surrogate(energy=InventedCost(), model=unpaired))  # type: ignore[arg-type]
    key = measured.space.key(CONFIG)
    first = surrogate().features(np.array([key]))[0][0, 0]
    assert measured.provenance["energy_kwh"] == "surrogate"
    assert measured.measure(CONFIG).energy_kwh == pytest.approx(200 * (0.1 + 0.01 * first))
    assert measured.measure(CONFIG).seconds == pytest.approx(50 * (0.1 + 0.01 * first))


def test_a_space_of_millions_is_refused_before_anything_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    own = surrogate()
    monkeypatch.setattr(modelled_configs, "_answers", None)
    monkeypatch.setattr(modelled_configs, "curve_surrogate_path", Path)
    monkeypatch.setattr(CurveSurrogate, "load", lambda path: replace(own, card=replace(own.card, variant="tiny")))
    with pytest.raises(TooManyKeysError, match=r'my-tiny: .* tiny has 20,798,640 .*get_ea_has_bench_api\("my-tiny"\)'):
        modelled_configs.modelled_configs("my-tiny")


def test_a_search_runs_and_pays_for_epochs_it_adds(benchmark: ModelledConfigs) -> None:
    found = run(benchmark, "hb", budget="30 full")
    assert found.header.policy["fidelity"] == "continue"
    assert found.spent == found.header.budget
    assert {row.charge.value for row in found} >= {"new", "continue"}


def test_names_come_with_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path)
    monkeypatch.setattr(curve_surrogate, "EMBEDDED", tmp_path)
    (tmp_path / "digits-regnet-hpo.arrow").touch()  # the measurements alone are no space
    assert not [name for name in BENCHMARKS.names() if "regnet" in name]
    (tmp_path / "surrogates").mkdir()
    for name in ("mine", "ec-nas-7v-energy"):
        (tmp_path / "surrogates" / f"{name}.npz").touch()
    assert [name for name in BENCHMARKS.names() if name in ("mine", "ec-nas-7v-energy")] == ["mine"]
    with pytest.raises(UserError, match=r"mine\.npz"):
        BENCHMARKS.load("mine")("mine")
