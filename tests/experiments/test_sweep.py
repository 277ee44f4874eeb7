"""A sweep is cut the same way every time, and neither a kill nor a restart changes a part."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fairwatt.experiments import sweep
from fairwatt.experiments.sweep import part_of, read_parts, run_sweep, sweep_status, train_part
from fairwatt.experiments.sweep_plan import load_plan
from fairwatt.experiments.sweep_spec import SweepError, SweepSpec, adjacency, bundles, load_spec
from fairwatt.experiments.sweep_table import collect
from fairwatt.sealed import DamagedFileError, read_sealed, write_sealed
from fairwatt.search_spaces.table import open_table

TINY = "name: tiny\nspace: digits-cells-3v\nepochs: [1, 2]\nrepeats: 2\nbundle_size: 4\n"

KILL_AFTER_ONE = """
import os, signal, sys
from pathlib import Path
from fairwatt.experiments.sweep import run_sweep

def die(done, total):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)

run_sweep(Path(sys.argv[1]), 1, die, folder=Path(sys.argv[2]))
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.mark.parametrize(("space", "cells"), [("digits-cells-4v", 91), ("digits-cells-5v", 2_532)])
def test_bundles_hold_every_training_once(space: str, cells: int) -> None:
    spec = SweepSpec("s", space, (4, 12), 2, bundle_size=7)
    cut = bundles(spec)
    trainings = Counter((net.hash, bundle.epochs, net.repeat) for bundle in cut for net in bundle.nets)
    assert len(trainings) == cells * 2 * 2
    assert set(trainings.values()) == {1}
    assert len({bundle.name for bundle in cut}) == len(cut)
    assert max(len(bundle.nets) for bundle in cut) <= 7
    assert [bundle.epochs for bundle in cut] == sorted((bundle.epochs for bundle in cut), reverse=True)


@pytest.mark.slow(12)
def test_a_killed_sweep_goes_on_and_gives_the_same_parts(tiny: Path, tmp_path: Path) -> None:
    home = tmp_path / "sweeps" / "tiny"
    killed = subprocess.run([sys.executable, "-c", KILL_AFTER_ONE, tiny, home.parent], check=False)
    assert killed.returncode == -9
    before = sweep_status(tiny, folder=home.parent)
    assert 1 <= before.bundles_done < before.bundles
    seen: list[tuple[int, int]] = []
    after = run_sweep(tiny, 1, lambda done, total: seen.append((done, total)), folder=home.parent, executor="serial")
    assert (after.bundles_done, after.trainings_done) == (after.bundles, 7 * 2 * 2)
    assert seen[-1] == (after.bundles, after.bundles)
    assert seen[0][0] >= before.bundles_done  # a part of the orphaned worker may have come meanwhile
    for bundle in bundles(load_spec(tiny))[::3]:  # the first is from before the kill
        write_sealed(tmp_path / "again.json", part_of(bundle))
        assert (home / "parts" / f"{bundle.name}.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_a_finished_sweep_is_collected_into_a_table(tiny: Path, tmp_path: Path) -> None:
    spec = load_spec(tiny)
    home = tmp_path / "tiny"
    for bundle in bundles(spec):
        results = [
            {"status": "ok", "halfway_correct": [40, 60, 80], "correct": [200, 300 + net.repeat, 797]}
            for net in bundle.nets
        ]
        part = {"bundle": bundle_key(bundle), "results": results}
        write_sealed(home / "parts" / f"{bundle.name}.json", part)
    steps = {net.hash: 0.01 * place for place, net in enumerate(bundles(spec)[1].nets, start=1)}
    names = sorted({net.hash for bundle in bundles(spec) for net in bundle.nets})
    (home / "step-seconds.csv").write_text("".join(f"{name},{steps.get(name, 0.5)!r}\n" for name in names))
    table = open_table(collect(tiny, folder=tmp_path))
    table.verify()
    assert table.rows == 7 * 2 * 2
    assert table.column("cell").tolist() == [cell for cell in range(7) for _ in range(4)]
    assert sorted(set(table.column("hash").astype(str).tolist())) == names
    assert table.column("epochs").tolist() == [1, 1, 2, 2] * 7
    assert table.column("replicate").tolist() == [0, 1] * 14
    assert table.column("validation_accuracy").tolist() == [300 / 600, 301 / 600] * 14
    assert table.column("test_accuracy").tolist() == [1.0] * 28
    energy = table.column("energy_kwh").reshape(7, 2, 2)
    assert (energy[:, 1] == 2 * energy[:, 0]).all()
    assert table.card.mean_full_kwh == pytest.approx(energy[:, 1].mean())
    one = steps.get(str(table.column("hash")[0]), 0.5)
    assert table.column("seconds")[0] == pytest.approx(one * 6)
    assert table.provenance("energy_kwh") == "modelled"
    text = (home / "tiny.md").read_text()
    assert "not claimed to transfer" in text
    assert "MAPE 7.8%" in text


def test_an_unfinished_sweep_is_not_collected(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="no such part; finish the sweep first"):
        collect(tiny, folder=tmp_path)


def test_a_foreign_or_damaged_part_is_found(tiny: Path, tmp_path: Path) -> None:
    spec = load_spec(tiny)
    first, second = bundles(spec)[:2]
    path = tmp_path / "tiny" / "parts" / f"{first.name}.json"
    write_sealed(path, {"bundle": bundle_key(second), "results": []})
    with pytest.raises(SweepError, match="another bundle"):
        list(read_parts(spec, folder=tmp_path))
    path.write_bytes(path.read_bytes().replace(b"epochs", b"epoxhs"))
    with pytest.raises(DamagedFileError):
        list(read_parts(spec, folder=tmp_path))


def test_repeats_apart_can_be_added_to_a_finished_sweep(tiny: Path, tmp_path: Path) -> None:
    tiny.write_text(TINY.replace("repeats: 2", "repeats: 1\nrepeats_apart: true"))
    before = bundles(load_spec(tiny))
    tiny.write_text(TINY + "repeats_apart: true\n")
    after = bundles(load_spec(tiny))
    assert after[: len(before)] == before
    assert {net.repeat for bundle in after[len(before) :] for net in bundle.nets} == {1}
    for bundle in after:
        write_sealed(tmp_path / "tiny" / "parts" / f"{bundle.name}.json", {"bundle": bundle.name})
    assert run_sweep(tiny, folder=tmp_path).bundles_done == len(after)
    tiny.write_text(TINY.replace("repeats: 2", "repeats: 3\nrepeats_apart: true"))
    assert sweep_status(tiny, folder=tmp_path).bundles_done == len(after)
    for changed in (TINY, TINY.replace("bundle_size: 4", "bundle_size: 5\nrepeats_apart: true")):
        tiny.write_text(changed)
        with pytest.raises(SweepError, match="other settings"):
            run_sweep(tiny, folder=tmp_path)


def test_a_sweep_is_trained_by_one_process_at_a_time(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    monkeypatch.setattr(sweep, "part_of", lambda bundle: trained.append(bundle.name))

    def again(done: int, total: int) -> None:
        with pytest.raises(SweepError, match=rf"tiny: process {os.getpid()} on .* trains this sweep; wait for it"):
            run_sweep(tiny, folder=tmp_path, executor="serial")

    total = run_sweep(tiny, 1, again, folder=tmp_path, executor="serial").bundles
    assert len(set(trained)) == len(trained) == total
    assert run_sweep(tiny, folder=tmp_path, executor="serial").bundles_done == total == len(trained)


def test_a_part_that_came_meanwhile_is_neither_trained_nor_written_again(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = bundles(load_spec(tiny))[:2]
    home = tmp_path / "tiny"

    def write_meanwhile(bundle: object) -> dict[str, str]:
        assert bundle is second
        write_sealed(home / "parts" / f"{second.name}.json", "of another")
        return {"own": "of this process"}

    monkeypatch.setattr(sweep, "part_of", write_meanwhile)
    write_sealed(home / "parts" / f"{first.name}.json", "here")
    assert train_part(home, first) == train_part(home, second) == 0.0
    assert read_sealed(home / "parts" / f"{first.name}.json") == "here"
    assert read_sealed(home / "parts" / f"{second.name}.json") == "of another"


def test_two_settings_do_not_mix_under_one_name(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "sweep.json").write_text("{}")
    with pytest.raises(SweepError, match="other settings"):
        run_sweep(tiny, folder=tmp_path)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("space: digits-cells-9v", "expected one of"),
        ("epochs: [4, 4]", "ascending"),
        ("epochs: 4", "expected a list"),
        ("epochs: [true]", "whole number"),
        ("repeats: 0", "1 to 128"),
        ("repeats_apart: 1", "true or false"),
        ("repeats: many", "whole number"),
        ("bundle_size: 0", "at least 1"),
        ("name: ../up", "one folder"),
        ("name: ..", "one folder"),
        ('name: "a\\0b"', "one folder"),
        ("name: Über", "beginning with a-z"),
        ("colour: red", "keys"),
        ("name: [", "not a readable sweep"),
    ],
)
def test_what_is_no_sweep_is_refused_in_one_line(tmp_path: Path, line: str, answer: str) -> None:
    key = line.split(":")[0]
    path = tmp_path / "bad.yaml"
    path.write_text("\n".join([*(old for old in TINY.splitlines() if not old.startswith(key)), line]))
    with pytest.raises(SweepError, match=answer) as refused:
        load_spec(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="not a readable sweep"):
        load_spec(tmp_path / "none.yaml")


def test_shipped_sweeps_are_those_of_the_embedded_tables() -> None:
    data = Path(sys.modules["fairwatt.search_spaces"].__path__[0]) / "data"
    whole = {path.stem: load_plan(path) for path in sorted(data.glob("*.yaml"))}
    cells = {name: spec for name, spec in whole.items() if isinstance(spec, SweepSpec)}
    trainings = {name: sum(b.size for b in spec.bundles()) for name, spec in whole.items() if name not in cells}
    assert trainings == {"digits-regnet-hpo": 2_500, "digits-regnet-toy": 960}
    assert [(name, spec.space, spec.epochs, spec.repeats) for name, spec in cells.items()] == [
        ("digits-cells-4v", "digits-cells-4v", (4, 12, 36, 108), 5),
        ("digits-cells-5v", "digits-cells-5v", (4, 12, 36), 3),
    ]


def test_an_upper_triangle_becomes_a_matrix() -> None:
    assert adjacency((1, 0, 1)) == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def bundle_key(bundle: object) -> object:
    import json
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(bundle)))  # type: ignore[call-overload]
