"""EA-HAS-Bench's interface, on an invented surrogate of the real form: questions, answers, refusals."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.sealed import DamagedFileError
from fairwatt.search_spaces.compat import get_ea_has_bench_api
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.curve_surrogate import KIND, CurveCard, CurveSurrogate
from fairwatt.search_spaces.ea_has_config import PYCLS, key_of, outside, read_config
from fairwatt.search_spaces.regnet import expand, work
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.surrogates.curve_model import CurveModel
from fairwatt.surrogates.curve_noise import CurveNoise
from fairwatt.surrogates.energy_trees import BoostedTrees
from fairwatt.surrogates.epoch_cost import EpochCost
from fairwatt.surrogates.two_stream import TwoStreamNetwork

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = (11, 112, 17.9, 2.601, 8, 0.1, "adam", "lin", 200, 16)  # the specification's worked one
SECTIONS: dict[str, dict[str, Any]] = {
    "REGNET": {"DEPTH": 11, "W0": 112, "WA": 17.9, "WM": 2.601, "GROUP_W": 8},
    "OPTIM": {"BASE_LR": 0.1, "OPTIMIZER": "adam", "LR_POLICY": "lin", "MAX_EPOCH": 200},
    "TRAIN": {"CUTOUT_LENGTH": 16},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    monkeypatch.setattr("fairwatt.search_spaces.curve_surrogate.EMBEDDED", tmp_path)
    monkeypatch.setattr("fairwatt.search_spaces.sources.EMBEDDED", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def space() -> RegnetHpoSpace:
    return RegnetHpoSpace()


def model() -> CurveModel:
    """Curves that fall from 90 % by a little of everything: weights were drawn, nothing was learned."""
    rng = np.random.default_rng(0)
    fans = [(9, 4), (15, 4), (8, 4), (4, 4), (4, 4), (4, 12)]
    network = TwoStreamNetwork(
        tuple(rng.standard_normal((2, *fan)).astype(np.float16) for fan in fans),
        tuple(np.zeros((2, 1, fan[1]), dtype=np.float16) for fan in fans),
        np.ones(2, dtype=np.int16),
    )
    falling = np.linspace(90, 20, 6)
    noise = CurveNoise.fit(*np.ones((3, 2, 2, 50)))
    centre = np.concatenate([falling, falling + 2])  # validation, test
    return CurveModel(network, np.zeros(24), np.full(24, 9.0), centre, np.full(12, 3.0), noise, None)


def cost(value: float) -> EpochCost:
    """Below `value` and above it, by the network's depth."""
    threshold = np.full((1, 1, 1), 5, dtype=np.float32)
    leaf = np.log([[[0.8, 1.25]]])
    return EpochCost(BoostedTrees(np.log([value]), np.zeros((1, 1, 1), dtype=np.int16), threshold, leaf))


Make = Callable[..., CurveSurrogate]


@pytest.fixture
def make(home: Path) -> Make:
    def save(name: str = "digits-regnet-hpo", *, energy: EpochCost | None = None, **card: Any) -> CurveSurrogate:
        fields: dict[str, Any] = dict.fromkeys(CurveCard.__dataclass_fields__, "") | {"validation_only": False}
        lengths = {"50": 12, "100": 25, "200": 50}
        given = {"kind": KIND, "data": name, "dataset": "digits", "variant": "cifar10", "lengths": lengths, "notes": ()}
        keys = np.zeros(0, dtype=np.int64)
        own = CurveSurrogate(model(), cost(0.3), energy, keys, keys, keys, CurveCard(**fields | given | card))
        return own.save(home / "surrogates" / f"{name}.npz")

    return save


def four(*arguments: Any, **choice: Any) -> list[Any]:
    return get_ea_has_bench_api(*arguments, **choice)["ea_has_bench_model"]


# -- what is answered


def test_the_curve_is_the_surrogates_at_every_epoch_of_the_configuration(make: Make, space: RegnetHpoSpace) -> None:
    own, (curve, *_) = make(), four("digits")
    for epochs in (50, 100, 200):
        config = (*EXAMPLE[:8], epochs, 0)
        test, validation = curve.predict(config=config), curve.predict(config=config, split="validation")
        assert test.shape == validation.shape == (epochs,)
        expected = own.predict(np.array([space.key(config)]), np.arange(1, epochs + 1) / epochs)
        np.testing.assert_array_equal([validation, test], [expected[0][0], expected[1][0]])
        assert 70 < test[0] <= 100
        assert 0 <= test[-1] < 40
    assert (test != validation).all()
    np.testing.assert_array_equal(curve(config), curve.predict(config=config, split="test"))
    with pytest.raises(UnknownNameError, match=r"split of digits-regnet-hpo 'train'; known: test, validation"):
        curve.predict(config, split="train")


def test_where_one_split_was_evaluated_it_is_the_published_one(make: Make) -> None:
    two, one = make(), make("one", validation_only=True)
    assert (two.card.kinds, one.card.kinds) == (("validation", "test"), ("validation",))
    curve = four("one")[0]
    np.testing.assert_array_equal(curve(EXAMPLE), four("digits")[0](EXAMPLE, split="validation"))
    with pytest.raises(UnknownNameError, match="split of one 'test'; known: validation"):
        curve(EXAMPLE, split="test")


def test_an_epoch_is_one_that_the_configuration_names(make: Make) -> None:
    own, (_, runtime, energy, _) = make(energy=cost(2e-3)), four("digits")
    for epochs, trained in ((50, 12), (100, 25), (200, 50)):
        config = (*EXAMPLE[:8], epochs, 0)
        seconds = runtime.predict(config=config)
        assert seconds.shape == (1, 1)
        assert seconds[0][0] * epochs == pytest.approx(0.8 * 0.3 * trained)
        assert energy.predict(config=config).item() == pytest.approx(0.8 * 2e-3)
    deep = (8, 120, 13.4, 2.951, 24, *EXAMPLE[5:])  # seven blocks in its first stage
    assert runtime(deep) / runtime(EXAMPLE) == pytest.approx(1.25 / 0.8)
    assert own.energy is not None


def test_energies_are_kwh_unless_watt_hours_are_asked_for(make: Make) -> None:
    make()
    _, _, train, test = models = four("digits")
    assert [model.provenance for model in models] == ["surrogate", "surrogate", "modelled", "modelled"]
    for energy in (train, test):
        kwh = energy.predict(config=EXAMPLE)
        assert energy.predict(config=EXAMPLE, unit="Wh") == pytest.approx(1_000 * kwh)
        with pytest.raises(UnknownNameError, match="unit 'J'; known: Wh, kWh"):
            energy.predict(config=EXAMPLE, unit="J")
    counts = work(expand(*EXAMPLE[:5]))
    joules = (
        1.062e-10 * counts.macs + 3.681e-9 * counts.activation_bytes + 1.703e-3 * counts.layers
    )  # of a step's image
    assert float(train(EXAMPLE)) * 3.6e6 == pytest.approx(40_000 * joules)
    assert float(test(EXAMPLE)) * 3.6e6 == pytest.approx(10_000 * joules / 3)


def test_answers_are_numbers_to_published_programs(make: Make) -> None:
    make()
    _, runtime, train, test = four("digits")
    call = {"config": SECTIONS, "representation": "arch_str", "search_space": "nbgreen_c10", "with_noise": False}
    assert int(runtime.predict(**call) * 1_000) == int(1_000 * runtime.predict(**call)[0][0])
    assert float(train.predict(**call) / 100) == train.predict(**call).item() / 100
    assert (train.predict(**call) * 200 + 5e8 * test.predict(**call)).shape == (1, 1)
    assert isinstance(four("digits")[0].predict(**call)[-1], np.float64)


def test_measured_training_says_nothing_of_inference(make: Make) -> None:
    make(energy=cost(2e-3))
    *_, train, test = models = four("digits")
    assert [model.provenance for model in models] == ["surrogate"] * 3 + ["modelled"]
    assert train(EXAMPLE) > 0
    with pytest.raises(UserError, match="digits-regnet-hpo tells no energy of inference: its energy is of training"):
        test(EXAMPLE)


@pytest.mark.parametrize("option", ["with_noise", "components"])
def test_what_the_published_code_fails_at_says_so(make: Make, option: str) -> None:
    make()
    with pytest.raises(UserError, match="predictions are means"):
        four("digits")[0].predict(EXAMPLE, **{option: True})


# -- whose models


@pytest.mark.parametrize("dataset", ["cifar10", "tiny", "tinyimagenet"])
def test_a_published_data_set_is_answered_by_models_of_it_alone(make: Make, home: Path, dataset: str) -> None:
    make()
    make("tiny")  # a name says nothing
    with pytest.raises(UserError, match=rf"surrogate fit TABLE.*get_ea_has_bench_api\('{dataset}', models=NAME"):
        get_ea_has_bench_api(dataset)
    for models in ("digits-regnet-hpo", "tiny", home / "surrogates" / "tiny.npz", str(home / "surrogates/tiny.npz")):
        with pytest.raises(UserError, match=r"learned from trainings on digits \(variant cifar10\), not on"):
            get_ea_has_bench_api(dataset, models=models)


def test_models_are_named_or_a_file(make: Make, home: Path) -> None:
    make("sweep", dataset="cifar10")
    by_name = four("cifar10", models="sweep")[0](EXAMPLE)
    np.testing.assert_array_equal(four("cifar10", models=home / "surrogates" / "sweep.npz")[0](EXAMPLE), by_name)
    np.testing.assert_array_equal(four("cifar10", str(home / "surrogates" / "sweep.npz"))[0](EXAMPLE), by_name)
    np.testing.assert_array_equal(four("sweep")[0](EXAMPLE), by_name)
    with pytest.raises(UserError, match="not on tiny"):
        get_ea_has_bench_api("tiny", models="sweep")
    make("odd", dataset="TinyImageNet", variant="cifar10")
    with pytest.raises(UserError, match=r"TinyImageNet \(variant cifar10\), not on tiny"):
        get_ea_has_bench_api("tiny", models="odd")
    make("unsaid", dataset="")
    with pytest.raises(UserError, match="on a data set that its card does not name"):
        get_ea_has_bench_api("cifar10", models="unsaid")


@pytest.mark.slow
def test_tiny_has_a_space_of_its_own(make: Make) -> None:
    make("mine", dataset="tinyimagenet", variant="tiny")
    config = (*RegnetHpoSpace("tiny").config(0)[:5], *EXAMPLE[5:])
    for dataset in ("tiny", "tinyimagenet"):
        assert four(dataset, models="mine")[0](config).shape == (200,)


def test_what_is_no_data_set_and_no_surrogate(make: Make, home: Path) -> None:
    with pytest.raises(UserError, match="fairwatt surrogate fit digits-regnet-hpo"):
        get_ea_has_bench_api("digits")
    with pytest.raises(UserError, match="fairwatt surrogate fit mine"):
        get_ea_has_bench_api("cifar10", models="mine")
    make("my-sweep")
    with pytest.raises(UnknownNameError, match="did you mean 'my-sweep'"):
        get_ea_has_bench_api("my-sweeps")
    for dataset in ("cifar100", None):
        with pytest.raises(UnknownNameError, match="unknown data set or curve surrogate"):
            get_ea_has_bench_api(dataset)  # type: ignore[arg-type]
    (home / "surrogates" / "my-sweep.npz").write_bytes(b"PK")
    with pytest.raises(DamagedFileError):
        get_ea_has_bench_api("my-sweep")


# -- what a configuration is


def flat(config: tuple[Any, ...], form: str = "{name}") -> dict[str, Any]:
    places = (PYCLS[name] for name in CONFIG)
    return {form.format(section=s, name=n): value for (s, n), value in zip(places, config, strict=True)}


def published_ten(space: RegnetHpoSpace, config: tuple[Any, ...]) -> list[float]:
    onehot = space.encode(config, "onehot")
    return [*onehot[:5], *(float(hot.argmax()) for hot in np.split(onehot[5:], [10, 13, 16, 18]))]


def test_every_form_of_every_vector_is_one_configuration(space: RegnetHpoSpace, shared: Path) -> None:
    vectors = json.loads((shared / "eahas" / "regnet_vectors.json").read_text())["vectors"]
    assert len(vectors) == 15
    for vector in vectors:
        given = vector["config"]
        config = tuple(given[PYCLS[name][1]] for name in CONFIG)
        forms = [
            config,
            list(config),
            dict(zip(CONFIG, config, strict=True)),
            given,
            flat(config, "{section}.{name}"),
            {
                section: {n: given[n] for s, n in PYCLS.values() if s == section}
                for section in ("REGNET", "OPTIM", "TRAIN")
            },
            space.encode(config, "onehot"),
            space.encode(config, "onehot").astype(np.float32).tolist(),
            published_ten(space, config),
        ]
        assert [read_config(form, space) for form in forms] == [config] * len(forms)
        assert bool(outside(config, space)) is not vector["valid"]
        if vector["valid"]:
            assert key_of(given, space) == space.key(config)
            continue
        with pytest.raises(UserError, match=r"outside the cifar10 space.*expected") as refusal:
            key_of(given, space)
        assert vector["violations"][0].removeprefix("num_") in str(refusal.value)


@pytest.mark.parametrize("variant", ["cifar10", pytest.param("tiny", marks=pytest.mark.slow)])
def test_encodings_are_decoded_exactly_all_over_the_grid(variant: str) -> None:
    space, rng = RegnetHpoSpace(variant), np.random.default_rng(0)
    reasons = set()
    for _ in range(300):
        config = tuple(dim.values[int(rng.integers(len(dim.values)))] for dim in space.dims)
        assert read_config(space.encode(config, "onehot"), space) == config
        reason = outside(config, space)
        assert bool(reason) is not space.is_valid(config)
        reasons |= set(re.findall("stage|flops|params|acts", reason))
    for config in [space.sample(rng) for _ in range(50)]:
        assert outside(config, space) == ""
    assert reasons == ({"stage", "flops", "params", "acts"} if variant == "cifar10" else {"stage"})


def test_the_published_sampler_says_no_epochs_and_means_200(space: RegnetHpoSpace) -> None:
    optim = {name: value for name, value in SECTIONS["OPTIM"].items() if name != "MAX_EPOCH"}
    assert read_config(SECTIONS, space) == read_config({**SECTIONS, "OPTIM": optim}, space) == EXAMPLE


ENCODED = np.array([0.5555555, 0.8, 0.4125, 0.202, 7 / 31, *np.eye(10)[6], 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1])


def changed(place: int, value: float) -> Any:
    vector = ENCODED.copy()
    vector[place] = value
    return vector


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("arch_str", "no configuration: 'arch_str'"),
        (None, "no configuration"),
        (EXAMPLE[:9], "9 values of a configuration: expected 10"),
        ((11, 112, 17.95, *EXAMPLE[3:]), r"wa = 17\.95: expected 8\.0 to 32\.0, 241 values"),
        ((11, True, *EXAMPLE[2:]), "w0 = True: expected 48 to 128"),
        ((*EXAMPLE[:6], "rmsprop", *EXAMPLE[7:]), "optimizer = 'rmsprop': expected one of sgd, adam, adamw"),
        ((*EXAMPLE[:9], np.zeros(2)), "cutout = .*expected one of 0, 16"),
        ({"depth": 11, "w0": 112}, "missing or not known of a configuration: cutout, epochs, group_w"),
        ({**dict(zip(CONFIG, EXAMPLE, strict=True)), "seed": 1}, "seed; expected depth"),
        ({"REGNET": SECTIONS["REGNET"]}, r"lacks OPTIM\.BASE_LR, OPTIM\.OPTIMIZER, OPTIM\.LR_POLICY, TRAIN\.CUTOUT"),
        ({**SECTIONS, "REGNET": {**SECTIONS["REGNET"], "BOT_MUL": 2.0}}, r"BOT_MUL = 2\.0: the space has bottlenecks"),
        (np.zeros(2_500), r"no configuration: numbers of shape \(2500,\); expected \(depth"),
        (np.zeros((1, 26)), "no configuration"),
        (np.zeros(26), "number 5 is 0, 1 in the nearest one"),
        (changed(2, 0.4126), r"number 2 is 0\.4126, 0\.4125 in the nearest one, \(11, 112, 17\.9"),
        (changed(3, 1.5), "number 3 is 1.5, 1 in the nearest one"),
        (changed(11, 0.5), "number 11 is 0.5, 1 in the nearest one"),
        (changed(18, 1), "number 20 is 1, 0 in the nearest one"),
        (changed(0, np.nan), "number 0 is nan"),
        (
            [0.5, 0.8, 0.4125, 0.202, 0, 6, 1.5, 2, 1, 2],
            r"position 1\.5 of optimizer: expected a whole number from 0 to 2",
        ),
        ([0.5, 0.8, 0.4125, 0.202, 0, 10, 1, 2, 1, 2], "position 10 of lr"),
    ],
)
def test_what_is_no_configuration_says_why(space: RegnetHpoSpace, given: Any, message: str) -> None:
    assert read_config(changed(0, 5 / 9), space) == EXAMPLE
    with pytest.raises(UserError, match=message) as refusal:
        read_config(given, space)
    assert "\n" not in str(refusal.value)


def test_outside_the_limits_one_line_says_by_how_much(make: Make) -> None:
    make()
    one, four_stages = (6, 128, 8.0, 3.0, 8, *EXAMPLE[5:]), (15, 48, 32.0, 2.5, 8, *EXAMPLE[5:])
    for model in four("digits"):
        for config, message in ((one, "has 1 stage, expected 2"), (four_stages, "has 4 stages, expected 2")):
            with pytest.raises(UserError, match=message):
                model.predict(config=config)
    wide = (15, 112, 17.9, 2.601, 8, *EXAMPLE[5:])
    with pytest.raises(
        UserError, match=r"which is all that was learned from: [\d,]+ flops, expected 120,000,000 to 13"
    ):
        four("digits")[0].predict(config=wide)


# -- the documentation


def test_the_readmes_example_runs_with_two_lines_changed(make: Make) -> None:
    make()
    page = (DOCS / "drop-in.md").read_text()
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "ea_api" in block)
    names: dict[str, Any] = {}
    exec(compile(example, "drop-in.md", "exec"), names)  # noqa: S102  (our own page)
    assert names["lc"].shape == (200,)
    assert all(names[name].shape == (1, 1) for name in ("train_time", "train_cost", "test_cost"))


def test_programs_on_cells_do_not_import_it() -> None:
    code = "import sys, fairwatt.search_spaces.compat as c; c.get_ea_has_bench_api; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"torch", "fairwatt.search_spaces.ea_has_bench"} & set(ran.stdout.split())
