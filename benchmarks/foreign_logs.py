"""Histories that other tools write themselves: `python benchmarks/foreign_logs.py FOLDER`. Nothing is asserted.

SMAC's own façade and Optuna's samplers search `digits-cells-5v` in plain loops, without anything of fairwatt's but the
table's answers: no runner, no ledger, no shared initial design. Each keeps its history where it keeps it: SMAC in
FOLDER/smac/digits-cells-5v/SEED/runhistory.json, Optuna in FOLDER/optuna.db. `fairwatt audit FOLDER/smac
FOLDER/optuna.db` then reads both as anybody's.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import logging
import warnings
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from command import Parser, positive, run

import fairwatt
from fairwatt.errors import MissingExtraError, UserError

SPACE = "digits-cells-5v"
USUAL_SEEDS = 20
USUAL_TRIALS = 60


class NoNetworkError(Exception):
    """The configuration is none of the table's cells."""


def training(config: tuple[Any, ...], seed: int) -> tuple[float, dict[str, Any]]:
    """Validation error of a full training, and what else its user would write down. Raises NoNetworkError."""
    benchmark = fairwatt.make_benchmark(SPACE)
    if not benchmark.space.is_valid(config):
        raise NoNetworkError(str(config))
    measured = benchmark.measure(config, 1.0, seed)
    notes = {"test_error": measured.test_error, "energy_kwh": measured.energy_kwh, "seconds": measured.seconds}
    return measured.val_error, notes | {"network": str(benchmark.space.key(config))}


def search_by_smac(seed: int, trials: int, folder: Path) -> None:
    """One search by SMAC's façade for hyperparameters, at its defaults; a crash costs what chance would."""
    from smac import HyperparameterOptimizationFacade, Scenario

    warnings.simplefilter("ignore")
    space = fairwatt.make_benchmark(SPACE).space

    def target(config: Any, seed: int = 0) -> tuple[float, dict[str, Any]]:
        return training(space.from_configspace(config), run_seed)

    run_seed = seed
    scenario = Scenario(
        space.configspace(),
        name=SPACE,
        output_directory=folder / "smac",
        deterministic=True,
        n_trials=trials,
        seed=seed,
        crash_cost=1.0,  # the default, infinity, breaks its own forest
    )
    silent = logging.CRITICAL + 1
    HyperparameterOptimizationFacade(scenario, target, logging_level=silent, overwrite=True).optimize()


def search_by_optuna(method: str, seed: int, trials: int, folder: Path) -> None:
    """One study in the common storage, by Optuna's sampler of that name at its defaults."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    space = fairwatt.make_benchmark(SPACE).space
    samplers: Mapping[str, Callable[..., Any]] = {
        "random": optuna.samplers.RandomSampler,
        "tpe": optuna.samplers.TPESampler,
    }

    def objective(trial: Any) -> float:
        config = tuple(
            trial.suggest_int(dim.name, min(dim.values), max(dim.values))
            if dim.ordered
            else trial.suggest_categorical(dim.name, dim.values)
            for dim in space.dims
        )
        error, notes = training(config, seed)
        for name, value in notes.items():
            trial.set_user_attr(name, value)
        return error

    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        study_name=f"{method}-seed{seed}",
        sampler=samplers[method](seed=seed),
    )
    for name, value in {"space": SPACE, "method": method, "seed": seed}.items():
        study.set_user_attr(name, value)
    study.optimize(objective, n_trials=trials, catch=(NoNetworkError,))


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    parser.add_argument("--seeds", type=positive, default=USUAL_SEEDS)
    parser.add_argument("--trials", type=positive, default=USUAL_TRIALS, help="of each search")
    parser.add_argument("--workers", type=positive, default=1, help="processes, for SMAC")
    given = parser.parse_args()
    for package in ("smac", "optuna"):
        try:
            __import__(package)
        except ImportError:
            raise MissingExtraError("this script", package, "all") from None
    if given.folder.exists():
        raise UserError(f"{given.folder} is there already; name a new folder")
    given.folder.mkdir(parents=True)
    for method in ("random", "tpe"):
        for seed in range(given.seeds):
            search_by_optuna(method, seed, given.trials, given.folder)
        print(f"Optuna, {method}: {given.seeds} x {given.trials} trials in {given.folder / 'optuna.db'}", flush=True)
    with get_context("spawn").Pool(given.workers) as pool:
        pool.starmap(search_by_smac, [(seed, given.trials, given.folder) for seed in range(given.seeds)], chunksize=1)
    print(f"SMAC: {given.seeds} x {given.trials} trials in {given.folder / 'smac'}")


if __name__ == "__main__":
    run(main)
