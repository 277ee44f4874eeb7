"""One search: ask, measure, charge, tell, record."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy, Ledger, price
from fairwatt.optimizer import OptimizerFactory, SearchEnded
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
    policy: AccountingPolicy | None = None,
    label: str | None = None,
    initial: int = 3,
    also: Sequence[Book] = (),
) -> Run:
    """Run one search and keep its books.

    benchmark: a registered name, or what `make_benchmark` made. optimizer: a registered name or a factory. budget: such
    as "30 full" (full trainings at mean cost) or "14.2 kWh". policy: the benchmark's default where None. label: the
    arm's name, which keys its random stream; the optimizer's name where None. also: further (policy, budget) pairs;
    recording goes on until their accounts have closed too, so that the run can be priced under each of them later.

    Raises UserError for unknown names and settings, and for an optimizer that asks for a fidelity there is not.
    """
    benchmark = make_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    factory = OPTIMIZERS.load(optimizer) if isinstance(optimizer, str) else optimizer
    if not isinstance(factory, OptimizerFactory):
        raise UserError(f"{optimizer!r} is not an optimizer: decorate it with `fairwatt.optimizer.optimizer('name')`")
    if seed < 0:
        raise UserError(f"seed = {seed}: seeds count from 0")
    wanted = Budget.parse(budget) if isinstance(budget, str) else budget
    policy = policy or AccountingPolicy.of({}, resumable=benchmark.resumable)
    tariff = benchmark.tariff()
    amount = wanted.resolve(policy.currency, tariff)
    arm = label or factory.name
    resolved = factory.resolve(settings or {})
    problem = benchmark.problem(seed, initial=initial, objectives=factory.objectives)
    header = Header(
        space=benchmark.name,
        sampler=benchmark.space.sampler,
        data_sha256=benchmark.data_sha256,
        fidelities=benchmark.fidelities,
        optimizer=factory.name,
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
    )
    ledgers = [Ledger(*book, tariff) for book in [(policy, amount), *also]]
    search = factory.create(problem, stream("optimizer", benchmark.name, seed, arm), **resolved)
    requests: list[Request] = []
    ended = False
    while any(ledger.end is None for ledger in ledgers):
        try:
            query = search.ask()
        except SearchEnded:
            ended = True
            break
        request = answer(benchmark, problem, query, seed)
        for ledger in ledgers:
            if ledger.end is None:
                ledger.charge("evaluation", request)
        requests.append(request)
        search.tell(request.trial)
    recorded = Run(header, (), End.ENDED_EARLY, tuple(requests), ended)
    return price(recorded, policy, amount, header.budget_text)


def answer(benchmark: Benchmark, problem: Problem, query: Query, seed: int) -> Request:
    """The oracle's answer to one query. Raises UserError for a fidelity that the benchmark has not."""
    measured = benchmark.measure(query.config, query.fidelity, seed)
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
