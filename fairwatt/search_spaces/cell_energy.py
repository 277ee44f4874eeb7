"""Energy and time of cells by provenance: measured, scaled from the shortest training, or affine in the epochs.

EC-NAS publishes some spaces as measured at every number of epochs and others as multiples of 4-epoch trainings, which
are 11 to 16 % too high in the median and rank the cells a little differently. Where both are known the user chooses:

- scaled: the shortest training of repeat 1, times epochs / shortest. What EC-NAS's linscale files hold.
- measured: those very trainings. A table of scaled energies takes the longer trainings, as means over repeats, from
  the table that `LONGER` names, and keeps the cells and epochs that were measured.
- affine: a + b·epochs of each cell, through the measured means at the fewest and the most epochs. At 4V it is
  .4 % below the measured means at 12 epochs and 1.0 % above them at 36 in the median, and .7 % and 1.2 % away from them
  in the median; at 5V it gives the two budgets nobody measured.

Measured energies of a measured table differ by repeat. Scaled and affine ones are the same for all repeats: a line
through two trainings is no single training's.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces.agreement import Agreement, agree
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.sources import load_table
from fairwatt.search_spaces.suspect import suspect_cells

Array = NDArray[np.float64]

KINDS = ("measured", "scaled", "affine")
LONGER = {
    "ec-nas-4v-linscale": "ec-nas-4v",
    "ec-nas-5v": "ec-nas-5v-108",
    "ec-nas-5v-partial": "ec-nas-5v-108",
    "ec-nas-5v-4epochs": "ec-nas-5v-108",
}
"""Tables whose shortest trainings alone were measured, and where longer ones of the same cells were."""
SUSPECT = ("keep", "drop")


@dataclass(frozen=True)
class CellEnergies:
    """Energy and time of trainings under one provenance.

    cells [K], epochs [F]: ascending. energy_kwh, seconds: [K, F, R]. provenance: of both. data_sha256: the table's
    checksum where all is the table's own; else those of all tables used and the choice, as in "9f1c...+energy=scaled",
    so that a run's header tells it. notes: what was chosen.
    """

    cells: NDArray[np.integer]
    epochs: NDArray[np.integer]
    energy_kwh: Array
    seconds: Array
    provenance: str
    data_sha256: str
    notes: tuple[str, ...] = ()


def choices(table: CellTable) -> tuple[str, ...]:
    """The provenances that a table's energies can have, its own first; the longer trainings may still be missing."""
    own = table.provenance("energy_kwh")
    known = len(table.epochs) > 1 and (own == "measured" or (own == "scaled" and table.card.name in LONGER))
    return (own, *(kind for kind in KINDS if known and kind != own))


def cell_energies(table: CellTable, kind: str | None = None, suspect: str = "keep") -> CellEnergies:
    """Energy and time of a table's trainings as measured, scaled or affine; its own where `kind` is None.

    suspect: "drop" leaves out cells with a row that the table's column `suspect` flags. Raises UnknownNameError for
    another word, UserError for what this table cannot have, TableNotFoundError where the longer trainings are not on
    this machine, with what to type.
    """
    own = table.provenance("energy_kwh")
    if suspect not in SUSPECT:
        raise UnknownNameError("treatment of suspect cells", suspect, SUSPECT)
    if kind not in (None, own, *KINDS):
        raise UnknownNameError("energy", str(kind), KINDS)
    if kind is None or kind == own:
        energy, seconds = _float64(table, "energy_kwh"), _float64(table, "seconds")
        chosen = CellEnergies(table.cells, table.epochs, energy, seconds, own, table.sha256)
    elif kind in choices(table):
        chosen = _for_all_repeats(table, _scaled(table) if kind == "scaled" else _from_measured(table, kind))
    else:
        known = f"{own} at {_listed(table.epochs)} epochs"
        raise UserError(f"{table.card.name}: its energies are {known}; {kind} ones cannot be had")
    return _without_suspects(table, chosen) if suspect == "drop" else chosen


def scaled(values: Array, epochs: NDArray[np.integer]) -> Array:
    """[K, F, 1] of trainings [K, ?, R]: repeat 1 of the shortest, in proportion to `epochs` [F], its own the first."""
    return np.asarray(values[:, :1, :1] * (epochs / epochs[0])[:, None])


def affine(values: Array, epochs: NDArray[np.integer], wanted: NDArray[np.integer]) -> Array:
    """[K, N, 1] at `wanted` [N] epochs on each cell's line through the first and the last of [K, M, 1] at `epochs` [M].

    Raises UserError where longer training took no more: such a line says nothing.
    """
    first, last = values[:, :1], values[:, -1:]
    if not (last > first).all():
        raise UserError(
            f"{int((last <= first).sum())} of {len(values)} cells took no more for {epochs[-1]} epochs than for "
            f"{epochs[0]}: no line is drawn through that; take energy=measured"
        )
    share = ((wanted - epochs[0]) / (epochs[-1] - epochs[0]))[:, None]  # [N, 1]; exactly 0 and 1 at the ends
    return np.asarray(first * (1 - share) + last * share)


def scaling(name: str) -> list[Agreement]:
    """Scaled energies beside measured means, for each number of epochs at which a table's cells have both.

    Empty for tables without measured energies. Raises TableNotFoundError where one of the tables is not here.
    """
    table = load_table(name)
    if table.card.name not in LONGER and table.provenance("energy_kwh") != "measured":
        return []
    known = _measured(table)
    own = _float64(table, "energy_kwh")[np.searchsorted(table.cells, known.cells)]
    energy = scaled(own, np.append(table.epochs[0], known.epochs[1:]))
    return [
        agree("scaled", known.notes[0], int(known.epochs[place]), energy[:, place, 0], known.energy_kwh[:, place, 0])
        for place in range(1, len(known.epochs))
    ]


def _scaled(table: CellTable) -> CellEnergies:
    energy, seconds = (scaled(_float64(table, name), table.epochs) for name in ("energy_kwh", "seconds"))
    how = f"repeat 1 at {table.epochs[0]} epochs × epochs/{table.epochs[0]}"
    return CellEnergies(table.cells, table.epochs, energy, seconds, "scaled", table.sha256, (how,))


def _from_measured(table: CellTable, kind: str) -> CellEnergies:
    known = _measured(table)
    if kind == "measured":
        return known
    energy, seconds = (affine(values, known.epochs, table.epochs) for values in (known.energy_kwh, known.seconds))
    how = f"a + b·epochs of each cell through {known.epochs[0]} and {known.epochs[-1]} epochs, {known.notes[0]}"
    return replace(known, epochs=table.epochs, energy_kwh=energy, seconds=seconds, provenance="affine", notes=(how,))


def _measured(table: CellTable) -> CellEnergies:
    """What was measured, as means over repeats [K, M, 1]: a table's own trainings, or its shortest and another's."""
    if (other := LONGER.get(table.card.name)) is None:
        energy, seconds = (_float64(table, name).mean(axis=2, keepdims=True) for name in ("energy_kwh", "seconds"))
        how = f"measured, {_repeats(table)}"
        return CellEnergies(table.cells, table.epochs, energy, seconds, "measured", table.sha256, (how,))
    longer = load_table(other)
    cells, here, there = np.intersect1d(table.cells, longer.cells, assume_unique=True, return_indices=True)
    own = np.setdiff1d(table.epochs[:1], longer.epochs)

    def joined(name: str) -> Array:
        means = _float64(longer, name)[there].mean(axis=2, keepdims=True)
        return np.concatenate([_float64(table, name)[here, : len(own), :1], means], axis=1)

    how = f"measured, {_repeats(longer)} of {other}" + (f", at {own[0]} epochs the table's own" if len(own) else "")
    return CellEnergies(
        cells,
        np.append(own, longer.epochs),
        joined("energy_kwh"),
        joined("seconds"),
        "measured",
        f"{table.sha256}+{longer.sha256}",
        (how,),
    )


def _for_all_repeats(table: CellTable, chosen: CellEnergies) -> CellEnergies:
    """Under a checksum and a note of its own, with as many repeats as the table's accuracies have."""
    shape = (*chosen.energy_kwh.shape[:2], table.replicates)
    share = f"{len(chosen.cells):,} of {len(table.cells):,} cells"
    return replace(
        chosen,
        energy_kwh=np.broadcast_to(chosen.energy_kwh, shape),
        seconds=np.broadcast_to(chosen.seconds, shape),
        data_sha256=f"{chosen.data_sha256}+energy={chosen.provenance}",
        notes=(f"chosen: {chosen.provenance} energy and time, not those of the table: {chosen.notes[0]}; {share}",),
    )


def _without_suspects(table: CellTable, chosen: CellEnergies) -> CellEnergies:
    if "suspect" not in table:
        raise UserError(f"{table.card.name} has no column of suspect rows; leave suspect=drop out")
    kept = ~np.isin(chosen.cells, table.cells[suspect_cells(table)])
    if kept.all():
        return chosen
    return replace(
        chosen,
        cells=chosen.cells[kept],
        energy_kwh=chosen.energy_kwh[kept],
        seconds=chosen.seconds[kept],
        data_sha256=f"{chosen.data_sha256}+suspect=drop",
        notes=(*chosen.notes, f"chosen: without {len(kept) - int(kept.sum())} suspect cells of {len(kept)}"),
    )


def _float64(table: CellTable, name: str) -> Array:
    return np.asarray(table.values(name), dtype=np.float64)


def _repeats(table: CellTable) -> str:
    return f"means of {table.replicates} repeats" if table.replicates > 1 else "one repeat"


def _listed(numbers: NDArray[np.integer]) -> str:
    return ", ".join(map(str, numbers.tolist()))
