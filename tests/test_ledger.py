"""The books: invariants I1-I8 of the ledger's rulebook as properties, and its known answers."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from fairwatt.budget import Budget
from fairwatt.errors import NotAvailableError, UnknownNameError, UserError
from fairwatt.ledger import FREE_PROPOSALS_PER_TRAINING, AccountingPolicy, BudgetSpent, Entry, Ledger, entries, price
from fairwatt.overhead import OverheadModel
from fairwatt.problem import Tariff
from fairwatt.records import NANO, NO_COST, Charge, Cost, End, Header, Request, Run, Status, Trial

FIDELITIES = (4 / 108, 12 / 108, 36 / 108, 1.0)
INF = float("inf")
TARIFF = Tariff(
    cheapest=Cost(1_000, 1_000, 4 * NANO, NANO),
    first=Cost(2_000, 2_000, 4 * NANO, NANO),
    full=Cost(50_000, 50_000, 108 * NANO, NANO),
    exhaustive=None,
)


def request(key: int | None, fidelity: float = 1.0, price_nj: int = 1_000, replicate: int = 0) -> Request:
    """A request whose training from scratch takes price_nj nanojoules, as many nanoseconds, and its epochs."""
    status = Status.OK if key is not None else Status.INVALID
    energy_kwh = price_nj / 3.6e15 if key is not None else INF
    trial = Trial((key or 0,), fidelity, 0.1, energy_kwh, (0.1,), status)
    return Request(trial, key, replicate, 0.2, price_nj / 1e9, fidelity * 108)


def replay(stream: Sequence[Request], budget: int = 10**12, **policy: str) -> list[Entry]:
    return [entry for _, entry, _ in entries(stream, AccountingPolicy(**policy), budget, TARIFF)]


@st.composite
def streams(draw: st.DrawFn) -> list[Request]:
    """Requests over a few networks whose price grows with fidelity, some invalid, with repetitions."""
    sizes = draw(st.lists(st.integers(1, 900), min_size=1, max_size=6))
    asked = draw(
        st.lists(st.tuples(st.integers(-1, len(sizes) - 1), st.sampled_from(FIDELITIES)), min_size=1, max_size=40)
    )
    return [
        request(None, fidelity) if key < 0 else request(key, fidelity, round(sizes[key] * fidelity * 108))
        for key, fidelity in asked
    ]


policies = st.builds(
    AccountingPolicy,
    fidelity=st.sampled_from(["scratch", "continue"]),
    duplicates=st.sampled_from(["cached_free", "charged"]),
    invalid=st.sampled_from(["free_capped", "charge_min", "charge_first_fidelity"]),
    exhaustion=st.sampled_from(["abort_no_credit", "overshoot"]),
    currency=st.sampled_from(["energy", "time", "epochs", "evaluations"]),
)
budgets = st.integers(1, 3_000_000)


@given(streams(), policies, budgets)
def test_i1_charges_add_up_and_stay_within_the_budget(
    stream: list[Request], policy: AccountingPolicy, budget: int
) -> None:
    place = Cost._fields.index(
        {"energy": "energy_nj", "time": "time_ns"}.get(policy.currency, f"nano_{policy.currency}")
    )
    books = [entry for _, entry, _ in entries(stream, policy, budget, TARIFF)]
    assert Cost(*(sum(part) for part in zip(*(entry.cost for entry in books), strict=True))) == books[-1].spent
    if policy.exhaustion == "abort_no_credit":
        assert books[-1].spent[place] <= budget


@given(streams(), policies, budgets)
def test_i2_an_exhausted_run_has_spent_exactly_its_budget(
    stream: list[Request], policy: AccountingPolicy, budget: int
) -> None:
    ledger = Ledger(dataclasses.replace(policy, exhaustion="abort_no_credit", currency="energy"), budget, TARIFF)
    for item in stream:
        ledger.charge("evaluation", item)
        if ledger.end:
            break
    assert (ledger.end is End.EXHAUSTED) == (ledger.spent.energy_nj == budget)


@given(streams(), policies)
def test_i3_spending_never_falls_and_free_rows_add_nothing(stream: list[Request], policy: AccountingPolicy) -> None:
    before = NO_COST
    for item, entry, _ in entries(stream, policy, 10**15, TARIFF):
        assert all(after >= earlier for after, earlier in zip(entry.spent, before, strict=True))
        if entry.charge is Charge.CACHED:
            assert entry.cost == NO_COST
        if item.key is None:
            expected = {"charge_min": TARIFF.cheapest, "charge_first_fidelity": TARIFF.first}
            assert entry.cost == expected.get(policy.invalid, NO_COST)
        before = entry.spent


@given(streams(), budgets)
def test_i4_every_metric_was_paid_or_cached(stream: list[Request], budget: int) -> None:
    paid: set[tuple[object, float]] = set()
    for item, entry, _ in entries(stream, AccountingPolicy(), budget, TARIFF):
        if entry.credited and item.trial.ok:
            assert entry.cost.energy_nj == item.cost.energy_nj or (item.key, item.trial.fidelity) in paid
            paid.add((item.key, item.trial.fidelity))
        assert entry.credited != (entry.charge is Charge.ABORTED)


@given(streams())
def test_i5_scratch_costs_no_less_than_continue_and_charged_no_less_than_cached(stream: list[Request]) -> None:
    for duplicates in ("cached_free", "charged"):
        scratch = replay(stream, 10**15, fidelity="scratch", duplicates=duplicates)[-1].spent
        continued = replay(stream, 10**15, fidelity="continue", duplicates=duplicates)[-1].spent
        assert all(a >= b for a, b in zip(scratch, continued, strict=True))
    for fidelity in ("scratch", "continue"):
        charged = replay(stream, 10**15, fidelity=fidelity, duplicates="charged")[-1].spent
        cached = replay(stream, 10**15, fidelity=fidelity, duplicates="cached_free")[-1].spent
        assert all(a >= b for a, b in zip(charged, cached, strict=True))


@settings(max_examples=25)
@given(streams(), policies, budgets)
def test_i6_no_name_of_an_optimizer_changes_what_is_charged(
    stream: list[Request], policy: AccountingPolicy, budget: int
) -> None:
    books = []
    for optimizer, arm in (("rs", "a"), ("hb", "b")):
        recorded = Run(_header(optimizer, arm), (), End.ENDED_EARLY, tuple(stream), ended=True)
        books.append(price(recorded, policy, budget, "as given"))
    assert (books[0].rows, books[0].end) == (books[1].rows, books[1].end)


@settings(max_examples=25)
@given(streams(), policies, budgets)
def test_i8_no_test_error_is_seen_by_the_books_or_leaves_them_unpaid(
    stream: list[Request], policy: AccountingPolicy, budget: int
) -> None:
    run = price(Run(_header("rs", "a"), (), End.ENDED_EARLY, tuple(stream), ended=True), policy, budget, "as given")
    other = tuple(dataclasses.replace(item, test_error=1.0 - (item.test_error or 0.0)) for item in stream)
    blind = price(dataclasses.replace(run, requests=other), policy, budget, "as given")
    assert [row.cost for row in blind.rows] == [row.cost for row in run.rows]
    assert all(row.test_error is None for row in run.rows if row.trial is None)
    assert not any("test" in field.name for field in dataclasses.fields(Trial))


def _header(optimizer: str, arm: str) -> Header:
    return Header(
        space="invented",
        sampler="uniform",
        data_sha256="",
        fidelities=FIDELITIES,
        optimizer=optimizer,
        code="",
        arm=arm,
        settings={},
        kinds=("single",),
        objectives=("val_error",),
        cycle_full=0.0,
        seed=0,
        initial=3,
        policy={},
        policy_id="",
        budget=1,
        budget_text="",
        tariff=TARIFF.to_json(),
    )


@given(streams(), policies, budgets)
def test_i7_a_replayed_stream_gives_the_same_books(
    stream: list[Request], policy: AccountingPolicy, budget: int
) -> None:
    assert list(entries(stream, policy, budget, TARIFF)) == list(entries(stream, policy, budget, TARIFF))


@given(streams(), budgets, budgets)
def test_a_smaller_budget_is_a_prefix(stream: list[Request], one: int, other: int) -> None:
    small, large = sorted((one, other))
    short = [entry for _, entry, _ in entries(stream, AccountingPolicy(), small, TARIFF)]
    long = [entry for _, entry, _ in entries(stream, AccountingPolicy(), large, TARIFF)]
    kept = short[:-1] if short[-1].charge is Charge.ABORTED else short
    assert kept == long[: len(kept)]


# -- known answers


@pytest.mark.parametrize(
    ("exhaustion", "expected"), [("abort_no_credit", Fraction(3, 4)), ("overshoot", Fraction(7, 8))]
)
def test_known_answer_3_two_arms_under_a_budget(exhaustion: str, expected: Fraction) -> None:
    """Two networks with (cost, value) = (1, 0) and (2, 1), B = 3: the chance that the better one was seen, over all
    sequences of equally likely draws, each draw charged."""
    policy = AccountingPolicy(duplicates="charged", exhaustion=exhaustion)
    better, total = 0, 2**3
    for number in range(total):
        picks = [number >> bit & 1 for bit in range(3)]
        stream = [request(pick, price_nj=1_000 * (1 + pick)) for pick in picks]
        seen = {item.key for item, entry, _ in entries(stream, policy, 3_000, TARIFF) if entry.credited}
        better += 1 in seen
    assert Fraction(better, total) == expected


def test_known_answer_14_duplicates() -> None:
    a, b = request(0, price_nj=2_000), request(1, price_nj=3_000)
    stream = [a, a, b, a]
    assert replay(stream, duplicates="charged")[-1].spent.energy_nj == 9_000
    assert replay(stream, duplicates="cached_free")[-1].spent.energy_nj == 5_000


@pytest.mark.parametrize(("fidelity", "epochs"), [("scratch", 432), ("continue", 324)])
def test_known_answer_17_first_bracket_of_hyperband(fidelity: str, epochs: int) -> None:
    """Bracket (27, 4) (9, 12) (3, 36) (1, 108): epochs paid."""
    rungs = [(27, 4), (9, 12), (3, 36), (1, 108)]
    stream = [request(key, e / 108, e) for survivors, e in rungs for key in range(survivors)]
    assert replay(stream, fidelity=fidelity)[-1].spent.nano_epochs == epochs * NANO


# -- the optimizer's own computing

NOTHING = OverheadModel(a=0.0, b=0.0, k=2.0, watts=10.0, pue=1.59)


@given(streams(), policies, budgets)
def test_a_model_of_nothing_charges_nothing(stream: list[Request], policy: AccountingPolicy, budget: int) -> None:
    included = dataclasses.replace(policy, overhead="included_model")
    assert list(entries(stream, included, budget, TARIFF, NOTHING)) == list(entries(stream, policy, budget, TARIFF))


def test_each_proposal_is_charged_for_what_its_choice_takes() -> None:
    """By hand: 100 + 10 n^2 nJ at 2 W, so half as many ns, and a PUE of 1.5 on energy alone; prices of 1,000."""
    model = OverheadModel(a=100e-9, b=10e-9, k=2.0, watts=2.0, pue=1.5)
    stream = [request(0), request(0), request(None), request(1)]  # new, cached, invalid, new
    policy = AccountingPolicy(overhead="included_model")
    books = [entry for _, entry, _ in entries(stream, policy, 10**9, TARIFF, model)]
    assert [entry.cost.energy_nj for entry in books] == [1_150, 165, 210, 1_285]
    assert [entry.cost.time_ns for entry in books] == [1_050, 55, 70, 1_095]
    assert [entry.overhead.energy_nj for entry in books] == [150, 165, 210, 285]
    assert books[-1].spent == Cost(2_810, 2_270, 216 * NANO, 2 * NANO)  # nothing more is trained
    *_, (_, last, end) = entries(stream, policy, 2_000, TARIFF, model)
    assert (end, last.charge, last.spent.energy_nj) == (End.EXHAUSTED, Charge.ABORTED, 2_000)
    assert last.overhead.energy_nj == 285 * 475 // 1_285  # its part of what was left


def test_proposals_of_free_answers_stay_limited() -> None:
    model = OverheadModel(a=1e-9, b=0.0, k=1.0, watts=10.0)
    ledger = Ledger(AccountingPolicy(overhead="included_model"), TARIFF.full.energy_nj, TARIFF, model)
    proposals = 0
    while ledger.end is None:
        ledger.charge("evaluation", request(None))
        proposals += 1
    assert (ledger.end, proposals) == (End.STALLED, FREE_PROPOSALS_PER_TRAINING + 1)


def test_a_model_goes_with_its_policy() -> None:
    for policy, model in (("included_model", None), ("excluded_reported", NOTHING)):
        with pytest.raises(ValueError, match="the model of overhead is"):
            Ledger(AccountingPolicy(overhead=policy), 1, TARIFF, model)


# -- rules


def test_a_request_beyond_the_budget_takes_what_is_left_and_answers_nothing() -> None:
    ledger = Ledger(AccountingPolicy(), 2_500, TARIFF)
    ledger.charge("evaluation", request(0))
    ledger.charge("evaluation", request(1))
    entry = ledger.charge("evaluation", request(2))
    assert (entry.charge, entry.cost.energy_nj, entry.credited) == (Charge.ABORTED, 500, False)
    assert ledger.end is End.EXHAUSTED
    with pytest.raises(BudgetSpent):
        ledger.charge("evaluation", request(3))


def test_a_longer_training_continues_the_longest_one_paid() -> None:
    stream = [request(0, FIDELITIES[0], 40), request(0, FIDELITIES[2], 360), request(0, FIDELITIES[1], 120)]
    books = replay(stream, fidelity="continue")
    assert [(entry.charge, entry.cost.energy_nj) for entry in books] == [
        (Charge.NEW, 40),
        (Charge.CONTINUE, 320),
        (Charge.CACHED, 0),
    ]


def test_another_repeat_of_a_training_is_not_a_duplicate() -> None:
    books = replay([request(0), request(0, replicate=1), request(0)])
    assert [entry.charge for entry in books] == [Charge.NEW, Charge.NEW, Charge.CACHED]


def test_free_proposals_are_limited() -> None:
    ledger = Ledger(AccountingPolicy(), TARIFF.full.energy_nj, TARIFF)
    ledger.charge("evaluation", request(0))
    proposals = 0
    while ledger.end is None:
        ledger.charge("evaluation", request(None))
        proposals += 1
    assert ledger.end is End.STALLED
    assert proposals == FREE_PROPOSALS_PER_TRAINING + 1


def test_other_kinds_of_charge_buy_no_answer() -> None:
    ledger = Ledger(AccountingPolicy(), 10_000, TARIFF)
    assert not ledger.charge("supernet", Cost(300, 20, 0, 0)).credited
    assert ledger.spent.energy_nj == 300
    with pytest.raises(TypeError, match="supernet charges take a Cost"):
        ledger.charge("supernet", request(0))
    with pytest.raises(UnknownNameError, match="did you mean 'tuning'"):
        ledger.charge("tunning", NO_COST)
    with pytest.raises(ValueError, match="not negative"):
        ledger.charge("supernet", Cost(-1, 0, 0, 0))


@pytest.mark.parametrize("kind", ["overhead", "tuning"])
def test_what_is_only_reported_stands_beside_the_budget(kind: str) -> None:
    ledger = Ledger(AccountingPolicy(), 10_000, TARIFF)
    for _ in range(1_000):
        ledger.charge(kind, Cost(300, 20, 0, 0))
        ledger.charge(kind, NO_COST)
    assert (ledger.spent, ledger.end) == (NO_COST, None)
    assert ledger.beside[kind].energy_nj == 300_000


def test_another_repeat_is_not_continued() -> None:
    """A longer training continues a shorter one of the same network and repeat (x, rho), not one of another run."""
    low, high = request(0, FIDELITIES[0], 40), request(0, FIDELITIES[2], 360, replicate=1)
    assert [entry.charge for entry in replay([low, high], fidelity="continue")] == [Charge.NEW, Charge.NEW]


def test_a_shorter_training_does_not_hide_a_longer_one() -> None:
    stream = [request(0, FIDELITIES[i], cost) for i, cost in ((2, 360), (0, 40), (3, 1_080))]
    charged = replay(stream, fidelity="continue", duplicates="charged")
    assert [entry.cost.energy_nj for entry in charged] == [360, 40, 720]


def test_a_continued_training_is_one_evaluation_more() -> None:
    stream = [request(0, FIDELITIES[0], 40), request(0, FIDELITIES[1], 120)]
    assert replay(stream, fidelity="continue")[-1].spent.nano_evaluations == 2 * NANO


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("duplicates", "new_replicate"),
        ("invalid", "charge_fixed"),
        ("exhaustion", "skip_unaffordable"),
        ("exhaustion", "partial_credit"),
        ("exhaustion", "strict_stop"),
        ("currency", "co2"),
        ("currency", "co2_g"),
        ("tuning", "amortised"),
        ("workers", 4),
        ("pue", 1.59),
    ],
)
def test_values_of_the_rulebook_that_are_not_carried_out_say_so(field: str, value: object) -> None:
    with pytest.raises(NotAvailableError, match=f"policy {field} = .* is not available yet"):
        AccountingPolicy(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("setting", "value"), [("omega", 0.1), ("charge_at", "launch"), ("intensity_g_per_kwh", 400)])
def test_settings_of_the_rulebook_that_are_not_carried_out_say_so(setting: str, value: object) -> None:
    with pytest.raises(NotAvailableError, match=f"^policy {setting} = .* is not available yet; available: currency, "):
        AccountingPolicy.of({setting: value})


def test_unknown_values_and_names_get_the_nearest_right_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'charged'"):
        AccountingPolicy(duplicates="charge")
    with pytest.raises(UnknownNameError, match="did you mean 'duplicates'"):
        AccountingPolicy.of({"duplicate": "charged"})


def test_the_policy_id_names_the_policy() -> None:
    assert AccountingPolicy().policy_id == AccountingPolicy().policy_id
    everything = {
        AccountingPolicy(fidelity=f, duplicates=d, invalid=i, exhaustion=e, currency=c).policy_id
        for f in ("scratch", "continue")
        for d in ("cached_free", "charged")
        for i in ("free_capped", "charge_min", "charge_first_fidelity")
        for e in ("abort_no_credit", "overshoot")
        for c in ("energy", "time", "epochs", "evaluations")
    }
    assert len(everything) == 2 * 2 * 3 * 2 * 4
    assert AccountingPolicy(pue=1).policy_id == AccountingPolicy().policy_id
    with pytest.raises(NotAvailableError):
        AccountingPolicy(workers=True)
    assert AccountingPolicy.of({}, resumable=True) == AccountingPolicy(fidelity="continue")


# -- budgets


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("30 full", "energy", 30 * 50_000),
        ("2.5 full", "epochs", 270 * NANO),
        ("1 kWh", "energy", 3_600_000 * NANO),
        ("0.1 kWh", "energy", 360_000 * NANO),
        ("1.5h", "time", 5_400 * NANO),
        ("3 evaluations", "evaluations", 3 * NANO),
    ],
)
def test_budgets_resolve_exactly(text: str, currency: str, expected: int) -> None:
    assert Budget.parse(text).resolve(currency, TARIFF) == expected


@pytest.mark.parametrize("text", ["30", "full", "-3 full", "nan kWh", "0 full", "1 kwh", "thirty full", ""])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        Budget.parse(text)


def test_a_budget_of_another_currency_is_refused() -> None:
    with pytest.raises(UserError, match="a budget of time, but these books count energy"):
        Budget.parse("3 h").resolve("energy", TARIFF)
