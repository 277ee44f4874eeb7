"""The Bayesian signed rank test against baycomp. Numbers in brackets: fairness.md, section 6."""

import numpy as np
import pytest

from fairwatt.analysis.bayesian import Posterior, signed_rank


def _of(differences: object, rope: float = 0.2, draws: int = 20_000) -> Posterior:
    return signed_rank(differences, rope, np.random.default_rng(1), draws=draws)


def test_identical_searches_are_within_the_region() -> None:
    """[16]"""
    assert _of(np.zeros(30)) == Posterior(0.0, 1.0, 0.0)


def test_lower_is_to_the_left() -> None:
    assert _of(np.full(30, -1.0)).left == pytest.approx(1.0)
    assert _of(np.full(30, 1.0)).right == pytest.approx(1.0)


def test_it_does_not_depend_on_how_many_draws_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(0).normal(-0.2, 1, size=8)
    whole = _of(differences)
    monkeypatch.setattr("fairwatt.analysis.bayesian._BLOCK", 9 * 999)
    in_parts = _of(differences)
    assert (in_parts.left, in_parts.rope) == pytest.approx((whole.left, whole.rope), abs=0.015)
    assert in_parts.left + in_parts.rope + in_parts.right == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("rounded", [False, True])
def test_it_agrees_with_baycomp(rounded: bool) -> None:
    """Also where sums of two differences lie on the edge of the region, half of which then counts."""
    from baycomp import SignedRankTest

    differences = np.random.default_rng(0).normal(-0.2, 1, size=8)
    differences = np.array([-1, -1, -0.5, 0, 0, 0.5, 0.5, 0.5]) if rounded else differences
    rope = 0.25 if rounded else 0.2
    theirs = SignedRankTest.probs(np.zeros(8), differences, rope, nsamples=20_000, random_state=2)
    ours = _of(differences, rope)
    assert min(theirs) > 0.05  # a case in which all three are to be got right
    assert (ours.left, ours.rope, ours.right) == pytest.approx(theirs, abs=0.015)


@pytest.mark.parametrize(
    ("differences", "rope", "said"),
    [([], 0.1, "finite differences"), ([1.0, np.inf], 0.1, "finite differences"), ([1.0], 0.0, "positive half width")],
)
def test_what_it_refuses(differences: list[float], rope: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _of(differences, rope)
