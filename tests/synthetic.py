"""An invented space of independent networks, and searches of it: what the analysis tests are about."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from fairwatt.budget import Budget
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Reference, Tariff
from fairwatt.records import INVALID_MEASUREMENT, Cost, End, Header, Request, Run, Status, Trial
from fairwatt.streams import stream

EPOCHS = 27
FIDELITIES = (1 / 9, 1.0)
INVALID = -1


@dataclass(frozen=True)
class World:
    """A reference, and the answers to every question: [key, fidelity] -> Request."""

    reference: Reference
    answers: dict[tuple[int, float], Request]

    def ask(self, key: int, fidelity: float = 1.0) -> Request:
        return self.answers[key, fidelity]

    def record(
        self,
        asked: Iterable[Request],
        arm: str,
        seed: int,
        *,
        budget: str = "30 full",
        kinds: tuple[str, ...] = ("single",),
        ended: bool = False,
        policy: AccountingPolicy | None = None,
        **header: Any,
    ) -> Run:
        """A run with this stream; its rows are left out, since analysis prices the stream itself."""
        policy = policy or AccountingPolicy()
        settings, policy_id = _stated(policy)
        tariff = self.reference.tariff
        made = Header(
            space=self.reference.name,
            sampler="uniform",
            data_sha256=self.reference.data_sha256,
            fidelities=FIDELITIES,
            optimizer="rs",
            code="",
            arm=arm,
            settings={},
            kinds=kinds,
            objectives=("val_error",),
            cycle_full=0.0,
            seed=seed,
            initial=3,
            policy=settings,
            policy_id=policy_id,
            budget=Budget.parse(budget).resolve(policy.currency, tariff),
            budget_text=budget,
            tariff=tariff.to_json(),
        )
        return Run(replace(made, **header), (), End.ENDED_EARLY, tuple(asked), ended)

    def random_search(self, arm: str, seed: int, trainings: int, *, initial: int = 3, **options: Any) -> Run:
        """Uniform with replacement: a design shared under one seed, then draws that the arm's label keys."""
        count = len(self.reference.keys)
        shared = stream("initial", self.reference.name, seed).integers(count, size=initial)
        own = stream("optimizer", self.reference.name, seed, arm).integers(count, size=trainings - initial)
        keys = np.concatenate([shared, own]).tolist()
        return self.record([self.answers[key, 1.0] for key in keys], arm, seed, **options)


@lru_cache
def _stated(policy: AccountingPolicy) -> tuple[dict[str, Any], str]:
    return policy.to_json(), policy.policy_id


def world(networks: int = 400, *, name: str = "synthetic", trade_off: float = 0.0, spread: float = 0.2) -> World:
    """Independent networks; with `trade_off` 1 the better ones take more energy."""
    rng = np.random.default_rng(networks)
    good = rng.random(networks)
    val_error = 0.1 + 0.5 * good
    test_error = val_error + 0.001 * rng.standard_normal(networks)
    other = rng.random(networks)
    energy_kwh = 0.02 * (1 + spread * (trade_off * (1 - good) + (1 - trade_off) * other))
    seconds = energy_kwh * 1e4 * rng.uniform(0.9, 1.1, networks)
    answers = {}
    for key in range(networks):
        for fidelity in FIDELITIES:
            error = float(val_error[key] + 0.2 * (1 - fidelity))
            trial = Trial((key,), fidelity, error, float(energy_kwh[key]) * fidelity, (error,), Status.OK)
            answers[key, fidelity] = Request(
                trial, key, 0, float(test_error[key]), float(seconds[key]) * fidelity, EPOCHS * fidelity
            )
    impossible = Trial((INVALID,), 1.0, np.inf, np.inf, (np.inf,), Status.INVALID)
    answers[INVALID, 1.0] = Request(impossible, None, 0, None, INVALID_MEASUREMENT.seconds, 0.0)
    full = Cost.of(float(energy_kwh.mean()), float(seconds.mean()), EPOCHS)
    tariff = Tariff(
        cheapest=Cost.of(float(energy_kwh.min()) / 9, float(seconds.min()) / 9, EPOCHS / 9),
        first=Cost.of(float(energy_kwh.mean()) / 9, float(seconds.mean()) / 9, EPOCHS / 9),
        full=full,
        exhaustive=Cost(*(part * networks for part in full)),
    )
    reference = Reference(
        name=name,
        data_sha256="invented",
        has_test=True,
        replicates=1,
        resumable=False,
        fidelities=FIDELITIES,
        tariff=tariff,
        keys=tuple(range(networks)),
        val_error=val_error,
        test_error=test_error,
        energy_kwh=energy_kwh,
        seconds=seconds,
        params=np.full(networks, np.nan),
        energy_label="invented",
        notes=(),
    )
    return World(reference, answers)
