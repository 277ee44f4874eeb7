"""Figures of one space: what each shows, of which numbers, and what has to be said below it."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.attainment import PERCENTILES, attainment_surface, difference_table, held_sets, surfaces
from fairwatt.analysis.curves import curves
from fairwatt.analysis.hitting import full_grid, hits, target_shares
from fairwatt.analysis.protocol import ROPE
from fairwatt.analysis.ranks import rank_table, ranks_of
from fairwatt.analysis.statistics import Interval
from fairwatt.errors import UserError
from fairwatt.report import captions
from fairwatt.report.figures import curves_of
from fairwatt.report.gallery import Sitting
from fairwatt.report.grid_figures import grid
from fairwatt.report.plain_text import name
from fairwatt.report.plane_figures import differences, fronts
from fairwatt.report.row_figures import forest, spend
from fairwatt.report.section import budget_marks, spent_axis
from fairwatt.report.step_figures import MOST_BANDS, StepAxes, steps
from fairwatt.report.verdict_sections import heat_grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Drawn = Iterator[tuple[str, "Figure", str]]
_ENERGY = "energy of a training, kWh"
BANDS = f"With more than {MOST_BANDS} arms in colour only the reference's band is drawn."


def anytime(sitting: Sitting) -> Drawn:
    """The endpoint while the budget is spent."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    arms = sitting.arms()
    frame = curves(comparison.endpoints, arms, ranking.endpoint, sitting.books)
    words = ranking.endpoint.replace("_", " ")
    words = words if " " in words else f"normalised {words}"
    axes = StepAxes(spent_axis(comparison), f"{words} ({captions.metric(comparison)})", _marks(sitting), log_y=True)
    figure = step_figure(sitting, frame, ("spent_full", "median", "q25", "q75"), axes)
    caption = (
        f"{words.capitalize()} on {name(comparison.space)} while {sitting.currency} is spent: "
        f"{captions.endpoint(comparison, ranking.endpoint)}. Medians over seeds with quartiles, as right-continuous "
        f"steps; lower is better. {BANDS} {sitting.facts(arms, sitting.books)}"
    )
    yield "", figure, caption


def mean_ranks(sitting: Sitting) -> Drawn:
    """Mean ranks among all arms of the ranking."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    found = ranks_of(comparison.endpoints, ranking, sitting.books)
    if not found.arms:
        raise UserError("no seed is shared by all arms, so nothing can be ranked")
    arms = sitting.arms()
    frame = rank_table(found)
    axes = StepAxes(spent_axis(comparison), "mean rank (1 is best)", _marks(sitting), best_on_top=True)
    figure = step_figure(sitting, frame[frame["arm"].isin(arms)], ("spent_full", "mean_rank", "low", "high"), axes)
    caption = (
        f"Mean rank by {ranking.endpoint.replace('_', ' ')} among {len(found.arms)} {ranking.kind}-objective arms on "
        f"{name(comparison.space)}, over {found.seeds} shared seeds, with pointwise 95 % bootstrap bands. {BANDS} "
        f"{sitting.facts(arms, sitting.books)}"
    )
    yield "", figure, caption


def targets_hit(sitting: Sitting) -> Drawn:
    """Energy to target, all targets together."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    found = hits(comparison.endpoints, ranking, sitting.book)
    arms = sitting.arms()
    frame = target_shares(found, full_grid(sitting.books, comparison.endpoints.tariff))
    axes = StepAxes(spent_axis(comparison), "share of targets hit", _marks(sitting), higher=True)
    figure = step_figure(sitting, frame[frame["arm"].isin(arms)], ("spent_full", "share", "share", "share"), axes)
    caption = (
        f"Share of (seed, target) pairs hit on {name(comparison.space)}; targets: "
        f"{', '.join(target.name for target in found.targets)}. Higher is better. {sitting.facts(arms, [sitting.book])}"
    )
    yield "", figure, caption


def attainment(sitting: Sitting) -> Drawn:
    """Attainment surfaces on the cloud of everything."""
    comparison, book = sitting.comparison, sitting.book
    sitting.ranked()
    arms, truth = sitting.arms(), comparison.truth
    low, found, high = (
        {arm: surface for arm, surface in surfaces(comparison.endpoints, book, percentile).items() if arm in arms}
        for percentile in PERCENTILES
    )
    if not found:
        raise UserError(f"at {book.budget} no arm has a full training on half of its seeds")
    figure = fronts(
        truth.test_points(np.arange(len(truth.energy_kwh))),
        truth.test_front.front,
        found,
        sitting.styles,
        sitting.legends(),
        x_label=_ENERGY,
        y_label=f"{captions.metric(comparison)} error",
        width=sitting.width,
        outer=(low, high),
        chosen=sitting.wish.arms,
    )
    caption = (
        f"Attainment surfaces on {name(comparison.space)} at {book.budget}: what half of the seeds weakly dominate "
        f"(thin: 25 % and 75 %, of the reference only where there are more than {MOST_BANDS} arms in colour), valued "
        f"by the true {captions.metric(comparison)} error; grey: all {len(truth.energy_kwh):,} configurations and "
        f"their front. {sitting.facts(arms, [book])}"
    )
    yield sitting.suffix, figure, caption


def attainment_differences(sitting: Sitting) -> Drawn:
    """One arm against the reference, or two against each other."""
    comparison, book, wish = sitting.comparison, sitting.book, sitting.wish.arms
    ranking = sitting.ranked()
    ranked, reference = comparison.endpoints.arms(ranking), sitting.styles.reference
    if missing := [arm for arm in wish if arm not in ranked]:
        raise UserError(f"{', '.join(missing)}: not in the {ranking.kind}-objective ranking of {', '.join(ranked)}")
    if len(wish) > 2:
        raise UserError(f"a difference is of two arms, got {len(wish)}; name one or two with --arms")
    pairs = [wish] if len(wish) == 2 else [(arm, reference) for arm in wish or ranked if arm != reference]
    for arm, other in pairs:
        seeds = comparison.endpoints.paired_seeds(arm, other)
        if not seeds:
            raise UserError(f"{arm} and {other} share no seed")
        rectangles = difference_table(comparison.endpoints, arm, other, book).to_numpy(dtype=np.float64)
        if not len(rectangles):
            raise UserError(f"{arm} and {other} attain the same everywhere; there is no difference to draw")
        medians = [attainment_surface(held_sets(comparison.endpoints, each, book, seeds)) for each in (arm, other)]
        legends = [comparison.legend(each) for each in (arm, other)]
        figure = differences(
            rectangles,
            legends[0],
            legends[1],
            medians,
            x_label=_ENERGY,
            y_label=f"{captions.metric(comparison)} error",
            width=sitting.width,
        )
        caption = (
            f"Difference of the empirical attainment functions of {name(legends[0])} and {name(legends[1])} on "
            f"{name(comparison.space)} at {book.budget}: blue where more seeds of {name(legends[0])} are there, orange "
            f"where more of {name(legends[1])}; lines: what half of the seeds attain. {len(seeds)} shared seeds. "
            f"{sitting.facts([arm, other], [book])}"
        )
        yield f"{arm}-{other}{'-' * bool(sitting.suffix)}{sitting.suffix}", figure, caption


def sensitivity(sitting: Sitting) -> Drawn:
    """The claims of one budget in every cell."""
    comparison, book = sitting.comparison, sitting.book
    ranking = sitting.ranked()
    made = heat_grid(comparison, ranking.kind, str(book.budget))
    if made is None:
        raise UserError(f"no other books were tried at {book.budget}, or every verdict is VOID")
    arms = comparison.endpoints.arms(ranking)
    caption = (
        f"Sensitivity of {ranking.kind}-objective verdicts at {book.budget}. {made.caption} Blue: the arm is better, "
        f"orange: the reference is. {sitting.facts(arms, [book])}"
    )
    yield sitting.suffix, grid(made, width=sitting.width), caption


def multiples(sitting: Sitting) -> Drawn:
    """Random search's multiples with their intervals."""
    comparison, ranking = sitting.comparison, sitting.ranked()
    arms = sitting.arms()
    budgets = [str(book.budget) for book in sitting.books]
    rows: dict[str, dict[str, Interval]] = {}
    for verdict in comparison.verdicts:
        if verdict.kind == ranking.kind and verdict.budget in budgets:
            sides = ((verdict.reference, verdict.reference_equivalent), (verdict.arm, verdict.arm_equivalent))
            for arm, found in sides:
                if arm in arms and not math.isnan(found.interval.value):
                    rows.setdefault(arm, {})[verdict.budget] = found.interval
    if not rows:
        raise UserError("no verdict has random search's multiple: all are VOID")
    legends = sitting.legends()
    figure = forest(
        {legends[arm]: rows[arm] for arm in arms if arm in rows},
        x_label="budget that random search needs for the same validation quality, × the shared one",
        width=sitting.width,
        even=1.0,
        same=ROPE,
        log=True,
        reference=legends.get(sitting.styles.reference, ""),
    )
    caption = (
        f"How many times the budget random search needs, in closed form, for the mean validation quality of each "
        f"{ranking.kind}-objective arm on {name(comparison.space)}; BCa 95 % over seeds; grey: within 10 %. "
        f"{sitting.facts(arms, sitting.books)}"
    )
    yield "", figure, caption


def spent(sitting: Sitting) -> Drawn:
    """The books at the end, in every currency."""
    comparison, book = sitting.comparison, sitting.book
    arms, frame = sitting.arms(), comparison.spend()
    legends = sitting.legends()
    granted = {arm: str(comparison.protocol.granted(arm, book).budget) for arm in arms}
    kept = [row for row in frame.to_dict("records") if granted.get(row["arm"]) == row["budget"]]
    panels = {
        label: {
            legends[row["arm"]]: (
                float(row[column]),
                float(row.get(f"{column}_min", math.nan)),
                float(row.get(f"{column}_max", math.nan)),
            )
            for row in kept
        }
        for label, column in (
            ("energy, kWh", "energy_kwh"),
            ("time, h", "hours"),
            ("epochs", "epochs"),
            ("trainings paid", "evaluations"),
        )
    }
    caption = (
        f"What searches on {name(comparison.space)} had spent when their books closed at {book.budget}: means over "
        f"seeds, for energy with the least and the most. {sitting.facts(arms, [book])}"
    )
    yield sitting.suffix, spend(panels, width=sitting.width), caption


def step_figure(
    sitting: Sitting, frame: "pd.DataFrame", columns: tuple[str, str, str, str], axes: StepAxes
) -> "Figure":
    """Columns of a frame with an `arm`: what was spent, the middle, the low and the high end; see `steps`."""
    return steps(
        curves_of(frame, columns),
        sitting.styles,
        sitting.legends(),
        axes,
        width=sitting.width,
        chosen=sitting.wish.arms,
    )


def _marks(sitting: Sitting) -> dict[str, float]:
    names = {str(book.budget) for book in sitting.books}
    return {label: place for label, place in budget_marks(sitting.comparison).items() if label in names}
