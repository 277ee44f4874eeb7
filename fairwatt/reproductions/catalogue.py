"""All reproductions by name. What makes one is "module:function", imported when it is first made.

To add one: write a function from a `Shelf` to a `Made`, and add an entry here.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping

from fairwatt.errors import UnknownNameError
from fairwatt.reproductions.item import Label, Made, Reproduction, Shelf

PUBLISHED_RUNS = "ecnas/ecnas_published_runs.parquet"
LINSCALE = "ecnas/ecnas_linscale.parquet"
MEASURED_7V = "ecnas/ecnas_7v_energy.parquet"
OFFICIAL_4V = "ecnas/official/energy_4V9E_linscale.tfrecord"
RANDOM_7V = "ecnas/nb101_20k.parquet"
RAW_4V = "ecnas/ecnas_4v_raw.parquet"
RAW_5V = "ecnas/ecnas_5v_raw.parquet"
HARDWARE = "ecnas/ecnas_4v_hardware.parquet"
MEASURED = "ecnas/ecnas_measured_nc.parquet"
OFFICIAL_DEVICES = {
    device: f"ecnas/official/hardware/energy_4V9E_{device}.tfrecord"
    for device in ("quadrortx6000", "rtx3060", "rtx3090")
}
DIGITISED = "eahas/eahas_fig_curves.json"

SHA256: Mapping[str, str] = {
    PUBLISHED_RUNS: "e8c44659abe272dc17c99582ffb524da404073db7c7a73148e72bf81c949cfd7",
    LINSCALE: "546c429bfe319b70d0819ed3fe46932ff2f59328db43245b187c0f4b27d110ea",
    MEASURED_7V: "b898b335f15d6dfcaa4a2a5ac7b2776201daf9c4851bad7c1265faf47b6ddb71",
    OFFICIAL_4V: "e18becd6aac719a9af4c816940a6bf7bf5fb0a16870d531e78a27c1d8cf89010",
    RANDOM_7V: "b2b47de45862dd35be7ccf1455748ad0e78d9163cec7a2b402d83de31f0e9f6b",
    RAW_4V: "e2e88a4092bfc96799ca87cbb0ebbbca306aacda56b01fc976ee7db7400cf500",
    RAW_5V: "3719b45869195bfee36df3707e0db8f48959cf41179a5b3c03b6eb107a7e906e",
    HARDWARE: "cdaf7cff8dff88cfde6cdccca4ace8e3d31887985051f2a1d357e3b72d358e31",
    MEASURED: "86ddad2df6f8218ed0f838659ea9fdd93cbe851b491fb05b9498b1a7fd03c09f",
    OFFICIAL_DEVICES["quadrortx6000"]: "b50e93e1ef94275ece211533fe954a7a6629157a4e94bb963f0e896d8bc7be09",
    OFFICIAL_DEVICES["rtx3060"]: "30880a853e1bd1f6b54022c5aada8e9c4a150c5c84c88f5e1a21777beac238e5",
    OFFICIAL_DEVICES["rtx3090"]: "55a89f91f4906e8c3c2e2578e64b0a62133d25b2e2e8e00f30513c7623f0a2f6",
    DIGITISED: "60c1c3980a241dae60a41bfb9fed832e749c3674aeb628e1748a2b5765b3ed67",
}
"""Checksums of the genuine files, where they are known: a label holds for these bytes and no others."""

EC_NAS = "EC-NAS (Bakhtiarifard, Igel and Selvan, ICASSP 2024)"
EA_HAS = "EA-HAS-Bench (ICLR 2023)"


def _by(target: str) -> Callable[[Shelf], Made]:
    """What makes a reproduction, imported when it is called."""

    def make(shelf: Shelf) -> Made:
        module, _, function = target.partition(":")
        made: Made = getattr(importlib.import_module(module), function)(shelf)
        return made

    return make


def _impossible(name: str, title: str, source: str, why_not: str) -> Reproduction:
    return Reproduction(name, title, source, Label.NOT_POSSIBLE, why_not=why_not)


CATALOGUE: tuple[Reproduction, ...] = (
    Reproduction(
        "ec-nas/fig1-scatter",
        "energy v. validation accuracy at four budgets, on 4V, 5V and a sample of 7V",
        f"{EC_NAS}, Figure 1",
        Label.RE_ESTIMATED,
        (LINSCALE, RANDOM_7V, PUBLISHED_RUNS),
        _by("fairwatt.reproductions.ec_nas_scatter:fig1_scatter"),
    ),
    Reproduction(
        "ec-nas/fig2-surrogate",
        "predicted v. measured energy of cells, and after how many training cells",
        f"{EC_NAS}, Figure 2",
        Label.RE_ESTIMATED,
        (MEASURED_7V,),
        _by("fairwatt.reproductions.ec_nas_surrogate:fig2_surrogate"),
    ),
    Reproduction(
        "ec-nas/fig3-operator-swap",
        "what swapping one operation changes, on 4V and 5V after 4 epochs",
        f"{EC_NAS}, Figure 3",
        Label.QUALITATIVE,
        (RAW_4V, RAW_5V),
        _by("fairwatt.reproductions.ec_nas_swaps:fig3_operator_swap"),
    ),
    Reproduction(
        "ec-nas/fig4-devices",
        "energy of the 4V cells on four GPUs",
        f"{EC_NAS}, Figure 4",
        Label.RE_ESTIMATED,
        (HARDWARE, *OFFICIAL_DEVICES.values()),
        _by("fairwatt.reproductions.ec_nas_devices:fig4_devices"),
    ),
    Reproduction(
        "ec-nas/fig5-attainment",
        "median attainment surfaces and hypervolumes of four methods on 7V",
        f"{EC_NAS}, Figure 5 left",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_attainment:fig5_attainment"),
    ),
    Reproduction(
        "ec-nas/fig5-front",
        "the front of one SEMOA search on 7V, with extrema and knee",
        f"{EC_NAS}, Figure 5 centre",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_front:fig5_front"),
    ),
    Reproduction(
        "ec-nas/fig5-radar",
        "time, accuracy, energy and parameters of that search's extrema and knee",
        f"{EC_NAS}, Figure 5 right",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_front:fig5_radar"),
    ),
    Reproduction(
        "ec-nas/table1",
        "time, accuracy, energy and parameters at the extrema and the knee, four methods on three spaces",
        f"{EC_NAS}, Table 1",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_extrema:table1"),
    ),
    Reproduction(
        "ec-nas/fig6",
        "the means and deviations of Table 1 as a picture",
        f"{EC_NAS}, Figure 6",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_extrema:fig6"),
    ),
    Reproduction(
        "ec-nas/table3",
        "energy saved by not training for more than 4 epochs",
        f"{EC_NAS}, Table 3",
        Label.RE_ESTIMATED,
        (LINSCALE, MEASURED_7V),
        _by("fairwatt.reproductions.ec_nas_savings:table3"),
    ),
    Reproduction(
        "ec-nas/4v-table",
        "the whole 4V table, recovered from the published searches",
        f"{EC_NAS}, energy_4V9E_linscale.tfrecord",
        Label.EXACT,
        (PUBLISHED_RUNS, OFFICIAL_4V),
        _by("fairwatt.reproductions.ec_nas_recovered:table_4v"),
    ),
    Reproduction(
        "ec-nas/matched-energy",
        "SEMOA v. random search at matched energy, under each accounting policy",
        f"ours: no paper has it; searches of {EC_NAS}",
        Label.RE_ESTIMATED,
        (PUBLISHED_RUNS,),
        _by("fairwatt.reproductions.ec_nas_matched:matched_energy"),
    ),
    Reproduction(
        "ec-nas/measured-v-scaled",
        "energies of full trainings as measured and as scaled from 4 epochs",
        f"ours: no paper has it; trainings of {EC_NAS}",
        Label.RE_ESTIMATED,
        (LINSCALE, MEASURED),
        _by("fairwatt.reproductions.ec_nas_scaling:measured_v_scaled"),
    ),
    Reproduction(
        "ea-has/search-space",
        "dimensions and size of the search space on CIFAR-10",
        f"{EA_HAS}, table of the search space",
        Label.EXACT,
        (),
        _by("fairwatt.reproductions.ea_has_table:search_space"),
    ),
    Reproduction(
        "ea-has/anytime",
        "test regret over energy of six methods, on digits-regnet-hpo",
        f"{EA_HAS}, figures CIFAR_NAS and Tiny_nas in the repository",
        Label.RE_RUN,
        (DIGITISED,),
        _by("fairwatt.reproductions.ea_has_anytime:anytime"),
    ),
    Reproduction(
        "ea-has/box",
        "final validation accuracies of the space, on digits-regnet-hpo",
        f"{EA_HAS}, figure Box_plot in the repository",
        Label.RE_RUN,
        (),
        _by("fairwatt.reproductions.ea_has_space:box"),
    ),
    Reproduction(
        "ea-has/scatter",
        "accuracy, time and energy of trainings with both fronts, on digits-regnet-hpo",
        f"{EA_HAS}, figures Tiny_Acc_* in the repository",
        Label.RE_RUN,
        (),
        _by("fairwatt.reproductions.ea_has_space:scatter"),
    ),
    _impossible(
        "ec-nas/table2",
        "metrics of the tables and their units",
        f"{EC_NAS}, Table 2",
        "it is text, and nothing in it is computed. Units of every column are in the tables themselves: "
        "fairwatt.load_table.",
    ),
    _impossible(
        "ec-nas/fig3-7v",
        "what swapping an operation changes, on 7V",
        f"{EC_NAS}, Figure 3",
        "it needs accuracy and energy of every 7V cell (energy_7V9E_surrogate.tfrecord, 614 MB), which is not among "
        "the shared files; the published searches saw 0.3 % of its cells.",
    ),
    _impossible(
        "ec-nas/single-objective",
        "32 % less energy at the extremum than single-objective search",
        f"{EC_NAS}, text",
        "no single-objective search is among the published ones.",
    ),
    _impossible(
        "ec-nas/saved-dicts",
        "the stored dictionaries behind the released plots",
        f"{EC_NAS}, saved_dicts/*.pkl in the repository",
        "the public copy holds Git-LFS pointers in their place.",
    ),
    _impossible(
        "ea-has/surrogate-quality",
        "the Bézier surrogate against other models of learning curves",
        f"{EA_HAS}, table of surrogates",
        "neither the trainings that it was fitted to nor the fitted models are public. Of our own trainings: "
        "fairwatt surrogate audit.",
    ),
    _impossible(
        "ea-has/energy-aware",
        "the energy-aware variants of LS and BANANAS",
        f"{EA_HAS}, text",
        "their numbers could not be had; the released code has one of the two, in place of plain BANANAS. Ours are the "
        "optimizers ea-ls and ea-bananas: fairwatt run all_optimizers.",
    ),
    _impossible(
        "ea-has/tiny-trade-offs",
        "accuracy, time and energy of the trainings on TinyImageNet",
        f"{EA_HAS}, figures Tiny_Acc_* in the repository",
        "the trainings are not public, only pictures of them. On our own trainings: ea-has/scatter.",
    ),
    _impossible(
        "ea-has/benchmarks-table",
        "benchmarks compared in a table",
        f"{EA_HAS}, figure Differences in the repository",
        "it is text about benchmarks, and nothing in it is computed. Of the spaces here: fairwatt spaces.",
    ),
    _impossible(
        "ea-has/surrogate-schematic",
        "how the Bézier surrogate is built",
        f"{EA_HAS}, schematic of BSC",
        "it is a drawing of a method, without data. Ours in words: docs/surrogates.md.",
    ),
    _impossible(
        "ea-has/benchmarks-box-plot",
        "validation accuracies of several benchmarks on CIFAR-10",
        f"{EA_HAS}, figure Box_plot in the repository",
        "the trainings are not public, only a picture of them. Of our own trainings: ea-has/box.",
    ),
)


def names() -> tuple[str, ...]:
    """Of everything in the catalogue, in its order."""
    return tuple(reproduction.name for reproduction in CATALOGUE)


def find(words: Iterable[str]) -> tuple[Reproduction, ...]:
    """What was asked for, once each and in the catalogue's order.

    words: names; or beginnings of names up to the / or, behind it, up to a -, such as ec-nas and ec-nas/fig5; or `all`.
    Raises UnknownNameError with the nearest name.
    """
    wanted: set[str] = set()
    for word in words:
        beginning = f"{word}-" if "/" in word else f"{word}/"
        found = {name for name in names() if word in (name, "all") or name.startswith(beginning)}
        if not found:
            raise UnknownNameError("reproduction", word, (*names(), "all"))
        wanted |= found
    return tuple(reproduction for reproduction in CATALOGUE if reproduction.name in wanted)
