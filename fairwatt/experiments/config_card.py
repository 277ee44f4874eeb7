"""The card of a table of RegNet + HPO trainings: what it is, what it is not, and how far its numbers carry.

Every number is computed from the table's columns or taken from the energy model's calibration.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments import digits
from fairwatt.experiments.config_energy import Metered
from fairwatt.experiments.config_sweep import TOY, ConfigSweep
from fairwatt.experiments.image_data import DIGITS
from fairwatt.experiments.miniature import EPOCHS, WIDTH_DIVISOR
from fairwatt.experiments.own_sweep import OwnSweep
from fairwatt.experiments.repeatability import repeatability
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CURVES, at_progress
from fairwatt.surrogates.energy_model import ECNAS_GPU

CHANCE = 1.5
"""Times one class of as many: the validation accuracy below which a training is at chance, with what luck gives."""
_PROGRESS = {"1/9": 1 / 9, "1/3": 1 / 3}


def describe(sweep: ConfigSweep, spec_name: str, columns: Mapping[str, Column], planned: int) -> Card:
    """The card of a sweep; rows are sorted by key and repeat. planned: trainings of the whole sweep."""
    data = digits.load()
    what = "a grid of 480 points" if sweep.space == TOY else "a sample of the configurations"
    partial = len(columns["key"].values) < planned
    _, counts = np.unique(columns["key"].values, return_counts=True)
    return Card(
        name=sweep.name,
        title=(
            f"Project-measured miniature of the RegNet + HPO space of EA-HAS-Bench on 8x8 digits, {what}. "
            "Not the published benchmark; rankings are not claimed to transfer."
        ),
        source=data.source,
        source_sha256=data.sha256(),
        licence="MIT",
        hardware=f"full-size network on {ECNAS_GPU.hardware}; {ECNAS_GPU.name}, PUE {ECNAS_GPU.pue}",
        notes=(
            *((f"PARTIAL: {len(columns['key'].values):,} of {planned:,} trainings",) if partial else ()),
            *_what(),
            *_energy(columns),
            *_accuracy(columns, 10),
        ),
        replicates=int(counts.min()),
        epochs=tuple(sorted(EPOCHS)),
        mean_full_kwh=_mean_full_kwh(columns),
        pue=ECNAS_GPU.pue,
        created_by=f"fairwatt sweep run {spec_name}; fairwatt sweep collect {spec_name}"
        + (" --partial" if partial else ""),
        dataset=DIGITS,
    )


def describe_own(
    sweep: OwnSweep,
    spec_name: str,
    columns: Mapping[str, Column],
    planned: int,
    metered: Metered,
    classes: int,
) -> Card:
    """The card of a sweep over one's own data; as `describe`. metered: how its trainings were."""
    rows = len(columns["key"].values)
    model = f"{ECNAS_GPU.hardware}; {ECNAS_GPU.name}"
    clock = "wall" if columns["seconds_per_epoch"].description.startswith("wall") else "cpu"
    _, counts = np.unique(columns["key"].values, return_counts=True)
    return Card(
        name=sweep.name,
        title=f"RegNet + HPO configurations of EA-HAS-Bench's space {sweep.variant}, trained by a user of fairwatt.",
        source=f"{Path(sweep.data).name}, as {spec_name} names it",
        source_sha256=str(sweep.settings()["sweep"]["data"]),
        licence="that of the data",
        hardware=model if metered.by_counts else ", ".join(metered.devices) or "unknown",
        notes=(
            *((f"PARTIAL: {rows:,} of {planned:,} trainings",) if rows < planned else ()),
            f"channels are 1/{sweep.width} of the configuration's, {sweep.epochs_scale:g} of its epochs were trained; "
            f"seconds are those of the {clock} clock, device {sweep.device!r}",
            *metered.told(),
            *_accuracy(columns, classes),
        ),
        replicates=int(counts.min()),
        epochs=tuple(sorted(EPOCHS)),
        mean_full_kwh=_mean_full_kwh(columns),
        pue=ECNAS_GPU.pue if metered.by_counts else None,
        created_by=f"fairwatt sweep run {spec_name}; fairwatt sweep collect {spec_name}"
        + (" --partial" if rows < planned else ""),
        dataset=Path(sweep.data).stem,
    )


def _what() -> tuple[str, ...]:
    ran = ", ".join(str(epochs) for epochs in EPOCHS.values())
    return (
        f"channels and group widths are 1/{WIDTH_DIVISOR} of the configuration's, {ran} epochs were trained for its "
        f"{', '.join(map(str, EPOCHS))} and cutout is 4 of 8 pixels for 16 of 32: scaled, and no more than that",
        "validation and test curves are of averaged weights with batch norm statistics of that epoch; they are points "
        "of one training under its whole schedule, so a longer training continues a shorter one",
    )


def _energy(columns: Mapping[str, Column]) -> tuple[str, ...]:
    networks, first = np.unique(columns["network"].values, return_index=True)
    beyond = int(columns["extrapolated"].values[first].sum())
    told = []
    for name, column in (("macs", "flops"), ("activation_bytes", "activation_bytes"), ("layers", "layers")):
        counts, term = columns[column].values[first], ECNAS_GPU.terms[name]
        outside = int(((counts < term.smallest) | (counts > term.largest)).sum())
        span = f"{counts.min():,} to {counts.max():,}, fitted on {term.smallest:,} to {term.largest:,}"
        told.append(f"{name.replace('_', ' ')} of {outside} ({span})")
    return (
        f"digits accuracy; CIFAR-size energy, modelled, MAPE {ECNAS_GPU.mape:.1%} ({ECNAS_GPU.source}), and that for "
        "networks of plain convolutions: here it is extrapolated to grouped convolutions and squeeze-and-excitation, "
        "at an error that nobody measured",
        f"{beyond} of {len(networks)} networks have counts outside the model's fitted range (`extrapolated`): "
        + ", ".join(told),
        "energies of this calibration are a currency of their own: not to be compared with EC-NAS's 4V and 5V tables",
        "seconds are CPU seconds of the miniature, evaluation excluded, the share of one of several nets trained side "
        "by side on a shared machine: not the time of the training whose energy stands beside them",
    )


def _accuracy(columns: Mapping[str, Column], classes: int) -> list[str]:
    chance = CHANCE / classes
    first = columns["repeat"].values == 0
    accuracy = columns["validation_accuracy"].values.astype(np.float64)
    low, middle, high = np.quantile(accuracy[first], (0.25, 0.5, 0.75))
    diverged = int(columns["diverged"].values.sum())
    notes = [
        f"{first.sum():,} configurations of {len(np.unique(columns['network'].values[first]))} networks; validation "
        f"accuracy at the end: quartiles {low:.3f}, {middle:.3f}, {high:.3f}, best {accuracy[first].max():.3f}, std "
        f"{accuracy[first].std():.3f}; {(accuracy[first] < chance).mean():.1%} at chance (below {chance:.2g})",
        f"{diverged} of {len(first):,} trainings diverged (a loss was not finite): their curves go on at chance level",
        *_agreement(columns, first),
    ]
    pairs = _pairs(columns, accuracy)
    if len(pairs) < 2:
        return [*notes, "no second seeds: what is the seed's and what the configuration's cannot be told apart here"]
    for name, chosen in (
        ("", np.full(len(pairs), True)),
        (f" above {chance:.2g}", (pairs >= chance).all(axis=1)),
    ):
        if chosen.sum() >= 2:
            found = repeatability(pairs[chosen])
            notes.append(
                f"second seeds of {found.cells} configurations{name}: std between configurations "
                f"{found.architecture_std:.3f}, between seeds {found.seed_std:.3f}, ICC {found.icc:.2f}"
            )
    return notes


def _agreement(columns: Mapping[str, Column], first: NDArray[np.bool_]) -> list[str]:
    """Kendall's tau-b of early validation accuracy with the last, by epochs and over all."""
    from scipy.stats import kendalltau

    texts = columns[CURVES["validation"]].values[first]
    lengths = np.array([len(text.split()) for text in texts])
    curves = np.zeros((len(texts), int(lengths.max())))
    for row, text in enumerate(texts):
        curves[row, : lengths[row]] = text.split()
    early = at_progress(curves, lengths, np.broadcast_to([*_PROGRESS.values(), 1.0], (len(lengths), 3)))
    epochs = columns["epochs"].values[first]
    groups = {"all": np.full(len(epochs), True)} | {f"{n} epochs": epochs == n for n in np.unique(epochs).tolist()}
    told = [
        f"{name} " + ", ".join(f"{kendalltau(early[own, k], early[own, 2]).statistic:.2f}" for k in (0, 1))
        for name, own in groups.items()
        if own.sum() > 2
    ]
    if not told:
        return []
    when = " and ".join(_PROGRESS)
    return [f"Kendall's tau-b of validation accuracy at {when} of training with the end: {'; '.join(told)}"]


def _pairs(columns: Mapping[str, Column], accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
    """[K, R] accuracies of the keys that have the most repeats."""
    _, start, counts = np.unique(columns["key"].values, return_index=True, return_counts=True)
    most = int(counts.max())
    if most < 2:
        return np.zeros((0, 1))
    return np.asarray(accuracy[start[counts == most][:, None] + np.arange(most)])


def _mean_full_kwh(columns: Mapping[str, Column]) -> float:
    _, first = np.unique(columns["key"].values, return_index=True)
    full = columns["energy_kwh_per_epoch"].values * columns["epochs"].values
    return float(full[first].mean())
