"""The catalogue of published tables: which file each is made from, and what its numbers are.

Sizes and sha256 are those of the files' Git LFS pointers in PedramBakh/EC-NAS-Bench, commit 1a82fdd. Of
NAS-Bench-101's larger file the sha256 is published, the size only as 1.95 GB: its bytes follow from the layout of the
records, which gives the smaller file's to the byte, and the public program tiannuo-yang/LLM_ExpGym on GitHub
(scripts/download_data.py) requires the same number of what it downloads. What is measured and what is not was read off
the files: EC-NAS publishes both trainings and multiples of trainings under one format.
"""

from collections.abc import Mapping

from fairwatt.search_spaces.column_rules import HARDWARE, LINSCALE, MEASURED, SAMPLED, SURROGATE
from fairwatt.search_spaces.nasbench import MODELLED, NOTES
from fairwatt.search_spaces.published_file import REPOSITORY, Source
from fairwatt.surrogates.energy_model import ECNAS_GPU

PUE = 1.59
_FOLDER = "ecnas/ecnas/utils/data/tabular_benchmarks/"
_MEDIA = "https://media.githubusercontent.com/media/PedramBakh/EC-NAS-Bench/main/"
"""What the Git LFS pointers of the branch stand for."""
_BLOBS = "https://raw.githubusercontent.com/PedramBakh/EC-NAS-Bench/"
"""Older commits hold some of the files themselves, under older names."""
_UNSCALED, _DEVICES = "13e373ead9d5c1fa177de1c1217b0cd9d8739aac", "afbd0556eff81640c15ed1f0c081e56dd501d7b2"
_QUADRO = "NVIDIA Quadro RTX 6000 and CPU"

_METER = "energy: carbontracker 1.1.7, PUE 1.59 folded in; whether memory (DRAM) is included is doubtful"
_SCALED = "energy, CO2 and time of 12, 36 and 108 epochs are those of the 4-epoch run (repeat 1) × epochs/4"
_MEANS = "accuracies are means of 3 NAS-Bench-101 trainings and stand at all three points of a training"
_TOO_HIGH = "at 4V, scaled energy is above the measured mean: × 1.11 at 12 epochs, × 1.16 at 36 and at 108 (medians)"
_HALFWAY = "half-way columns of different files are not comparable; halfway_epoch tells what they are"


def _urls(file: str, *older: tuple[str, str]) -> tuple[str, ...]:
    """Addresses of a file; older: commits that hold it as a plain blob, each with its name there."""
    return f"{_MEDIA}{_FOLDER}{file}", *(f"{_BLOBS}{commit}/{_FOLDER}{name}" for commit, name in older)


def _hardware(device: str, title: str, size: int, sha256: str, rows: int, *notes: str, slow_runs: int = 0) -> Source:
    return Source(
        name=f"ec-nas-4v@{device}",
        title=f"EC-NAS 4V on {title}, energy scaled from 4 epochs",
        file=f"{_FOLDER}hardware/energy_4V9E_{device}.tfrecord",
        urls=_urls(f"hardware/energy_4V9E_{device}.tfrecord", (_DEVICES, f"hardware/energy_4V9E_{device}.tfrecord")),
        bytes=size,
        sha256=sha256,
        rows=rows,
        hardware=f"NVIDIA {title} and CPU",
        rules=HARDWARE,
        notes=(
            *notes,
            "4 epochs measured, rest scaled; one repeat",
            _SCALED,
            "half-way values and totals are scaled too",
            _MEANS,
            _HALFWAY,
            _METER,
        ),
        slow_runs=slow_runs,
    )


def _nasbench(name: str, file: str, epochs: str, size: int, sha256: str, rows: int) -> Source:
    return Source(
        name=name,
        title=f"NAS-Bench-101, all 423,624 cells at {epochs} epochs, 3 repeats; energy modelled",
        file=file,
        urls=(f"https://storage.googleapis.com/nasbench/{file}",),
        bytes=size,
        sha256=sha256,
        rows=rows,
        hardware=f"accuracy and time: TPU v2; energy: modelled for {ECNAS_GPU.hardware}",
        rules=MODELLED,
        notes=NOTES,
        repository="google-research/nasbench on GitHub",
        licence="Apache-2.0",
    )


_ALL = (
    Source(
        name="ec-nas-4v",
        title="EC-NAS 4V, measured at every budget, 3 repeats",
        file=f"{_FOLDER}energy_4V9E_4epochs.tfrecord",
        urls=_urls("energy_4V9E_4epochs.tfrecord", (_UNSCALED, "energy_4V9E.tfrecord")),
        bytes=893_556,
        sha256="eba6c177999103d7c938028e410836c1b62213a076b0e7436de85da8f81d974c",
        rows=1_092,
        hardware=_QUADRO,
        rules=MEASURED,
        notes=("accuracies are those of the same runs as the energy", _HALFWAY, _METER),
    ),
    Source(
        name="ec-nas-4v-linscale",
        title="EC-NAS 4V, energy scaled from 4 epochs",
        file=f"{_FOLDER}energy_4V9E_linscale.tfrecord",
        urls=_urls("energy_4V9E_linscale.tfrecord", (_UNSCALED, "energy_4V9E_estimate.tfrecord")),
        bytes=297_784,
        sha256="e18becd6aac719a9af4c816940a6bf7bf5fb0a16870d531e78a27c1d8cf89010",
        rows=364,
        hardware=_QUADRO,
        rules=LINSCALE,
        notes=(_SCALED, _TOO_HIGH, _MEANS, _HALFWAY, _METER),
    ),
    Source(
        name="ec-nas-5v-4epochs",
        title="EC-NAS 5V, measured at 4 epochs",
        file=f"{_FOLDER}energy_5V9E_4epochs.tfrecord",
        urls=_urls("energy_5V9E_4epochs.tfrecord", (_UNSCALED, "energy_5V9E.tfrecord")),
        bytes=2_136_916,
        sha256="0be8df1e21dac4e7a927ee13823fb3f30fd900f8dee2a41f1572319e8af702cc",
        rows=2_532,
        hardware=_QUADRO,
        rules=MEASURED,
        notes=("one repeat; full training here means 4 epochs", _HALFWAY, _METER),
    ),
    Source(
        name="ec-nas-5v",
        title="EC-NAS 5V, energy scaled from 4 epochs",
        file=f"{_FOLDER}energy_5V9E_linscale.tfrecord",
        urls=_urls("energy_5V9E_linscale.tfrecord", (_UNSCALED, "energy_5V9E_estimate.tfrecord")),
        bytes=8_557_792,
        sha256="31d4fdc8998f831e8f8629f3ed8b2837e474dd67da420ff5dcf8641f6bc882fe",
        rows=10_128,
        hardware=_QUADRO,
        rules=LINSCALE,
        notes=(_SCALED, _TOO_HIGH, _MEANS, _HALFWAY, _METER),
    ),
    Source(
        name="ec-nas-5v-partial",
        title="EC-NAS 5V, the cells whose accuracies published searches reveal; energy scaled from 4 epochs",
        file="ecnas_linscale.parquet",
        bytes=352_439,
        sha256="546c429bfe319b70d0819ed3fe46932ff2f59328db43245b187c0f4b27d110ea",
        rows=5_876,
        hardware=_QUADRO,
        rules=LINSCALE,
        notes=(_SCALED, _TOO_HIGH, "accuracies are means of 3 NAS-Bench-101 trainings", _METER),
        repository=f"a reconstruction from the raw results and the published runs of {REPOSITORY}",
        public=False,
    ),
    Source(
        name="ec-nas-5v-108",
        title="EC-NAS 5V, 700 cells measured at 108 epochs, 3 repeats",
        file="ecnas_measured_nc.parquet",
        bytes=1_368_648,
        sha256="86ddad2df6f8218ed0f838659ea9fdd93cbe851b491fb05b9498b1a7fd03c09f",
        rows=2_100,
        hardware=_QUADRO,
        rules=MEASURED,
        notes=(
            "700 of the 2,532 cells; how they were chosen is not stated, but their mean energy and validation accuracy "
            "at 4 epochs are within .3 % and .006 of the others'",
            "accuracies are those of the same runs as the energy",
            "with this table ec-nas-5v and ec-nas-5v-partial can have energies measured or affine",
            _METER,
        ),
        repository="the runs in PedramBakh/nc_nasbench on GitHub, branch nascar/master, commit 01488397",
        licence="Apache-2.0",
        public=False,
    ),
    Source(
        name="ec-nas-7v-20k",
        title="NAS-Bench-101, 20,001 random cells, energy of a surrogate of our own",
        file="nb101_20k.parquet",
        bytes=856_812,
        sha256="b2b47de45862dd35be7ccf1455748ad0e78d9163cec7a2b402d83de31f0e9f6b",
        rows=80_004,
        hardware="a surrogate of 4-epoch trainings on a GPU that is not stated; time: NAS-Bench-101, TPU v2",
        rules=SAMPLED,
        notes=("7V energies are about .60 × the 5V ones of the same cells: never mix the spaces' energies", _METER),
        repository="the data of tiga1231/nasbench-vis on GitHub, commit 7aec0e7: static/data/data-20k.json",
        licence="the numbers are NAS-Bench-101's (Apache-2.0); their source states no licence file",
        public=False,
    ),
    Source(
        name="ec-nas-7v-4epochs",
        title="EC-NAS 7V, 4,877 cells, energy scaled from 4 epochs",
        file=f"{_FOLDER}energy_7V9E_4epochs.tfrecord",
        urls=_urls("energy_7V9E_4epochs.tfrecord"),
        bytes=17_522_300,
        sha256="c296461a59532bd370517b5adcb48dbe447ac56efdd2217eaa611287459ed725",
        rows=19_508,
        hardware="as the columns gpu0_device and cpu0_device say",
        rules=HARDWARE,
        notes=(
            _SCALED,
            "labelled by the README: its four budgets are taken for scaled, not measured",
            _HALFWAY,
            _METER,
        ),
    ),
    Source(
        name="ec-nas-7v",
        title="EC-NAS 7V, all 423,624 cells, energy of a surrogate",
        file=f"{_FOLDER}energy_7V9E_surrogate.tfrecord",
        urls=_urls("energy_7V9E_surrogate.tfrecord"),
        bytes=613_992_864,
        sha256="93e4a806c737ac077231fa716b13e01d5fbfa3bc261d456284f8a3fdbb322f02",
        rows=1_694_496,
        hardware="a neural network fitted to measured 4-epoch trainings; time: NAS-Bench-101, TPU v2",
        rules=SURROGATE,
        notes=(
            "energy = |MLP(cell, parameters)| × epochs/4, trained on 4,310 of 4,877 measured cells",
            "7V energies are about .60 × the 5V ones of the same cells: never mix the spaces' energies",
            "accuracies and time are NAS-Bench-101's",
            _METER,
        ),
    ),
    _hardware(
        "quadrortx6000",
        "Quadro RTX 6000",
        297_784,
        "b50e93e1ef94275ece211533fe954a7a6629157a4e94bb963f0e896d8bc7be09",
        364,
    ),
    _hardware(
        "rtx3060",
        "GeForce RTX 3060",
        290_272,
        "30880a853e1bd1f6b54022c5aada8e9c4a150c5c84c88f5e1a21777beac238e5",
        352,
        "3 of the 91 cells are missing",
    ),
    _hardware(
        "rtx3090",
        "GeForce RTX 3090",
        300_232,
        "55a89f91f4906e8c3c2e2578e64b0a62133d25b2e2e8e00f30513c7623f0a2f6",
        364,
        "suspect: the first 21 runs (by start time) are of a slower phase, and one has more energy than its total",
        slow_runs=21,
    ),
    _hardware(
        "titanxp",
        "Titan Xp",
        292_952,
        "ace80dda5f16dafa465b2a3e11c29518d8622884e174c15ed8d826a411f3373d",
        364,
    ),
    _nasbench(
        "nasbench-101",
        "nasbench_full.tfrecord",
        "4, 12, 36 and 108",
        2_085_986_016,
        "3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        5_083_488,
    ),
    _nasbench(
        "nasbench-101-108",
        "nasbench_only108.tfrecord",
        "108",
        522_767_376,
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        1_270_872,
    ),
)

SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}
