"""The audit of a log: who spent what, what is left of the comparison at matched cost, and what cannot be concluded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.statistics import a12
from fairwatt.audit.account import RECORDED, Policy, charges, policies
from fairwatt.audit.conclusions import conclusions
from fairwatt.audit.contrast import MATCHED, MOST_EXACT, Contrast, a12_bounds, paired, unpaired, with_holm
from fairwatt.audit.log import Log
from fairwatt.audit.matched import AS_RECORDED, COMMON, ENDPOINTS, RULES, Course, Rule, courses, running
from fairwatt.audit.multiples import Multiple, Pool, Source, Table, held, multiple
from fairwatt.audit.tables import incumbent_table, seed_table, spend_table
from fairwatt.audit.threats_of_log import threat_findings
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.fairness.threats import ThreatFinding
from fairwatt.problem import Reference
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
REFERENCES = ("rs", "random", "randomsearch", "randomsampler", "uniformrandom")
"""Names of random search, in small letters without anything else; the reference where none is named."""
LEVELS = 60


@dataclass(frozen=True)
class Settings:
    """What is asked of an audit.

    reference: the method that others are held against, "" for random search. rules: where searches are cut. endpoints:
    a subset of ENDPOINTS; by default (): hypervolume where energy is stated to have been an objective, regret where
    the log has no energy, both where energy is the cost and nobody stated more. currency: what is matched.
    invalid_cost: a declared price of impossible proposals, one policy more. all_pairs: every pair of methods. paired:
    compare seed by seed. tables: what is known of a space of the log, for the closed form of random search and for the
    price of the whole space; costs are then kWh.
    """

    reference: str = ""
    rules: tuple[Rule, ...] = RULES
    endpoints: tuple[str, ...] = ()
    currency: str = "cost"
    invalid_cost: float | None = None
    all_pairs: bool = False
    paired: bool = False
    tables: Mapping[str, Reference] = field(default_factory=dict)


@dataclass(frozen=True)
class Level:
    """A12 of an arm over the cut level, both sides cut at the limit. All [G].

    low, high: 95 %. matched: whether the mean spends are the same within the factor MATCHED; they are not where one
    side has nothing left to cut.
    """

    limits: Array
    values: Array
    low: Array
    high: Array
    matched: NDArray[np.bool_]


class Audit:
    """Everything that one log tells. Raises UserError where there is nothing to compare."""

    def __init__(self, log: Log, settings: Settings | None = None) -> None:
        self.log, self.settings = log, settings or Settings()
        self.methods = tuple(sorted(log.frame["method"].unique()))
        self.reference = _reference(log, self.methods, self.settings.reference)
        self.endpoints = _endpoints(log, self.settings.endpoints)
        self.pairs = _pairs(log, self.reference, self.settings.all_pairs)
        self.policies = policies(log.frame, self.settings.invalid_cost)
        self._charged = {policy: charges(log.frame, policy, self.settings.currency) for policy in self.policies}
        self._running = {policy: running(log.frame, charged) for policy, charged in self._charged.items()}
        found = {endpoint: courses(log.frame, endpoint) for endpoint in self.endpoints}
        self._courses: dict[tuple[str, str, str], list[Course]] = {}
        for endpoint, every in found.items():
            for course in every:
                self._courses.setdefault((endpoint, course.space, course.method), []).append(course)
        self._check_cuts()

    @cached_property
    def exact(self) -> bool:
        """Whether p counts all permutations: where no pair has more than MOST_EXACT searches, so that all p are of one
        kind.
        """
        first = self.endpoints[0]
        counts = [sum(len(self.searches(first, space, side)) for side in sides) for space, *sides in self.pairs]
        return max(counts) <= MOST_EXACT

    @property
    def energy_guessed(self) -> bool:
        """Whether the endpoints hang on energy as an objective, which nobody stated."""
        return not self.log.energy_stated and not self.settings.endpoints and "hypervolume" in self.endpoints

    @property
    def unit(self) -> str:
        """Of what is matched."""
        return self.log.cost_unit if self.settings.currency == "cost" else self.settings.currency

    def searches(self, endpoint: str, space: str, method: str) -> list[Course]:
        """The courses of a method in a space; none where it was not run."""
        return self._courses.get((endpoint, space, method), [])

    def running(self, policy: Policy = RECORDED) -> Array:
        """[N] what each row's search had spent after it."""
        return self._running[policy]

    def totals(self, courses: Sequence[Course], policy: Policy = RECORDED) -> Array:
        """[S] what limits are read off: what each search is charged in all, or was in the recorded books."""
        amounts = self._charged[RECORDED if policy.recorded_limit else policy]
        return np.array([amounts[course.rows].sum() for course in courses])

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every pair under every rule, policy and endpoint; Holm over the pairs and spaces of one of these."""
        found: list[Contrast] = []
        for endpoint in self.endpoints:
            for policy in self.policies:
                for rule in self.settings.rules:
                    family = [self._contrast(endpoint, policy, rule, *pair) for pair in self.pairs]
                    found += with_holm(family)
        return tuple(found)

    @cached_property
    def multiples(self) -> tuple[Multiple, ...]:
        """RS-equivalents as recorded and at the common cut, the reference's own among them."""
        found: list[Multiple] = []
        for endpoint in self.endpoints:
            for space in dict.fromkeys(space for space, _, _ in self.pairs):
                rows = np.flatnonzero((self.log.frame["space"] == space).to_numpy())
                rng = stream("analysis", space, 0, f"multiples of {endpoint}")
                source = self._source(endpoint, space, rows, rng)
                reference = self.searches(endpoint, space, self.reference)
                there = [m for m in self.methods if (endpoint, space, m) in self._courses]
                for method in there:
                    arm = self.searches(endpoint, space, method)
                    for rule in (AS_RECORDED, COMMON):
                        limit = rule.limits(self.totals(arm), self.totals(reference))[0]
                        made = multiple(arm, self.running(), limit, source, rule.name, rng)
                        found += [made] if made else []
        return tuple(found)

    def levels(self, endpoint: str, space: str, arm: str, reference: str, policy: Policy = RECORDED) -> Level:
        """A12 with both sides cut at each of LEVELS limits, up to the largest spend."""
        mine, other = self.searches(endpoint, space, arm), self.searches(endpoint, space, reference)
        spent, everyone = self.running(policy), [*mine, *other]
        totals = self.totals(everyone, policy)
        first = max(_first(course, spent) for course in everyone)
        high = totals.max()
        limits = np.geomspace(min(first, 0.25 * totals.min()) or high / 1e3, high, LEVELS)
        losses = [np.array([course.held(spent, limits) for course in side]) for side in (mine, other)]
        means = [np.mean([course.spent(spent, limits) for course in side], axis=0) for side in (mine, other)]
        values = np.array([a12(-losses[0][:, place], -losses[1][:, place]) for place in range(LEVELS)])
        low, up = a12_bounds(values, len(mine), len(other))
        matched = (means[0] <= MATCHED * means[1]) & (means[1] <= MATCHED * means[0])
        return Level(limits, values, low, up, matched)

    @cached_property
    def spend(self) -> "pd.DataFrame":
        """See `tables.spend_table`."""
        return spend_table(self.log)

    @cached_property
    def incumbents(self) -> "pd.DataFrame":
        """See `tables.incumbent_table`."""
        return incumbent_table(self.log)

    @cached_property
    def seeds(self) -> "pd.DataFrame":
        """See `tables.seed_table`."""
        return seed_table(self.log, self.pairs, len(self.pairs))

    @cached_property
    def findings(self) -> tuple[ThreatFinding, ...]:
        """T1 to T26: what this log tells of each."""
        return threat_findings(self)

    @cached_property
    def conclusions(self) -> tuple[str, ...]:
        """What cannot be concluded, in sentences."""
        return conclusions(self)

    def found(
        self, endpoint: str, space: str, arm: str, reference: str, rule: str, policy: str = RECORDED.name
    ) -> Contrast | None:
        """One cell; None where its rule or policy was not asked for."""
        return self._cells.get((endpoint, space, arm, reference, rule, policy))

    @cached_property
    def _cells(self) -> dict[tuple[str, ...], Contrast]:
        return {(c.endpoint, c.space, c.arm, c.reference, c.rule, c.policy): c for c in self.contrasts}

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; see `audit_files.as_json`."""
        from fairwatt.audit.audit_files import as_json

        return as_json(self)

    def _check_cuts(self) -> None:
        """Raises UserError for a cut that pays for no answer of any search."""
        first = min(_first(course, self.running()) for every in self._courses.values() for course in every)
        for rule in self.settings.rules:
            if rule.at is not None and rule.at < first:
                raise UserError(
                    f"--cut {rule.at:g}: pays for no answer of any search, the first of which takes {first:.3g} "
                    f"{self.unit}; name a larger one"
                )

    def _contrast(self, endpoint: str, policy: Policy, rule: Rule, space: str, arm: str, other: str) -> Contrast:
        mine, theirs = self.searches(endpoint, space, arm), self.searches(endpoint, space, other)
        running = self.running(policy)
        limits = rule.limits(self.totals(mine, policy), self.totals(theirs, policy))
        rng = stream("analysis", space, 0, f"{endpoint} {policy.name} {rule.name} {arm} {other}")
        (losses, spent), (their_losses, their_spent) = (
            held(side, running, limit) for side, limit in zip((mine, theirs), limits, strict=True)
        )
        use_pairs = False
        if self.settings.paired:
            places = _same_seeds(mine, theirs)
            finite = np.isfinite(losses[places[0]]).all() and np.isfinite(their_losses[places[1]]).all()
            use_pairs = len(places[0]) >= 2 and bool(finite)
        if use_pairs:
            losses, spent = losses[places[0]], spent[places[0]]
            their_losses, their_spent = their_losses[places[1]], their_spent[places[1]]
        exact = self.exact
        effect = paired(losses, their_losses, rng) if use_pairs else unpaired(losses, their_losses, rng, exact=exact)
        flip = endpoint == "hypervolume"  # losses are 1 - hypervolume: printed is the hypervolume

        def shown(value: float) -> float:
            return 1.0 - value if flip else value

        difference = effect.difference
        if flip:
            difference = type(difference)(-difference.value, -difference.high, -difference.low)
        return Contrast(
            space,
            endpoint,
            policy.name,
            rule.name,
            arm,
            other,
            (len(losses), len(their_losses)),
            limits,
            (float(spent.mean()), float(their_spent.mean())),
            (shown(float(np.median(losses))), shown(float(np.median(their_losses)))),
            effect.a12,
            difference,
            effect.p,
            effect.p,
            effect.detectable,
            use_pairs,
        )

    def _source(self, endpoint: str, space: str, rows: NDArray[np.int64], rng: np.random.Generator) -> Source:
        table = self.settings.tables.get(space)
        if table is not None and endpoint == Table.endpoint and self.settings.currency == "cost":
            return Table(table.name, table)
        return Pool(self.log.frame.iloc[rows], self._charged[RECORDED][rows], self.reference, endpoint, rng)


def _first(course: Course, spent: Array) -> float:
    """What the search had spent when it first held something; all it spent where it never did."""
    held = int(course.answered[1]) if len(course.answered) > 1 else course.rows.stop - course.rows.start
    return float(spent[course.rows][held - 1])


def _same_seeds(mine: Sequence[Course], theirs: Sequence[Course]) -> tuple[list[int], list[int]]:
    """Places of the searches whose seeds both sides have."""
    left, right = ({course.seed: place for place, course in enumerate(side)} for side in (mine, theirs))
    shared = sorted(left.keys() & right.keys())
    return [left[seed] for seed in shared], [right[seed] for seed in shared]


def _reference(log: Log, methods: tuple[str, ...], wanted: str) -> str:
    where = ", ".join(log.sources)
    if len(methods) < 2:
        raise UserError(f"{where}: one method only ({methods[0]}); an audit compares two or more: name their logs too")
    if wanted:
        if wanted not in methods:
            raise UnknownNameError("method for --reference", wanted, methods)
        return wanted
    plain = {"".join(char for char in method.lower() if char.isalnum()): method for method in methods}
    for name in REFERENCES:
        if name in plain:
            return plain[name]
    raise UserError(
        f"{where}: no method is called random search; say which is the reference: --reference {_shell(methods[0])} "
        f"(methods: {', '.join(methods)})"
    )


def _endpoints(log: Log, wanted: tuple[str, ...]) -> tuple[str, ...]:
    has_energy = bool((log.frame["energy"].notna() & log.frame["valid"]).any())
    for endpoint in wanted:
        if endpoint not in ENDPOINTS:
            raise UnknownNameError("endpoint", endpoint, (*ENDPOINTS, "both"))
    if "hypervolume" in wanted and not has_energy:
        raise UserError(
            f"{', '.join(log.sources)}: hypervolume needs energy as a second objective, and this log has none; "
            f"use --endpoint regret, or name its column: --columns energy=COLUMN"
        )
    if not wanted and has_energy and not log.energy_stated:
        return ENDPOINTS  # a cost in kWh does not tell whether anybody minimised it
    return wanted or (("hypervolume",) if has_energy else ("regret",))


def _pairs(log: Log, reference: str, all_pairs: bool) -> list[tuple[str, str, str]]:
    """(space, arm, reference) for each comparison; raises UserError where no space has both."""
    pairs = []
    for space, there in log.frame.groupby("space", sort=True):
        methods = sorted(there["method"].unique(), key=lambda method: (method != reference, method))
        if all_pairs:
            pairs += [(str(space), arm, other) for other, arm in combinations(methods, 2)]
        elif reference in methods:
            pairs += [(str(space), arm, reference) for arm in methods if arm != reference]
    if not pairs:
        raise UserError(f"{', '.join(log.sources)}: no space has both {reference} and another method")
    return pairs


def _shell(text: str) -> str:
    import shlex

    return shlex.quote(text)
