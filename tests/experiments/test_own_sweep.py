"""Sweeps over one's own images: what a training becomes, whose energy it is, and that a stop changes nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.experiments import config_training, metering, sweep, training
from fairwatt.experiments.config_sweep import ConfigBundle, ConfigSweep
from fairwatt.experiments.config_table import collect_configs
from fairwatt.experiments.config_training import Curves
from fairwatt.experiments.epoch_energy import EpochEnergy
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE
from fairwatt.experiments.image_data import ImageData, load_images
from fairwatt.experiments.meter_nvml import NvmlMeter
from fairwatt.experiments.meter_rapl import RaplMeter
from fairwatt.experiments.meters import MeterError, NullMeter, Reading
from fairwatt.experiments.miniature import miniature
from fairwatt.experiments.own_bundle import OwnBundle
from fairwatt.experiments.own_sweep import LEAST_REPEATED, OwnSweep
from fairwatt.experiments.sweep import read_parts, run_sweep, sweep_status
from fairwatt.experiments.sweep_plan import load_own_sweep, load_plan
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.search_spaces.regnet import Stages, work
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.surrogates.energy_model import OperationCountModel

TINY = """
name: few
space: regnet-hpo
data: few.npz
configs: 40
width: 8
epochs_scale: 0.01
recipe: {batch_size: 32, flip: false}
meter: "null"
device: cpu
"""

DIE_AND_DIE_AGAIN = """
import json, os, signal, sys, threading
from functools import partial
from pathlib import Path
import torch
import fairwatt.experiments.config_training
from fairwatt.experiments.sweep import run_sweep

torch.optim.SGD([torch.zeros(1)])  # imports the rest of torch, once for all that are forked from here

spec, folder, moments = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])

def progress(after, delay, done, total):
    if done >= after:
        die = partial(os.kill, os.getpid(), signal.SIGKILL)
        threading.Timer(delay, die).start() if delay else die()

if __name__ == "__main__":
    for executor, after, delay in moments:
        child = os.fork()
        if not child:
            run_sweep(spec, 2 if executor == "processes" else 1, partial(progress, after, delay),
                      folder=folder, executor=executor)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        parts = (folder / "few" / "parts").glob("*.json")
        print(json.dumps({path.name: path.stat().st_mtime_ns for path in parts}), flush=True)
"""


def write(folder: Path, text: str = TINY, images: int = 32) -> Path:
    """The YAML file of a sweep over a few of the embedded digits."""
    data = load_images("digits")
    kept = np.concatenate([data.split["train"][:images], data.split["test"][:32]])
    split = np.repeat([0, 1, 2], [images, 16, 16])
    np.savez(folder / "few.npz", images=data.images[kept], labels=data.labels[kept], split=split)
    path = folder / "few.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(spec: Path, folder: Path) -> list[dict[str, Any]]:
    """Everything about every training that is not measured by a clock, in the order of the bundles."""
    return [
        asdict(task) | {key: value for key, value in result.items() if key != "seconds"}
        for bundle, results in read_parts(load_plan(spec), folder=folder)
        for task, result in zip(bundle.tasks, results, strict=True)
    ]


@pytest.mark.slow(25)
@pytest.mark.filterwarnings("default")  # Dask's own are not errors of fairwatt
def test_a_sweep_killed_five_times_has_the_rows_of_one_that_was_not(tmp_path: Path) -> None:
    """In one process, in several, and ended by Dask where that is installed: the rows are those of a quiet run."""
    spec, home = write(tmp_path, TINY.replace("configs: 40", "configs: 24")), tmp_path / "killed" / "few"
    total = run_sweep(spec, 1, folder=tmp_path / "whole", executor="serial").bundles
    moments = [("serial", 1, 0), ("serial", 4, 0.05), ("processes", 8, 0.01), ("serial", 12, 0), ("serial", 15, 0.12)]
    words = [str(spec), str(home.parent), json.dumps(moments)]
    said = subprocess.run([sys.executable, "-c", DIE_AND_DIE_AGAIN, *words], check=True, capture_output=True, text=True)
    kept: dict[str, int] = {}
    for (_, after, _), line in zip(moments, said.stdout.splitlines(), strict=True):
        now = json.loads(line)
        assert max(after, len(kept)) <= len(now) < total
        assert now.items() >= kept.items()  # what was finished is neither lost nor done again
        kept = now
    executor = "dask" if find_spec("distributed") else "processes"
    done = run_sweep(spec, 1, folder=home.parent, executor=executor)
    assert (done.bundles_done, done.trainings_done) == (total, 24)
    now = {path.name: path.stat().st_mtime_ns for path in (home / "parts").iterdir()}
    assert len(now) == total  # and no leftovers
    assert now.items() >= kept.items()
    found = rows(spec, home.parent)
    assert len({tuple(row["config"]) for row in found}) == len(found) == 24
    assert found == rows(spec, tmp_path / "whole")
    logged = [line.split(",")[0] for line in (home / "cpu-seconds.csv").read_text().splitlines()]
    assert len(set(logged)) == len(logged)


@pytest.mark.slow
def test_digits_at_an_eighth_are_the_embedded_sweeps_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers as a bundle of digits-regnet-hpo, from the settings that say what a miniature is."""
    space = RegnetHpoSpace()
    tasks = [task for wave in ConfigSweep("s", "digits-regnet-hpo", configs=60).waves() for task in wave]
    task = min(
        tasks, key=lambda task: (space.training(task.config).epochs, sum(space.training(task.config).stages.depths))
    )
    sweep = OwnSweep("s", "digits", configs=1, width=8, epochs_scale=0.25, meter="null", device="cpu")
    small, training = miniature(space.training(task.config)), space.training(task.config)
    data = load_images("digits")
    assert (sweep.stages(training), sweep.epochs(training)) == (small.stages, small.epochs)
    assert sweep.cutout_pixels(replace(training, cutout=16), data) == 4
    assert sweep.full_recipe(data) == DIGITS_RECIPE
    monkeypatch.setattr("fairwatt.experiments.miniature.EPOCHS", {50: 1, 100: 2, 200: 4})
    short = replace(sweep, epochs_scale=0.02)
    assert [short.epochs(replace(training, epochs=epochs)) for epochs in (50, 100, 200)] == [1, 2, 4]
    (mine,), (theirs,) = OwnBundle("b", (task,), short).train(), ConfigBundle("b", (task,)).train()
    assert {key: mine[key] for key in theirs if key != "seconds"} == {
        key: value for key, value in theirs.items() if key != "seconds"
    }


@pytest.mark.slow
def test_operation_counts_give_each_epoch_the_energy_of_the_full_network(tmp_path: Path) -> None:
    spec = write(tmp_path, TINY.replace("configs: 40", "configs: 2").replace('"null"', "opcount"))
    run_sweep(spec, 1, folder=tmp_path, executor="serial")
    for row in rows(spec, tmp_path):
        assert len(row["joules"]) == len(row["train"])
        assert len(set(row["joules"])) == 1
        assert 32 * 0.05 < row["joules"][0] < 32 * 1.0  # joules a sample, as networks of this size take on a GPU
        assert (row["method"], row["scope"], row["clock"]) == ("modelled", "device", "cpu")
        assert "full-width network on 32 x 32 images" in row["note"]


def test_a_meter_that_measures_sees_one_training_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, TINY.replace('"null"', "rapl"))
    sweep = load_own_sweep(path)
    assert {bundle.size for bundle in sweep.bundles()} == {1}
    assert sweep.alone == "meter rapl counts a whole device"
    with pytest.raises(SweepError, match="one training runs at a time: --workers 1"):
        run_sweep(path, 2, folder=tmp_path)
    assert load_own_sweep(write(tmp_path)).alone == ""
    assert max(bundle.size for bundle in replace(sweep, meter="null", configs=300).bundles()) > 1
    monkeypatch.setattr(metering, "choose", lambda name, device: "codecarbon")
    assert load_own_sweep(write(tmp_path, TINY.replace('"null"', "auto"))).alone == ""


def test_energy_of_a_training_that_ended_early_or_was_partly_not_measured() -> None:
    class Meter(NullMeter):
        answers = iter([2.0, None, 4.0])

        def _close(self, seconds: float) -> Reading:
            joules = next(self.answers)
            if joules is None:
                raise MeterError("lost")
            return Reading(joules, seconds, "counter", "device", ("chip",))

    def again() -> None:
        raise AssertionError("no window is too short for this meter")

    energy = EpochEnergy(Meter())
    for _ in range(3):
        energy.begin()
        energy.end(32, again)
    assert energy.record(5) == {
        "meter": "null",
        "joules": [2.0, None, 4.0, 3.0, 3.0],
        "windows": 3,
        "repeated": 0,
        "method": "counter",
        "scope": "device",
        "devices": ["chip"],
        "note": "lost",
    }
    assert energy.record(2)["joules"] == [2.0, None]
    Meter.answers = iter([None, 2.0, None])
    for _ in range(3):
        energy.begin()
        energy.end(32, again)
    assert energy.record(6)["joules"] == [2.0, None, 4.0, None, 2.0, None]
    mostly_silent = EpochEnergy(Meter())
    Meter.answers = iter([None, 2.0, None])
    for _ in range(3):
        mostly_silent.begin()
        mostly_silent.end(32, again)
    with pytest.raises(UserError, match=r"2 of 3 epochs have no reading of the meter \(lost\): .* train longer ones"):
        mostly_silent.record(3)
    silent = EpochEnergy(NullMeter())
    silent.begin()
    silent.end(32, again)
    assert silent.record(1)["joules"] is None


def test_operation_counts_are_those_of_each_members_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that are one when they are narrowed differ at full width, and so do their energies."""
    sweep = OwnSweep("s", "digits", configs=300, width=8, meter="opcount", device="cpu")
    space = RegnetHpoSpace()

    def full(bundle: OwnBundle) -> list[Stages]:
        return [space.training(task.config).stages for task in bundle.tasks]

    bundle = next(bundle for bundle in sweep.bundles() if len(set(full(bundle))) > 1)
    steps = [500, 300]

    def train(stages: Stages, members: Sequence[Any], *rest: Any, energy: EpochEnergy, **settings: Any) -> list[Curves]:
        for samples in steps:
            energy.begin()
            energy.end(samples, lambda: None)
        return [Curves("ok", (1, 1), (1, 1), (1, 1), (0.1, 0.1)) for _ in members]

    monkeypatch.setattr(config_training, "train", train)
    results = bundle.train()
    for stages, result in zip(full(bundle), results, strict=True):
        each = OperationCountModel().joules_per_sample(work(stages)._asdict(), extrapolate=True)
        assert result["joules"] == pytest.approx([float(each) * samples for samples in steps])
    assert len({result["joules"][0] for result in results}) == len(set(full(bundle)))


def test_both_variants_are_made_for_images_of_32_pixels() -> None:
    images = ImageData(np.zeros((3, 1, 64, 64), np.float32), np.zeros(3, np.int64), {}, 1)
    for variant in ("cifar10", "tiny"):
        sweep = OwnSweep("s", "digits", configs=1, variant=variant, width=2, device="cpu")
        assert sweep.full_side(images) == 32
        space = RegnetHpoSpace(variant)
        training = space.training(space.sample(np.random.default_rng(0)))
        assert sweep.cutout_pixels(replace(training, cutout=16), images) == 32


def test_a_sweep_goes_on_with_the_meter_and_device_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write(tmp_path, TINY.replace('"null"', "auto").replace("configs: 40", "configs: 3"))
    monkeypatch.setattr(training, "one_quiet_thread", lambda: None)
    monkeypatch.setattr(sweep, "part_of", lambda bundle: {"bundle": bundle.name})
    monkeypatch.setattr(metering, "choose", lambda name, device: "codecarbon")
    monkeypatch.setattr(metering, "hardware", lambda device: "Chip A")

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(spec, 1, stop, folder=tmp_path, executor="serial")
    began = {"meter": "codecarbon", "device": "cpu", "hardware": "Chip A"}
    assert json.loads((tmp_path / "few" / "metering.json").read_bytes()) == began
    settings = json.loads((tmp_path / "few" / "sweep.json").read_bytes())
    monkeypatch.setattr(metering, "hardware", lambda device: "Chip B")
    there = rf"^{tmp_path}/few: began with meter codecarbon on cpu \(Chip A\), and would go on with meter"
    with pytest.raises(SweepError, match=rf"{there} codecarbon on cpu \(Chip B\)"):
        run_sweep(spec, 1, folder=tmp_path, executor="serial")
    monkeypatch.setattr(metering, "choose", lambda name, device: "null")
    with pytest.raises(SweepError, match=rf"{there} null on cpu: "):
        run_sweep(spec, 1, folder=tmp_path, executor="serial")
    away = load_own_sweep(spec).bundles()[-1]
    assert str(sweep.train_part(tmp_path / "few", away)).endswith(
        "or rename this sweep and begin anew"
    )  # a Dask worker
    assert len(list((tmp_path / "few" / "parts").iterdir())) == 1
    monkeypatch.setattr(metering, "choose", lambda name, device: "codecarbon")
    monkeypatch.setattr(metering, "hardware", lambda device: "Chip A")
    assert run_sweep(spec, 1, folder=tmp_path, executor="serial").bundles_done == 3
    assert json.loads((tmp_path / "few" / "sweep.json").read_bytes()) == settings


def test_two_processes_are_not_measured_on_one_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering.tempfile, "gettempdir", lambda: str(tmp_path))
    with metering.undisturbed(RaplMeter()), metering.undisturbed(NvmlMeter()), metering.undisturbed(NullMeter()):
        message = rf"meter rapl counts a whole device \(rapl\), on which process {os.getpid()} on .* is measured too"
        with pytest.raises(SweepError, match=message), metering.undisturbed(RaplMeter()):
            pass
        with metering.undisturbed(NullMeter()):
            pass
        measured = OwnSweep("s", "digits", configs=1, width=8, meter="rapl", device="cpu")
        with pytest.raises(SweepError, match=message):
            measured.bundles()[0].train()
    with metering.undisturbed(RaplMeter()):
        pass


def test_a_sweep_is_its_data_and_settings_but_not_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = (load_own_sweep(write(folder)).checked() for folder in (tmp_path, tmp_path / "other"))
    assert here.settings() == there.settings()
    assert [bundle.record() for bundle in here.bundles()] == [bundle.record() for bundle in there.bundles()]
    assert len({tuple(task.config) for bundle in here.bundles() for task in bundle.tasks}) == 40
    spec = write(tmp_path)
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "sweep.json").write_text("{}")
    with pytest.raises(SweepError, match="other settings"):
        run_sweep(spec, 1, folder=tmp_path)
    assert write(tmp_path / "other", images=33)
    with pytest.raises(SweepError, match="holds other data than when the sweep was started"):
        there.bundles()[0].train()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data: none.npz", "no such file"),
        ("data: [1]", r"data \[1\]: expected text"),
        ("configs: 0", "configs 0, repeated 0: expected 1 to"),
        ("configs: true", "configs True: expected a whole number"),
        ("configs: many", "expected a whole number"),
        ("config: 3", "did you mean 'configs'"),
        ("width: 3", "width 3: expected one of 1, 2, 4, 8"),
        ("epochs_scale: 0", "epochs_scale 0"),
        ("epochs_scale: .nan", "epochs_scale nan"),
        ("recipe: {batch: 3}", "did you mean 'batch_size'"),
        ("recipe: {batch_size: 0}", "batch_size 0"),
        ("recipe: {flip: 1}", "flip 1: expected something like True"),
        ("recipe: {betas: [1, 2]}", "betas"),
        ("recipe: {batch_size: 64}", "32 training images, batches of 64: expected a whole batch"),
        ("recipe: []", "expected a mapping"),
        ("meter: rappl", "did you mean 'rapl'"),
        ("device: gpu", "device 'gpu': expected auto, cpu, cuda"),
        ("variant: imagenet", "unknown variant 'imagenet'"),
        ("name: ../few", "one folder"),
        ("name: ..", "one folder"),
        ("name: ec-nas-5v", "the name 'ec-nas-5v' is taken"),
        ("name: ec-nas-7v-energy", "the name 'ec-nas-7v-energy' is taken"),
        ("name: digits-regnet-hpo", "the name 'digits-regnet-hpo' is taken"),
        ("name: digits-cells-4v", "the name 'digits-cells-4v' is taken"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_before_the_first_training(tmp_path: Path, line: str, message: str) -> None:
    kept = [old for old in TINY.strip().splitlines() if old.split(":")[0] != line.split(":")[0]]
    path = write(tmp_path, "\n".join([*kept, line]))
    with pytest.raises(SweepError, match=message) as refused:
        run_sweep(path, 1, folder=tmp_path / "sweeps", executor="serial")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "sweeps").exists()


def test_what_a_sweep_needs_and_what_may_be_swept(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    for text, message in (
        ("name: x\nspace: regnet-hpo\nconfigs: 3", "data is missing"),
        ("name: x\nspace: regnet", "expected one of digits-cells-3v"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SweepError, match=message):
            load_plan(path)


def test_cuda_that_is_not_there_is_said(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(SweepError, match="PyTorch finds no such device"):
        run_sweep(write(tmp_path, TINY.replace("cpu", "cuda")), 1, folder=tmp_path, executor="serial")


def test_status_speaks_of_the_sweep(tmp_path: Path) -> None:
    spec = write(tmp_path)
    status = sweep_status(spec, folder=tmp_path)
    assert (status.trainings_done, status.trainings, status.cpu_hours) == (0, 40, 0.0)
    assert status.what.startswith("few: 40 RegNet + HPO configurations (cifar10) on ")
    assert status.what.endswith("few.npz; meter null, device cpu")
    assert "40 configurations where 200 are needed and 1 epochs" in status.caution
    large = TINY.replace("configs: 40", "configs: 200").replace("0.01", "0.14").replace('"null"', "null")
    enough = f"{large}repeated: {LEAST_REPEATED}\n"
    assert load_own_sweep(write(tmp_path, enough)).caution == ""
    assert load_own_sweep(write(tmp_path, f"{large}repeated: {LEAST_REPEATED - 1}\n")).caution == (
        "too little for the noise between trainings: 32 second trainings (repeated) where 33 are needed"
    )
    assert load_own_sweep(write(tmp_path, enough)).meter == "null"  # as YAML's null is meant here


def test_a_folder_with_another_sweep_of_this_name_is_not_collected(tmp_path: Path) -> None:
    spec = write(tmp_path)
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "sweep.json").write_text("{}")
    with pytest.raises(SweepError, match="other settings; move it"):
        collect_configs(spec, folder=tmp_path, partial=True)
