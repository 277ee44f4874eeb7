"""The mixed model against a balanced analysis of variance, whose answers are known in closed form."""

import numpy as np
import pytest

from fairwatt.analysis.mixed_model import mixed_model, mixed_models
from fairwatt.errors import UserError

HOSTILE = "x' + __import__('os').abort() + '"


def _scores(rng: np.random.Generator, spaces: int = 4, seeds: int = 15) -> dict[str, dict[str, np.ndarray]]:
    found = {}
    for space in range(spaces):
        block = rng.normal(0, 1) + rng.normal(0, 0.5, seeds)
        effects = {"rs": 0.0, HOSTILE: -0.3, "same": 0.0}
        found[f"space-{space}"] = {arm: effect + block + rng.normal(0, 0.2, seeds) for arm, effect in effects.items()}
    return found


def test_effects_and_their_errors_are_those_of_the_balanced_analysis() -> None:
    scores = _scores(np.random.default_rng(0))
    fit = mixed_model(scores, [(space,) for space in scores], "rs")
    values = np.concatenate([np.column_stack(list(by_arm.values())) for by_arm in scores.values()])  # [N, A]
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    variance = (rest**2).sum() / (59 * 2)
    effects = fit.effects
    assert fit.converged
    assert effects["arm"].tolist() == [HOSTILE, "same"]
    assert effects["effect"].to_numpy() == pytest.approx(values.mean(axis=0)[1:] - values.mean(axis=0)[0])
    half = 1.95996 * np.sqrt(2 * variance / 60)
    assert (effects["high"] - effects["effect"]).to_numpy() == pytest.approx(half, rel=1e-3)
    assert effects["p"].iloc[0] < 1e-6 < effects["p"].iloc[1]
    assert fit.sd_residual == pytest.approx(np.sqrt(variance), rel=1e-3)
    assert fit.sd_block == pytest.approx(0.5, abs=0.12)


def test_models_of_several_budgets_are_one_family() -> None:
    """Four effects: the smallest p counts four times, unless twice the next one is less."""
    scores = {budget: _scores(np.random.default_rng(seed)) for seed, budget in enumerate(("10 full", "30 full"))}
    fits = mixed_models(scores, [(space,) for space in scores["10 full"]], "rs")
    p = [fits[budget].effects["p"].iloc[1] for budget in scores]  # of the arm that is no better
    q = [fits[budget].effects["q"].iloc[1] for budget in scores]
    assert min(p) > 0.01
    assert q == pytest.approx([max(p) if each == max(p) else min(4 / 3 * each, max(p)) for each in p])
    assert max(fits[budget].effects["q"].iloc[0] for budget in scores) < 1e-6


def test_nested_spaces_are_one_stratum() -> None:
    """What they share then is the spread of the strata, of which there are two."""
    scores = _scores(np.random.default_rng(0))
    strata = [("space-0", "space-1"), ("space-2", "space-3")]
    fit = mixed_model(scores, strata, "rs")
    assert fit.strata == tuple(strata)
    assert fit.sd_block > 0.6  # differences of spaces within a stratum are among its blocks
    with pytest.raises(UserError, match="got one stratum: space-0, space-1, space-2, space-3"):
        mixed_model(scores, [tuple(scores)], "rs")


def test_strata_that_add_nothing_are_found_to() -> None:
    """A variance of zero is where optimisers that follow gradients give up, or stop short of it."""
    rng = np.random.default_rng(2)
    scores = {}
    for space in ("s", "t"):
        block = rng.normal(0, 0) + rng.normal(0, 0.5, 6)
        scores[space] = {arm: effect + block + rng.normal(0, 0.2, 6) for arm, effect in (("rs", 0.0), ("a", -0.3))}
    fit = mixed_model(scores, [("s",), ("t",)], "rs")
    assert fit.converged
    assert fit.sd_stratum < 1e-3
    assert fit.sd_block == pytest.approx(0.595, abs=1e-3)


@pytest.mark.slow
def test_many_blocks_change_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = _scores(np.random.default_rng(1))
    strata = [("space-0", "space-1"), ("space-2", "space-3")]
    few = mixed_model(scores, strata, "rs")
    monkeypatch.setattr("fairwatt.analysis.mixed_model.MOST_BLOCKS", 59)
    many = mixed_model(scores, strata, "rs")
    assert many.notes[0] == "more than 59 blocks: strata are fixed effects"
    assert not any("more than" in note for note in few.notes)
    for column in ("effect", "low", "high"):
        assert many.effects[column].to_numpy() == pytest.approx(few.effects[column].to_numpy(), rel=1e-3)
    assert (many.sd_block, many.sd_residual) == pytest.approx((few.sd_block, few.sd_residual), rel=1e-2)
    assert np.isnan(many.sd_stratum)
    assert few.sd_stratum > 0


@pytest.mark.slow
def test_a_failure_to_fit_is_said() -> None:
    constant = {space: {arm: np.zeros(5) for arm in ("rs", "a")} for space in ("s", "t")}
    fit = mixed_model(constant, [("s",), ("t",)], "rs")
    assert not fit.converged
    assert fit.notes
