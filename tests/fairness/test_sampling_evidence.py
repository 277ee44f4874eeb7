"""What the audit says of proposals: a sampler that is not the declared one is seen in random search's draws."""

from dataclasses import replace

import numpy as np
from audited import BUDGET, evidence, results, small
from synthetic import world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books
from fairwatt.fairness.sampling_evidence import UNLIKELY, _chi_square, sampling
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
