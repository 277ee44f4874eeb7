"""What a tuning found: scores on validation alone, what fewer settings would have found, and what it took."""

from dataclasses import asdict, replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tunings import FOUND

import fairwatt
from fairwatt.analysis.load import Results
from fairwatt.analysis.tuning_scores import (
    better_than_reference,
    expected_score,
    tuned_arms,
    tuning_curve,
    tuning_of,
    tuning_spend_table,
    tuning_table,
)
from fairwatt.errors import UserError
from fairwatt.problem import Reference
from fairwatt.records import Header, Run

SPACE = "toy-cells"
TRIED = replace(FOUND, scores=(0.4, 0.1, 0.2))


@cache
def _reference() -> Reference:
    return fairwatt.make_benchmark(SPACE).reference()


@cache
def _runs(optimizer: str) -> tuple[Run, ...]:
    arms = {"rs": ("rs", {}), f"{optimizer}-default": (optimizer, {})}
    arms |= {f"{optimizer}-{size}": (optimizer, {"population_size": size}) for size in (3, 5)}
    return tuple(
        fairwatt.run(SPACE, name, seed=seed, budget="5 full", settings=settings, label=label)
        for label, (name, settings) in arms.items()
        for seed in (7, 8)
    )


def _header(arm: str) -> Header:
    return next(run.header for run in _runs("re") if run.header.arm == arm)


def _results(optimizer: str = "re", reference: Reference | None = None) -> Results:
    runs = _runs(optimizer)
    labels = dict.fromkeys(run.header.arm for run in runs)
    study = {
        "study": "tune",
        "spaces": [SPACE],
        "seeds": [7, 8],
        "budgets": ["5 full"],
        "reference": "rs",
        "optimizers": [{"label": label, "optimizer": label, "settings": {}, "budget_factor": 1.0} for label in labels],
        "policy": {},
        "min_seeds": 20,
    }
    return Results(Path("tune"), study, {SPACE: reference or _reference()}, {SPACE: runs}, (), (), {}, [])


def test_the_expected_best_of_k_is_that_of_all_draws() -> None:
    for k in (1, 2, 3):
        every = [min(draw) for draw in product(TRIED.scores, repeat=k)]
        assert expected_score(TRIED, [k])[0] == pytest.approx(np.mean(every))
    frame = tuning_curve({"re-tuned": TRIED})
    assert frame["settings"].tolist() == [1, 2, 3]
    assert frame["score"].tolist() == pytest.approx(expected_score(TRIED, [1, 2, 3]))


def test_a_tie_with_random_search_is_half_better() -> None:
    assert better_than_reference(TRIED) == pytest.approx((1 + 0.5) / 3)


def test_scores_are_regrets_on_validation_at_the_end_of_the_books() -> None:
    tuning = tuning_of(_results(), "re-default", {"p": "3 to 5"})
    truth = _reference()
    places = {key: place for place, key in enumerate(truth.keys)}
    best, median = truth.val_error.min(), np.median(truth.val_error)

    def score(arm: str) -> float:
        found = []
        for run in _runs("re"):
            if run.header.arm == arm:
                incumbent = run.incumbent
                assert incumbent is not None
                assert incumbent.key is not None
                found.append((truth.val_error[places[incumbent.key]] - best) / (median - best))
        return float(np.mean(found))

    assert tuning.scores == pytest.approx((score("re-3"), score("re-5")))
    assert (tuning.default, tuning.reference) == pytest.approx((score("re-default"), score("rs")))
    assert [each["population_size"] for each in tuning.configurations] == [3, 5]


def test_the_test_error_is_not_looked_at() -> None:
    sealed = replace(_reference(), test_error=_reference().test_error[::-1].copy())
    assert tuning_of(_results(), "re-default", {}) == tuning_of(_results(reference=sealed), "re-default", {})


def test_arms_with_two_objectives_are_tuned_by_hypervolume() -> None:
    tuning = tuning_of(_results("semoa"), "semoa-default", {})
    comparison = _results("semoa").comparisons()[0]
    values = comparison.endpoints.values("semoa-3", comparison.books[0], "val_hypervolume_regret", [7, 8])
    assert tuning.scores[0] == pytest.approx(values.mean())
    assert tuning.reference == pytest.approx(
        comparison.endpoints.values("rs", comparison.books[0], "val_hypervolume_regret", [7, 8]).mean()
    )


def test_only_the_settings_that_were_tried_are_charged() -> None:
    tuning = tuning_of(_results(), "re-default", {})
    charged = [run.spent_kwh for run in _runs("re") if run.header.arm in ("re-3", "re-5")]
    assert tuning.energy_kwh == pytest.approx(sum(charged))
    assert tuning.trainings == pytest.approx(sum(charged) / _reference().tariff.mean_full_kwh)


def test_a_tuning_that_is_not_finished_is_refused() -> None:
    with pytest.raises(UserError, match="searches are missing: 1; go on"):
        tuning_of(replace(_results(), missing=((SPACE, "re-3", 9),)), "re-default", {})


def test_tables_tell_what_was_found_and_what_it_took() -> None:
    row = tuning_table({"re-tuned": TRIED}).to_dict("records")[0]
    assert (row["best"], row["median"], row["default"], row["random_search"]) == (0.1, 0.2, 0.3, 0.2)
    assert [name for name in row if str(name).startswith("best_of_")] == ["best_of_1", "best_of_2"]
    comparison = _results().comparisons()[0]
    (spent,) = tuning_spend_table(comparison, {"re-3": TRIED}).to_dict("records")
    assert spent["total_kwh"] == pytest.approx(1.5 + spent["search_kwh"])
    assert spent["search_kwh"] == pytest.approx(5 * _reference().tariff.mean_full_kwh, rel=1e-6)


def test_several_spaces_count_alike() -> None:
    one, other = _results(), _results(reference=replace(_reference(), name="other"))
    renamed = tuple(replace(run, header=replace(run.header, space="other")) for run in _runs("re"))
    half = tuple(run for run in renamed if run.header.arm != "re-5")
    swapped = half + tuple(
        replace(run, header=replace(run.header, arm="re-5", settings=_header("re-5").settings))
        for run in renamed
        if run.header.arm == "re-3"
    )
    both = replace(
        one,
        study=dict(one.study) | {"spaces": [SPACE, "other"]},
        references={SPACE: _reference(), "other": replace(_reference(), name="other")},
        runs={SPACE: _runs("re"), "other": swapped},
    )
    alone, together = (tuning_of(results, "re-default", {}) for results in (one, both))
    assert together.scores[0] == pytest.approx(alone.scores[0])
    assert together.scores[1] == pytest.approx((alone.scores[1] + alone.scores[0]) / 2)
    assert together.trainings == pytest.approx(2 * alone.trainings, rel=0.05)
    assert other.references[SPACE].name == "other"


def test_a_search_that_ends_early_is_charged_what_it_spent() -> None:
    short = [
        replace(run, requests=run.requests[:2], ended=True) if run.header.arm == "re-3" else run for run in _runs("re")
    ]
    tuning = tuning_of(replace(_results(), runs={SPACE: tuple(short)}), "re-default", {})
    asked = [request.trial.energy_kwh for run in short if run.header.arm == "re-3" for request in run.requests]
    rest = [run.spent_kwh for run in _runs("re") if run.header.arm == "re-5"]
    assert tuning.energy_kwh == pytest.approx(sum(asked) + sum(rest))


def test_half_of_all_networks_may_be_the_best() -> None:
    flat = replace(_reference(), val_error=np.full_like(_reference().val_error, 0.2))
    tuning = tuning_of(_results(reference=flat), "re-default", {})
    assert (tuning.scores, tuning.default) == ((0.0, 0.0), 0.0)
    assert tuning.keeps_default


def test_a_study_says_which_arms_are_tuned() -> None:
    study = {"optimizers": [{"label": "re"}, {"label": "re-tuned", "tuning": asdict(TRIED)}]}
    assert tuned_arms(study) == {"re-tuned": TRIED}
    forged = {"optimizers": [{"label": "re-tuned", "tuning": asdict(TRIED) | {"scores": []}}]}
    with pytest.raises(UserError, match="what arm re-tuned says of its tuning is none"):
        tuned_arms(forged)
