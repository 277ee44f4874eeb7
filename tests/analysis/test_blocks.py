"""Ranks on blocks. Numbers in brackets: fairness.md, section 6."""

import math

import numpy as np
import pytest
from scipy.stats import chi2
from synthetic import world
from test_strata import part

from fairwatt.analysis.blocks import (
    NestedBlocksError,
    TooFewBlocksError,
    block_tests,
    critical_difference,
    friedman,
    holm_wilcoxon,
    iman_davenport,
    independent_blocks,
    nemenyi,
)
from fairwatt.analysis.statistics import wilcoxon_p
from fairwatt.errors import UserError

AUC = """
.763 .768 .771 .798 .599 .591 .590 .569 .954 .971 .968 .967 .628 .661 .654 .657 .882 .888 .886 .898 .936 .931 .916 .931
.661 .668 .609 .685 .583 .583 .563 .625 .775 .838 .866 .875 1 1 1 1 .940 .962 .965 .962 .619 .666 .614 .669
.972 .981 .9751 .975 .957 .978 .946 .970
"""
"""Demsar, JMLR 2006, Table 6: areas under curves on 14 data sets of four variants of C4.5.

In the printed table two values are equal after rounding that are not equal in its ranks: .9751 here."""


def _demsar() -> dict[str, np.ndarray]:
    errors = 1 - np.array(AUC.split(), dtype=float).reshape(14, 4)
    return dict(zip(("plain", "m", "cf", "m+cf"), errors.T, strict=True))


def test_the_example_of_demsar() -> None:
    """[12]. He does not correct for ties; of 14 x 60, three pairs (6 each) and one four (60) are tied."""
    ranks = friedman(_demsar())
    assert list(ranks.mean_ranks.values()) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    uncorrected = ranks.chi2 * (1 - (3 * 6 + 60) / (14 * 60))
    assert uncorrected == pytest.approx(9.28, abs=0.005)
    assert iman_davenport(uncorrected, 14, 4) == pytest.approx(3.69, abs=0.005)
    assert ranks.f == pytest.approx(13 * ranks.chi2 / (14 * 3 - ranks.chi2))
    assert ranks.p == pytest.approx(chi2.sf(ranks.chi2, 3))
    assert ranks.f_p < ranks.p
    assert ranks.critical_difference == pytest.approx(1.25, abs=0.005)
    assert ranks.groups == (("m+cf", "m", "cf", "plain"),)


@pytest.mark.parametrize(("arms", "blocks", "apart"), [(4, 3, 2.71), (8, 3, 6.06), (4, 14, 1.25)])
def test_the_critical_difference(arms: int, blocks: int, apart: float) -> None:
    """Section 4.2: of three spaces, 2.71 of 3 and 6.06 of 7."""
    assert critical_difference(arms, blocks) == pytest.approx(apart, abs=0.005)


def test_groups_are_joined_within_the_critical_difference() -> None:
    rng = np.random.default_rng(0)
    scores = {f"arm-{i}": i * 2.0 + rng.random(20) for i in range(5)}  # ranks 1 to 5 in every block
    ranks = friedman(scores)
    assert list(ranks.mean_ranks.values()) == [1, 2, 3, 4, 5]
    assert 1 < ranks.critical_difference < 2
    assert ranks.groups == tuple((f"arm-{i}", f"arm-{i + 1}") for i in range(4))
    assert ranks.f == math.inf
    assert ranks.f_p == 0
    assert friedman({f"arm-{i}": i + np.zeros(100) for i in range(5)}).groups == ()


@pytest.mark.slow
def test_nemenyi_and_the_critical_difference_agree() -> None:
    """A pair that is exactly one critical difference apart has p = .05."""
    scores = {f"arm-{i}": i * 2.0 + np.zeros(20) for i in range(5)}
    p = nemenyi(scores)
    assert list(p.columns) == list(p.index) == list(scores)
    assert p.loc["arm-0", "arm-1"] > 0.05 > p.loc["arm-0", "arm-2"]
    assert p.loc["arm-2", "arm-0"] == p.loc["arm-0", "arm-2"]


def test_all_ties_are_no_difference() -> None:
    ranks = friedman({arm: np.zeros(20) for arm in "abc"})
    assert (ranks.chi2, ranks.p, ranks.f_p) == (0, 1, 1)
    assert ranks.groups == (("a", "b", "c"),)


@pytest.mark.slow
def test_all_that_follows_friedman_is_in_one_table() -> None:
    scores = {"rs": np.arange(10.0), "b": np.arange(10.0) - 5, "a": np.arange(10.0) - 9}
    table = block_tests(scores, "rs").set_index("arm")
    assert list(table.index) == ["a", "b", "rs"]
    assert table["mean_rank"].tolist() == [1, 2, 3]
    assert table.loc[["b", "a"], "p_wilcoxon_holm"].tolist() == list(holm_wilcoxon(scores, "rs").values())
    assert table.loc["a", "p_nemenyi"] == nemenyi(scores).loc["a", "rs"]
    assert table.loc["rs", ["p_nemenyi", "p_wilcoxon_holm"]].isna().all()


def test_against_a_reference_by_holm() -> None:
    scores = {"rs": np.zeros(10), "better": -np.arange(1.0, 11), "same": np.zeros(10)}
    found = holm_wilcoxon(scores, "rs")
    assert found == pytest.approx({"better": 2 * wilcoxon_p(np.arange(1, 11)), "same": 1.0})


def test_what_ranks_need() -> None:
    with pytest.raises(UserError, match="three arms on two blocks or more, got 2 on 4"):
        friedman({"a": np.zeros(4), "b": np.ones(4)})
    with pytest.raises(ValueError, match="the same blocks, got 4, 4, 5"):
        friedman({"a": np.zeros(4), "b": np.ones(4), "c": np.ones(5)})


def test_nested_spaces_are_no_blocks() -> None:
    whole = world(400).reference
    with pytest.raises(NestedBlocksError, match="synthetic and inner share 50 of 50 networks"):
        independent_blocks([whole, part(whole, "inner", 50)], 4)


def test_few_spaces_are_too_few_blocks() -> None:
    spaces = [world(100 + i, name=f"world-{i}").reference for i in range(10)]
    with pytest.raises(TooFewBlocksError, match=r"3 spaces, fewer than 10\. .* 4 arms .* 2\.71 apart, of 3 at most"):
        independent_blocks(spaces[:3], 4)
    with pytest.raises(TooFewBlocksError, match="9 spaces"):
        independent_blocks(spaces[:9], 4)
    independent_blocks(spaces, 4)
