"""The tables that ship: whole, small, and with no number on their cards that they do not yield."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairwatt.search_spaces
from fairwatt.experiments import digits
from fairwatt.experiments.sweep import part_of
from fairwatt.experiments.sweep_card import card_text, describe
from fairwatt.experiments.sweep_spec import adjacency, bundles, cells, load_spec
from fairwatt.experiments.sweep_table import CIFAR10_TRAINING_IMAGES
from fairwatt.search_spaces.cell import graph_hash
from fairwatt.search_spaces.cell_complexity import complexity
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.table import Table, open_table
from fairwatt.surrogates.energy_model import OperationCountModel

DATA = Path(fairwatt.search_spaces.__path__[0]) / "data"
NAMES = ("digits-cells-4v", "digits-cells-5v")


@pytest.fixture(params=NAMES)
def table(request: Any) -> Table:
    return open_table(DATA / f"{request.param}.arrow")


@pytest.mark.slow
def test_every_training_of_the_sweep_is_there_once(table: Table) -> None:
    table.verify()
    spec = load_spec(table.path.with_suffix(".yaml"))
    wanted = {
        (net.hash, bundle.epochs, net.repeat): (bundle.edges, net.ops)
        for bundle in bundles(spec)
        for net in bundle.nets
    }
    columns = [table.column(name) for name in ("hash", "epochs", "replicate")]
    rows = [(name, int(epochs), int(repeat)) for name, epochs, repeat in zip(*columns, strict=True)]
    assert sorted(rows) == sorted(wanted)
    ids = {cell: number for number, cell in enumerate(cells(spec))}
    place = [(ids[wanted[row]], *row[1:]) for row in rows]
    assert place == sorted(place)
    assert table.column("cell").tolist() == [cell for cell, _, _ in place]
    for row, edges, ops in zip(rows, table.column("edges"), table.column("ops"), strict=True):
        assert ("".join(map(str, wanted[row][0])), "".join(map(str, wanted[row][1]))) == (edges, ops)


@pytest.mark.slow
def test_energy_is_the_full_size_networks(table: Table) -> None:
    spec = load_spec(table.path.with_suffix(".yaml"))
    model = OperationCountModel()
    first = {name: row for row, name in reversed(list(enumerate(table.column("hash"))))}
    energy, params, extrapolated = (table.column(name) for name in ("energy_kwh", "params", "extrapolated"))
    for edges, ops in cells(spec):
        row = first[graph_hash(adjacency(edges), ops)]
        size = complexity(adjacency(edges), ops)
        features = {"macs": size.macs, "activation_bytes": size.activation_bytes, "layers": size.layers}
        samples = CIFAR10_TRAINING_IMAGES * spec.epochs[0]
        assert energy[row] == pytest.approx(float(model.training_kwh(features, samples, extrapolate=True)), rel=1e-12)
        assert (params[row], extrapolated[row]) == (size.params, model.outside(features))
    assert table.provenance("energy_kwh") == "modelled"


def test_accuracies_are_fractions_of_the_parts(table: Table) -> None:
    for part, size in digits.load().sizes().items():
        correct = table.column(f"{part}_accuracy") * size
        assert np.allclose(correct, np.round(correct), atol=1e-9)
        assert ((correct >= 0) & (correct <= size)).all()
    assert (table.column("seconds") > 0).all()


def test_no_number_of_the_card_is_typed(table: Table) -> None:
    columns = {
        name: Column(table.column(name), table.unit(name), table.provenance(name), table.description(name))
        for name in table.columns
    }
    spec_path = table.path.with_suffix(".yaml")
    assert describe(load_spec(spec_path), spec_path.name, columns) == table.card
    assert table.path.with_suffix(".md").read_text("utf-8") == card_text(table.path)
    assert "not claimed to transfer" in table.card.title
    assert any("CIFAR-size energy, modelled, MAPE 7.8%" in note for note in table.card.notes)


def test_both_tables_are_under_a_megabyte() -> None:
    assert sum((DATA / f"{name}.arrow").stat().st_size for name in NAMES) < 1_000_000


@pytest.mark.slow
def test_a_training_done_again_gives_the_stored_accuracy() -> None:
    spec = load_spec(DATA / "digits-cells-4v.yaml")
    table = open_table(DATA / "digits-cells-4v.arrow")
    bundle = next(bundle for bundle in bundles(spec) if bundle.epochs == 4 and len(bundle.edges) == 1)
    keys = zip(table.column("hash"), table.column("epochs"), table.column("replicate"), strict=True)
    stored = {
        (name, int(epochs), int(repeat)): table.column("test_accuracy")[row]
        for row, (name, epochs, repeat) in enumerate(keys)
    }
    for net, result in zip(bundle.nets, part_of(bundle)["results"], strict=True):
        again = result["correct"][2] / digits.load().sizes()["test"]
        # Machines may differ in the last bit, which even 24 steps blow up to some images.
        assert again == pytest.approx(stored[net.hash, bundle.epochs, net.repeat], abs=0.03)


def test_the_same_training_in_both_tables_differs_less_than_seeds_do() -> None:
    """Cells of 4 vertices are in both tables under the same keys, trained beside other nets."""
    small, large = (open_table(DATA / f"{name}.arrow") for name in NAMES)
    for epochs in (4, 12, 36):
        here = (small.column("epochs") == epochs) & (small.column("replicate") == 0)
        other_seed = (small.column("epochs") == epochs) & (small.column("replicate") == 1)
        there = (large.column("epochs") == epochs) & (large.column("replicate") == 0)
        there &= np.isin(large.column("cell"), small.column("cell"))
        assert (small.column("hash")[here] == large.column("hash")[there]).all()
        accuracy = small.column("validation_accuracy")
        round_off = np.abs(accuracy[here] - large.column("validation_accuracy")[there]).mean()
        assert round_off < 0.5 * np.abs(accuracy[here] - accuracy[other_seed]).mean()
