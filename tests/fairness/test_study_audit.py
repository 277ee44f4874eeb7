"""Known answer 18: six faults of the references, put back in, are flagged; an untouched study passes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from audited import compared, record, results

from fairwatt.analysis import accounts, trajectories
from fairwatt.analysis.truth import Truth
from fairwatt.experiments import runner
from fairwatt.fairness.study_audit import fairness_audit
from fairwatt.fairness.threats import THREATS, State
from fairwatt.ledger import Ledger
from fairwatt.records import NO_COST, Charge, Cost, Request, Run, Status, Trial
from fairwatt.standing import Standing

SMALL = "14 full"


def _audit(runs: Sequence[Run], budget: str = SMALL) -> dict[int, tuple[State, str]]:
    study = results(runs, budget)
    findings = fairness_audit(study, compared(study))
    assert [finding.threat for finding in findings] == list(THREATS)
    return {finding.threat.number: (finding.state, finding.evidence) for finding in findings}


@pytest.mark.slow
def test_an_untouched_study_passes() -> None:
    runs = record("30 full", range(20), long=True)
    study = results(runs, "30 full")
    findings = {f.threat.number: f for f in fairness_audit(study, compared(study, judged=True))}
    not_told = {number for number, finding in findings.items() if finding.state is State.NOT_TOLD}
    assert not_told <= {25}  # the energies of an invented table
    assert {finding.state for number, finding in findings.items() if number not in not_told} == {State.PASS}
    assert "60 searches" in findings[1].evidence
    assert "under duplicates=charged" in findings[5].evidence


def test_a_small_study_fails_by_its_size_alone() -> None:
    found = _audit(record(SMALL, range(3)))
    assert {number for number, (state, _) in found.items() if state is State.FAIL} == {11, 12, 20}
    assert "hb has 3 seeds in common with rs, fewer than 20" in found[11][1]
    assert "14 full is less than one cycle of hb's brackets" in found[20][1]


# -- the six faults, each put back where it was: into the oracle, the ledger, or the analysis

Patch = pytest.MonkeyPatch
_answer, _price, _settle = runner.answer, Ledger._price, Ledger._settle
_archives, _incumbents = trajectories.archives, trajectories.incumbents


def _impossible_takes_no_energy(patch: Patch) -> None:
    """T4. EC-NAS's `bad_return`: accuracy 0 and energy 0."""

    def answer(*asked: object) -> Request:
        request = _answer(*asked)  # type: ignore[arg-type]
        if request.key is not None:
            return request
        told = request.trial
        losses = (1.0, 0.0)[: len(told.losses)]
        return Request(Trial(told.config, told.fidelity, 1.0, 0.0, losses, Status.OK), None, 0, None, 0.0, 0.0)

    patch.setattr(runner, "answer", answer)


def _fronts_mix_lengths(patch: Patch) -> None:
    """T6. A 36-epoch training beside 108-epoch ones, three times greener by nothing but its length."""

    def archives(requests: Sequence[Request], truth: Truth) -> object:
        return _archives([replace(r, trial=replace(r.trial, fidelity=1.0)) for r in requests], truth)

    patch.setattr(trajectories, "archives", archives)


def _selection_on_test(patch: Patch) -> None:
    """T9. `__lt__` compares test accuracies."""

    def incumbents(requests: Sequence[Request], truth: Truth) -> object:
        swapped = [replace(r, trial=replace(r.trial, val_error=r.test_error or np.inf)) for r in requests]
        return _incumbents(swapped, truth)

    patch.setattr(trajectories, "incumbents", incumbents)


def _test_errors_are_told(patch: Patch) -> None:
    """T9, the other way: the optimizer itself is told test errors."""

    def answer(*asked: object) -> Request:
        request = _answer(*asked)  # type: ignore[arg-type]
        if request.test_error is None:
            return request
        return replace(request, trial=replace(request.trial, losses=(request.test_error, *request.trial.losses[1:])))

    patch.setattr(runner, "answer", answer)


def _noise_is_drawn_again(patch: Patch) -> None:
    """T10. Each query of a network draws another repeat of its training."""
    calls = count()

    def answer(benchmark, problem, query, seed):  # type: ignore[no-untyped-def]
        return _answer(benchmark, problem, query, seed + 1000 * next(calls))

    patch.setattr(runner, "answer", answer)


def _comparisons_charge_again(patch: Patch) -> None:
    """T10, the other half: a cache that never holds what is asked."""

    def price(ledger: Ledger, request: Request, standing: Standing) -> tuple[Charge, Cost]:
        charge, cost = _price(ledger, request, standing)
        return (Charge.NEW, request.cost) if charge is Charge.CACHED else (charge, cost)

    patch.setattr(Ledger, "_price", price)


def _some_are_never_charged(patch: Patch) -> None:
    """T16. A restart asks the benchmark, and the history that is billed does not hold it."""

    def price(ledger: Ledger, request: Request, standing: Standing) -> tuple[Charge, Cost]:
        charge, cost = _price(ledger, request, standing)
        return charge, NO_COST if hash(request.key) % 20 == 7 else cost

    patch.setattr(Ledger, "_price", price)


def _budgets_overshoot(patch: Patch) -> None:
    """T17. `spent > budget` is tested after charging."""

    def settle(ledger: Ledger, charge: Charge, cost: Cost, overhead: Cost = NO_COST) -> object:
        policy, ledger.policy = ledger.policy, replace(ledger.policy, exhaustion="overshoot")
        entry = _settle(ledger, charge, cost, overhead)
        ledger.policy = policy
        return entry

    patch.setattr(Ledger, "_settle", settle)


def _analysis_overshoots(patch: Patch) -> None:
    """T17, where a recording is closed again: one answer too many."""
    close = accounts.Account.close

    def generous(account: accounts.Account, *asked: object) -> accounts.Closing:
        closing = close(account, *asked)  # type: ignore[arg-type]
        return closing._replace(credited=closing.credited + 1)

    patch.setattr(accounts.Account, "close", generous)


@pytest.mark.parametrize(
    ("threat", "inject", "others"),
    [
        (4, _impossible_takes_no_energy, set()),
        (6, _fronts_mix_lengths, set()),
        (9, _selection_on_test, set()),
        (9, _test_errors_are_told, set()),
        (10, _noise_is_drawn_again, set()),
        (10, _comparisons_charge_again, {5, 17}),  # repeats have another rule, and accounts close earlier
        (16, _some_are_never_charged, {7, 15, 17}),  # also of the initial design, and longer trainings
        (17, _budgets_overshoot, set()),
        (17, _analysis_overshoots, set()),
    ],
)
def test_known_answer_18_a_fault_put_back_is_flagged(
    monkeypatch: pytest.MonkeyPatch, threat: int, inject: Callable[[Patch], None], others: set[int]
) -> None:
    inject(monkeypatch)
    found = _audit(record(SMALL, range(3)))
    flagged = {number for number, (state, _) in found.items() if state is State.FAIL} - {11, 12, 20}
    assert flagged == {threat} | others
    assert "seed" in found[threat][1]
