"""`ec-nas-7v-20k`: 20,001 random cells with real NAS-Bench-101 accuracies, and energies that a surrogate predicts.

The surrogate predicts the energy of 4 epochs. That of more epochs is this times the mean ratio of the affine energies
of the measured table `ec-nas-4v`: 23.3 at 108 epochs, where proportion would say 27. There is no test accuracy.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_columns import Rules, label
from fairwatt.search_spaces.cell_index import LARGEST
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.energy_surrogate import EPOCHS, EnergySurrogate, default_path
from fairwatt.search_spaces.parquet import parquet_columns, stored_columns

Array = NDArray[np.float64]

MEASURED = "ec-nas-4v"
BUDGETS = (4, 12, 36, 108)


def sampled_7v_columns(path: Path, rules: Rules) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns of the sampled cells at four budgets, and the notes that say what their energies are.

    Raises UserError where the file cannot be read, SurrogateNotFoundError and TableNotFoundError, with what to type,
    where the surrogate or the measured table is not here.
    """
    surrogate = EnergySurrogate.load(default_path())
    ratios, notes = _ratios()
    raw = parquet_columns(path)
    stored = stored_columns(raw, path)
    order = np.argsort(stored["cell"])
    cells, budgets = stored["cell"][order], len(BUDGETS)
    predicted = surrogate.predict(cells)

    def energies(kwh: Array) -> Array:
        return np.outer(kwh, ratios).ravel()

    accuracies = np.column_stack([raw[f"valid_acc_{epochs}"][order] for epochs in BUDGETS])
    seconds = np.outer(raw["train_time_108_s"][order].astype(np.float64), np.array(BUDGETS) / BUDGETS[-1])
    unknown = np.full(len(cells) * budgets, np.nan)
    values: dict[str, NDArray[Any]] = {
        **{name: np.repeat(column[order], budgets) for name, column in stored.items()},
        "params": np.repeat(raw["params"][order].astype(np.int32), budgets),
        "epochs": np.tile(np.array(BUDGETS, np.int16), len(cells)),
        "replicate": np.zeros(len(cells) * budgets, np.int8),
        "validation_accuracy": accuracies.astype(np.float64).ravel(),
        "test_accuracy": unknown,
        "train_accuracy": unknown,
        "energy_kwh": energies(predicted.energy_kwh),
        "seconds": seconds.ravel(),
        "co2eq_g": unknown,
        "extrapolated": np.repeat(predicted.extrapolated.astype(np.int8), budgets),
    }
    columns = {name: label(name, column, rules) for name, column in values.items()}
    interval = f"of the surrogate's {surrogate.card.level:.0%} interval; its error at {EPOCHS} epochs and no other"
    for end, kwh in (("low", predicted.low_kwh), ("high", predicted.high_kwh)):
        columns[f"energy_{end}_kwh"] = Column(energies(kwh), "kWh", "surrogate", f"{end} end {interval}")
    return columns, (*_about(surrogate), *notes, _beyond(predicted.extrapolated), _neighbours(cells))


def _ratios() -> tuple[Array, tuple[str, ...]]:
    """[F] mean energy at each budget over that at 4 epochs, of the cells of the measured table; and notes on them."""
    from fairwatt.search_spaces.cell_energy import cell_energies  # which imports the importers, and so this file
    from fairwatt.search_spaces.sources import load_table

    table = load_table(MEASURED)
    affine = cell_energies(table, "affine")
    energy = affine.energy_kwh[:, np.searchsorted(affine.epochs, BUDGETS), 0]
    ratio = energy / energy[:, :1]
    mean, last = ratio.mean(axis=0), ratio[:, -1]
    listed = ", ".join(f"{value:.4g} at {epochs}" for epochs, value in zip(BUDGETS, mean, strict=True))
    return mean, (
        f"energy at more epochs = energy at {EPOCHS} × {listed} epochs: means over {len(ratio)} cells of a + b·epochs "
        f"through the measured energies of {MEASURED} (sha256 {table.sha256}); at {BUDGETS[-1]} epochs the cells' own "
        f"ratios have the median {np.median(last):.4g} and the standard deviation {last.std() / last.mean():.1%}, "
        "which no column contains",
    )


def _about(surrogate: EnergySurrogate) -> tuple[str, ...]:
    card, test = surrogate.card, surrogate.card.test
    return (
        f"energy at {card.epochs} epochs: predicted by a surrogate ({card.kind}) that learned from "
        f"{card.cells['training']:,} measured cells; on {card.cells['test']:,} others R² {test['r2']:.4f}, "
        f"Kendall's tau {test['tau']:.3f}, MAPE {test['mape']:.1%}; energy_low_kwh to energy_high_kwh held "
        f"{test['coverage']:.1%} of them (meant: {card.level:.0%}); surrogate sha256 {surrogate.sha256}, "
        f"made by: {card.command}",
        "accuracies are those of one NAS-Bench-101 training each; there is no test accuracy",
        f"seconds are NAS-Bench-101's (TPU v2) of {BUDGETS[-1]} epochs × epochs/{BUDGETS[-1]}",
    )


def _beyond(extrapolated: NDArray[np.bool_]) -> str:
    return (
        f"{extrapolated.sum():,} of {len(extrapolated):,} cells have counts outside those of the surrogate's training "
        "cells (`extrapolated`)"
    )


def _neighbours(cells: NDArray[np.integer]) -> str:
    """Local moves lead nowhere in a sample this thin; how thin, is counted."""
    space = CellSpace(LARGEST, cells)
    found = np.array([len(space.neighbors(space.config(int(cell)))) for cell in cells])
    return (
        f"a cell has {found.mean():.2f} neighbours in the table on average, {(found == 0).mean():.0%} have none: good "
        "for sampling, prediction and scale, useless for judging local moves"
    )
