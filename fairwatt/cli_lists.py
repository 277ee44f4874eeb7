"""`fairwatt spaces`: what there is, by name."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import typer

from fairwatt.cli_console import console, prose
from fairwatt.cli_listing import Listing
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.problem import Benchmark
    from fairwatt.search_spaces.curve_agreement import CurveAgreement

TOY, MODELLED = "digits-regnet-toy", "digits-regnet-hpo"

spaces_app = typer.Typer(
    invoke_without_command=True, help="List the search spaces.\n\nExample: fairwatt spaces show toy-cells"
)


@spaces_app.callback()
def spaces(context: typer.Context) -> None:
    """List the search spaces.

    Example: fairwatt spaces show digits-cells-5v
    """
    from fairwatt.registry import BENCHMARKS, make_benchmark
    from fairwatt.sealed import DamagedFileError
    from fairwatt.search_spaces.sources import TableNotFoundError
    from fairwatt.search_spaces.table import TableError

    if context.invoked_subcommand:
        return
    lines = Listing("space", "networks", "epochs", "repeats", "c̄, kWh", "energy is")
    missing = []
    for name in BENCHMARKS.names():
        try:
            benchmark = make_benchmark(name)
        except TableNotFoundError:
            missing.append(name)
            continue
        except UserError as error:
            state = "damaged" if isinstance(error, DamagedFileError | TableError) else "no benchmark"
            lines.add_row(name, state, "", "", "", str(error))
            continue
        truth = benchmark.reference()
        lines.add_row(
            name,
            f"{len(truth.keys):,}",
            _epochs(benchmark),
            str(truth.replicates),
            f"{truth.tariff.mean_full_kwh:.4g}",
            benchmark.provenance.get("energy_kwh", ""),
        )
    console.print(lines)
    if missing:
        prose(f"not here yet (fairwatt spaces show NAME says how to get one): {', '.join(missing)}")


@spaces_app.command("show")
def spaces_show(name: str) -> None:
    """One space: its size, prices, provenance and notes; of trainings that are no space yet, their table's card.

    Example: fairwatt spaces show ec-nas-4v
    """
    from fairwatt.registry import BENCHMARKS, make_benchmark
    from fairwatt.search_spaces.sources import is_here

    if name not in BENCHMARKS.names() and is_here(name):
        _show_sample(name)
        return
    benchmark = make_benchmark(name)
    truth = benchmark.reference()
    lines = Listing("", name)
    lines.add_row("configurations", f"{len(truth.keys):,}")
    if size := benchmark.space.size_in_words():
        lines.add_row("encodings", size)
    lines.add_row("epochs", _epochs(benchmark))
    lines.add_row("repeats", str(truth.replicates))
    lines.add_row("resumable", "yes" if truth.resumable else "no: every number of epochs is a training of its own")
    lines.add_row("c̄, mean of full training", f"{truth.tariff.mean_full_kwh:.4g} kWh")
    lines.add_row("full training of everything", f"{truth.energy_kwh.sum():.4g} kWh")
    lines.add_row("best validation error", f"{truth.val_error.min():.4f}")
    if truth.has_test:
        lines.add_row("best test error", f"{truth.test_error.min():.4f}")
    for column, source in benchmark.provenance.items():
        if column == "test_accuracy" and not truth.has_test:
            continue
        lines.add_row(f"{column} is", source)
    lines.add_row("data sha256", truth.data_sha256)
    for note in truth.notes:
        lines.add_row("note", note)
    for title, text in _comparisons(name):
        lines.add_row(title, text)
    console.print(lines)


def _show_sample(name: str) -> None:
    """A table of trainings on which a surrogate is to be fitted."""
    from fairwatt.search_spaces.sources import find_table
    from fairwatt.search_spaces.table import open_table

    table = open_table(find_table(name))
    card = table.card
    lines = Listing("", name)
    lines.add_row("what", f"{card.title} No space by itself: fairwatt surrogate fit {name} makes one")
    lines.add_row("trainings", f"{table.rows:,}")
    lines.add_row("c̄, mean of full training", f"{card.mean_full_kwh:.4g} kWh")
    for column in ("validation_correct", "test_correct", "energy_kwh_per_epoch", "seconds_per_epoch"):
        if column in table:
            words = f"{table.provenance(column)}: {table.description(column)} ({table.unit(column)})"
            lines.add_row(f"{column} is", words)
    for what, words in (
        ("hardware", card.hardware),
        ("source", f"{card.source}, sha256 {card.source_sha256}"),
        ("licence", card.licence),
        ("made by", card.created_by),
        ("data sha256", table.sha256),
        *(("note", note) for note in card.notes),
    ):
        lines.add_row(what, words)
    console.print(lines)


def _epochs(benchmark: "Benchmark") -> str:
    """Epochs of each fidelity, which are shares of a configuration's own full training where that differs."""
    full = next((dim.values for dim in benchmark.space.dims if dim.name == "epochs"), None)
    if full is not None:
        shares = ", ".join(str(Fraction(fidelity).limit_denominator(1000)) for fidelity in benchmark.fidelities)
        return f"{shares} of {', '.join(map(str, full))}"
    config = benchmark.problem(0, initial=1).initial[0]
    return ", ".join(str(benchmark.epochs(config, fidelity)) for fidelity in benchmark.fidelities)


def _comparisons(name: str) -> Iterator[tuple[str, str]]:
    """What a published table can be asked for besides, and how its energies compare with others that are here."""
    from fairwatt.registry import BENCHMARKS
    from fairwatt.search_spaces.catalogue import SOURCES
    from fairwatt.search_spaces.cell_energy import choices, scaling
    from fairwatt.search_spaces.devices import agreement
    from fairwatt.search_spaces.sources import load_table

    if name == TOY and MODELLED in BENCHMARKS.names():
        yield from ((f"{MODELLED} agrees", str(found)) for found in _curves_agree())
    if name not in SOURCES:
        return
    yield "energy can be", ", ".join(choices(load_table(name)))
    try:
        yield from (("energy agrees", str(found)) for found in [*agreement(name), *scaling(name)])
    except UserError as error:
        yield "energy agrees", str(error)


def _curves_agree() -> "list[CurveAgreement]":
    """How far the surrogate of the whole space agrees with the grid that was trained."""
    from fairwatt.search_spaces.curve_agreement import curve_agreement
    from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, curve_surrogate_path
    from fairwatt.search_spaces.measured_configs import measured_configs

    return curve_agreement(measured_configs(TOY), CurveSurrogate.load(curve_surrogate_path(MODELLED)))
