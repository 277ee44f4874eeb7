"""Which closed form stands for random search."""

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.indicators import REFERENCE_POINT
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.random_search_curve import expected_best, expected_hypervolume
from fairwatt.analysis.truth import Truth
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy

TRUTH = Truth.of(world(40).reference)
ENDPOINTS = Endpoints([], TRUTH, Protocol())


@pytest.mark.parametrize(("duplicates", "replacement"), [("cached_free", False), ("charged", True)])
def test_where_repetitions_are_free_random_search_draws_without_replacement(duplicates: str, replacement: bool) -> None:
    policy = AccountingPolicy(duplicates=duplicates)
    trainings = [1, 20, 40]
    best = ENDPOINTS.random_search("val_error", policy)
    expected = expected_best(TRUTH.val_error, trainings, replacement=replacement)
    assert best.trainings.tolist() == list(range(1, 41))
    assert best.loss[[0, 19, 39]] == pytest.approx(expected)
    assert (best.loss[-1] == TRUTH.val_error.min()) is np.bool_(not replacement)

    points, scale = TRUTH.val_points(np.arange(40)), TRUTH.val_front
    found = ENDPOINTS.random_search("val_hypervolume_regret", policy)
    volume = expected_hypervolume(scale.normalise(points), REFERENCE_POINT, trainings, replacement=replacement)
    assert found.loss[[0, 19, 39]] == pytest.approx(1 - volume / scale.best)


def test_a_curve_is_made_once() -> None:
    policy = AccountingPolicy()
    for ranking in RANKINGS:
        assert ENDPOINTS.random_search(ranking.quality, policy) is ENDPOINTS.random_search(ranking.quality, policy)
    with pytest.raises(UnknownNameError, match="did you mean 'val_error'"):
        ENDPOINTS.random_search("val_errors", policy)
