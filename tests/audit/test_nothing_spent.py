"""Searches that spent nothing or hold nothing, and a method that is alone: what is said, and what is not."""

import json

import numpy as np
import pytest
from small_log import log, search

from fairwatt.audit.audit import Audit
from fairwatt.audit.audit_files import as_json, comparisons_csv
from fairwatt.audit.matched import rules
from fairwatt.audit.page import chapters, render
from fairwatt.audit.settings import Settings
from fairwatt.audit.wording import answers, sentence
from fairwatt.fairness.threats import State
from fairwatt.registry import make_benchmark

INF = np.inf
FEW = rules("as recorded, mean, common")


def errors(seed: int) -> list[float]:
    return list(np.random.default_rng(seed).uniform(0.2, 0.9, 5))


@pytest.mark.parametrize("spent", [0.0, 0.01])
def test_a_search_that_crashed_at_once_is_not_what_others_are_cut_at(spent: float) -> None:
    rs = [search("rs", seed, errors(seed)) for seed in range(4)]
    arm = [search("arm", seed, errors(9 + seed), costs=2.0) for seed in range(3)]
    made = Audit(log([*rs, *arm, search("arm", 3, [INF], costs=spent)]), Settings(rules=FEW))
    assert "at matched cost, 5 kWh each" in sentence(made, "regret", "s", "arm", "rs")
    limits = " ".join(made.conclusions)
    assert "1 of 4 of arm on s have no valid request, where they count as worse than all that have; where" in limits
    if spent:
        return
    assert made.levels("regret", "s", "arm", "rs").limits[0] == pytest.approx(5 / 4)
    assert "spent nothing: 1 of 4 of arm on s; they count with what they hold, and no smallest spend is" in limits
    assert "Not drawn, and in no mean here: 1 that spent nothing." in render(made)


def test_at_no_cost_there_is_no_verdict() -> None:
    """The reference is free: cut at its spend of 0, the arm would hold nothing."""
    free = [search("rs", seed, errors(seed), costs=0.0) for seed in range(5)]
    paid = [search("arm", seed, errors(9 + seed)) for seed in range(5)]
    elsewhere = [search(method, seed, errors(seed), space="t") for method in ("rs", "arm") for seed in range(2)]
    made = Audit(log([*free, *paid, *elsewhere]), Settings(rules=FEW))
    assert [each.rule for each in made.contrasts if each.space == "s"] == ["as recorded"]
    assert "arm v. rs on s: no word at matched cost, for rs spent nothing; " in sentence(
        made, "regret", "s", "arm", "rs"
    )
    assert "rs nothing" in made.findings[0].evidence
    assert "nan" not in render(made)
    with pytest.raises(ValueError, match="spent nothing"):
        made.levels("regret", "s", "arm", "rs")
    alone = Audit(log([*free, *paid]), Settings(rules=FEW))
    assert not next(chapter for chapter in chapters(alone) if chapter.anchor == "matched").pictures


def test_where_nobody_holds_anything_there_is_no_verdict() -> None:
    searches = [search("rs", seed, [INF, 0.4 + 0.01 * seed]) for seed in range(4)]
    made = Audit(log([*searches, *(search("arm", seed, [INF]) for seed in range(4))]), Settings(rules=FEW))
    assert made.found("regret", "s", "arm", "rs", "common") is None
    words = sentence(made, "regret", "s", "arm", "rs")
    assert "no word at matched cost, for at the smallest spend, 1 kWh, no search of either holds anything; " in words


def test_searches_without_the_highest_fidelity_are_counted() -> None:
    low = [search("arm", seed, [0.3, 0.4], fidelities=[4, 36]) for seed in range(2)]
    full = [search(m, 7, [0.3, 0.4], fidelities=[4, 108]) for m in ("rs", "arm")]
    failed = search("none", 0, [INF], fidelities=[108])
    made = Audit(log([*low, *full, failed]), Settings(rules=FEW))
    said = "2 of 3 of arm on s, 1 of 1 of none on s have nothing at the highest fidelity, where they count as worse"
    assert said in " ".join(made.conclusions)
    assert made.findings[13].state is State.FAIL  # a method without any result does not hide the others


def test_one_seed_has_no_interval_anywhere() -> None:
    made = Audit(log([search("rs", 0, errors(0)), search("arm", 0, errors(1))]), Settings(rules=FEW))
    assert "nan" not in render(made) + json.dumps(as_json(made), allow_nan=False)
    assert {row["a12_low"] for row in as_json(made)["comparisons"]} == {None}


def test_a_method_that_is_alone_has_a_page_without_comparisons() -> None:
    """Its spend, repeats and incumbents, and with a table what uniform random search needs."""
    reference = make_benchmark("toy-cells").reference()
    best = float(reference.val_error.min())
    frame = log([search("tpe", seed, [best + 0.02, best + 0.01], configs=["a", "a"]) for seed in range(3)])
    made = Audit(frame, Settings(tables={"s": reference}))
    assert made.pairs == []
    assert answers(made)[0][0].startswith("tpe is the only method, so nothing is compared")
    assert "Random search as the space draws, each configuration once, needs" in answers(made)[1][0]
    assert made.conclusions[0].startswith("Who is better: there is one method")
    assert made.findings[11].state is State.NOT_APPLICABLE
    assert made.findings[4].evidence.startswith("50% of valid requests repeat one")
    assert [chapter.anchor for chapter in chapters(made)] == [
        "answers",
        "limits",
        "spend",
        "multiples",
        "threats",
        "incumbents",
        "made",
    ]
    assert "multiples" not in [chapter.anchor for chapter in chapters(Audit(frame))]
    assert "reference:" not in render(made)
    assert as_json(made)["comparisons"] == []
    assert comparisons_csv(made).startswith("space,endpoint,arm,reference,policy,rule,state,a12,")  # known as ours
