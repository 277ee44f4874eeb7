"""The published EC-NAS runs: the numbers of fairness.md, section 0.13 and its table of facts, from the log alone."""

from pathlib import Path

import numpy as np
import pytest

from fairwatt.audit.audit import Audit
from fairwatt.audit.log_file import read_logs
from fairwatt.audit.settings import Settings
from fairwatt.audit.wording import sentence
from fairwatt.fairness.threats import State

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(shared: Path) -> Audit:
    return Audit(read_logs([shared / "ecnas" / "ecnas_published_runs.parquet"]), Settings(invalid_cost=0.02))


@pytest.mark.parametrize(
    ("space", "rule", "policy", "expected"),
    [
        ("5v", "as recorded", "as recorded", 0.91),
        ("5v", "mean", "as recorded", 0.30),
        ("5v", "max", "as recorded", 0.32),
        ("5v", "min", "as recorded", 0.25),
        ("5v", "min, both", "as recorded", 0.40),
        ("5v", "quarter", "as recorded", 0.69),
        ("5v", "min, both", "repeats free, old limits", 0.61),
        ("5v", "min, both", "invalid: 0.02", 0.43),
        ("7v", "as recorded", "as recorded", 1.00),
        ("7v", "mean", "as recorded", 0.83),
        ("7v", "mean, both", "as recorded", 0.84),
        ("7v", "max", "as recorded", 0.83),
        ("7v", "min", "as recorded", 0.74),
        ("7v", "min, both", "as recorded", 0.77),
        ("7v", "quarter", "as recorded", 0.50),
        ("7v", "min, both", "repeats free, old limits", 0.84),
        ("7v", "min, both", "invalid: 0.02", 1.00),
        ("4v", "as recorded", "as recorded", 0.81),
        ("4v", "min, both", "as recorded", 0.62),
    ],
)
def test_semoa_against_random_search(published: Audit, space: str, rule: str, policy: str, expected: float) -> None:
    found = published.found("hypervolume", space, "semoa", "rs", rule, policy)
    assert found is not None
    assert found.a12.value == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("space", "method", "mean", "low", "high", "invalid", "repeats"),
    [
        ("4v", "rs", 38.1, 35.1, 43.8, 0.535, 0.87),
        ("4v", "semoa", 532, 18, 905, 0.146, 0.96),
        ("4v", "shemoa", 5.8, 2.9, 10.1, 0.297, 0.89),
        ("4v", "msehvi", 3.7, 3.0, 4.9, 0.535, 0.71),
        ("5v", "rs", 42.2, 34.2, 46.1, 0.532, 0.76),
        ("5v", "semoa", 2143, 555, 2996, 0.016, 0.94),
        ("7v", "rs", 7.7, 6.4, 9.8, 0.681, 0.83),
        ("7v", "semoa", 1598, 617, 2217, 0.016, 0.93),
    ],
)
def test_headline_facts(
    published: Audit, space: str, method: str, mean: float, low: float, high: float, invalid: float, repeats: float
) -> None:
    (row,) = published.spend[(published.spend["space"] == space) & (published.spend["method"] == method)].to_dict(
        "records"
    )
    found = [row["cost_mean"], row["cost_min"], row["cost_max"]]
    assert found == pytest.approx([mean, low, high], rel=0.012)
    assert row["invalid"] == pytest.approx(invalid, abs=0.001)
    assert row["repeats"] == pytest.approx(repeats, abs=0.01)  # 1.8 % of 7V's configurations are unknown


def test_without_options_both_endpoints_are_shown_with_what_they_take_for_granted(published: Audit) -> None:
    assert published.endpoints == ("hypervolume", "regret")
    assert sentence(published, "hypervolume", "5v", "semoa", "rs").startswith("If energy was an objective")


def test_the_threats_that_the_specification_found_are_found(published: Audit) -> None:
    failed = {finding.threat.number for finding in published.findings if finding.state is State.FAIL}
    assert failed >= {1, 3, 4, 5, 7, 12, 14, 25}
    assert published.findings[22].state is State.NOT_TOLD  # how many networks there are is not in the log
    assert "semoa on 4v 12.4 times as much as the 91 configurations" in published.findings[22].evidence
    assert "43.06 kWh" in published.findings[22].evidence
    assert "on 7v 83% of rs's valid requests are for one configuration" in published.findings[2].evidence


def test_random_search_needs_a_tenth_of_what_semoa_spent_on_5v(published: Audit) -> None:
    """And its own curve says of itself, within its interval, that it needs what it spent."""
    found = [each for each in published.multiples if each.endpoint == "hypervolume"]
    needs = {(each.space, each.method): each for each in found if each.rule == "as recorded"}
    assert needs["5v", "semoa"].interval.value == pytest.approx(0.105, abs=0.01)
    assert needs["5v", "semoa"].interval.low == pytest.approx(0.055, abs=0.01)
    assert needs["5v", "semoa"].interval.high == np.inf  # some samples of SEMOA lie beyond all that was drawn
    assert needs["7v", "semoa"].bound == "more than"
    for space in ("4v", "5v", "7v"):
        own = needs[space, "rs"].interval
        assert own.low < 1.0 < own.high
    assert np.isfinite([each.needed for each in found]).all()
