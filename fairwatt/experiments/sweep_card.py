"""The card of a swept table: what it is, what it is not, and how far its numbers carry.

Every number is computed from the table's columns or taken from the energy model's calibration.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fairwatt.experiments import digits
from fairwatt.experiments.repeatability import budget_agreement, repeatability
from fairwatt.experiments.sweep_spec import SweepSpec
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.cell_columns import mean_full_kwh
from fairwatt.search_spaces.cell_complexity import CONV3X3
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.table import open_table
from fairwatt.surrogates.energy_model import ECNAS_GPU


def describe(spec: SweepSpec, spec_name: str, columns: Mapping[str, Column]) -> Card:
    """The card of a finished sweep; rows are sorted by cell, epochs and repeat, and none is missing."""
    data = digits.load()
    return Card(
        name=spec.name,
        title=(
            "Project-measured miniature of a NAS-Bench-101 cell space on 8x8 digits. "
            "Not the published benchmarks; rankings are not claimed to transfer."
        ),
        source=data.source,
        source_sha256=data.sha256(),
        licence="MIT",
        hardware=f"full-size network on {ECNAS_GPU.hardware}; {ECNAS_GPU.name}, PUE {ECNAS_GPU.pue}",
        notes=(*_energy_notes(columns), *_accuracy_notes(columns)),
        replicates=spec.repeats,
        epochs=spec.epochs,
        mean_full_kwh=mean_full_kwh(columns),
        pue=ECNAS_GPU.pue,
        created_by=f"fairwatt sweep run {spec_name}; fairwatt sweep collect {spec_name}",
    )


def card_text(path: Path) -> str:
    """The card of a table, and what its columns are, as Markdown."""
    table = open_table(path)
    card = table.card
    facts = {
        "rows": f"{table.rows:,}",
        "epoch budgets": ", ".join(map(str, card.epochs)),
        "replicates": card.replicates,
        "mean energy of full training": f"{card.mean_full_kwh:.6f} kWh, PUE {card.pue} contained",
        "energy": card.hardware,
        "source": card.source,
        "sha256 of images, labels and split": card.source_sha256,
        "sha256 of the table": table.sha256,
        "licence": card.licence,
        "made by": f"`{card.created_by}`",
    }
    lines = [f"# {card.name}", "", card.title, ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "## Read before quoting a number", ""] + [f"- {note}" for note in card.notes]
    lines += ["", "## Columns", "", "| column | unit | provenance | what |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {table.unit(name)} | {table.provenance(name)} | {table.description(name)} |"
        for name in table.columns
    ]
    return "\n".join(lines) + "\n"


def _energy_notes(columns: Mapping[str, Column]) -> list[str]:
    _, first = np.unique(columns["cell"].values, return_index=True)
    beyond = int(columns["extrapolated"].values[first].sum())
    return [
        f"digits accuracy; CIFAR-size energy, modelled, MAPE {ECNAS_GPU.mape:.1%} ({ECNAS_GPU.source})",
        f"{beyond} of {len(first)} cells have counts outside the model's fitted range (`extrapolated`): MAPE "
        f"{ECNAS_GPU.extrapolated_mape:.1%} against measured EC-NAS 4V and 5V energies of such cells, up to one factor",
        "energies of this calibration are a currency of their own: not to be compared with EC-NAS's 4V and 5V tables",
        "seconds are CPU seconds of the miniature on one thread, evaluation excluded: not the time of the "
        "training whose energy stands beside them; they carry the noise of a shared machine",
        "a training done again beside other nets or on another machine differs by float round-off at each step, which "
        "training amplifies to some images, much less than another seed does",
        "each epoch budget is a training of its own (cosine annealing by step): nothing is resumable",
    ]


def _accuracy_notes(columns: Mapping[str, Column]) -> list[str]:
    epochs = np.unique(columns["epochs"].values)
    repeats = int(columns["replicate"].values.max()) + 1
    shape = (-1, len(epochs), repeats)
    accuracy = columns["validation_accuracy"].values.reshape(shape)
    ops = columns["ops"].values.astype(str).reshape(shape)[:, 0, 0]
    conv = np.array([str(CONV3X3) in text for text in ops])
    full = accuracy[:, -1]
    diverged = int(columns["diverged"].values.sum())
    agreement = ", ".join(
        f"{name} " + ", ".join(f"{tau:.2f} at {budget}" for budget, tau in zip(epochs[:-1], taus[:-1], strict=True))
        for name, taus in (
            ("all cells", budget_agreement(accuracy.mean(axis=2))),
            ("cells with a conv3x3", budget_agreement(accuracy[conv].mean(axis=2))),
        )
    )
    notes = [
        f"validation accuracy after {epochs[-1]} epochs: {full.min():.3f} to {full.max():.3f}, mean {full.mean():.3f}, "
        f"std over trainings {full.std(ddof=1):.3f}; cells with a conv3x3 ({conv.sum()}) mean {full[conv].mean():.3f}, "
        f"std {full[conv].std(ddof=1):.3f}; without ({(~conv).sum()}) mean {full[~conv].mean():.3f}",
        "cells with and without a conv3x3 are two clusters of accuracy: a method may look good by telling them apart "
        "alone, so look within the first cluster too",
        f"{diverged} of {columns['diverged'].values.size} trainings diverged",
        f"Kendall's tau-b of the cells' ranking with {epochs[-1]} epochs' (means over repeats): {agreement} epochs",
    ]
    if repeats == 1:
        return [*notes, "one repeat: what is the seed's and what the architecture's cannot be told apart here"]
    for name, chosen in (("all cells", np.full(len(conv), True)), ("cells with a conv3x3", conv)):
        found = repeatability(full[chosen])
        notes.append(
            f"validation accuracy after {epochs[-1]} epochs, {name} ({found.cells}): architecture std "
            f"{found.architecture_std:.3f}, seed std {found.seed_std:.3f}, ICC {found.icc:.2f}"
        )
    return notes
