import json
import math
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from small_log import log, rivals, search

from fairwatt.audit.audit import Audit
from fairwatt.audit.audit_files import as_json, comparisons_csv
from fairwatt.audit.comparison_tables import effects_table
from fairwatt.audit.matched import rules
from fairwatt.audit.page import render
from fairwatt.audit.settings import Settings
from fairwatt.audit.threats_of_log import threat_finding
from fairwatt.audit.wording import sentence, tone
from fairwatt.fairness.threats import THREATS

FEW = rules("as recorded, mean, common")


@pytest.fixture(scope="module")
def bigger_budget() -> Audit:
    return Audit(rivals(), Settings(rules=FEW))


def test_an_advantage_that_a_budget_bought_is_gone_at_matched_cost(bigger_budget: Audit) -> None:
    recorded, mean, common = (
        bigger_budget.found("regret", "s", "smart", "rs", rule.name) for rule in bigger_budget.settings.rules
    )
    assert recorded is not None
    assert common is not None
    assert mean is not None
    assert (recorded.state, recorded.matched) == ("better", False)
    assert recorded.ratio == pytest.approx(10, rel=0.05)
    assert (common.state, common.matched) == ("undecided", True)
    assert common.limits[0] == common.limits[1] <= min(mean.limits[0], 30 * 1.1)
    words = sentence(bigger_budget, "regret", "s", "smart", "rs")
    assert "undecided at matched cost" in words
    assert "better as recorded" in words
    assert "at 10 times the cost" in words
    assert (
        "Of 3 overlapping ways to cut and to keep the books, 2 leave both about the same to spend: undecided in 2"
        in words
    )
    assert tone(bigger_budget, "regret", "s", "smart", "rs") == "open"
    table = effects_table(bigger_budget, "regret")
    assert table.rows[0][2].endswith("*~")


def test_the_level_curve_ends_as_recorded_and_knows_where_spends_differ(bigger_budget: Audit) -> None:
    level = bigger_budget.levels("regret", "s", "smart", "rs")
    recorded = bigger_budget.found("regret", "s", "smart", "rs", "as recorded")
    assert recorded is not None
    assert level.values[-1] == recorded.a12.value
    assert not level.matched[-1]
    assert level.matched[level.limits < 25].all()
    assert (level.low <= level.values).all()
    assert (level.values <= level.high).all()


def test_what_follows_from_the_evidence_is_said_and_nothing_else(bigger_budget: Audit) -> None:
    words = " ".join(bigger_budget.conclusions)
    for said in ("did not have the same to spend", "it takes 20 searches", "test error: there is none", "was cut"):
        assert said in words
    for unsaid in ("impossible", "repeats and samplers", "records none", "all spaces", "fidelity of"):
        assert unsaid not in words


def test_energy_that_is_only_a_cost_decides_nothing_about_the_endpoint() -> None:
    """The arm is better by error and worse by hypervolume: both are said, with what each takes for granted."""
    made = log(
        search(method, seed, [error + 0.001 * seed], energies=[energy], costs=energy)
        for method, error, energy in (("rs", 0.3, 1.0), ("arm", 0.2, 4.0))
        for seed in range(6)
    )
    few = rules("as recorded")
    guessed = Audit(replace(made, energy_stated=False), Settings(rules=few))
    assert guessed.endpoints == ("hypervolume", "regret")
    for endpoint, state, said in (
        ("hypervolume", "worse", "If energy was an objective (hypervolume): arm v. rs on s: "),
        ("regret", "better", "If the error was the only objective (regret): arm v. rs on s: "),
    ):
        found = guessed.found(endpoint, "s", "arm", "rs", "as recorded")
        assert found is not None
        assert found.state == state
        assert sentence(guessed, endpoint, "s", "arm", "rs").startswith(said)
    assert guessed.conclusions[0].startswith("Which endpoint counts")
    for asked, stated, endpoints in (((), True, ("hypervolume",)), (("regret",), False, ("regret",))):
        one = Audit(replace(made, energy_stated=stated), Settings(rules=few, endpoints=asked))
        assert one.endpoints == endpoints
        assert sentence(one, endpoints[0], "s", "arm", "rs").startswith("arm v. rs on s: ")
        assert not one.conclusions[0].startswith("Which endpoint")


def test_how_the_log_was_read_stands_under_the_title(bigger_budget: Audit) -> None:
    made = Audit(replace(bigger_budget.log, notes=("Told by the names of columns: cost=<kwh>.",)), Settings(rules=FEW))
    text = render(made)
    assert text.index("<h1>") < text.index("cost=&lt;kwh&gt;") < text.index("What the log says")


def test_one_seed_is_audited_and_claims_nothing() -> None:
    one = Audit(log([search("rs", 0, [0.5, 0.4]), search("x", 0, [0.3, 0.2])]), Settings(rules=FEW))
    assert {contrast.state for contrast in one.contrasts} == {"undecided"}
    assert one.seeds["attainable_p"].tolist() == [1.0]
    assert "one search of" in threat_finding(one, THREATS[10]).evidence


def test_pairs_of_all_methods_and_of_shared_seeds() -> None:
    made = log(
        search(method, seed, [0.5 + 0.01 * seed + shift])
        for method, shift in (("rs", 0), ("a", -0.001), ("b", 0.1))
        for seed in range(8)
    )
    every = Audit(made, Settings(rules=FEW[:1], all_pairs=True))
    assert every.pairs == [("s", "a", "rs"), ("s", "b", "rs"), ("s", "b", "a")]
    unpaired = every.found("regret", "s", "a", "rs", "as recorded")
    paired = Audit(made, Settings(rules=FEW[:1], paired=True)).found("regret", "s", "a", "rs", "as recorded")
    assert unpaired is not None
    assert paired is not None
    assert (unpaired.paired, unpaired.state) == (False, "undecided")
    assert (paired.paired, paired.state, paired.a12.value) == (True, "better", 1.0)


def test_files_hold_the_same_numbers_as_the_audit(bigger_budget: Audit) -> None:
    plain = json.loads(json.dumps(as_json(bigger_budget), allow_nan=False))
    assert len(plain["comparisons"]) == len(bigger_budget.contrasts) == len(FEW)
    assert plain["comparisons"][0]["limit"] is None  # nothing is cut
    assert len(plain["threats"]) == 26
    lines = comparisons_csv(bigger_budget).splitlines()
    assert len(lines) == 1 + len(FEW)
    recorded = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert math.isclose(float(recorded["a12"]), bigger_budget.contrasts[0].a12.value)


class _Page(HTMLParser):
    """What a browser would see: elements, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "$\\frac{$ _x",
    "_hidden",
    "a\u202egnp.exe",
    "=cmd|' /C calc'!A0",
    "x" * 5_000,
)


@pytest.mark.slow
def test_hostile_names_are_inert_and_shown() -> None:
    rng = np.random.default_rng(3)
    made = Audit(
        log(
            search(name, seed, rng.uniform(0.1, 0.9, 4), energies=rng.uniform(1, 2, 4), space="<b>s</b>")
            for name in ("rs", *HOSTILE)
            for seed in range(2)
        ),
        Settings(rules=FEW),
    )
    text = render(made, "fairwatt audit '<script>'")
    page = _Page(text)
    assert set(page.tags) & {"script", "b", "iframe", "link", "object"} == set()
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [
        value for name, value in page.attributes if name in ("src", "href") and not value.startswith(("data:", "#"))
    ]
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in text
    assert "x" * 100 not in page.text
    identifiers = [value for name, value in page.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    policy = next(value for name, value in page.attributes if name == "content" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert page.tags.count("caption") == page.tags.count("table")
    assert ",'=cmd" in comparisons_csv(made)


def test_the_global_random_state_is_left_alone(bigger_budget: Audit) -> None:
    before = str(np.random.get_state(legacy=False))  # noqa: NPY002
    again = Audit(rivals(), Settings(rules=FEW))
    assert as_json(again) == as_json(bigger_budget)
    assert str(np.random.get_state(legacy=False)) == before  # noqa: NPY002
