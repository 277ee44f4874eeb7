"""The table of an imported sweep: its columns, and its card."""

from collections.abc import Mapping

import numpy as np

from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CURVES, of_images
from fairwatt.search_spaces.described_configs import described_configs, small_column
from fairwatt.search_spaces.eahas_curves import CurveReader
from fairwatt.search_spaces.eahas_energy import Energies
from fairwatt.search_spaces.eahas_report import SweepReport
from fairwatt.search_spaces.eahas_setting import Setting
from fairwatt.search_spaces.eahas_training import Numbered
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.surrogates.energy_model import ECNAS_GPU, OperationCountModel

_WEIGHTS = {"train_error": "of those trained on in it", "raw_test_error": "with plain weights"}


def sweep_columns(
    rows: Numbered, setting: Setting, space: RegnetHpoSpace, curves: CurveReader, energies: Energies | None
) -> dict[str, Column]:
    """Columns of `ConfigTrainings`, rows by key and repeat. energies: of the rows; None for operation counts.

    Raises UserError where those are asked for and nobody says how many images an epoch has.
    """
    trainings = [training for training, _ in rows]
    columns, counts = described_configs(
        space,
        [training.config for training in trainings],
        [repeat for _, repeat in rows],
        setting.size,
        repeated="in the order of the file; whether under another seed, the card's notes say",
    )
    since = [training.curves.diverged_epoch for training in trainings]
    columns |= {
        "trained_epochs": small_column((len(each.curves.seconds) for each in trainings), "epochs that were trained"),
        "diverged": small_column((each > 0 for each in since), "1: some loss was not finite, else 0", "estimated"),
        "diverged_epoch": small_column(since, "epoch of the first such loss, from 1; 0 where none", "estimated"),
    }
    for part, source in curves.parts.items():
        images, correct = curves.images[part], [training.curves.correct[part] for training in trainings]
        how = _WEIGHTS.get(source, "with averaged weights")
        only = part == "validation" and source.endswith("test_error")
        split = " (of the file's test split, the only one)" if only else ""
        columns[CURVES[part]] = Column(
            np.array([" ".join(map(str, each.tolist())) for each in correct], dtype=object),
            of_images(images),
            "estimated",
            f"correct {part} images after each epoch{split}, {how}; the file's {source}",
        )
        if part != "train":
            last = np.array([each[-1] / images for each in correct], dtype=np.float32)
            columns[f"{part}_accuracy"] = Column(last, "fraction", "estimated", f"accuracy at the end, {part}{split}")
    if energies:
        columns["energy_kwh_per_epoch"] = Column(
            energies.kwh_per_epoch,
            "kWh",
            "estimated",
            f"of training an epoch, mean; {energies.words}; meter not stated",
        )
    else:
        model, images = OperationCountModel(), setting.count("train")
        columns["energy_kwh_per_epoch"] = Column(
            model.training_kwh(counts, images, extrapolate=True),
            "kWh",
            "modelled",
            f"of training an epoch, {images:,} images, by operation counts, extrapolated to grouped convolutions and "
            "squeeze-and-excitation",
        )
        columns["extrapolated"] = small_column(
            model.outside(counts), "1: operation counts are outside the energy model's fitted range, else 0", "modelled"
        )
    seconds = np.array([training.curves.seconds.mean() for training in trainings])
    columns["seconds_per_epoch"] = Column(seconds, "s", "estimated", "of training an epoch, mean; evaluation left out")
    return columns


def sweep_card(
    name: str, columns: Mapping[str, Column], setting: Setting, energies: Energies | None, report: SweepReport
) -> Card:
    """The card of such columns; its notes are what the report says."""
    _, first, counts = np.unique(columns["key"].values, return_index=True, return_counts=True)
    full = columns["energy_kwh_per_epoch"].values * columns["epochs"].values
    return Card(
        name=name,
        title=f"RegNet + HPO trainings of the space {setting.variant} on {setting.dataset}, from {report.file}.",
        source=report.file,
        source_sha256=report.sha256,
        licence="not stated",
        hardware="not stated" if energies else f"{ECNAS_GPU.hardware}; {ECNAS_GPU.name}",
        notes=(
            "imported from a file that the catalogue does not know: what it says of trainings counts as estimated",
            *report.sentences(),
        ),
        replicates=int(counts.min()),
        epochs=tuple(np.unique(columns["epochs"].values).tolist()),
        mean_full_kwh=float(full[first].mean()),
        pue=None if energies else ECNAS_GPU.pue,
        created_by=f"fairwatt data import --schema eahas {report.file}",
        dataset=setting.dataset,
    )
