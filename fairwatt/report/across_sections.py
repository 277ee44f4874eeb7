"""What can be said over several spaces, and what cannot."""

from collections.abc import Iterator
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.across import Across
from fairwatt.analysis.across_verdict import AcrossVerdict
from fairwatt.analysis.endpoints import Ranking
from fairwatt.errors import UserError
from fairwatt.report.curve_sections import unbroken
from fairwatt.report.figures import curves_of
from fairwatt.report.frame_table import frame_table
from fairwatt.report.multiples import LIMITS
from fairwatt.report.plain_text import name
from fairwatt.report.section import Drawing, Material, Part, Section, Sentence
from fairwatt.report.step_charts import reading, step_chart
from fairwatt.report.verdict_sections import TONES
from fairwatt.report.wording import TextTable, interval, number, p_value

if TYPE_CHECKING:
    import pandas as pd

_FAMILY = "q: Benjamini and Hochberg over these arms and all budgets"
_TAUS = (0.01, 0.031623, 0.1, 0.316228, 1.0)
"""Of the profiles, where their numbers are told."""


def across(material: Material) -> Section | None:
    """Pooled verdicts; None for one space."""
    pooled = material.pooled
    if pooled is None:
        return None
    overlaps = tuple(
        "Spaces that hold the same networks count as one stratum: " + ", ".join(stratum) + "."
        for stratum in pooled.strata
        if len(stratum) > 1
    )
    verdicts = Part(sentences=tuple(map(_sentence, pooled.verdicts)), notes=overlaps)
    return Section("across", "Across spaces", (verdicts,), _about(pooled))


def summaries(material: Material) -> Section | None:
    """Means, models and ranks over spaces, which need no verdict; None for one space."""
    pooled = material.pooled
    if pooled is None:
        return None
    parts = []
    for ranking in pooled.rankings():
        title = f"{ranking.kind}-objective arms"
        try:
            parts.append(
                Part(
                    title,
                    drawings=(_profiles(material, pooled, ranking),),
                    tables=tuple(_tables(pooled, ranking)),
                    notes=(_diagram(pooled, ranking),),
                )
            )
        except UserError as error:
            parts.append(Part(title, notes=(f"{error}",)))
    return Section("summaries", "Summaries over spaces", tuple(parts), _about(pooled))


def first_tau(profiles: "pd.DataFrame") -> float:
    """The last tau that no run reaches, where a picture of performance profiles may begin."""
    best = profiles.groupby("tau")["share"].max()
    return float(max(best.index[best == 0.0], default=best.index[0]))


def _profiles(material: Material, pooled: Across, ranking: Ranking) -> Drawing:
    """At the largest budget."""
    budget, words = pooled.protocol.budgets[-1], ranking.endpoint.replace("_", " ")
    frame = pooled.profiles(ranking, budget)
    curves = curves_of(frame, ("tau", "share", "low", "high"))
    legends = {arm: material.comparisons[0].legend(arm) for arm in curves}
    panel = step_chart(
        curves,
        material.styles,
        legends,
        x_label=f"{words} τ",
        y_label="share of runs with τ or less",
        budgets={},
        marks=_TAUS,
        log_y=False,
        higher=True,
        first=first_tau(frame),
        told="at τ = {:.3g}",
    )
    shown = np.flatnonzero(np.isin(frame["tau"].unique(), _TAUS)).tolist()
    rows = tuple((legends[arm], *(unbroken(reading(curve, place)) for place in shown)) for arm, curve in curves.items())
    caption = (
        f"Performance profiles at {budget}: share of runs with a {words} of τ or less, spaces counting equally, with "
        f"pointwise 95 % stratified-bootstrap bands. Higher is better. n = {len(pooled.seeds(ranking))} seeds of each "
        f"arm in each of {len(pooled.comparisons)} spaces."
    )
    table = TextTable("Share of runs [95 %] with τ or less", ("arm", *(f"{tau:.3g}" for tau in _TAUS)), rows)
    return Drawing(f"profiles-{ranking.kind}", panel, caption, table)


def _about(pooled: Across) -> str:
    return (
        f"About these {len(pooled.comparisons)} spaces as they are, in {len(pooled.strata)} strata; not about others."
    )


def _sentence(verdict: AcrossVerdict) -> Sentence:
    loses = verdict.winner and verdict.winner != verdict.arm
    text = (
        f"{name(verdict.arm)} v. {name(verdict.reference)} at {verdict.budget}, {verdict.kind}-objective: "
        + (f"{name(verdict.winner)} is ahead; " if verdict.winner else "")
        + f"pooled ratio of random-search-equivalent energies {interval(verdict.ratio, 2)}{_bound(verdict)}, win rate "
        f"{number(verdict.win_rate)}, Holm p {p_value(verdict.p_holm)}; by itself "
        + ", ".join(f"{space} is {outcome}" for space, outcome in verdict.outcomes.items())
        + (f"; reversed on {', '.join(verdict.reversals)}" if verdict.reversals else "")
        + (f"; {'; '.join(verdict.reasons)}" if verdict.reasons else "")
        + "."
    )
    return Sentence(text, str(verdict.outcome), "loss" if loses else TONES[verdict.outcome])


def _bound(verdict: AcrossVerdict) -> str:
    """Why the ratio is a bound, where it is one."""
    if not verdict.ends or isnan(verdict.ratio.value):
        return ""
    why = "; ".join(f"random search on {space}: {LIMITS[end]}" for space, end in verdict.ends.items())
    return f" (a bound; {why})"


def _tables(pooled: Across, ranking: Ranking) -> Iterator[TextTable]:
    for budget in pooled.protocol.budgets:
        yield frame_table(
            pooled.iqm(ranking, budget),
            f"Interquartile mean of {ranking.endpoint.replace('_', ' ')} at {budget}, stratified-bootstrap intervals",
        )
        yield frame_table(
            pooled.improvement(ranking, budget), f"Probability of improvement over the reference (mean A12) at {budget}"
        )
    yield from _models(pooled, ranking)


def _models(pooled: Across, ranking: Ranking) -> Iterator[TextTable]:
    title = f"Mixed model of {ranking.endpoint.replace('_', ' ')}"
    columns = ("arm", "effect", "low", "high", "p", "q")
    try:
        models = pooled.mixed_models(ranking)
    except UserError as error:
        yield TextTable(f"{title}: {error}", columns, ())
        return
    for budget, model in models.items():
        rows = tuple(
            (
                name(row["arm"]),
                *(number(row[column], 4) for column in ("effect", "low", "high")),
                *(p_value(row[column]) for column in ("p", "q")),
            )
            for row in model.effects.to_dict("records")
        )
        notes = " ".join(model.notes) + ("" if model.converged else " It did not converge.")
        about = f"effect over {pooled.protocol.reference_arm}, exploratory ({_FAMILY})"
        yield TextTable(f"{title} at {budget}: {about}. {notes}".strip(), columns, rows)


def _diagram(pooled: Across, ranking: Ranking) -> str:
    """Mean ranks with their critical difference, or why there are none."""
    try:
        found = pooled.critical_difference(ranking, pooled.protocol.budgets[-1])
    except UserError as error:
        return str(error)
    ranks = ", ".join(f"{name(arm)} {number(rank)}" for arm, rank in found.mean_ranks.items())
    return f"Mean ranks over {found.blocks} spaces: {ranks}; critical difference {number(found.critical_difference)}."
