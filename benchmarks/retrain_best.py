"""Train what a surrogate of the digits' curves calls best: `python benchmarks/retrain_best.py [FILE.npz] [--best 20]`.

An optimizer ends where the surrogate is most hopeful, so that is where it must be right. The configurations with the
least predicted validation error, none of them trained for the table, are trained twice with the recipe of
`digits-regnet-hpo`, and what came out stands beside the prediction. The same number of random ones are the control.
"""

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from command import Parser, positive, run
from timing import print_table

from fairwatt.errors import UserError
from fairwatt.experiments.config_sweep import SAMPLED, ConfigBundle, ConfigTask
from fairwatt.experiments.curve_data import read_measured_curves
from fairwatt.experiments.miniature import miniature
from fairwatt.experiments.sweep import part_of
from fairwatt.experiments.training import one_quiet_thread
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, curve_surrogate_path
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_grid import grid
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

REPEATS = 2
IMAGES = {"validation": 600, "test": 797}


def main(path: Path, best: int, workers: int) -> None:
    surrogate, data = CurveSurrogate.load(path), read_measured_curves(SAMPLED)
    if surrogate.card.data != SAMPLED:
        raise UserError(f"{path}: learned from {surrogate.card.data}; the recipe here is that of {SAMPLED}")
    keys = np.setdiff1d(np.arange(len(grid(surrogate.card.variant).networks) * HYPERS), data.keys)
    predicted = np.concatenate(surrogate.predict(keys, [1.0]), axis=1)
    top = np.argsort(predicted[:, 0], kind="stable")[:best]
    some = np.random.default_rng(0).choice(len(keys), best, replace=False)
    measured = train(keys[np.unique(np.append(top, some))], workers)
    rows = []
    for name, chosen in ((f"the {best} best of {len(keys):,}", top), (f"{best} at random", some)):
        told, found = predicted[chosen], np.array([measured[key] for key in keys[chosen].tolist()])
        for place, kind in enumerate(IMAGES):
            off = found[:, :, place].mean(axis=1) - told[:, place]
            rows.append(
                (
                    f"{name}, {kind}",
                    f"{told[:, place].mean():.1f} %",
                    f"{found[:, :, place].mean():.1f} %",
                    f"{found[:, :, place].mean(axis=1).min():.1f} %",
                    f"{off.mean():+.1f}",
                    f"{np.sqrt((off**2).mean()):.1f}",
                )
            )
    least = zip(IMAGES, data.examples.last.min(axis=0), strict=True)
    trained = " and ".join(f"{error:.1f} % {kind}" for kind, error in least)
    print_table(
        f"Final errors of {path.name}; means of {REPEATS} trainings; least of the {len(data):,} trainings: {trained}",
        ("configurations", "predicted", "trained", "best of them", "mean difference", "RMSE"),
        rows,
    )


def train(keys: np.ndarray, workers: int) -> dict[int, np.ndarray]:
    """[REPEATS, 2] final validation and test errors in percent, by key."""
    space, groups = RegnetHpoSpace(), defaultdict(list)
    for config in map(space.config, keys.tolist()):
        groups[miniature(space.training(config)).stages].append(config)
    bundles = [
        ConfigBundle(f"best{repeat}-{number}", tuple(ConfigTask(config, repeat) for config in configs))
        for repeat in range(REPEATS)
        for number, configs in enumerate(groups.values())
    ]
    found = {key: np.zeros((REPEATS, len(IMAGES))) for key in keys.tolist()}
    with ProcessPoolExecutor(workers, get_context("spawn"), one_quiet_thread) as pool:
        for bundle, part in zip(bundles, pool.map(part_of, bundles), strict=True):
            for task, result in zip(bundle.tasks, part["results"], strict=True):
                errors = [100 * (1 - result[kind][-1] / images) for kind, images in IMAGES.items()]
                found[space.key(task.config)][task.repeat] = errors
    return found


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=curve_surrogate_path(SAMPLED))
    parser.add_argument("--best", type=positive, default=20)
    parser.add_argument("--workers", type=positive, default=4)
    chosen = parser.parse_args()
    run(lambda: main(chosen.file, chosen.best, chosen.workers))
