"""What the audit says of proposals: a sampler that is not the declared one is seen in random search's draws."""

from dataclasses import replace

import numpy as np
from audited import BUDGET, evidence, results, small
from synthetic import world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books
from fairwatt.fairness.sampling_evidence import UNLIKELY, _chi_square, _drawn, sampling
from fairwatt.fairness.threats import State

RUNS = small()


def test_draws_that_are_not_the_samplers() -> None:
    assert sampling(evidence(results(RUNS, BUDGET)))[0] is State.PASS
    drawn = [request.trial.energy_kwh for run in RUNS if run.header.arm == "rs" for request in run.requests]
    cheap = float(np.median(drawn))
    biased = tuple(
        replace(run, requests=tuple(r for r in run.requests if r.trial.energy_kwh < cheap), ended=True)
        if run.header.arm == "rs"
        else run
        for run in RUNS
    )
    nobody = tuple(replace(run, header=replace(run.header, optimizer="re")) for run in RUNS)
    state, told = sampling(evidence(results(biased, BUDGET)))
    assert state is State.FAIL
    assert told.startswith("toy-cells: the proposals of random search are not those of the declared sampler")
    assert sampling(evidence(results(nobody, BUDGET)))[0] is State.NOT_TOLD


def test_draws_of_a_sampler_without_declared_probabilities() -> None:
    raw = tuple(replace(run, header=replace(run.header, sampler="raw")) for run in RUNS)
    state, told = sampling(evidence(results(raw, BUDGET)))
    assert (state, "is not known of toy-cells (raw)." in told) == (State.NOT_TOLD, True)
    reference = results(RUNS, BUDGET).references["toy-cells"]
    equal = replace(reference, probabilities=np.full(len(reference.keys), 1 / len(reference.keys)))
    assert sampling(evidence(results(raw, BUDGET, references={"toy-cells": equal})))[0] is State.PASS


def test_a_design_that_arms_share_is_one_draw() -> None:
    """Of twenty arms of random search under one seed; an arm that ends within the design adds nothing of it."""
    synthetic = world(300)
    runs = [synthetic.random_search(f"rs{arm}", 0, 20, ended=True) for arm in range(20)]
    runs.append(synthetic.record(runs[0].requests[:2], "ended", 0, ended=True))
    books = [Books(run) for run in runs]
    requests = list(_drawn(books))
    assert len(requests) == 3 + 20 * 17
    assert requests[:20] == list(runs[0].requests)
    assert list(_drawn(books[::-1]))[:5] == [*runs[0].requests[:2], *runs[-2].requests[2:5]]
    assert len(list(_drawn(books[::-1]))) == len(list(_drawn([books[0], books[-1], *books[1:-1]]))) == len(requests)
    comparison = Comparison(runs, synthetic.reference, Protocol("rs0", ("30 full",)), sensitivity=False)
    assert _chi_square(comparison, books)[1] == len(requests)


def test_the_test_of_draws_keeps_its_level() -> None:
    """Under a declared sampler that prefers some networks: its own draws, and uniform ones."""
    synthetic = world(300)
    weights = np.random.default_rng(0).dirichlet(np.ones(300))
    reference = replace(synthetic.reference, probabilities=weights)
    rng = np.random.default_rng(1)
    level: dict[str, list[float]] = {"own": [], "uniform": []}
    for _ in range(40):
        for name, p in (("own", weights), ("uniform", None)):
            keys = rng.choice(300, size=400, p=p).tolist()
            run = synthetic.record([synthetic.ask(key) for key in keys], "rs", 0, budget="20 full")
            comparison = Comparison([run], reference, Protocol(budgets=("20 full",)), sensitivity=False)
            level[name].append(_chi_square(comparison, [Books(run)])[0])
    assert sum(p < 0.05 for p in level["own"]) <= 6  # P(more | level .05) = .003
    assert sum(p < UNLIKELY for p in level["uniform"]) >= 33
