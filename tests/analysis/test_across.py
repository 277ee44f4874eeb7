"""Several spaces: what may be pooled, and what is concluded from it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from synthetic import World, world
from test_outcome import CLEAR_WIN
from test_strata import part

from fairwatt.analysis.across import Across, primary_book, seed_ranks, seed_tests
from fairwatt.analysis.across_verdict import (
    AcrossVerdict,
    SpacePair,
    decided_family,
    pooled_verdict,
    stratified_sign_flips,
)
from fairwatt.analysis.blocks import NestedBlocksError, TooFewBlocksError
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.outcome import UNKNOWN, Equivalent, Outcome, Verdict
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval, a12
from fairwatt.analysis.verdict import Comparison, ComparisonError, Protocol
from fairwatt.errors import UnknownNameError, UserError

SINGLE, MULTI = RANKINGS
PROTOCOL = Protocol(budgets=("30 full",), budget_factors={"more": Fraction(4)})


def _comparison(
    networks: int,
    *,
    seeds: int = 20,
    more: str = "more",
    protocol: Protocol = PROTOCOL,
    space: World | None = None,
) -> Comparison:
    """Random search, a clone, and an arm of four times the energy."""
    space = space or world(networks, name=f"world-{networks}")
    runs = [space.random_search(arm, seed, 60) for arm in ("rs", "clone") for seed in range(seeds)]
    runs += [space.random_search(more, seed, 150, budget="120 full") for seed in range(seeds)]
    return Comparison(runs, space.reference, protocol, sensitivity=False, draws=999)


@pytest.fixture(scope="module")
def across() -> Across:
    return Across([_comparison(2_000), _comparison(1_900)], draws=999)


def test_an_advantage_in_both_spaces_is_one_over_all(across: Across) -> None:
    clone, more = across.verdicts
    assert (more.outcome, more.winner, more.reversals) == (Outcome.WIN, "more", ())
    assert more.ratio.low < 4 < more.ratio.high
    assert more.effect < 0
    assert more.p_holm == pytest.approx(2 * more.p)
    assert (clone.outcome, clone.winner) == (Outcome.INCONCLUSIVE, "")
    assert more.strata == (("world-2000",), ("world-1900",))
    table = across.table()
    assert table["outcome"].tolist() == ["INCONCLUSIVE", "WIN"]
    alone = {c.space: next(v for v in c.verdicts if v.arm == "more").outcome for c in across.comparisons.values()}
    assert table["by_space"][1] == "; ".join(f"{space}: {outcome}" for space, outcome in alone.items())
    assert more.p == 1 / 10_000  # however few resamples the interval has


def test_the_pooled_ratio_is_the_geometric_mean_of_those_of_the_spaces(across: Across) -> None:
    ratios = [next(v for v in c.verdicts if v.arm == "more").ratio.value for c in across.comparisons.values()]
    assert across.verdicts[1].ratio.value == pytest.approx(np.sqrt(np.prod(ratios)))
    narrower = [next(v for v in c.verdicts if v.arm == "more").ratio for c in across.comparisons.values()]
    width = np.log(across.verdicts[1].ratio.high / across.verdicts[1].ratio.low)
    assert width < min(np.log(ratio.high / ratio.low) for ratio in narrower)


@pytest.mark.slow
def test_nested_spaces_weigh_as_one() -> None:
    whole = world(1_000, name="whole")
    inner = World(part(whole.reference, "inner", 900), whole.answers)
    comparisons = [_comparison(900, space=inner), _comparison(0, space=whole), _comparison(1_100)]
    across = Across(comparisons, draws=199)
    assert across.strata == (("inner", "whole"), ("world-1100",))
    more = next(v for v in across.verdicts if v.arm == "more")
    logs = [np.log(next(v for v in c.verdicts if v.arm == "more").ratio.value) for c in comparisons]
    assert np.log(more.ratio.value) == pytest.approx((logs[0] + logs[1]) / 4 + logs[2] / 2)
    assert across.mixed_models(SINGLE)["30 full"].strata == across.strata
    with pytest.raises(NestedBlocksError, match="inner and whole share 900 of 900 networks"):
        across.critical_difference(SINGLE, "30 full")


def test_tables_are_made_of_the_endpoints(across: Across) -> None:
    scores = across.scores(SINGLE, "30 full")
    assert {space: list(arms) for space, arms in scores.items()} == {
        "world-2000": ["rs", "clone", "more"],
        "world-1900": ["rs", "clone", "more"],
    }
    comparison = across.comparisons["world-1900"]
    expected = comparison.endpoints.values("more", comparison.books[0], "regret", range(20))
    assert scores["world-1900"]["more"].tolist() == expected.tolist()
    improvement = across.improvement(SINGLE, "30 full").set_index("arm")
    assert improvement.loc["more", "value"] == pytest.approx(
        np.mean([a12(s["rs"], s["more"]) for s in scores.values()])
    )
    means = across.optimality_gap(SINGLE, "30 full").set_index("arm")["value"]
    assert means["rs"] == pytest.approx(np.mean([s["rs"].mean() for s in scores.values()]))
    iqm = across.iqm(SINGLE, "30 full").set_index("arm")
    assert iqm.loc["more", "high"] < iqm.loc["rs", "low"]
    profiles = across.profiles(SINGLE, "30 full")
    assert (profiles["low"] <= profiles["share"]).all()
    assert (profiles["share"] <= profiles["high"]).all()
    effects = across.mixed_models(SINGLE)["30 full"].effects.set_index("arm")
    assert effects.loc["more", "effect"] == pytest.approx(means["more"] - means["rs"])
    assert effects["p"]["more"] < effects["p"]["clone"] == effects["q"]["clone"]
    assert effects["q"]["more"] == 2 * effects["p"]["more"]


@pytest.mark.slow
def test_only_what_all_spaces_have_is_pooled() -> None:
    first, second = _comparison(2_000, seeds=22), _comparison(1_900, more="most", protocol=_factor("most"))
    with pytest.raises(ComparisonError, match="protocol differs between world-2000 and world-1900"):
        Across([first, second])
    plain = Protocol(budgets=("30 full",))
    spaces = [world(networks, name=f"world-{networks}") for networks in (2_000, 1_900)]
    comparisons = [
        Comparison([s.random_search(arm, seed, 60) for arm in arms for seed in seeds], s.reference, plain, draws=99)
        for s, arms, seeds in zip(spaces, (("rs", "a", "b"), ("rs", "b")), (range(22), range(2, 24)), strict=True)
    ]
    across = Across(comparisons, draws=99)
    assert across.arms(SINGLE) == ["rs", "b"]
    assert across.seeds(SINGLE) == list(range(2, 22))
    assert across.rankings() == (SINGLE,)
    assert [v.arm for v in across.verdicts] == ["b"]
    with pytest.raises(UserError, match="nothing to pool in the multi-objective ranking: the spaces share 0 arms"):
        across.iqm(MULTI, "30 full")


def _factor(arm: str) -> Protocol:
    return Protocol(budgets=("30 full",), budget_factors={arm: Fraction(4)})


def test_two_different_spaces_are_needed() -> None:
    comparison, other = _comparison(2_000), _comparison(1_900)
    for given in ([comparison], [comparison, other, comparison], []):
        with pytest.raises(ComparisonError, match="two different spaces or more"):
            Across(given)


def test_a_budget_must_be_primary(across: Across) -> None:
    with pytest.raises(UnknownNameError, match="unknown budget '31 full'; did you mean '30 full'"):
        across.iqm(SINGLE, "31 full")
    comparison = next(iter(across.comparisons.values()))
    assert primary_book(comparison, comparison.verdicts[0].budget) is comparison.books[0]


@pytest.mark.slow
def test_a_space_whose_verdict_is_void_is_left_out() -> None:
    across = Across([_comparison(2_000), _comparison(1_900, seeds=19), _comparison(1_800)], draws=199)
    more = across.verdicts[1]
    assert more.spaces == ("world-2000", "world-1800")
    assert more.outcomes["world-1900"] is Outcome.VOID
    assert more.outcome is Outcome.WIN
    two = Across([_comparison(2_000), _comparison(1_900, seeds=19)], draws=199).verdicts[1]
    assert two.outcome is Outcome.VOID
    assert two.reasons == ("1 of 2 spaces have a verdict that is not VOID; two are needed",)


@pytest.mark.slow
def test_ranks_over_spaces_need_ten_of_them(across: Across) -> None:
    with pytest.raises(TooFewBlocksError, match="2 spaces, fewer than 10"):
        across.critical_difference(SINGLE, "30 full")
    ten = Across([_comparison(1_000 + i, seeds=4) for i in range(10)], draws=99)
    ranks = ten.critical_difference(SINGLE, "30 full")
    assert ranks.blocks == 10
    assert ranks.mean_ranks["more"] == min(ranks.mean_ranks.values())
    one = ten.comparisons["world-1000"]
    within = seed_ranks(one, SINGLE, "30 full")
    assert within.blocks == 4
    tests = seed_tests(one)
    assert tests["q_friedman"].tolist() == tests["p_friedman"].tolist()  # of one ranking and budget
    assert tests.set_index("arm")["mean_rank"].to_dict() == dict(within.mean_ranks)
    assert set(tests["kind"]) == {"single"}  # the other has two arms, which their verdict compares


@pytest.mark.slow
def test_it_touches_no_global_random_state_and_is_repeatable() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tables = [Across([_comparison(2_000), _comparison(1_900)], draws=99).table().to_csv() for _ in range(2)]
    assert tables[0] == tables[1]
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


PAIR = AcrossVerdict(
    kind="single",
    budget="30 full",
    arm="a",
    reference="rs",
    outcome=Outcome.INCONCLUSIVE,
    winner="",
    outcomes={"s": Outcome.WIN, "t": Outcome.INCONCLUSIVE},
    spaces=("s", "t"),
    strata=(("s",), ("t",)),
    win_rate=0.7,
    ratio=Interval(2.0, 1.5, 3.0),
    effect=-0.5,
    p=0.001,
    p_holm=np.nan,
    reversals=(),
    reasons=(),
)
NOTHING = {"s": Outcome.INCONCLUSIVE, "t": Outcome.INCONCLUSIVE}
SAME = {"ratio": Interval(1.0, 0.95, 1.05), "p": 0.5, "outcomes": NOTHING}


@pytest.mark.parametrize(
    ("changes", "outcome", "winner"),
    [
        ({}, Outcome.WIN, "a"),
        ({"ratio": Interval(0.5, 0.4, 0.8), "effect": 0.5, "win_rate": 0.3}, Outcome.WIN, "rs"),
        ({"ratio": Interval(0.5, 0.4, 0.8), "effect": 0.5, "win_rate": 0.4}, Outcome.WIN_SMALL, "rs"),
        ({"ratio": Interval(2.0, 1.05, 3.0)}, Outcome.WIN_SMALL, "a"),
        ({"win_rate": 0.63}, Outcome.WIN_SMALL, "a"),
        ({"win_rate": 0.49}, Outcome.INCONCLUSIVE, ""),
        ({"ratio": Interval(0.5, 0.4, 0.95), "effect": 0.5, "win_rate": 0.3}, Outcome.WIN_SMALL, "rs"),
        ({"ratio": Interval(2.0, 0.99, 3.0)}, Outcome.INCONCLUSIVE, ""),
        ({"p": 0.05}, Outcome.INCONCLUSIVE, ""),
        ({"effect": 0.5}, Outcome.INCONCLUSIVE, ""),
        ({"reversals": ("t",)}, Outcome.INCONCLUSIVE, ""),
        ({"flips": {"t": ("currency=time",)}}, Outcome.POLICY_DEPENDENT, ""),
        ({"unrecorded": {"t": ("currency=time",)}}, Outcome.INCONCLUSIVE, ""),
        ({"ratio": UNKNOWN}, Outcome.INCONCLUSIVE, ""),
        (SAME | {"flips": {"t": ("currency=time",)}}, Outcome.POLICY_DEPENDENT, ""),
        (SAME, Outcome.EQUIVALENT, ""),
        (SAME | {"ends": {"s": "flat"}}, Outcome.INCONCLUSIVE, ""),
        (SAME | {"outcomes": PAIR.outcomes}, Outcome.INCONCLUSIVE, ""),
        ({"outcome": Outcome.VOID}, Outcome.VOID, ""),
    ],
)
def test_the_outcome_over_all(changes: dict[str, object], outcome: Outcome, winner: str) -> None:
    (verdict,) = decided_family([replace(PAIR, **changes)])
    assert (verdict.outcome, verdict.winner) == (outcome, winner)


def _pairs(*verdicts: Verdict) -> AcrossVerdict:
    """Of spaces in which the arm needs four times the energy of random search."""
    curve = RandomSearchCurve(np.array([1.0, 50.0, 200.0]), np.array([1.0, 0.5, 0.0]), np.zeros(3))
    quality = np.column_stack([np.linspace(0.0, 0.2, 20), np.linspace(0.4, 0.6, 20)])
    pairs = [SpacePair(verdict, quality, quality, curve) for verdict in verdicts]
    strata = [(verdict.space,) for verdict in verdicts]
    (found,) = decided_family([pooled_verdict(verdicts, pairs, strata, np.random.default_rng(0), draws=499)])
    return found


def test_what_no_space_could_claim_is_not_claimed_over_all() -> None:
    cell = SensitivityCell("currency=time", True, True, 0.7, -0.3, 0.5, False, "")
    sure = [replace(CLEAR_WIN, space=space, cells=(cell,)) for space in "st"]
    assert _pairs(*sure).outcome is Outcome.WIN
    short = replace(sure[1], outcome=Outcome.INCONCLUSIVE, cells=(replace(cell, recorded=False),))
    found = _pairs(sure[0], short)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reasons == ("not recorded under other books in t (currency=time); run them as a study",)
    open_ = [replace(v, outcome=Outcome.INCONCLUSIVE, flips=("currency=time",)) for v in sure]
    found = _pairs(*open_)
    assert (found.outcome, found.winner) == (Outcome.POLICY_DEPENDENT, "")
    assert found.reasons == ("other books flip it in s (currency=time), t (currency=time)",)


def test_a_space_where_the_curve_ends_makes_the_ratio_a_bound() -> None:
    last = Equivalent(Interval(9, 8, 9), True, ends="flat", reach=(0.1, 9))
    found = _pairs(replace(CLEAR_WIN, space="s"), replace(CLEAR_WIN, space="t", arm_equivalent=last))
    assert (found.ends, found.censored) == ({"t": "flat"}, True)
    assert not _pairs(*(replace(CLEAR_WIN, space=space) for space in "st")).censored


def test_spaces_that_share_their_networks_are_one_and_void() -> None:
    curve = RandomSearchCurve(np.array([1.0, 200.0]), np.array([1.0, 0.0]), np.zeros(2))
    values = np.ones((20, 2))
    verdicts = [replace(CLEAR_WIN, space=space) for space in "st"]
    pairs = [SpacePair(verdict, values, values, curve) for verdict in verdicts]
    found = pooled_verdict(verdicts, pairs, [("s", "t")], np.random.default_rng(0), draws=9)
    assert found.outcome is Outcome.VOID
    assert found.reasons == ("s and t share their networks: they are one space, and two are needed",)


def test_a_reversal_is_named() -> None:
    (verdict,) = decided_family([replace(PAIR, reversals=("t",))])
    assert verdict.reasons == ("a is better over all, and worse in t",)


def test_void_verdicts_are_not_in_the_family() -> None:
    void = replace(PAIR, outcome=Outcome.VOID, p=np.nan)
    found = decided_family([void, replace(PAIR, p=0.02), replace(PAIR, p=0.03)])
    assert [v.p_holm for v in found[1:]] == pytest.approx([0.04, 0.04])


def test_sign_flips_weigh_spaces_and_not_their_units() -> None:
    rng = np.random.default_rng(0)
    differences = [rng.normal(-0.5, 1, 20), rng.normal(-0.5, 1, 30)]
    weights = np.array([0.5, 0.5])
    effect, p = stratified_sign_flips(differences, weights, np.random.default_rng(1), 999)
    scaled = stratified_sign_flips([differences[0], 1000 * differences[1]], weights, np.random.default_rng(1), 999)
    assert scaled == pytest.approx((effect, p))
    assert effect == pytest.approx(np.mean([d.mean() / np.sqrt((d**2).mean()) for d in differences]))
    assert stratified_sign_flips([np.zeros(20), np.zeros(30)], weights, rng, 99) == (0, 1)
    assert stratified_sign_flips([np.ones(20), np.ones(30)], weights, rng, 99) == (pytest.approx(1), 0.01)


def _one_sided(networks: int, share: slice) -> Comparison:
    """An arm that draws from one part of the networks, ordered by error."""
    space = world(networks, name=f"world-{networks}")
    ordered = np.argsort(space.reference.val_error)[share]
    runs = [space.random_search("rs", seed, 60) for seed in range(20)]
    for seed in range(20):
        keys = np.random.default_rng(seed).choice(ordered, size=60).tolist()
        runs.append(space.record([space.ask(key) for key in keys], "a", seed))
    return Comparison(runs, space.reference, Protocol(budgets=("30 full",)), sensitivity=False, draws=999)


@pytest.mark.slow
def test_a_space_that_disagrees_forbids_a_claim() -> None:
    better, worse = _one_sided(2_000, slice(0, 100)), _one_sided(1_900, slice(400, None))
    assert [c.verdicts[0].winner for c in (better, worse)] == ["a", "rs"]
    (verdict,) = Across([better, worse], draws=199).verdicts
    assert verdict.ratio.value > 1
    assert (verdict.outcome, verdict.reversals) == (Outcome.INCONCLUSIVE, ("world-1900",))
    (agreed,) = Across([better, _one_sided(1_900, slice(0, 95))], draws=199).verdicts
    assert (agreed.outcome, agreed.reversals) == (Outcome.WIN, ())
