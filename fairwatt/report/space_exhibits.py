"""Figures of one space when its budgets are spent: what each shows, of which numbers, and what is said below it."""

import math

import numpy as np

from fairwatt.analysis.attainment import attainment_surface, difference_table, held_sets
from fairwatt.analysis.protocol import ROPE
from fairwatt.analysis.statistics import Interval
from fairwatt.errors import UserError
from fairwatt.report import captions
from fairwatt.report.energy_plane import Plane
from fairwatt.report.gallery import Drawn, Sitting
from fairwatt.report.grid_figures import grid
from fairwatt.report.multiples import limit
from fairwatt.report.plain_text import name
from fairwatt.report.plane_figures import differences, fronts
from fairwatt.report.row_figures import forest, spend
from fairwatt.report.step_figures import MOST_BANDS
from fairwatt.report.verdict_sections import heat_grid
from fairwatt.report.wording import Basis

_ENERGY = "energy of a training, kWh"


def attainment(sitting: Sitting) -> Drawn:
    """Attainment surfaces on the cloud of everything."""
    comparison, book = sitting.comparison, sitting.book
    sitting.ranked()
    arms = sitting.arms()
    plane = Plane.of(comparison, book, arms)
    if not plane.found:
        raise UserError(f"at {book.budget} no arm has a full training on half of its seeds")
    figure = fronts(
        plane,
        sitting.styles,
        sitting.legends(),
        x_label=_ENERGY,
        y_label=f"{captions.metric(comparison)} error",
        width=sitting.width,
        chosen=sitting.wish.arms,
    )
    caption = (
        f"Attainment surfaces on {name(comparison.space)} at {book.budget}: what half of the seeds weakly dominate "
        f"(thin: 25 % and 75 %, of the reference only where there are more than {MOST_BANDS} arms in colour), valued "
        f"by the true {captions.metric(comparison)} error; grey: all {len(plane.cloud):,} configurations and "
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
        names = sitting.styles.file_names
        yield "-".join(filter(None, (names[arm], names[other], sitting.suffix))), figure, caption


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
    arms, legends = sitting.arms(), sitting.legends()
    budgets = [str(book.budget) for book in sitting.books]
    rows: dict[str, dict[str, Interval]] = {}
    ends: dict[str, list[str]] = {}
    for verdict in comparison.verdicts:
        if verdict.kind == ranking.kind and verdict.budget in budgets:
            sides = ((verdict.reference, verdict.reference_equivalent), (verdict.arm, verdict.arm_equivalent))
            for arm, found in sides:
                if arm in arms and not math.isnan(found.interval.value):
                    rows.setdefault(arm, {})[verdict.budget] = found.interval
                    if why := limit(found):
                        ends.setdefault(why, []).append(f"{name(legends[arm])} at {verdict.budget}")
    if not rows:
        raise UserError("no verdict has random search's multiple: all are VOID")
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
        f"{ranking.kind}-objective arm on {name(comparison.space)}; BCa 95 % over seeds; grey: within 10 %."
    ) + "".join(f" Where its curve ends ({why}): {', '.join(dict.fromkeys(whose))}." for why, whose in ends.items())
    note, facts = Basis.of(comparison).note, sitting.facts(arms, sitting.books)
    yield "", figure, " ".join(filter(None, (caption, note, facts)))


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
