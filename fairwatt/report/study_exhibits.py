"""Figures of several spaces: what each shows, of which numbers, and what has to be said below it."""

from typing import TYPE_CHECKING

from fairwatt.analysis.across import seed_ranks
from fairwatt.analysis.endpoints import Ranking
from fairwatt.analysis.statistics import Interval
from fairwatt.analysis.tuning_scores import tuned_arms, tuning_curve
from fairwatt.errors import UserError
from fairwatt.report import captions
from fairwatt.report.across_sections import first_tau
from fairwatt.report.gallery import Drawn, Sitting
from fairwatt.report.grid_figures import grid
from fairwatt.report.plain_text import name
from fairwatt.report.row_figures import critical_difference, forest
from fairwatt.report.step_exhibits import BANDS, step_figure
from fairwatt.report.step_figures import StepAxes
from fairwatt.report.verdict_sections import glance_grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def verdicts_at_a_glance(sitting: Sitting) -> Drawn:
    """All spaces and budgets in one grid."""
    assert sitting.ranking is not None
    budget = str(sitting.book.budget) if sitting.wish.budget else ""
    made = glance_grid(sitting.comparisons, sitting.kind, budget)
    if not made.rows:
        sitting.ranked()
        raise UserError("there are no verdicts")
    spaces = " ".join(captions.facts(sitting.results, c, c.arms, c.books) for c in sitting.comparisons)
    yield "", grid(made, width=sitting.width), f"{made.caption}. {spaces}"


def profiles(sitting: Sitting) -> Drawn:
    """Shares of runs by what they reach, over spaces."""
    ranking, budget = _pooled_ranking(sitting)
    frame = sitting.pooled.profiles(ranking, budget)
    arms = sitting.arms(sitting.pooled.arms(ranking))
    words = ranking.endpoint.replace("_", " ")
    axes = StepAxes(f"{words} τ", "share of runs with τ or less", first=first_tau(frame), higher=True)
    figure = step_figure(sitting, frame, ("tau", "share", "low", "high"), arms, axes)
    caption = (
        f"Performance profiles: share of runs with a {words} of τ or less, spaces counting equally, with pointwise "
        f"95 % stratified-bootstrap bands. {BANDS} {_pooled_facts(sitting, ranking, budget)}"
    )
    yield sitting.suffix, figure, caption


def interquartile_means(sitting: Sitting) -> Drawn:
    """Of all runs of all spaces."""
    ranking, budget = _pooled_ranking(sitting)
    arms = sitting.arms(sitting.pooled.arms(ranking))
    words = ranking.endpoint.replace("_", " ")
    figure = _intervals(sitting, sitting.pooled.iqm(ranking, budget), arms, f"interquartile mean of {words}")
    caption = (
        f"Interquartile mean of {words} over all runs of all spaces, with stratified-bootstrap 95 % intervals; lower "
        f"is better. {_pooled_facts(sitting, ranking, budget)}"
    )
    yield sitting.suffix, figure, caption


def improvements(sitting: Sitting) -> Drawn:
    """Mean A12 over the reference."""
    ranking, budget = _pooled_ranking(sitting)
    arms = sitting.arms([arm for arm in sitting.pooled.arms(ranking) if arm != sitting.styles.reference])
    reference = sitting.styles.reference
    label = f"probability of improvement over {name(reference, 28)}"
    figure = _intervals(sitting, sitting.pooled.improvement(ranking, budget), arms, label, even=0.5)
    caption = (
        f"Probability that a run of an arm is better than one of {name(reference)} in the same space (mean A12), by "
        f"{ranking.endpoint.replace('_', ' ')}, with stratified-bootstrap 95 % intervals. "
        f"{_pooled_facts(sitting, ranking, budget)}"
    )
    yield sitting.suffix, figure, caption


def rank_diagram(sitting: Sitting) -> Drawn:
    """Over spaces, or over the seeds of one."""
    ranking = sitting.ranked()
    if len(sitting.comparisons) > 1:
        try:
            found = sitting.pooled.critical_difference(ranking, str(sitting.book.budget))
        except UserError as error:
            space = sitting.comparison.space
            raise UserError(f"{error}; within one, such as with --space {space}, seeds are the blocks") from None
        blocks, about = "spaces", _pooled_facts(sitting, ranking, str(sitting.book.budget))
    else:
        found = seed_ranks(sitting.comparison, ranking, str(sitting.book.budget))
        arms = sitting.comparison.endpoints.arms(ranking)
        blocks, about = "seeds", "A claim about this space only. " + sitting.facts(arms, [sitting.book])
    caption = (
        f"Mean ranks by {ranking.endpoint.replace('_', ' ')} over {found.blocks} {blocks}; bars join arms that "
        f"Nemenyi's test at .05 does not tell apart (Friedman p {found.p:.2g}, Iman and Davenport p {found.f_p:.2g}; "
        "exploratory, of this ranking and budget alone). "
        f"{about}"
    )
    yield sitting.suffix, critical_difference(found, width=sitting.width, blocks=blocks), caption


def tuning_curves(sitting: Sitting) -> Drawn:
    """What fewer random settings would have found."""
    tuned = tuned_arms(sitting.results.study)
    ranked = sitting.comparison.endpoints.arms(sitting.ranked())
    if not (known := [arm for arm in ranked if arm in tuned]):
        raise UserError(f"no {sitting.kind}-objective arm is tuned; how to tune one: fairwatt tune --help")
    arms = sitting.arms(known)
    axes = StepAxes("random settings tried", "expected score of the best", first=1.0)
    columns = ("settings", "score", "score", "score")
    figure = step_figure(sitting, tuning_curve({arm: tuned[arm] for arm in arms}), columns, arms, axes)
    others = "; ".join(
        f"{name(arm)}: default settings {tuned[arm].default:.3g}, random search {tuned[arm].reference:.3g}"
        for arm in arms
    )
    caption = (
        "Expected score of the best of so many random settings, on validation, in the searches of the tuning; lower is "
        f"better. For comparison, {others}. {captions.made(sitting.results)}"
    )
    yield "", figure, caption


def _intervals(
    sitting: Sitting, frame: "pd.DataFrame", arms: list[str], label: str, even: float | None = None
) -> "Figure":
    found = {
        sitting.comparison.legend(row["arm"]): {label: Interval(row["value"], row["low"], row["high"])}
        for row in frame.to_dict("records")
        if row["arm"] in arms
    }
    reference = sitting.legends().get(sitting.styles.reference, "")
    return forest(found, x_label=label, width=sitting.width, even=even, reference=reference)


def _pooled_ranking(sitting: Sitting) -> tuple[Ranking, str]:
    ranking = sitting.ranked()
    if ranking not in sitting.pooled.rankings():
        raise UserError(
            f"the spaces have no two {ranking.kind}-objective arms in common, {sitting.styles.reference} one"
        )
    return ranking, str(sitting.book.budget)


def _pooled_facts(sitting: Sitting, ranking: Ranking, budget: str) -> str:
    pooled = sitting.pooled
    strata, seeds = len(pooled.strata), len(pooled.seeds(ranking))
    return captions.pooled_facts(sitting.results, sitting.comparisons, strata, seeds, budget)
