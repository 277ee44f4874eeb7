"""Importing EA-HAS-style sweeps: every number of the table, every finding, and every reason to make none."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_eahas import IMAGES, WATTS, changed, csv_rows, percent, pycls_record, sampled, write_csv, write_json

from fairwatt.conformance import check_benchmark
from fairwatt.errors import UserError
from fairwatt.records import Config
from fairwatt.registry import BENCHMARKS
from fairwatt.search_spaces.config_trainings import ConfigTrainings
from fairwatt.search_spaces.eahas_import import SweepRefusedError, import_sweep
from fairwatt.search_spaces.eahas_report import KINDS, SweepReport
from fairwatt.search_spaces.eahas_setting import SweepOptions
from fairwatt.search_spaces.eahas_sweep import SweepFileError
from fairwatt.search_spaces.measured_configs import MeasuredConfigs
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.sources import check_own_name, find_table, list_tables, table_spaces, verify
from fairwatt.search_spaces.table import Table, open_table
from fairwatt.surrogates.energy_model import OperationCountModel

WH = SweepOptions(energy_unit="wh")
CONFIGS = [(*config[:8], 50, config[9]) for config in sampled(6)]
Record = dict[str, Any]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def imported(tmp_path: Path, records: list[Any], options: SweepOptions | None = None) -> tuple[Table, SweepReport]:
    path, report = import_sweep(write_json(tmp_path / "sweep.json", records), options, "mine")
    return open_table(path), report


def counts(report: SweepReport) -> dict[str, int]:
    return {finding.kind: finding.count for finding in report.findings}


def test_every_number_of_the_file_is_in_the_table(tmp_path: Path) -> None:
    configs = sampled(4)
    records = [pycls_record(config, energy=True) for config in configs]
    table, report = imported(tmp_path, records, WH)
    assert (report.records, report.taken, report.configurations, counts(report)) == (4, 4, 4, {})
    space, trainings = RegnetHpoSpace(), ConfigTrainings.of(table)
    assert not trainings.has_test
    assert np.isnan(trainings.errors[:, 2]).all()
    for config, record in zip(configs, records, strict=True):
        row = trainings.configs.index(config)
        length = int(config[8])
        assert trainings.key[row] == space.key(config)
        assert trainings.lengths[row] == length
        for part, name in ((0, "train_epoch"), (1, "test_ema_epoch")):
            shares = np.array(record[name]["top1_err"]) / 100
            images = IMAGES["cifar10"][part]
            exact = 1 - np.rint((1 - shares) * images) / images  # the file's four digits are one number of images
            assert trainings.errors[row, part, :length] == pytest.approx(exact, abs=1e-12)
        wh, seconds = record["cons"]["train_cons"], record["train_epoch"]["time_epoch"]
        assert trainings.energy_kwh_per_epoch[row] == pytest.approx(sum(wh) / length / 1000)
        assert trainings.seconds_per_epoch[row] == pytest.approx(np.mean(seconds))
        assert trainings.params[row] == record["complexity"]["params"]
    assert (table.card.dataset, table.card.pue) == ("cifar10", None)
    assert table.card.mean_full_kwh == pytest.approx(np.mean([sum(r["cons"]["train_cons"]) for r in records]) / 1000)
    assert table.column("trained_epochs").tolist() == table.column("epochs").tolist()
    assert "as --energy-unit says" in table.description("energy_kwh_per_epoch")
    assert f"{WATTS:.0f} W" in table.description("energy_kwh_per_epoch")
    assert "the only one" in table.description("validation_correct")
    assert "test_correct" not in table


def test_json_and_csv_become_the_same_columns(tmp_path: Path) -> None:
    records = [pycls_record(config, energy=True) for config in CONFIGS[:3]]
    rows = [
        row
        for place, record in enumerate(records)
        for row in csv_rows(record, str(place), energy_wh=record["cons"]["train_cons"])
    ]
    one, _ = imported(tmp_path, records, WH)
    path, report = import_sweep(write_csv(tmp_path / "sweep.csv", rows), SweepOptions(dataset="cifar10"), "other")
    other = open_table(path)
    for name in one.columns:
        assert one.column(name).tolist() == other.column(name).tolist(), name
    assert "as its column says" in other.description("energy_kwh_per_epoch")
    assert counts(report) == {}


def test_a_file_with_validation_and_test_errors_has_both(tmp_path: Path) -> None:
    rows = []
    for config in CONFIGS[:2]:
        record = pycls_record(config)
        rows += csv_rows(
            record, str(config), validation_error=[error - 1 for error in record["test_ema_epoch"]["top1_err"]]
        )
    path = write_csv(tmp_path / "sweep.csv", rows)
    with pytest.raises(UserError, match=r"how many the validation part of cifar10 has: say --images validation=N"):
        import_sweep(path, SweepOptions(dataset="cifar10"))
    table = open_table(import_sweep(path, SweepOptions(dataset="cifar10", images={"validation": 10_000}))[0])
    trainings = ConfigTrainings.of(table)
    assert trainings.has_test
    assert trainings.errors[:, 2] - trainings.errors[:, 1] == pytest.approx(0.01)


def _record(energy: bool = False) -> Record:
    return pycls_record(CONFIGS[0], energy=energy)


def _edit(path: str, value: Any) -> Callable[[Record], Record]:
    return lambda record: changed(record, path, value)


def _point(path: str, place: int, value: Any) -> Callable[[Record], Record]:
    def edit(record: Record) -> Record:
        *way, last = path.split(".")
        curve = record
        for step in way:
            curve = curve[step]
        return changed(record, path, [*curve[last][:place], value, *curve[last][place + 1 :]])

    return edit


def _scaled(path: str, factor: float) -> Callable[[Record], Record]:
    section, name = path.split(".")
    return lambda record: changed(record, path, [factor * value for value in record[section][name]])


EMA, TRAIN, CONS = "test_ema_epoch.top1_err", "train_epoch", "cons.train_cons"


@pytest.mark.parametrize(
    ("kind", "edit", "detail"),
    [
        ("incomplete", _edit("cfg.OPTIM.BASE_LR", None), "lr"),
        ("incomplete", _edit("cfg.OPTIM.BASE_LR", "x\x1b[2J"), "lr 'x\\x1b[2J'"),
        ("incomplete", _edit("cfg.OPTIM.BASE_LR", 10**400), "lr a huge number"),
        ("incomplete", _edit("cfg.OPTIM", []), "lr, optimizer, policy, epochs"),
        ("incomplete", _edit(EMA, None), "no test_error of averaged weights (--weights raw"),
        ("incomplete", _edit("train_epoch.time_epoch", None), "no seconds"),
        ("not-a-number", _point(EMA, 3, float("nan")), "test_error nan in epoch 4"),
        ("not-a-number", _point(EMA, 3, None), "test_error None in epoch 4"),
        ("not-a-number", _point(f"{TRAIN}.time_epoch", 0, float("inf")), "seconds inf in epoch 1"),
        ("not-a-number", _point(CONS, 9, None), "energy None in epoch 10"),
        ("not-a-number", _point(f"{TRAIN}.loss", 3, None), "train_loss None in epoch 4: write nan"),
        ("not-a-number", _point(f"{TRAIN}.loss", 3, "x"), "train_loss 'x' in epoch 4"),
        ("incomplete", _edit("cfg.REGNET.DEPTH", True), "depth bool"),
        ("no-regnet", _edit("cfg.MODEL.TYPE", "effnet"), "MODEL.TYPE 'effnet'"),
        ("off-grid", _edit("cfg.REGNET.WA", 17.93), "wa 17.93"),
        ("off-grid", _edit("cfg.OPTIM.MAX_EPOCH", 60), "epochs 60"),
        ("off-grid", _edit("cfg.OPTIM.LR_POLICY", "steps"), "policy 'steps'"),
        ("off-grid", _edit("cfg.OPTIM.LR_POLICY", "\ud800\x1b[2J"), "policy '\\ud800\\x1b[2J'"),
        ("stages-differ", _edit("cfg.ANYNET.WIDTHS", [64, 128]), "stored"),
        ("params-differ", _edit("complexity.params", 1), "1, not "),
        ("wrong-length", _edit(EMA, [50.0] * 49), "test_error: 49 epochs of 50"),
        ("wrong-length", _edit("cfg.OPTIM.MAX_EPOCH", 100), "50 epochs of 100"),
        ("wrong-length", _edit(f"{TRAIN}.loss", [1.0]), "train_loss: 1 epochs of 50"),
        ("wrong-epochs", _point("test_ema_epoch.epoch_ind", 4, 4), "4 in place 5"),
        ("wrong-epochs", _point("test_epoch.epoch_ind", 0, 0), "raw_epoch 0 in place 1"),
        ("wrong-epochs", _point(f"{TRAIN}.epoch_ind", 4, 4), "train_epoch 4 in place 5"),
        ("fractions", _scaled(EMA, 0.01), "test_error 0."),
        ("fractions", _scaled(f"{TRAIN}.top1_err", 0.01), "train_error 0."),
        ("power", _scaled(CONS, 1e-3), "0.064 W"),
        ("power", _scaled(CONS, 3600), "230,400 W"),
        ("out-of-range", _point(EMA, 0, 100.01), "test_error 100.01 %"),
        ("out-of-range", _point(EMA, 0, -1), "test_error -1 %"),
        ("negative", _point(f"{TRAIN}.time_epoch", 7, 0), "0 s in epoch 8"),
        ("negative", _point(CONS, 7, -0.5), "-0.5 in epoch 8"),
        ("absurd", _point(CONS, 7, 1e308), "energy 1e+308"),
        ("no-energy", _edit("cons", None), ""),
        ("outside-limits", _edit("cfg.REGNET.DEPTH", 6), "flops"),
    ],
)
def test_a_training_that_is_not_sound_is_left_out_and_named(
    tmp_path: Path, kind: str, edit: Callable[[Record], Record], detail: str
) -> None:
    records = [pycls_record(config, energy=True) for config in CONFIGS[1:3]]
    wrong = edit(_record(energy=True))
    if kind == "outside-limits":
        del wrong["cfg"]["ANYNET"], wrong["complexity"]
        wrong["cfg"]["MODEL"]["TYPE"] = "regnet"
    _, report = imported(tmp_path, [records[0], wrong, records[1]], WH)
    assert (report.records, report.taken) == (3, 2)
    found = report.found[kind]
    assert (found.count, found.examples[0].record) == (1, 1)
    assert detail in found.examples[0].detail
    assert all(str(value).isprintable() for value in found.examples[0].config)
    assert found.severity == KINDS[kind][0] != "note"
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "edit"),
    [
        ("size-differs", _edit("complexity.flops", 1)),
        ("size-unknown", _edit("complexity", None)),
        ("energy-varies", _point(CONS, 3, 99.0)),
        ("rounded", _point(EMA, 3, 50.003)),
        ("errors-rise", _point(EMA, 0, 1.0)),
        ("diverged", _point(f"{TRAIN}.loss", 3, float("nan"))),
    ],
)
def test_what_is_only_strange_is_kept_and_said(tmp_path: Path, kind: str, edit: Callable[[Record], Record]) -> None:
    table, report = imported(tmp_path, [edit(_record(energy=True)), pycls_record(CONFIGS[1], energy=True)], WH)
    assert (report.taken, counts(report)) == (2, {kind: 1})
    since = table.column("diverged_epoch").tolist()
    assert sorted(since) == ([0, 4] if kind == "diverged" else [0, 0])
    assert any(KINDS[kind][1] in note for note in table.card.notes)


def test_the_same_training_is_taken_once_and_another_seed_is_a_repeat(tmp_path: Path) -> None:
    first, second = pycls_record(CONFIGS[0]), pycls_record(CONFIGS[0], seed=1)
    machine = changed(pycls_record(CONFIGS[0], seed=2), "cfg.RNG_SEED", 1)
    unsaid = [changed(record, "cfg.RNG_SEED", None) for record in (first, second)]
    assert counts(imported(tmp_path, unsaid)[1]) == {"repeat": 1}
    table, report = imported(tmp_path, [first, second, first, pycls_record(CONFIGS[1]), machine])
    assert counts(report) == {"duplicate": 1, "repeat": 2, "one-seed": 1}
    assert report.found["duplicate"].examples[0].detail == "as record 0"
    trainings = ConfigTrainings.of(table)
    assert sorted(trainings.repeat.tolist()) == [0, 0, 1, 2]
    row = int(np.flatnonzero(trainings.repeat == 1)[0])
    assert trainings.errors[row, 1, 49] == pytest.approx(second["test_ema_epoch"]["top1_err"][-1] / 100)


def test_two_trainings_that_stay_at_chance_are_two(tmp_path: Path) -> None:
    trained = percent([4_915] * 50, IMAGES["cifar10"][0])
    at_chance = [
        changed(changed(pycls_record(CONFIGS[0], seed), EMA, [90.0] * 50), "train_epoch.top1_err", trained)
        for seed in (0, 1)
    ]
    _, report = imported(tmp_path, [*at_chance, at_chance[0]])
    assert counts(report) == {"duplicate": 1, "repeat": 1}


def test_a_network_that_is_stored_as_stages_is_known_by_them(tmp_path: Path) -> None:
    space, default = RegnetHpoSpace(), {"DEPTH": 10, "W0": 32, "WA": 5.0, "WM": 2.5, "GROUP_W": 16, "STEM_W": 32}
    records = [pycls_record(config) for config in CONFIGS]
    for record in records[:3]:
        del record["cfg"]["REGNET"]
    for record in records[3:]:
        record["cfg"]["REGNET"] = default
    table, report = imported(tmp_path, [*records, changed(records[0], "cfg.ANYNET.DEPTHS", [5, 5])])
    assert sorted(table.column("key").tolist()) == sorted(space.key(config) for config in CONFIGS)
    found = ConfigTrainings.of(table)
    assert [space.key(config) for config in found.configs] == found.key.tolist()
    assert report.count("stages-only") == 6
    assert report.count("params-differ") == 1


def test_sizes_and_stages_are_those_that_pycls_counts(tmp_path: Path, shared: Path) -> None:
    vectors = json.loads((shared / "eahas" / "regnet_vectors.json").read_text())["vectors"]
    records = [_of_vector(vector) for vector in vectors]
    table, report = imported(tmp_path, records)
    valid = [vector["valid"] for vector in vectors]
    assert (report.taken, counts(report)) == (sum(valid), {"outside-limits": len(valid) - sum(valid)})
    assert sorted(table.column("flops").tolist()) == sorted(v["flops"] for v in vectors if v["valid"])


def _of_vector(vector: Mapping[str, Any]) -> Record:
    """A record with pycls's own numbers of a network."""
    names = ("DEPTH", "W0", "WA", "WM", "GROUP_W", "BASE_LR", "OPTIMIZER", "LR_POLICY", "MAX_EPOCH", "CUTOUT_LENGTH")
    config: Config = tuple(vector["config"][name] for name in names)
    record = pycls_record(config)
    record["cfg"]["ANYNET"] |= {"WIDTHS": vector["ws"], "DEPTHS": vector["ds"], "GROUP_WS": vector["group_ws"]}
    record["complexity"] = {name: vector[name] for name in ("flops", "params", "acts")}
    return record


def test_cumulative_energies_are_told_from_those_of_epochs(tmp_path: Path) -> None:
    records = [pycls_record(config, energy=True) for config in CONFIGS[:3]]
    sums = [changed(record, CONS, np.cumsum(record["cons"]["train_cons"]).tolist()) for record in records]
    one, two = imported(tmp_path, records, WH)[0], imported(tmp_path, sums, WH)
    name = "energy_kwh_per_epoch"
    assert two[0].column(name) == pytest.approx(one.column(name))
    assert any("so they are cumulative" in words for words in two[1].choices)
    started = changed(sums[0], CONS, [9 + energy for energy in sums[0]["cons"]["train_cons"]])
    assert counts(imported(tmp_path, [started, *sums[1:]], WH)[1]) == {"energy-offset": 1}
    said = imported(tmp_path, sums, SweepOptions(energy_unit="wh", energy_series="epoch"))[1]
    assert "energies: of each epoch, as --energy-is says, though 100% of the trainings look cumulative" in said.choices
    falls = _point(CONS, 20, 0.0)(sums[0])
    assert counts(imported(tmp_path, [falls, *sums[1:]], WH)[1]) == {"energy-falls": 1}
    with pytest.raises(SweepRefusedError, match="say which they are: --energy-is epoch or --energy-is cumulative"):
        imported(tmp_path, [records[0], sums[1], records[2]], WH)


@pytest.mark.parametrize(
    ("factor", "options", "reason"),
    [
        (1.0, {}, "64 W as Wh and 64,000 W as kWh (for each GPU, median of 2 trainings)"),
        (1.0, {}, "what trains draws 1 to 2,000 W: say --energy-unit wh"),
        (1.0, {"energy_unit": "kwh"}, "these energies cannot be kWh: they imply a mean power of 64 W as Wh"),
        (1e-3, {}, "say --energy-unit kwh"),
        (1e-3, {"energy_unit": "wh"}, "these energies cannot be Wh"),
        (0.025, {}, "both can be: say --energy-unit wh or kwh"),
        (1e6, {}, "neither can be: mend the file"),
    ],
)
def test_no_unit_is_guessed_and_an_impossible_one_is_refused(
    tmp_path: Path, cache: Path, factor: float, options: dict[str, Any], reason: str
) -> None:
    records = [pycls_record(config, energy=True) for config in CONFIGS[:2]]
    scaled = [changed(each, CONS, [factor * energy for energy in each["cons"]["train_cons"]]) for each in records]
    with pytest.raises(SweepRefusedError) as refused:
        imported(tmp_path, scaled, SweepOptions(**options))
    assert reason in str(refused.value)
    assert refused.value.report.stopped in str(refused.value)
    assert not cache.exists()


def test_power_is_that_of_each_gpu(tmp_path: Path) -> None:
    records = [changed(_scaled(CONS, 40)(_record(energy=True)), "cfg.NUM_GPUS", 8)]
    table, _ = imported(tmp_path, records, WH)
    assert f"for each GPU {40 * WATTS / 8:.0f} W" in table.description("energy_kwh_per_epoch")
    assert table.column("energy_kwh_per_epoch") == pytest.approx(np.mean(records[0]["cons"]["train_cons"]) / 1000)


def test_the_name_of_a_column_is_believed_only_where_it_can_be(tmp_path: Path) -> None:
    record = pycls_record(CONFIGS[0], energy=True)
    path = write_csv(tmp_path / "a.csv", csv_rows(record, "0", energy_kwh=record["cons"]["train_cons"]))
    with pytest.raises(
        SweepRefusedError, match=r'cannot be kWh.*say --energy-unit wh \(EA-HAS-Bench\'s "KWh" are Wh\)'
    ):
        import_sweep(path, SweepOptions(dataset="cifar10"))
    written, _ = import_sweep(path, SweepOptions(dataset="cifar10", energy_unit="wh"))
    assert "as --energy-unit against its column's name (kWh) says" in open_table(written).description(
        "energy_kwh_per_epoch"
    )


def test_without_energies_operation_counts_stand_in_and_are_called_modelled(tmp_path: Path) -> None:
    table, report = imported(tmp_path, [pycls_record(config) for config in CONFIGS[:2]])
    assert table.provenance("energy_kwh_per_epoch") == "modelled"
    counted = OperationCountModel().training_kwh(
        {
            "macs": table.column("flops"),
            "activation_bytes": table.column("activation_bytes"),
            "layers": table.column("layers"),
        },
        48 * 1024,  # whole batches of CIFAR-10's 50,000 images
        extrapolate=True,
    )
    assert table.column("energy_kwh_per_epoch") == pytest.approx(counted)
    assert any("operation counts in their place, modelled" in words for words in report.choices)


@pytest.mark.parametrize(
    ("edit", "options", "reason"),
    [
        (_edit("cfg.TRAIN.CUTOUT_LENGTH", None), {}, "record 0 does not say its cutout"),
        (_edit("cfg.TRAIN.DATASET", None), {}, "say --dataset cifar10, tiny or another"),
        (_edit("cfg.TRAIN.DATASET", "svhn"), {}, "say whose space it is, --variant cifar10 or tiny"),
        (_edit("cfg.TRAIN.DATASET", "svhn"), {"variant": "cifar10"}, "say --images train=N"),
        (_edit("cfg.TRAIN.DATASET", "../../x"), {}, "the data set is called '../../x'"),
        (_edit("cfg.TRAIN.IM_SIZE", 64), {}, "record 1 has im_size 32, those before 64"),
        (_edit("cfg.TRAIN.IM_SIZE", 1e9), {}, "im_size is 1000000000.0; expected 1 to 1,024"),
        (_edit("cfg.OPTIM.WEIGHT_DECAY", 0.1), {}, "record 1 has weight_decay None, those before 0.1"),
        (_edit("log_file", ""), {"images": {"validation": 5}}, "say --images test=N, and leave validation=N out"),
        (_edit("log_file", ""), {"dataset": "tiny"}, "the file says that 'cifar10' was trained on"),
        (_edit("log_file", ""), {"cutout": 0}, "every training says its cutout; leave --cutout out"),
    ],
)
def test_what_only_the_user_knows_is_asked_for(
    tmp_path: Path, edit: Callable[[Record], Record], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError) as refused:
        imported(tmp_path, [edit(_record()), pycls_record(CONFIGS[1])], SweepOptions(**options))
    assert reason in str(refused.value)


def test_what_the_user_says_is_taken_and_said(tmp_path: Path) -> None:
    records = [changed(pycls_record(config), "cfg.TRAIN.CUTOUT_LENGTH", None) for config in CONFIGS]
    table, report = imported(tmp_path, records, SweepOptions(cutout=16))
    assert set(table.column("cutout").tolist()) == {16}
    assert "cutout 16 of 6 trainings, as --cutout says" in report.choices
    fractions = [changed(record, EMA, [e / 100 for e in record["test_ema_epoch"]["top1_err"]]) for record in records]
    with pytest.raises(SweepRefusedError, match="are these fractions"):
        imported(tmp_path, fractions, SweepOptions(cutout=16))
    raw, _ = imported(tmp_path, records, SweepOptions(cutout=16, weights="raw"))
    last = [record["test_epoch"]["top1_err"][-1] for record in records]
    assert sorted(1 - raw.column("validation_accuracy")) == pytest.approx(sorted(np.array(last) / 100), abs=1e-6)
    for wrong in (
        {"cutout": 8},
        {"weights": "best"},
        {"energy_unit": "J"},
        {"images": {"tests": 3}},
        {"variant": "c10"},
    ):
        with pytest.raises(UserError):
            SweepOptions(**wrong)


def test_counts_of_images_are_asked_for_where_operation_counts_need_them(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "train_error"} for row in csv_rows(_record(), "0")]
    path = write_csv(tmp_path / "a.csv", rows)
    options = {"dataset": "svhn", "variant": "cifar10"}
    with pytest.raises(SweepRefusedError, match=r"the train part of svhn has: say --images train=N"):
        import_sweep(path, SweepOptions(**options, images={"test": 10_000}))
    written, _ = import_sweep(path, SweepOptions(**options, images={"test": 10_000, "train": 73_257}))
    table = open_table(written)
    assert "72,704 images" in table.description("energy_kwh_per_epoch")  # whole batches of 1,024
    assert (table.card.name, "train_correct" in table) == ("svhn-sweep", False)
    assert np.isnan(ConfigTrainings.of(table).errors[:, 0]).all()


def test_accuracies_are_not_taken_for_errors(tmp_path: Path) -> None:
    records = [pycls_record(config) for config in CONFIGS[:3]]
    good = [changed(record, EMA, [100 - error for error in record["test_ema_epoch"]["top1_err"]]) for record in records]
    with pytest.raises(
        SweepRefusedError, match=r"test_error grows by more than 10 % in 3 of 3 trainings; are these acc"
    ):
        imported(tmp_path, good)
    assert imported(tmp_path, [good[0], *records[1:]])[1].taken == 3


def test_plain_weights_are_not_mixed_with_averaged_ones(tmp_path: Path) -> None:
    errors = _record()["test_ema_epoch"]["top1_err"]
    path = write_csv(tmp_path / "a.csv", csv_rows(_record(), "0", validation_error=errors, raw_test_error=errors))
    with pytest.raises(SweepFileError, match="no column has validation_errors of plain weights"):
        import_sweep(path, SweepOptions(dataset="cifar10", images={"validation": 10_000}, weights="raw"))


def test_networks_of_a_known_data_set_are_its_own_in_any_space(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", csv_rows(_record(), "0"))  # which says neither classes nor the stem's width
    table = open_table(import_sweep(path, SweepOptions(dataset="cifar10", variant="tiny"))[0])
    assert table.column("params").tolist() == [_record()["complexity"]["params"]]


def test_tinyimagenet_is_the_other_variant(tmp_path: Path) -> None:
    configs = [(*config[:8], 50, config[9]) for config in sampled(3, "tiny")]
    table, report = imported(tmp_path, [pycls_record(config, variant="tiny") for config in configs])
    assert (counts(report), table.card.dataset) == ({}, "tiny")
    assert sorted(table.column("key").tolist()) == sorted(RegnetHpoSpace("tiny").key(config) for config in configs)


def test_nothing_is_written_of_a_file_that_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_json(tmp_path / "sweep.json", [_record()])
    monkeypatch.setattr("fairwatt.search_spaces.eahas_import.checksum", lambda path: ("0" * 64, "another state"))
    with pytest.raises(SweepFileError, match="changed while it was read"):
        import_sweep(path)
    assert not cache.exists()


def test_nothing_is_written_of_a_file_that_is_none(tmp_path: Path, cache: Path) -> None:
    for content in ("[]", "[{}", '[{"cfg": {"cfg": 1, "cfg": 2}}]', "[" * 100_000, '[{"cfg": ' + "[" * 100_000):
        path = tmp_path / "sweep.json"
        path.write_text(content)
        with pytest.raises(SweepFileError) as refused:
            import_sweep(path, SweepOptions(dataset="cifar10", cutout=0))
        assert "\n" not in str(refused.value)
    write_json(path, [{}, {"cfg": []}, {"cfg": {"OPTIM": 3}, "test_ema_epoch": {"top1_err": {}}}])
    with pytest.raises(SweepFileError, match=r"holds no training that finished an epoch \(3 records\)"):
        import_sweep(path)
    write_json(path, [changed(_record(), EMA, [1.0]), {"err": "out of memory", "log_file": "a/stdout.log"}])
    with pytest.raises(SweepRefusedError, match="none of the 2 trainings can be taken; 1: something that a training"):
        import_sweep(path)
    with pytest.raises(UserError, match="cannot be read"):
        import_sweep(tmp_path / "nothing.json")
    assert not cache.exists()


def _grid() -> list[Record]:
    """Two networks x two rates x two policies, each twice."""
    networks = [CONFIGS[0][:5], CONFIGS[1][:5]]
    points = [
        (*network, lr, "sgd", policy, 50, 0) for network in networks for lr in (0.01, 0.1) for policy in ("cos", "lin")
    ]
    return [pycls_record(config, seed, energy=True) for config in points for seed in (0, 1)]


def test_a_whole_grid_is_an_exact_space_without_a_test(tmp_path: Path, cache: Path) -> None:
    path = write_json(tmp_path / "sweep.json", _grid())
    written, _ = import_sweep(path, WH, "own-grid")
    assert written == cache / "grids" / "own-grid.arrow" == find_table("own-grid")
    import_sweep(path, WH, "own-grid")  # in place of itself
    benchmark = BENCHMARKS.load("own-grid")("own-grid")
    assert isinstance(benchmark, MeasuredConfigs)
    assert (len(benchmark.keys), benchmark.replicates, benchmark.has_test) == (8, 2, False)
    config = benchmark.space.sample(np.random.default_rng(0))
    assert benchmark.measure(config).test_error is None
    assert np.isnan(benchmark.measure_batch([benchmark.space.key(config)])["test_error"]).all()
    assert not benchmark.reference().has_test
    assert "test_accuracy" not in benchmark.provenance
    assert [found for found in check_benchmark(benchmark, np.random.default_rng(0)) if not found.passed] == []
    verify("own-grid")
    assert {info.name: info.state for info in list_tables()}["own-grid"] == "imported"


def test_a_sample_is_a_table_and_no_space(tmp_path: Path, cache: Path) -> None:
    for name, records in (("one", _grid()[:1]), ("unequal", _grid()[:-1])):
        assert import_sweep(write_json(tmp_path / "a.json", records), WH, name)[0].parent == cache / "samples"
    sample, _ = import_sweep(write_json(tmp_path / "sweep.json", _grid()[:-2]), WH)
    assert sample == cache / "samples" / "cifar10-sweep.arrow" == find_table("cifar10-sweep")
    assert "cifar10-sweep" not in table_spaces()
    verify("cifar10-sweep")
    with pytest.raises(UserError, match="is there already, of another file; name this one: --name NAME"):
        import_sweep(write_json(tmp_path / "sweep.json", _grid()[:-4]), WH)
    _, report = import_sweep(tmp_path / "sweep.json", WH, "cifar10-sweep")
    assert report.replaced.startswith("cifar10-sweep, of sweep.json (sha256 ")
    sample.write_bytes(b"damaged")
    _, report = import_sweep(tmp_path / "sweep.json", WH, "cifar10-sweep")
    assert report.replaced == "cifar10-sweep, which was damaged"
    with pytest.raises(UserError, match=r"is that of .*samples/cifar10-sweep\.arrow; delete that"):
        import_sweep(write_json(tmp_path / "sweep.json", _grid()), WH, "cifar10-sweep")
    with pytest.raises(UserError, match="is taken"):
        import_sweep(tmp_path / "sweep.json", WH, "ec-nas-4v")


def test_names_of_tables_that_are_spaces_are_never_those_of_surrogates(cache: Path) -> None:
    for folder, name in (("surrogates", "one"), ("grids", "two"), ("surrogates", "two")):
        (cache / folder).mkdir(parents=True, exist_ok=True)
        (cache / folder / f"{name}.{'npz' if folder == 'surrogates' else 'arrow'}").write_bytes(b"")
    with pytest.raises(UserError, match=r"is that of .*one\.npz"):
        check_own_name("one", "grids")
    check_own_name("one", "samples")  # the sample that it was fitted to
    targets = table_spaces()
    assert targets["one"].endswith("modelled_configs")
    assert targets["two"].endswith("measured_configs")
    assert "one" not in table_spaces(surrogates=False)


def test_many_points_of_the_grid_are_one_key(tmp_path: Path) -> None:
    space = RegnetHpoSpace()
    twin = space.config(space.network(CONFIGS[0]) * HYPERS + int(space.key(CONFIGS[0])) % HYPERS)
    assert twin != CONFIGS[0]
    table, report = imported(tmp_path, [pycls_record(CONFIGS[0]), pycls_record(twin)])
    assert (report.configurations, counts(report)) == (1, {"repeat": 1, "one-seed": 1})
    assert ConfigTrainings.of(table).configs == (CONFIGS[0], twin)
