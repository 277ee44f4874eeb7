"""One search: ask, measure, charge, tell, record."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy, Ledger, price
from fairwatt.optimizer import OptimizerFactory, SearchEnded
from fairwatt.overhead import OverheadModel, Stopwatch, charged_model, frozen_model
from fairwatt.problem import Benchmark, Problem
from fairwatt.records import End, Header, Query, Request, Run, Trial
from fairwatt.registry import OPTIMIZERS, make_benchmark
from fairwatt.streams import stream

Book = tuple[AccountingPolicy, int]


def run(
    benchmark: str | Benchmark,
    optimizer: str | OptimizerFactory,
    *,
    seed: int = 0,
    budget: str | Budget = "30 full",
    settings: Mapping[str, Any] | None = None,
    policy: AccountingPolicy | Mapping[str, Any] | None = None,
    label: str | None = None,
    initial: int = 3,
    also: Sequence[Book] = (),
    stopwatch: Stopwatch | None = None,
) -> Run:
    """Run one search and keep its books.

    benchmark: a registered name, or what `make_benchmark` made. optimizer: a registered name or a factory. budget: such
    as "30 full" (full trainings at mean cost) or "14.2 kWh". policy: a policy or settings of one. label: the
    arm's name, which keys its random stream; the optimizer's name where None. also: further (policy, budget) pairs;
    recording goes on until their accounts have closed too, so that the run can be priced under each of them later.
    stopwatch: notes what the optimizer itself computes, with a lap for each request; nothing here depends on it.

    Raises UserError for unknown names and settings, and for an optimizer that asks for a fidelity there is not;
    NoOverheadModelError.
    """
    benchmark = make_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    factory = OPTIMIZERS.load(optimizer) if isinstance(optimizer, str) else optimizer
    if not isinstance(factory, OptimizerFactory):
        raise UserError(f"{optimizer!r} is not an optimizer: decorate it with `fairwatt.optimizer.optimizer('name')`")
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise UserError(f"seed = {seed!r}: seeds are whole numbers from 0 to 2**32 - 1")
    seed = int(seed)
    if not isinstance(budget, str | Budget):
        raise UserError(f"budget = {budget!r}: expected text like '30 full' or '14.2 kWh'")
    wanted = Budget.parse(budget) if isinstance(budget, str) else budget
    if not isinstance(policy, AccountingPolicy):
        policy = AccountingPolicy.of(policy or {}, resumable=benchmark.resumable)
    tariff = benchmark.tariff()
    amount = wanted.resolve(policy.currency, tariff)
    arm = label or factory.name
    resolved = factory.resolve(settings or {})
    problem = benchmark.problem(seed, initial=initial, objectives=factory.objectives)
    model = model_of(factory, benchmark)
    header = Header(
        space=benchmark.name,
        sampler=benchmark.space.sampler,
        sampler_code=benchmark.space.sampler_code,
        data_sha256=benchmark.data_sha256,
        fidelities=benchmark.fidelities,
        optimizer=factory.name,
        code=factory.code,
        arm=arm,
        settings=resolved,
        kinds=factory.kinds,
        objectives=factory.objectives,
        cycle_full=factory.cycle_full(benchmark.fidelities, resolved),
        seed=seed,
        initial=initial,
        policy=policy.to_json(),
        policy_id=policy.policy_id,
        budget=amount,
        budget_text=str(wanted),
        tariff=tariff.to_json(),
        overhead=model.to_json() if model else None,
    )
    open_ledgers = [
        Ledger(kept, most, tariff, charged_model(kept.overhead, header.overhead, factory.name))
        for kept, most in dict.fromkeys([(policy, amount), *also])
    ]
    stopwatch = stopwatch or Stopwatch()
    with stopwatch:
        search = factory.create(problem, stream("optimizer", benchmark.name, seed, arm), **resolved)
    requests: list[Request] = []
    ended = False
    while open_ledgers:
        try:
            with stopwatch:
                query = search.ask()
        except SearchEnded:
            ended = True
            break
        request = answer(benchmark, problem, plain(query, arm), seed)
        for ledger in open_ledgers:
            ledger.charge("evaluation", request)
        open_ledgers = [ledger for ledger in open_ledgers if ledger.end is None]
        requests.append(request)
        with stopwatch:
            search.tell(request.trial)
        stopwatch.lap()
    recorded = Run(header, (), End.ENDED_EARLY, tuple(requests), ended)
    return price(recorded, policy, amount, header.budget_text)


def model_of(factory: OptimizerFactory, benchmark: Benchmark) -> OverheadModel | None:
    """The frozen model of what an optimizer computes; None for another algorithm under the name of one that ships."""
    if factory.name in OPTIMIZERS.declared and OPTIMIZERS.load(factory.name).code != factory.code:
        return None
    return frozen_model(factory.name, benchmark.pue)


def plain(query: Query, arm: str) -> Query:
    """The query in Python's own numbers, whatever numpy made of them. Raises UserError for what is no query."""
    if not isinstance(query, Query) or not isinstance(query.config, tuple | list):
        raise UserError(f"{arm} asked {query!r}; expected Query(config), with a config of the space")
    config = tuple(value.item() if isinstance(value, np.generic) else value for value in query.config)
    return Query(config, float(query.fidelity))


def answer(benchmark: Benchmark, problem: Problem, query: Query, seed: int) -> Request:
    """The oracle's answer to one query. Raises UserError for a fidelity that the benchmark has not."""
    measured = benchmark.measure(query.config, query.fidelity, seed)
    if math.isnan(measured.val_error) or math.isnan(measured.energy_kwh):
        raise ValueError(f"{benchmark.name} measured NaN for {query}; a diverged training has its chance-level error")
    trial = Trial(
        config=query.config,
        fidelity=query.fidelity,
        val_error=measured.val_error,
        energy_kwh=measured.energy_kwh,
        losses=tuple(objective.value(measured) for objective in problem.objectives),
        status=measured.status,
    )
    if not trial.ok:
        return Request(trial, None, 0, None, measured.seconds, measured.epochs)
    key = benchmark.space.key(query.config)
    replicate = benchmark.replicate(key, query.fidelity, seed)
    return Request(trial, key, replicate, measured.test_error, measured.seconds, measured.epochs)
