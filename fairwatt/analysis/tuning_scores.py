"""What a tuning found, and what fewer trials would have: from the results of its searches, on validation only.

The test error stays sealed: settings chosen by it would know of it. What the best of k random settings is expected to
score is the expected minimum of k draws from the scores that were seen. Specification: section 3.8. Dodge et al., EMNLP
2019, equation 2.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.load import Results
from fairwatt.analysis.random_search_curve import expected_best
from fairwatt.analysis.verdict import Comparison
from fairwatt.errors import UserError
from fairwatt.records import JOULES_PER_KWH, NANO
from fairwatt.tuning import Tuning

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MARKS = (1, 2, 5, 10, 20, 50, 100)
"""Numbers of random settings at which the tuning curve is told."""


def tuning_of(results: Results, default: str, ranges: Mapping[str, str], given: Iterable[str] = ()) -> Tuning:
    """What the searches of a tuning came to.

    default: label of the arm with the settings that come with the optimizer; the reference of the study is random
    search, all other arms are configurations. ranges, given: as of a `Tuning`. Raises UserError where searches are
    missing.
    """
    if results.missing:
        raise UserError(f"{results.folder}: searches are missing: {len(results.missing)}; go on with the same command")
    study, comparisons = results.study, results.comparisons()
    others = (study["reference"], default)
    labels = [arm for arm in comparisons[0].arms if arm not in others]
    scores = {arm: float(np.mean([_score(each, arm) for each in comparisons])) for arm in (*labels, *others)}
    charged = [_charged(comparison, labels) for comparison in comparisons]
    header = comparisons[0].endpoints.header(default)
    return Tuning(
        optimizer=header.optimizer,
        code=header.code,
        spaces=tuple(study["spaces"]),
        seeds=tuple(study["seeds"]),
        budget=study["budgets"][0],
        configurations=tuple(dict(comparisons[0].endpoints.header(arm).settings) for arm in labels),
        scores=tuple(scores[arm] for arm in labels),
        default_settings=dict(header.settings),
        default=scores[default],
        reference=scores[study["reference"]],
        ranges=dict(ranges),
        given=tuple(given),
        energy_kwh=sum(energy for energy, _ in charged),
        trainings=sum(trainings for _, trainings in charged),
    )


def _score(comparison: Comparison, arm: str) -> float:
    """Mean over seeds at the end of the books."""
    endpoints, book = comparison.endpoints, comparison.books[0]
    kinds = endpoints.header(_ranked(comparison)).kinds
    quality = next(ranking.quality for ranking in RANKINGS if ranking.kind == kinds[0])
    values = endpoints.values(arm, book, quality, endpoints.paired_seeds(arm))
    if quality != "val_error":
        return float(values.mean())
    best, median = comparison.truth.val_error.min(), comparison.truth.val_median
    return float((values.mean() - best) / (median - best if median > best else 1.0))


def _ranked(comparison: Comparison) -> str:
    """An arm of the optimizer that is tuned, by whose first ranking it is tuned."""
    return next(arm for arm in comparison.arms if arm != comparison.protocol.reference_arm)


def _charged(comparison: Comparison, arms: Iterable[str]) -> tuple[float, float]:
    """Energy of all searches of these arms in kWh, and in mean full trainings."""
    book = comparison.books[0]
    spent = 0
    for arm in arms:
        for trajectory in comparison.endpoints.trajectories[arm].values():
            budget = book.budget.resolve(book.policy.currency, trajectory.tariff)
            spent += trajectory.account(book.policy).total(book.policy, budget)[1].energy_nj
    return spent / (NANO * JOULES_PER_KWH), spent / comparison.reference.tariff.full.energy_nj


def expected_score(tuning: Tuning, trials: Iterable[int]) -> Array:
    """[J] expected score of the best of so many random settings [J]."""
    return expected_best(tuning.scores, list(trials), replacement=True)


def better_than_reference(tuning: Tuning) -> float:
    """Share of the random settings that score better than random search, ties half."""
    scores = np.array(tuning.scores)
    return float(np.mean((scores < tuning.reference) + (scores == tuning.reference) / 2))


def tuned_arms(study: Mapping[str, Any]) -> dict[str, Tuning]:
    """The arms of a study, as it is stored, whose settings were tuned. Raises UserError for what is no tuning."""
    tuned = {}
    for arm in study["optimizers"]:
        if arm.get("tuning"):
            try:
                tuned[arm["label"]] = Tuning.of(arm["tuning"])
            except (TypeError, ValueError, UserError) as error:
                raise UserError(f"study.json: what arm {arm['label']} says of its tuning is none ({error})") from error
    return tuned


def tuning_table(tunings: Mapping[str, Tuning]) -> "pd.DataFrame":
    """One row for each tuned arm: what its tuning found.

    tunings: by arm. Columns: arm, optimizer, configurations, default, best, q25, median, q75 (of the configurations),
    random_search, better (share of configurations that score better than random search), and best_of_K, the expected
    best of K random settings, for K of MARKS up to the number of configurations.
    """
    import pandas as pd

    rows = []
    for arm, tuning in tunings.items():
        q25, median, q75 = np.quantile(tuning.scores, [0.25, 0.5, 0.75])
        trials = [mark for mark in MARKS if mark <= len(tuning.scores)]
        rows.append(
            {
                "arm": arm,
                "optimizer": tuning.optimizer,
                "configurations": len(tuning.scores),
                "default": tuning.default,
                "best": min(tuning.scores),
                "q25": q25,
                "median": median,
                "q75": q75,
                "random_search": tuning.reference,
                "better": better_than_reference(tuning),
            }
            | {f"best_of_{k}": score for k, score in zip(trials, expected_score(tuning, trials), strict=True)}
        )
    return pd.DataFrame(rows)


def tuning_curve(tunings: Mapping[str, Tuning]) -> "pd.DataFrame":
    """The expected best of 1 to C random settings of each arm. Columns: arm, settings (their number), score."""
    import pandas as pd

    return pd.DataFrame(
        {"arm": arm, "settings": count, "score": score}
        for arm, tuning in tunings.items()
        for count, score in enumerate(expected_score(tuning, range(1, len(tuning.scores) + 1)), 1)
    )


def tuning_spend_table(comparison: Comparison, tunings: Mapping[str, Tuning]) -> "pd.DataFrame":
    """One row for each tuned arm of a space and budget: what choosing its settings took beside its searches.

    Columns: arm, tuned_on (spaces), tuning_seeds, tuning_budget (of each search), tuning_kwh and tuning_full (charged
    to all configurations; in mean full trainings), budget, search_kwh (mean of one search here), total_kwh (both).
    """
    import pandas as pd

    spent = comparison.spend().to_dict("records")
    return pd.DataFrame(
        {
            "arm": arm,
            "tuned_on": ", ".join(tuning.spaces),
            "tuning_seeds": len(tuning.seeds),
            "tuning_budget": tuning.budget,
            "tuning_kwh": tuning.energy_kwh,
            "tuning_full": tuning.trainings,
            "budget": row["budget"],
            "search_kwh": row["energy_kwh"],
            "total_kwh": tuning.energy_kwh + row["energy_kwh"],
        }
        for arm, tuning in tunings.items()
        for row in spent
        if row["arm"] == arm
    )
