"""`fairwatt surrogate`: models that predict the energy of a cell, and learning curves of RegNet + HPO."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairwatt.cli_console import Progress, console
from fairwatt.cli_listing import Listing
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.regular_file import check_regular

if TYPE_CHECKING:
    from fairwatt.experiments.surrogate_curve import Point
    from fairwatt.report.figures import Curve

surrogate_app = typer.Typer(
    no_args_is_help=True,
    help="Learn the energy of cells, or learning curves, from measured ones.\n\n"
    "Example: fairwatt surrogate fit ecnas_7v_energy.parquet, or fairwatt surrogate audit digits-regnet-hpo",
)
Data = Annotated[Path, typer.Argument(help="Measured cells: ecnas_7v_energy.parquet, or a file with its columns.")]
_DRAWN = {"r2": "1 − R²", "tau": "1 − Kendall's τ", "mape": "mean relative error, %"}
"""Titles of what is drawn of each score; all fall as a model gets better."""


@surrogate_app.command("fit")
def surrogate_fit(
    data: Annotated[
        Path,
        typer.Argument(
            help="Measured cells: ecnas_7v_energy.parquet, or a file with its columns. Or measured learning curves: "
            "digits-regnet-hpo, the name of an imported sweep, or an .arrow file of `fairwatt sweep collect`."
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(help="Of cells: trees (boosted, the default) or mlp (the paper's network). Of curves: bezier."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the training.", min=0)] = 0,
    split: Annotated[
        int | None, typer.Option(help="Of the split; for cells 42, EC-NAS's own, for curves 0 by default.", min=0)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The .npz file; by default where the spaces look for it.")
    ] = None,
) -> None:
    """Train a surrogate on 70 % of the data, calibrate its intervals on 10 %, score it on the rest, and store it.

    Example: fairwatt surrogate fit ecnas_7v_energy.parquet, or fairwatt surrogate fit digits-regnet-hpo -o mine.npz
    """
    from fairwatt import cli_curves
    from fairwatt.experiments.surrogate_fit import fit_energy_surrogate
    from fairwatt.search_spaces.sources import is_here

    if out is not None and out.suffix != ".npz":
        raise UserError(f"{out}: a surrogate is an .npz file")
    if data.suffix in ("", ".arrow") or is_here(str(data)):
        if data.exists() and not is_here(str(data)):  # a table's name wins over what is in the folder
            check_regular(data)
        if kind not in (None, "bezier"):
            raise UnknownNameError("kind of surrogate of learning curves", kind, ("bezier",))
        cli_curves.fit(str(data), seed, 0 if split is None else split, out)
        return
    kind, split = kind or "trees", 42 if split is None else split
    with Progress(f"{kind} on {data.name}", "steps") as shown:
        path = fit_energy_surrogate(data, kind, seed, out, split_seed=split, progress=shown.update)
    surrogate_show(path)


@surrogate_app.command("show")
def surrogate_show(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="An .npz file, or digits-regnet-hpo; by default the energies that the spaces of cells use."
        ),
    ] = None,
) -> None:
    """The card of a surrogate: its data, its split, its scores; of energies, beside the published ones.

    Example: fairwatt surrogate show
    """
    from fairwatt import cli_curves
    from fairwatt.search_spaces.curve_surrogate import curve_surrogate_path, is_curve_surrogate
    from fairwatt.search_spaces.energy_surrogate import EnergySurrogate, default_path

    path = file or default_path()
    if not path.suffix and not path.exists():
        path = curve_surrogate_path(str(path))
    if path != default_path() and is_curve_surrogate(path):
        cli_curves.show(path)
        return
    surrogate = EnergySurrogate.load(path)
    card, test, published = surrogate.card, surrogate.card.test, surrogate.card.published
    lines = Listing("", str(path))
    for what, words in (
        ("what", f"{card.title}, in {card.unit}; PUE {card.pue or 'unknown'}"),
        (
            "kind",
            f"{card.kind}, seed {card.seed}" + "".join(f", {name} {value}" for name, value in card.settings.items()),
        ),
        ("data", f"{card.data}, sha256 {card.data_sha256}"),
        ("hardware", card.hardware),
        ("licence", card.licence),
        ("split", f"{card.split}; " + ", ".join(f"{count:,} {part}" for part, count in card.cells.items())),
        ("test cells' sha256", card.test_sha256),
        ("on the test cells", _scores(test)),
        ("published, on these", _scores(published) if published else "not in the file"),
        (
            f"{card.level:.0%} intervals",
            f"± {test['half_width']:.1%} in the mean, held {test['coverage']:.1%} of test cells",
        ),
        ("extrapolated", _extrapolated(card.extrapolated)),
        ("made by", f"{card.command} ({', '.join(f'{name} {version}' for name, version in card.packages.items())})"),
        ("sha256", surrogate.sha256),
        *(("note", note) for note in card.notes),
    ):
        lines.add_row(what, words)
    console.print(lines)


@surrogate_app.command("audit")
def surrogate_audit(
    data: Annotated[
        str, typer.Argument(help="Measured learning curves: digits-regnet-hpo, an imported sweep, or an .arrow file.")
    ],
    surrogate: Annotated[
        Path | None, typer.Option("--surrogate", help="The .npz file; by default the one fitted to this table.")
    ] = None,
    strict: Annotated[bool, typer.Option(help="Fit under a split by network, too.")] = True,
) -> None:
    """Score a surrogate of learning curves beside three baselines and second trainings, and check what must hold.

    Example: fairwatt surrogate audit digits-regnet-hpo
    """
    from fairwatt import cli_curves

    cli_curves.audit(data, surrogate, strict)


@surrogate_app.command("learning-curve")
def surrogate_learning_curve(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="The .svg file; the numbers go beside it as .csv.")] = Path(
        "surrogate-learning-curve.svg"
    ),
    repeats: Annotated[int, typer.Option(help="Splits, each with a seed of its own.", min=1)] = 5,
    members: Annotated[int, typer.Option(help="Models in an ensemble.", min=1)] = 1,
) -> None:
    """How good both kinds of surrogate are after how many measured cells, over several splits (EC-NAS, figure 2).

    Example: fairwatt surrogate learning-curve ecnas_7v_energy.parquet -o curve.svg
    """
    from fairwatt.experiments.energy_data import read_energy_data
    from fairwatt.experiments.surrogate_curve import as_csv, learning_curve
    from fairwatt.report.figures import learning_curves, svg
    from fairwatt.sealed import write_atomically

    if out.suffix != ".svg":
        raise UserError(f"{out}: the figure is an .svg file; the numbers go beside it as .csv")
    with Progress(data.name, "trainings") as shown:
        points = learning_curve(read_energy_data(data), repeats, progress=shown.update, members=members)
    published = [point for point in points if point.kind == "published"]
    figure = learning_curves(
        {title: _curves(points, score) for score, title in _DRAWN.items()},
        {title: _drawn(point, score) for score, title in _DRAWN.items() for point in published},
        x_label=f"training cells; median and range of {repeats} splits, test on 20 %",
        level_label="published surrogate, its own test cells",
    )
    write_atomically(out, svg(figure))
    write_atomically(out.with_suffix(".csv"), as_csv(points).encode())
    most = max(point.cells for point in points)
    lines = Listing(f"on {most:,} cells", "splits", "R²", "Kendall's τ", "MAPE")
    for kind in dict.fromkeys(point.kind for point in points):
        last = [point for point in points if (point.kind, point.cells) == (kind, most)]
        spans = (_span([getattr(point, name) for point in last]) for name in _DRAWN)
        lines.add_row(kind, str(len(last)), *spans)
    console.print(lines)
    console.print(f"figure: {out}\nnumbers: {out.with_suffix('.csv')}")


def _curves(points: "Sequence[Point]", score: str) -> "dict[str, Curve]":
    """By kind, the median and the range over splits of what is drawn of a score."""
    import numpy as np

    from fairwatt.report.figures import Curve

    curves = {}
    for kind in dict.fromkeys(point.kind for point in points if point.kind != "published"):
        sizes = sorted({point.cells for point in points if point.kind == kind})
        values = np.array([[_drawn(p, score) for p in points if (p.kind, p.cells) == (kind, size)] for size in sizes])
        middle, low, high = np.median(values, axis=1), values.min(axis=1), values.max(axis=1)
        curves[kind] = Curve(np.array(sizes, dtype=np.float64), middle, low, high)
    return curves


def _drawn(point: "Point", score: str) -> float:
    value: float = getattr(point, score)
    return 100 * value if score == "mape" else 1 - value


def _scores(scores: dict[str, float]) -> str:
    return (
        f"R² {scores['r2']:.4f}, Kendall's τ {scores['tau']:.3f}, mean relative error {scores['mape']:.2%}, "
        f"mean error {scores['mae_wh']:.3f} Wh"
    )


def _extrapolated(by_vertices: dict[str, int]) -> str:
    listed = ", ".join(f"{count:,} of {vertices} vertices" for vertices, count in by_vertices.items())
    return f"{sum(by_vertices.values()):,} of all cells have counts outside those of the training cells: {listed}"


def _span(values: "Sequence[float]") -> str:
    from statistics import median

    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{median(values):.4f} [{min(values):.4f}, {max(values):.4f}]"
