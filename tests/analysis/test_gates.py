"""What is refused, and what is void."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from synthetic import world

from fairwatt.analysis.gates import check, void_reasons
from fairwatt.analysis.protocol import ComparisonError, Protocol
from fairwatt.budget import Budget
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.ledger import AccountingPolicy
from fairwatt.records import Header

WORLD = world(400)
PROTOCOL = Protocol(budgets=("30 full",))


def _header(arm: str, **fields: Any) -> Header:
    return WORLD.record([], arm, 0, **fields).header


def _reasons(budget: str = "30 full", seeds: int = 20, factor: int = 1, **fields: Any) -> str:
    protocol = Protocol(budgets=(budget,), budget_factors={"a": Fraction(factor)})
    book = protocol.primary(budget, False)
    headers = _header("a", **fields), _header("rs", initial=fields.get("initial", 3))
    return "; ".join(void_reasons(*headers, seeds, book, protocol, WORLD.reference.tariff))


def test_a_sound_design_is_not_void() -> None:
    assert _reasons() == ""
    assert _reasons("100 full", 30) == ""


@pytest.mark.parametrize(
    ("reason", "design"),
    [
        ("19 paired seeds, fewer than 20", {"seeds": 19}),
        ("buys 29.9 full trainings, fewer than 30", {"budget": "29.9 full"}),
        ("buys 29.9 full trainings, fewer than 30", {"budget": "29.9 full", "factor": 3}),
        ("25% of exhaustive search", {"budget": "101 full"}),
        ("30% of exhaustive search", {"budget": "30 full", "factor": 4}),
        ("initial design of 11", {"initial": 11}),
        ("initial design of 11", {"initial": 11, "factor": 3}),  # the arm with the smaller budget has it too
        ("less than one cycle of a's brackets (30.5)", {"cycle_full": 30.5}),
    ],
)
def test_each_gate_voids_with_its_reason(reason: str, design: dict[str, Any]) -> None:
    assert reason in _reasons(**design)
    assert ";" not in _reasons(**design)


def test_the_gates_are_open_at_their_limits() -> None:
    assert _reasons(initial=10) == ""
    assert _reasons(cycle_full=30.0) == ""


def test_a_space_that_cannot_be_enumerated_has_no_exhaustive_gate() -> None:
    tariff = replace(WORLD.reference.tariff, exhaustive=None)
    book = PROTOCOL.primary("9999 full", False)
    assert void_reasons(_header("a"), _header("rs"), 20, book, PROTOCOL, tariff) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("space", "elsewhere"),
        ("sampler", "raw"),
        ("data_sha256", "other"),
        ("fidelities", (1.0,)),
        ("initial", 4),
        ("policy", AccountingPolicy(duplicates="charged").to_json()),
        ("tariff", {}),
    ],
)
def test_runs_that_differ_are_refused_by_name(name: str, value: Any) -> None:
    other = WORLD.record([], "a", 0)
    runs = [WORLD.record([], "rs", 0), replace(other, header=replace(other.header, **{name: value}))]
    with pytest.raises(ComparisonError, match=f"^{name} differs: .* in rs .* in a "):
        check(runs, WORLD.reference, PROTOCOL)


def test_samplers_of_other_sources_are_not_compared() -> None:
    """What a run does not tell is no difference, wherever that run stands."""
    codes = {"rs": "", "a": "cb078e28", "b": "", "c": "189c79d4"}
    runs = [WORLD.record([], arm, 0, sampler_code=code) for arm, code in codes.items()]
    with pytest.raises(ComparisonError, match=r"^sampler_code differs: cb078e28 in a .* 189c79d4 in c "):
        check(runs, WORLD.reference, PROTOCOL)
    check(runs[:3], WORLD.reference, PROTOCOL)


def test_one_arm_has_one_setting() -> None:
    runs = [WORLD.record([], "rs", 0), WORLD.record([], "rs", 1, settings={"population_size": 3})]
    with pytest.raises(ComparisonError, match="settings differs"):
        check(runs, WORLD.reference, PROTOCOL)
    runs = [WORLD.record([], "rs", 0), WORLD.record([], "rs", 1, cycle_full=8.0)]
    with pytest.raises(ComparisonError, match="cycle_full differs"):
        check(runs, WORLD.reference, PROTOCOL)


def test_one_arm_is_charged_by_one_model_where_it_is_charged() -> None:
    policy = AccountingPolicy(overhead="included_model")
    protocol = replace(PROTOCOL, policy={"overhead": "included_model"})
    models = [{"a": float(a), "b": 0.0, "k": 1.0, "watts": 10.0, "pue": 1.0} for a in range(2)]
    charged = [WORLD.record([], "rs", seed, policy=policy, overhead=models[seed]) for seed in range(2)]
    with pytest.raises(ComparisonError, match="overhead differs"):
        check(charged, WORLD.reference, protocol)
    check([WORLD.record([], "rs", seed, overhead=models[seed]) for seed in range(2)], WORLD.reference, PROTOCOL)


def test_budgets_must_agree_but_for_the_declared_factor() -> None:
    runs = [WORLD.record([], "rs", 0), WORLD.record([], "a", 0, budget="120 full")]
    with pytest.raises(ComparisonError, match=r"budget differs: 30 full in rs .*, 120 full in a"):
        check(runs, WORLD.reference, PROTOCOL)
    check(runs, WORLD.reference, replace(PROTOCOL, budget_factors={"a": Fraction(4)}))


def test_runs_must_be_what_the_protocol_and_the_reference_say() -> None:
    runs = [WORLD.record([], "rs", 0)]
    check(runs, WORLD.reference, PROTOCOL)
    with pytest.raises(ComparisonError, match="policy of the runs"):
        check(runs, WORLD.reference, replace(PROTOCOL, policy={"duplicates": "charged"}))
    with pytest.raises(ComparisonError, match=r"data_sha256 of the runs is invented, but .* has newer"):
        check(runs, replace(WORLD.reference, data_sha256="newer"), PROTOCOL)
    with pytest.raises(ComparisonError, match="no run of arm 'random'; there are: rs"):
        check(runs, WORLD.reference, replace(PROTOCOL, reference_arm="random"))
    with pytest.raises(ComparisonError, match="arm rs, seed 0 is there twice"):
        check(runs * 2, WORLD.reference, PROTOCOL)
    with pytest.raises(ComparisonError, match="nothing to compare"):
        check([], WORLD.reference, PROTOCOL)


def test_a_tariff_is_that_of_the_space() -> None:
    """All runs alike, so that only the reference can tell: at a smaller c̄ the same budget is more trainings."""
    full = WORLD.reference.tariff.full
    cheaper = replace(WORLD.reference.tariff, full=full._replace(energy_nj=full.energy_nj * 4 // 5)).to_json()
    budget = 30 * (full.energy_nj * 4 // 5)
    runs = [WORLD.record([], "rs", seed, tariff=cheaper) for seed in range(2)]
    runs = [replace(run, header=replace(run.header, budget=budget)) for run in runs]
    with pytest.raises(ComparisonError, match=r"^tariff of the runs is "):
        check(runs, WORLD.reference, PROTOCOL)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"budget": 3 * 10**15}, r"^budget of rs \(seed 0\) is 3000000000000000, but '30 full' is "),
        ({"budget_text": "33 full"}, "but '33 full' is "),
        ({"budget_text": "much"}, "is written 'much', not like '30 full'"),
        ({"budget_text": "30 fulls"}, "is written '30 fulls', not like '30 full'"),
    ],
)
def test_a_budget_is_what_it_says(fields: dict[str, Any], message: str) -> None:
    run = WORLD.record([], "rs", 0)
    with pytest.raises(ComparisonError, match=message):
        check([replace(run, header=replace(run.header, **fields))], WORLD.reference, PROTOCOL)


def test_a_budget_may_be_a_third_of_another() -> None:
    third = Budget.parse("100 full").times(Fraction(1, 3))
    run = WORLD.record([], "rs", 0)
    amount = third.resolve("energy", WORLD.reference.tariff)
    check([replace(run, header=replace(run.header, budget=amount, budget_text=str(third)))], WORLD.reference, PROTOCOL)


def test_a_protocol_refuses_what_it_cannot_mean() -> None:
    with pytest.raises(UserError, match="at least one budget"):
        Protocol(budgets=())
    with pytest.raises(UnknownNameError, match="'ful'; did you mean 'full'"):
        Protocol(budgets=("30 ful",))
    with pytest.raises(UserError, match="positive number, got 0"):
        Protocol(budget_factors={"a": Fraction(0)})
