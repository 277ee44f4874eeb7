"""Agreement of energies: tau-b by matrix products is tau-b, and intervals are those of resampled cells."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from fairwatt.search_spaces.agreement import _KendallTau, agree


def pair(cells: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated variables with ties."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 20, cells).astype(float)
    return x, x + rng.integers(0, 9, cells)


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_kendalls_tau_b_of_cells_and_of_resampled_cells(seed: int) -> None:
    x, y = pair(40, seed)
    places = np.random.default_rng(seed).integers(0, 40, (3, 2, 40))
    found = _KendallTau(x, y).of_samples(np.moveaxis(places, -1, 0), axis=0)
    assert found.shape == (3, 2)
    for where in np.ndindex(3, 2):
        chosen = places[where]
        assert found[where] == pytest.approx(kendalltau(x[chosen], y[chosen]).statistic, abs=1e-12)


def test_an_agreement_is_the_same_each_time_and_within_its_interval() -> None:
    x, y = pair(60, 0)
    found = agree("x", "y", 4, x, y)
    assert found == agree("x", "y", 4, x, y)
    assert found.low < found.tau < found.high < 1
    assert (found.cells, found.ratio, found.rho) == (60, np.median(x / y), spearmanr(x, y).statistic)
    assert str(found) == (
        f"x v. y, 60 cells at 4 epochs: × {found.ratio:.3f}, Kendall's tau-b {found.tau:.3f} "
        f"[{found.low:.3f}, {found.high:.3f}], Spearman's rho {found.rho:.3f}"
    )
    noisier = agree("x", "y", 4, x[:15], y[:15])
    assert noisier.high - noisier.low > found.high - found.low


def test_equal_ranks_have_no_spread_and_constants_no_rank() -> None:
    found = agree("x", "y", 4, np.arange(1.0, 9.0), np.arange(1.0, 9.0) ** 2)
    assert (found.tau, found.low, found.high) == (1.0, 1.0, 1.0)
    for x, y in ((np.ones(5), np.arange(5.0)), (np.arange(2.0), np.arange(2.0)), (np.arange(4.0), np.arange(5.0))):
        with pytest.raises(ValueError, match="two varying energies"):
            agree("x", "y", 4, x, y)
