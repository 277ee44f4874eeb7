"""What the audit says of proposals: a sampler that is not the declared one is seen in random search's draws."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from audited import BUDGET, evidence, results, small
from synthetic import world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.sampling_evidence import UNLIKELY, _bests, _chi_square, _drawn, sampling
from fairwatt.fairness.threats import State

RUNS = small()


def test_draws_that_are_not_the_samplers() -> None:
    state, told = sampling(evidence(results(RUNS, BUDGET)))
    assert state is State.PASS
    assert f"sampler 'uniform' (source {RUNS[0].header.sampler_code[:8]})" in told
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


def test_the_test_of_draws_keeps_its_level() -> None:
    """Under a declared sampler that prefers some networks: its own draws, and uniform ones."""
    energies = world(300).reference.energy_kwh
    weights = np.random.default_rng(0).dirichlet(np.ones(300))
    rng = np.random.default_rng(1)
    level: dict[str, list[float]] = {"own": [], "uniform": []}
    for _ in range(40):
        for name, p in (("own", weights), ("uniform", None)):
            keys = rng.choice(300, size=400, p=p)
            level[name].append(_chi_square(np.bincount(keys, minlength=300), weights, energies)[0])
    assert sum(p < 0.05 for p in level["own"]) <= 6  # P(more | level .05) = .003
    assert sum(p < UNLIKELY for p in level["uniform"]) >= 33
    assert _chi_square(np.bincount([7], minlength=300), np.where(np.arange(300) == 7, 0, weights), energies)[0] == 0


def _audited(own: Callable[[int], list[int]], *, seeds: int = 20, networks: int = 2000) -> tuple[State, str]:
    """T3 of a study of random search that asks these networks under each seed."""
    made = world(networks)
    runs = [
        made.record([made.ask(key) for key in own(seed)], "rs", seed, budget=BUDGET, initial=0) for seed in range(seeds)
    ]
    comparison = Comparison(runs, made.reference, Protocol(budgets=(BUDGET,)), sensitivity=False)
    return sampling(Evidence(results(runs, BUDGET), [comparison]))


def test_random_search_whose_good_draws_were_left_out() -> None:
    """Everybody wins over it. Few are enough, so that no group of draws shows it."""
    reference = world(2000).reference
    good = reference.val_error < np.quantile(reference.val_error, 0.08)

    def drawn(seed: int, left_out: bool) -> list[int]:
        keys = np.random.default_rng(seed).integers(2000, size=40)
        return keys[~(good[keys] & left_out)].tolist()

    assert _audited(lambda seed: drawn(seed, False))[0] is State.PASS
    state, told = _audited(lambda seed: drawn(seed, True))
    assert state is State.FAIL
    assert "at 14 full the best of rs's draws are worse than those of the declared sampler" in told


def test_random_search_that_knows_where_to_look() -> None:
    """One draw of 26 is of the best hundredth: a competitor hardly wins over it."""
    best = np.argsort(world(2000).reference.val_error)[:20]

    def drawn(seed: int) -> list[int]:
        rng = np.random.default_rng(seed)
        return [*rng.integers(2000, size=5).tolist(), int(rng.choice(best)), *rng.integers(2000, size=20).tolist()]

    state, told = _audited(drawn)
    assert (state, "the best of rs's draws are better" in told) == (State.FAIL, True)


def test_draws_that_were_left_out_are_seen_in_groups_of_like_error() -> None:
    rng = np.random.default_rng(2)
    made = world(300)
    keys = rng.integers(300, size=6000)
    errors, energies = made.reference.val_error, made.reference.energy_kwh
    kept = keys[~((errors[keys] < np.quantile(errors, 0.1)) & (rng.random(6000) < 0.5))]
    weights, drawn = np.full(300, 1 / 300), np.bincount(kept, minlength=300)
    assert _chi_square(drawn, weights, energies)[0] > UNLIKELY
    assert _chi_square(drawn, weights, errors)[0] < UNLIKELY


def test_the_test_of_the_best_keeps_its_level() -> None:
    """The worst of a hundred honest studies; a space of repeats that a search sees differently."""
    made = world(500)
    noise = np.random.default_rng(4).normal(0, 0.05, size=(500, 3))
    seen = made.reference.val_error[:, None] + noise
    reference = replace(made.reference, replicates=3, val_repeats=seen)
    rng, worst = np.random.default_rng(5), []
    for _ in range(50):
        runs = []
        for seed in range(10):
            asked = [made.ask(key) for key in rng.integers(500, size=40).tolist()]
            errors = [float(seen[request.key, rng.integers(3)]) for request in asked]  # type: ignore[index]
            requests = [
                replace(request, trial=replace(request.trial, val_error=error, losses=(error,)))
                for request, error in zip(asked, errors, strict=True)
            ]
            runs.append(made.record(requests, "rs", seed, budget="30 full", initial=0))
        comparison = Comparison(runs, reference, Protocol(budgets=("30 full",)), sensitivity=False)
        worst += [test.p for test in _bests(Evidence(results(runs, "30 full"), [comparison]), comparison)]
    assert len(worst) == 100
    assert min(worst) > UNLIKELY / 10
    assert sum(p < 0.05 for p in worst) <= 11
