"""Figures of what is known step by step while the budget is spent: what each shows, and what is said below it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairwatt.analysis.curves import curves
from fairwatt.analysis.hitting import full_grid, hits, target_shares
from fairwatt.analysis.ranks import rank_table, ranks_of
from fairwatt.books import Book
from fairwatt.errors import UserError
from fairwatt.report import captions
from fairwatt.report.figures import curves_of
from fairwatt.report.gallery import Drawn, Sitting
from fairwatt.report.plain_text import name
from fairwatt.report.section import budget_marks, spent_axis
from fairwatt.report.step_figures import MOST_BANDS, StepAxes, steps

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Columns = tuple[str, str, str, str]
"""What was spent, the middle, the low and the high end."""
BANDS = f"With more than {MOST_BANDS} arms in colour only the reference's band is drawn."


def anytime(sitting: Sitting) -> Drawn:
    """The endpoint while the budget is spent."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    words = ranking.endpoint.replace("_", " ")
    words = words if " " in words else f"normalised {words}"
    frame = curves(comparison.endpoints, sitting.arms(), ranking.endpoint, sitting.books)
    caption = (
        f"{words.capitalize()} on {name(comparison.space)} while {sitting.currency} is spent: "
        f"{captions.endpoint(comparison, ranking.endpoint)}. Medians over seeds with quartiles, as right-continuous "
        f"steps; lower is better. {BANDS}"
    )
    axes = StepAxes(spent_axis(comparison), f"{words} ({captions.metric(comparison)})", _marks(sitting), log_y=True)
    yield _spent(sitting, frame, ("median", "q25", "q75"), axes, caption, sitting.books)


def mean_ranks(sitting: Sitting) -> Drawn:
    """Mean ranks among all arms of the ranking."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    found = ranks_of(comparison.endpoints, ranking, sitting.books)
    if not found.arms:
        raise UserError("no seed is shared by all arms, so nothing can be ranked")
    caption = (
        f"Mean rank by {ranking.endpoint.replace('_', ' ')} among {len(found.arms)} {ranking.kind}-objective arms on "
        f"{name(comparison.space)}, over {found.seeds} shared seeds, with pointwise 95 % bootstrap bands. {BANDS}"
    )
    axes = StepAxes(spent_axis(comparison), "mean rank (1 is best)", _marks(sitting), best_on_top=True)
    yield _spent(sitting, rank_table(found), ("mean_rank", "low", "high"), axes, caption, sitting.books)


def targets_hit(sitting: Sitting) -> Drawn:
    """Energy to target, all targets together."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    found = hits(comparison.endpoints, ranking, sitting.book)
    frame = target_shares(found, full_grid(sitting.books, comparison.endpoints.tariff))
    caption = (
        f"Share of (seed, target) pairs hit on {name(comparison.space)}; targets: "
        f"{', '.join(target.name for target in found.targets)}. Higher is better."
    )
    axes = StepAxes(spent_axis(comparison), "share of targets hit", _marks(sitting), higher=True)
    yield _spent(sitting, frame, ("share", "share", "share"), axes, caption, [sitting.book])


def step_figure(
    sitting: Sitting, frame: "pd.DataFrame", columns: Columns, arms: Sequence[str], axes: StepAxes
) -> "Figure":
    """Steps of these arms in a frame with a column `arm`; see `steps`."""
    return steps(
        curves_of(frame[frame["arm"].isin(arms)], columns),
        sitting.styles,
        sitting.legends(),
        axes,
        width=sitting.width,
        chosen=sitting.wish.arms,
    )


def _spent(
    sitting: Sitting,
    frame: "pd.DataFrame",
    columns: tuple[str, str, str],
    axes: StepAxes,
    caption: str,
    books: Sequence[Book],
) -> "tuple[str, Figure, str]":
    """The arms that are asked for over what was spent, with the facts of these books below it."""
    arms = sitting.arms()
    ended = captions.ended_early(sitting.comparison, arms, books)
    return (
        "",
        step_figure(sitting, frame, ("spent_full", *columns), arms, axes),
        " ".join(filter(None, (caption, ended, sitting.facts(arms, books)))),
    )


def _marks(sitting: Sitting) -> dict[str, float]:
    names = {str(book.budget) for book in sitting.books}
    return {label: place for label, place in budget_marks(sitting.comparison).items() if label in names}
