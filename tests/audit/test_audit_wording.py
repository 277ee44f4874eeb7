import numpy as np
import pytest
from small_log import log, rivals, search

from fairwatt.audit.audit import Audit
from fairwatt.audit.audit_files import as_json
from fairwatt.audit.comparison_tables import multiple_table
from fairwatt.audit.log import Log
from fairwatt.audit.matched import rules
from fairwatt.audit.settings import Settings
from fairwatt.audit.wording import sentence

FEW = rules("as recorded, mean, common")


def test_a_log_without_costs_counts_evaluations() -> None:
    made = rivals()
    counted = Audit(Log(made.frame.assign(cost=1.0), "evaluations", made.error_unit, True, made.sources))
    assert counted.conclusions[0].startswith("Nothing about cost")
    assert "evaluations each" in sentence(counted, "regret", "s", "smart", "rs")


@pytest.mark.parametrize(
    ("cost", "unit", "said"),
    [(0.002, "s", True), (2.0, "ms", True), (1e-6, "h", True), (90.0, "s", False), (0.02, "h", False)],
)
def test_times_of_look_ups_are_no_times_of_training(cost: float, unit: str, said: bool) -> None:
    made = Audit(log([search(m, 0, [0.5, 0.4], costs=cost) for m in ("rs", "x")], cost_unit=unit), Settings(rules=FEW))
    assert ("each (of look-ups, it seems, not of training)" in sentence(made, "regret", "s", "x", "rs")) is said
    assert (f"took {cost:.2g} {unit} or less" in " ".join(made.conclusions)) is said


def test_searches_without_an_incumbent_have_no_multiple() -> None:
    errors = [0.5, 0.4, 0.6]
    rs, whole = ([search(method, seed, errors) for seed in range(4)] for method in ("rs", "arm"))
    made = Audit(log([*rs, *whole[:3], search("arm", 3, [np.inf] * 3)]), Settings(rules=FEW))
    words = sentence(made, "regret", "s", "arm", "rs")
    assert words.endswith("What rs needs for the same quality cannot be said: 1 of 4 searches hold no incumbent.")
    assert as_json(made)["multiples"][0]["needed"] is None


def test_a_sentence_is_whole_whatever_rules_were_asked_for() -> None:
    made = rivals(searches=4)
    for text, arm, reference, begins in (
        ("as recorded", "smart", "rs", "undecided as recorded (A12 "),
        ("common", "smart", "rs", "undecided at matched cost, "),
        ("min, 20", "smart", "rs", "of 2 overlapping ways to cut and to keep the books, "),
        ("mean", "rs", "smart", "no way to cut that was tried leaves "),
    ):
        few = Settings(reference=reference, rules=rules(text))
        words = sentence(Audit(made, few), "regret", "s", arm, reference).removeprefix(f"{arm} v. {reference} on s: ")
        assert words.startswith(begins)
        assert "; Of" not in words


def test_multiples_are_counted_in_what_is_matched() -> None:
    made = Audit(rivals(searches=3), Settings(rules=FEW, currency="evaluations"))
    assert "spent, evaluations" in multiple_table(made).columns
    assert "search by search [95 %]" in multiple_table(made).columns


def test_random_search_of_unequal_length_is_not_called_dependent() -> None:
    rng = np.random.default_rng(5)
    rs = [search("rs", seed, rng.uniform(0, 1, 200 if seed % 4 == 0 else 4)) for seed in range(20)]
    made = Audit(log([*rs, *(search("arm", seed, [0.1, 0.2]) for seed in range(3))]), Settings(rules=FEW))
    words = sentence(made, "regret", "s", "arm", "rs")
    assert "Search by search, for those of rs differ in length, it needs " in words
    own = next(each for each in made.multiples if each.method == "rs" and each.rule == "as recorded")
    times = own.by_search
    assert words.endswith(f"(and {times.value:.2g} times [{times.low:.2g}, {times.high:.2g}] what it spent itself).")
    limits = " ".join(made.conclusions)
    assert "its searches differ in length: with the spend of each it is " in limits
    assert "independent draws" not in words + limits
