"""The audit of a log: who spent what, what is left of the comparison at matched cost, and what cannot be concluded."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.account import RECORDED, Policy, charges, policies
from fairwatt.audit.conclusions import conclusions
from fairwatt.audit.contrast import MOST_EXACT, Contrast, contrast_of, paired, unpaired, with_holm
from fairwatt.audit.draws_curve import Pool, Source, Table
from fairwatt.audit.levels import Level, first_held, level
from fairwatt.audit.log import Log
from fairwatt.audit.matched import AS_RECORDED, COMMON, Course, Rule, courses, running
from fairwatt.audit.multiples import Multiple, held, multiple
from fairwatt.audit.settings import Settings, endpoints_of, pairs_of, reference_of
from fairwatt.audit.tables import incumbent_table, seed_table, spend_table
from fairwatt.audit.threats_of_log import threat_findings
from fairwatt.errors import UserError
from fairwatt.fairness.threats import ThreatFinding
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class Audit:
    """Everything that one log tells. Of a single method there are no pairs, and therefore no comparisons.

    Raises UserError where methods were run on different spaces, and where no request costs anything.
    """

    def __init__(self, log: Log, settings: Settings | None = None) -> None:
        self.log, self.settings = log, settings or Settings()
        self.methods = tuple(sorted(log.frame["method"].unique()))
        self.reference = reference_of(log, self.methods, self.settings.reference)
        self.endpoints = endpoints_of(log, self.settings.endpoints)
        self.pairs = pairs_of(log, self.reference, self.settings.all_pairs)
        self._charged = self._books()
        self.policies = tuple(self._charged)
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
        return max(counts, default=0) <= MOST_EXACT

    @property
    def spaces(self) -> tuple[str, ...]:
        """Those in which methods are compared; all of the log where there is one method."""
        return tuple(dict.fromkeys(space for space, _, _ in self.pairs)) or self.log.spaces

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

    def limits(
        self, rule: Rule, mine: Sequence[Course], other: Sequence[Course], policy: Policy = RECORDED
    ) -> tuple[float, float]:
        """Where a rule cuts each side. A search that holds nothing, for it crashed, sets no smallest spend if others
        of its side hold something."""
        sides = ([each for each in side if each.holds or not rule.smallest] or side for side in (mine, other))
        return rule.limits(*(self.totals(side, policy) for side in sides))

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every pair under every rule, policy and endpoint; Holm over the pairs and spaces of one of these.

        Left out is what a limit of 0 would compare, and sides of which no search holds anything at the limit.
        """
        found: list[Contrast] = []
        for endpoint in self.endpoints:
            for policy in self.policies:
                for rule in self.settings.rules:
                    found += with_holm([self._contrast(endpoint, policy, rule, *pair) for pair in self.pairs])
        return tuple(found)

    @cached_property
    def multiples(self) -> tuple[Multiple, ...]:
        """RS-equivalents as recorded and at the common cut, the reference's own among them.

        A single method is held against tables alone.
        """
        found: list[Multiple] = []
        for endpoint in self.endpoints:
            for space in self.spaces:
                rows = np.flatnonzero((self.log.frame["space"] == space).to_numpy())
                rng = stream("analysis", space, 0, f"multiples of {endpoint}")
                source = self._source(endpoint, space, rows, rng)
                if source.from_log and not self.pairs:
                    continue
                reference = self.searches(endpoint, space, self.reference)
                there = [m for m in self.methods if (endpoint, space, m) in self._courses]
                for method in there:
                    arm = self.searches(endpoint, space, method)
                    for rule in (AS_RECORDED, COMMON):
                        limit = self.limits(rule, arm, reference)[0]
                        made = multiple(arm, self.running(), limit, source, rule.name, rng)
                        found += [made] if made else []
        return tuple(found)

    def levels(self, endpoint: str, space: str, arm: str, reference: str, policy: Policy = RECORDED) -> Level:
        """A12 over the cut level: see `levels.level`. Raises ValueError where a side spent nothing."""
        mine, other = self.searches(endpoint, space, arm), self.searches(endpoint, space, reference)
        return level(mine, other, self.running(policy), self.totals([*mine, *other], policy))

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
        """One cell; None where its rule or policy was not asked for, or there is nothing to compare."""
        return self._cells.get((endpoint, space, arm, reference, rule, policy))

    @cached_property
    def _cells(self) -> dict[tuple[str, ...], Contrast]:
        return {(c.endpoint, c.space, c.arm, c.reference, c.rule, c.policy): c for c in self.contrasts}

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; see `audit_files.as_json`."""
        from fairwatt.audit.audit_files import as_json

        return as_json(self)

    def _books(self) -> dict[Policy, Array]:
        """What each request is charged under the recorded policy and those that change something."""
        log, settings = self.log, self.settings
        found = {
            policy: charges(log.frame, policy, settings.currency)
            for policy in policies(log.frame, settings.invalid_cost)
        }
        free = not log.frame["cost"].any()
        if free or not found[RECORDED].any():
            unit, words = (log.cost_unit, '--columns "cost="') if free else (self.unit, "--matched-on evaluations")
            raise UserError(
                f"{', '.join(log.sources)}: all requests together take 0 {unit}, so there is nothing to match; count "
                f"them instead: {words}"
            )
        return {
            policy: charged
            for policy, charged in found.items()
            if policy is RECORDED or not np.array_equal(charged, found[RECORDED])
        }

    def _check_cuts(self) -> None:
        """Raises UserError for a cut that pays for no answer of any search."""
        holding = (course for every in self._courses.values() for course in every if course.holds)
        first = min((first_held(course, self.running()) for course in holding), default=0.0)
        for rule in self.settings.rules:
            if rule.at is not None and rule.at < first:
                raise UserError(
                    f"--cut {rule.at:g}: pays for no answer of any search, the first of which takes {first:.3g} "
                    f"{self.unit}; name a larger one"
                )

    def _contrast(self, endpoint: str, policy: Policy, rule: Rule, space: str, arm: str, other: str) -> Contrast | None:
        mine, theirs = self.searches(endpoint, space, arm), self.searches(endpoint, space, other)
        running = self.running(policy)
        limits = self.limits(rule, mine, theirs, policy)
        rng = stream("analysis", space, 0, f"{endpoint} {policy.name} {rule.name} {arm} {other}")
        (losses, spent), (their_losses, their_spent) = (
            held(side, running, limit) for side, limit in zip((mine, theirs), limits, strict=True)
        )
        if not min(limits) > 0 or min(losses.min(), their_losses.min()) >= mine[0].losses[0]:
            return None  # nothing to spend, or nothing held by anybody
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
        where = (space, endpoint, policy.name, rule.name, arm, other)
        sides = (losses, their_losses), (spent, their_spent)
        return contrast_of(where, limits, *sides, effect, family=len(self.pairs), paired=use_pairs)

    def _source(self, endpoint: str, space: str, rows: NDArray[np.int64], rng: np.random.Generator) -> Source:
        table = self.settings.tables.get(space)
        if table is not None and endpoint == Table.endpoint and self.settings.currency == "cost":
            return Table(table.name, table)
        return Pool(self.log.frame.iloc[rows], self._charged[RECORDED][rows], self.reference, endpoint, rng)


def _same_seeds(mine: Sequence[Course], theirs: Sequence[Course]) -> tuple[list[int], list[int]]:
    """Places of the searches whose seeds both sides have."""
    left, right = ({course.seed: place for place, course in enumerate(side)} for side in (mine, theirs))
    shared = sorted(left.keys() & right.keys())
    return [left[seed] for seed in shared], [right[seed] for seed in shared]
