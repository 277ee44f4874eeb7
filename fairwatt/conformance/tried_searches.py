"""Short searches with one optimizer on one benchmark, and what is wrong with them: "" where nothing is."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cached_property

from fairwatt.conformance.driven import Driven, drive, misfit
from fairwatt.conformance.fresh_process import asked_in_fresh_processes
from fairwatt.conformance.global_state import global_state, scrambled_generators
from fairwatt.conformance.overreach import NotedTrial, disguised, held_oracles, missed, noted_problem, watched
from fairwatt.optimizer import OptimizerFactory, SearchEnded
from fairwatt.problem import Benchmark
from fairwatt.records import Config, Key, Request, Run

Runner = Callable[..., Run]

LONG, SHORT = "30 full", "10 full"
REPEATED = 1 / 2
"""The share of a search's first requests that may be exact repetitions while most of the space is unseen."""
FIRST_REQUESTS = 200
SEEN = 1 / 4
"""Repetitions are no fault where more than this share of the space has been asked for."""
NEAR_INVALID, RATHER_INVALID = 1 / 4, 3 / 2
"""The share of queries that may be one step away from INVALID answers, and how many times as many as from good ones, of
which there are twice as many."""
INVALID_EVERY = 3
SETTLED = 10
"""Queries after which a search is expected to build on its answers."""


class TriedSearches:
    """Each method tries one promise, on searches that are made when first needed and used again."""

    def __init__(
        self,
        factory: OptimizerFactory,
        benchmark: Benchmark,
        run: Runner,
        patience: float,
        hash_seeds: Sequence[int] = (),
    ) -> None:
        self.factory, self.benchmark, self.space = factory, benchmark, benchmark.space
        self._run, self._patience, self._hash_seeds = run, patience, hash_seeds
        self._calls: list[str] = []
        self._unseeded: list[str] = []

    @cached_property
    def noted(self) -> Driven:
        """The first search, of which is noted what it asks of trials and problem that they have not."""
        problem = self.benchmark.problem(0, objectives=self.factory.objectives)
        given = noted_problem(problem)
        return drive(self.factory, self.benchmark, given, kind=NotedTrial, patience=self._patience)

    @cached_property
    def watched(self) -> tuple[Driven, list[str]]:
        """The same search with its calls noted, after the first, so that all is imported; and the state it changed."""
        first = self.noted

        def around() -> AbstractContextManager[None]:
            return watched(self._calls, self._unseeded)

        with scrambled_generators():
            before = global_state()
            again = drive(self.factory, self.benchmark, around=around)
            after = global_state()
        if again.fault and not first.fault:
            raise RuntimeError(again.fault)
        return again, [name for name in after if after[name] != before.get(name, after[name])]

    @cached_property
    def invalid(self) -> Driven:
        """A search that is told INVALID every third time."""
        return drive(self.factory, self.benchmark, invalid_every=INVALID_EVERY)

    @cached_property
    def long(self) -> Run:
        """A run under the usual budget."""
        return self._searched(self.benchmark, LONG)

    def _searched(self, benchmark: Benchmark, budget: str) -> Run:
        return self._run(benchmark, self.factory, seed=0, label="a", budget=budget)

    def reads_more(self) -> str:
        """Whether it asks a trial or the problem for what they have not."""
        self.noted  # noqa: B018 - made here
        return f"it asks for {', '.join(missed())}, which there is not" if missed() else ""

    def stops_short(self) -> str:
        """Whether it raises, asks no query, or ends at once."""
        if self.noted.fault:
            place = len(self.noted.queries)
            return f"{self.noted.fault}, after {place} answer(s)"
        return "" if self.noted.queries else "it ends before it has asked anything"

    def leaves_space(self) -> str:
        """Whether values or fidelities are none of the problem's."""
        for query in self.noted.queries:
            if fault := misfit(self.space, tuple(query.config)):
                return fault
            if query.fidelity not in self.benchmark.fidelities:
                return f"asked fidelity {query.fidelity!r}; the benchmark has {self.benchmark.fidelities}"
        return ""

    def asks_invalid(self) -> str:
        """Whether a query is no valid configuration."""
        queries = self.noted.queries
        invalid = [query.config for query in queries if not self.space.is_valid(query.config)]
        return f"{len(invalid)} of {len(queries)} queries are invalid, the first {invalid[0]}" if invalid else ""

    def skips_design(self) -> str:
        """Whether the first distinct networks are others than the shared design."""
        wanted = list(dict.fromkeys(map(self.space.key, self.noted.problem.initial)))
        valid = [query.config for query in self.noted.queries if self.space.is_valid(query.config)]
        asked = list(dict.fromkeys(map(self.space.key, valid)))[: len(wanted)]
        return "" if asked == wanted else f"first distinct networks {asked}, shared design {wanted}"

    def needs_design(self) -> str:
        """Whether it raises or ends at once where no design is shared."""
        problem = self.benchmark.problem(0, initial=0, objectives=self.factory.objectives)
        alone = drive(self.factory, self.benchmark, problem, patience=self._patience)
        if alone.fault:
            return f"{alone.fault}, after {len(alone.queries)} answer(s), where no design is shared"
        return "" if alone.queries else "it ends before it has asked anything where no design is shared"

    def changes_global_state(self) -> str:
        """Whether something that the process has only one of is other than before."""
        _, changed = self.watched
        return f"changed: {', '.join(changed)}" if changed else ""

    def draws_unseeded(self) -> str:
        """Whether searches under one seed differ where a generator was made without a seed."""
        again, _ = self.watched
        if not self._unseeded or again.asked == self.noted.asked:
            return ""
        return f"a generator without a seed, at {self._unseeded[0]}, and two searches under one seed differ"

    def breaks_off(self) -> str:
        """Whether a run under the usual budget comes to no end."""
        self.long  # noqa: B018 - made here; what it raises is the fault
        return ""

    def differs_again(self) -> str:
        """Whether two runs under one seed differ."""
        again = self._searched(self.benchmark, LONG)
        return "" if again.requests == self.long.requests else "two runs with one seed and label differ"

    def differs_elsewhere(self) -> str:
        """Whether the search is another in fresh processes, which order sets in other ways."""
        for hash_seed, asked in asked_in_fresh_processes(self.factory, self.benchmark.name, self._hash_seeds).items():
            if asked != self.noted.asked:
                return f"another search in a fresh process (PYTHONHASHSEED={hash_seed})"
        return ""

    def ignores_seed(self) -> str:
        """Whether another seed leads to the same search, the shared design aside, which is another one by itself."""
        design = len(self.noted.problem.initial)
        other = drive(self.factory, self.benchmark, seed=1).asked[design:]
        if not other or other != self.noted.asked[design:]:
            return ""
        return f"seed 1 asks the same {len(other)} queries after the shared design as seed 0"

    def ignores_label(self) -> str:
        """Whether another label leads to the same search."""
        same = drive(self.factory, self.benchmark, label="b").asked == self.noted.asked
        return "label 'b' asks the same as label 'a'" if same else ""

    def asks_others(self) -> str:
        """Whether it holds or calls what knows answers: trainings that no ledger has charged."""
        again, _ = self.watched
        if self._calls:
            return f"it called {', '.join(dict.fromkeys(self._calls))}: answers that nobody was charged for"
        held = dict.fromkeys(held_oracles(self.factory, again.search))
        return f"it holds {', '.join(held)}" if held else ""

    def sees_more(self) -> str:
        """Whether it searches otherwise where only test errors, seconds and epochs are others."""
        other = self._searched(disguised(self.benchmark), LONG)
        if _stream(other.requests) == _stream(self.long.requests):
            return ""
        return "it asks other queries where nothing but the test errors, seconds and epochs is other"

    def plans_on_budget(self) -> str:
        """Whether a smaller budget makes another beginning."""
        short = _stream(self._searched(self.benchmark, SHORT).requests)
        same = short == _stream(self.long.requests)[: len(short)]
        return "" if same else f"the queries under {SHORT} do not begin those under {LONG}"

    def hides_fidelities(self) -> str:
        """Whether it asks below full training and does not say so."""
        below = {request.trial.fidelity for request in self.long.requests} - {1.0}
        if not below or self.factory.multi_fidelity:
            return ""
        return f"asks fidelity {min(below):.4g} and is not declared to use several"

    def never_full(self) -> str:
        """Whether nothing that it asks is a full training."""
        if self.long.incumbent:
            return ""
        return f"none of {len(self.long)} queries under {LONG} is a full training: nothing to compare"

    def repeats(self) -> str:
        """Whether most requests are exact repetitions although most of the space is unseen."""
        asked = [(r.key, r.trial.fidelity) for r in self.long.requests[:FIRST_REQUESTS] if r.key is not None]
        again = len(asked) - len(set(asked))
        tariff = self.benchmark.tariff()
        if tariff.exhaustive is not None:
            size = tariff.exhaustive.nano_evaluations / tariff.full.nano_evaluations
            if len({key for key, _ in asked}) > SEEN * size:
                return ""
        if not asked or again <= REPEATED * len(asked):
            return ""
        return f"{again} of the first {len(asked)} requests were asked before at that fidelity"

    def changed_by_json(self) -> str:
        """Whether queries or settings are not what JSON gives back."""
        for row in self.long.rows:
            back = json.loads(json.dumps([row.config, row.fidelity, row.key]))
            if [tuple(back[0]), *back[1:]] != [row.config, row.fidelity, row.key]:
                return f"row {row.seq}: {row.config!r} at {row.fidelity!r} comes back as {back}"
        header = asdict(self.long.header) | {"settings": dict(self.long.header.settings)}
        settings = json.loads(json.dumps(header, allow_nan=False))["settings"]
        return "" if settings == self.long.header.settings else f"settings come back from JSON as {settings}"

    def revives(self) -> str:
        """Whether a search that has ended asks again."""
        if not self.noted.ended or self.noted.search is None:
            return ""
        try:
            return f"after SearchEnded it asks again, {self.noted.search.ask()}"
        except SearchEnded:
            return ""

    def stops_when_invalid(self) -> str:
        """Whether invalid answers end the search, or break it."""
        if self.invalid.fault:
            return f"{self.invalid.fault} when every third answer was INVALID"
        asked = len(self.invalid.queries)
        return "" if asked > INVALID_EVERY else f"stopped after {asked} queries when every third answer was INVALID"

    def prefers_invalid(self) -> str:
        """Whether most queries are one step away from answers that were INVALID, and fewer from good ones."""
        near: dict[bool, set[Key]] = {True: set(), False: set()}
        steps: dict[bool, int] = {True: 0, False: 0}
        trials = [trial for trial in self.invalid.trials if self.space.is_valid(trial.config)]
        for place, trial in enumerate(trials):
            key = self.space.key(trial.config)
            for ok in steps if place >= SETTLED else ():
                steps[ok] += key in near[ok]
            near[trial.ok].update(map(self.space.key, self.space.neighbors(trial.config)))
        settled = len(trials) - SETTLED
        if steps[False] <= max(NEAR_INVALID * settled, RATHER_INVALID * steps[True]):
            return ""
        return f"{steps[False]} of {settled} queries are next to INVALID answers, {steps[True]} next to good ones"


def _stream(requests: Sequence[Request]) -> list[tuple[Config, float]]:
    return [(request.trial.config, request.trial.fidelity) for request in requests]
