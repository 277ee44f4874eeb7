"""Ordinary logs: the same searches as different people write them down."""

import numpy as np
import pandas as pd
from small_tables import SAME, SEARCH, Base, Change, both, brackets, called, curves, nested, searches


def unique(frame: pd.DataFrame) -> list[str]:
    return [f"{37 * row % 1009:04x}" for row in range(len(frame))]


ORDINARY: dict[str, tuple[Base, Change, str]] = {
    "wide": (searches, SAME, "charged time in s"),
    "wide with pandas's own column": (searches, lambda f: f.rename_axis("Unnamed: 0").reset_index(), "order .* trial"),
    "one seed": (searches, lambda f: f[f["seed"] == 0].drop(columns="seed"), "charged time"),
    "percent": (searches, nested(val_acc=lambda f: 100 * f["val_acc"]), "accuracy in percent"),
    "no cost": (searches, called(time=""), "counts as one evaluation"),
    "timestamps": (
        searches,
        both(nested(timestamp=lambda f: 1.7e9 + 60 * np.arange(len(f))), called(trial="")),
        "order of requests is that of timestamp",
    ),
    "start and end": (
        searches,
        both(
            nested(start_time=lambda f: 1.7e9 + 100 * np.arange(len(f))),
            nested(end_time=lambda f: f["start_time"] + f["time"]),
            called(time="duration"),
        ),
        "charged duration",
    ),
    "Keras": (
        searches,
        both(called(val_acc="val_accuracy"), nested(loss=0.1, accuracy=0.9, val_loss=0.2)),
        "1-val_acc",
    ),
    "elapsed": (
        searches,
        both(nested(elapsed_time=lambda f: f.groupby(SEARCH)["time"].cumsum()), called(time="")),
        "elapsed_time in s: a running total by its name",
    ),
    "hours": (searches, called(time="gpu_hours"), "gpu_hours in h"),
    "energy and time": (searches, nested(energy_kwh=lambda f: f["time"] / 1e3), "not used: time;"),
    "energy, time, and a setting like a price": (
        searches,
        nested(energy_kwh=lambda f: f["time"] / 1e3, price_h=lambda f: f["width"]),
        "not used: time;",
    ),
    "failures": (
        searches,
        nested(
            status=lambda f: np.where(f.index % 7, "ok", "crashed"),
            val_acc=lambda f: f["val_acc"].where(f.index % 7 > 0),
        ),
        "11 of 72 requests failed",
    ),
    "hyperparameters by prefix": (searches, called(lr="hp_lr", width="hp_width"), r"config=hp_lr\+hp_width"),
    "hyperparameters by Ray's prefix": (searches, called(lr="config/lr", width="config/width"), 'config="config/lr"'),
    "hyperparameters by two prefixes": (
        searches,
        called(lr="hyperparameter_lr", width="hparams/width"),
        r'config=hyperparameter_lr\+"hparams/width"',
    ),
    "configuration as JSON": (
        searches,
        nested(config=lambda f: [f'{{"lr": {lr}}}' for lr in f["lr"]]),
        "config=config",
    ),
    "a space and a data set": (searches, nested(task="nas", dataset="cifar10"), r"space=task\+dataset"),
    "rounds": (searches, both(nested(generation=lambda f: f["trial"] // 4), called(trial="")), "that of generation"),
    "a constant length": (searches, nested(epochs=50), "fidelity=epochs"),
    "W&B": (
        searches,
        both(
            nested(Name=unique, State="finished", optimizer="adam", epoch=50, _runtime=lambda f: f["time"]),
            nested(_timestamp=lambda f: 1.7e9 + np.arange(len(f))),
            called(method="algorithm", time="Runtime", trial=""),
        ),
        "charged Runtime in s",
    ),
    "Ray's table of results": (
        searches,
        both(
            nested(training_iteration=10, time_this_iter_s=lambda f: f["time"] / 10, trial_id=unique),
            called(method="searcher", time="time_total_s", trial=""),
        ),
        "time_total_s in s",
    ),
    "a search method": (searches, called(method="search_method"), "method=search_method"),
    "an optimizer of each kind": (
        searches,
        both(called(method="optimizer_name"), nested(optimizer=lambda f: np.where(f["trial"] % 2, "radam", "lars"))),
        "method=optimizer_name",
    ),
    "a training's own run beside the seed": (searches, nested(run=lambda f: np.arange(len(f))), "seed=seed"),
    "top-1 as acc1": (searches, called(val_acc="valid_acc1"), "1-valid_acc1"),
    "perplexity": (searches, called(val_acc="val_ppl"), "lower is better"),
    "successive halving of rates": (brackets, SAME, "fidelity=epochs"),
    "one bracket of rates": (lambda: brackets(rounds=1), SAME, "fidelity=epochs"),
    "successive halving of networks": (brackets, called(lr="arch"), "config=arch"),
    "learning curves": (curves, called(time_total=""), "fidelity=epoch"),
    "learning curves, trial_index": (
        curves,
        called(time_total="", trial="trial_index"),
        "trial_index: each comes back",
    ),
    "learning curves, Ray": (
        curves,
        called(time_total="", trial="trial_id", epoch="training_iteration"),
        "fidelity=training_iteration",
    ),
    "a running time": (searches, called(time="running_time"), r"charged running_time in s\."),
    "an architecture's number": (
        searches,
        both(nested(index=lambda f: 7919 * (1 + f.index) % 15625), called(trial="")),
        "index: with gaps",
    ),
    "noisy repeats of networks": (
        lambda: searches(40),
        both(nested(arch=lambda f: [f"a{row % 5}" for row in range(len(f))]), called(lr="", width="")),
        "config=arch",
    ),
    "seconds of a training": (searches, called(time="train_s"), r"charged train_s in s\."),
    "seconds beside a setting": (searches, called(time="t_sec"), r"charged t_sec in s\..*config=lr\+width\""),
    "a name that ends in a unit": (
        searches,
        called(time="fit_h"),
        r"if one of them is the cost: --columns .cost=fit_h",
    ),
    "a hit rate": (
        searches,
        both(nested(**{"hr": lambda f: f["val_acc"] / 2, "val_hr@10": lambda f: f["val_acc"] / 3}), called(time="")),
        r"counts as one evaluation\. .*config=lr\+width\"",
    ),
    "hyperparameters in units of time and energy": (
        searches,
        both(
            nested(
                time_mask=lambda f: f["width"], lookback_hours=lambda f: f["width"], energy_weight=lambda f: f["lr"]
            ),
            called(time="train_time"),
        ),
        r"charged train_time in s\..*config=lr\+width\+time_mask\+lookback_hours\+energy_weight\"",
    ),
    "hyperparameters in units of time, and no cost": (
        searches,
        both(nested(time_steps=lambda f: f["width"], window_sec=lambda f: f["width"]), called(time="")),
        r"counts as one evaluation\. .*config=lr\+width\+time_steps\+window_sec\"",
    ),
    "hyperparameters that end in a unit": (
        searches,
        nested(dim_h=lambda f: f["width"], kernel_s=lambda f: f["width"] + 1, max_h=lambda f: f["width"] + 2),
        r"config=lr\+width\+dim_h\+kernel_s\+max_h\"",
    ),
    "CodeCarbon": (
        searches,
        nested(
            cpu_energy=lambda f: f["time"] / 1e4,
            gpu_energy=lambda f: f["time"] / 1e3,
            energy_consumed=lambda f: f["time"] / 900,
        ),
        "charged energy_consumed",
    ),
    "a clock beside a duration": (
        searches,
        both(nested(wall_clock=lambda f: 1.7e9 + f["time"].cumsum()), called(time="train_time")),
        r"cost=train_time, .*charged train_time in s\.",
    ),
    "times of a calendar, and no cost": (
        searches,
        both(
            nested(book_time=lambda f: pd.Timestamp("2024-01-01") + pd.to_timedelta(f["time"].cumsum(), unit="s")),
            called(time=""),
        ),
        r"counts as one evaluation\. ",
    ),
    "MLflow's durations": (
        searches,
        nested(time=lambda f: [f"{each / 60:.1f}min" for each in f["time"]]),
        r"charged time in s\.",
    ),
    "time of each epoch, by rows": (
        curves,
        called(time="epoch_time", time_total=""),
        r"charged epoch_time in s\.",
    ),
    "W&B without a time": (
        searches,
        both(nested(State="finished", _step=9), called(time="Runtime", trial="")),
        "W&B lists the newest run first",
    ),
    "totals of searches that failed at once": (
        searches,
        both(
            nested(
                elapsed=lambda f: f["time"].where(f["seed"] > 0, 0.001).groupby([f["method"], f["seed"]]).cumsum(),
                val_acc=lambda f: f["val_acc"].where(f["seed"] > 0),
            ),
            called(time=""),
        ),
        "a running total by its name",
    ),
    "hours in an object": (searches, called(time="info.hours"), r"charged info\.hours in h\."),
    "hours, short": (searches, called(time="hrs"), r"charged hrs in h\."),
    "an hour of the day": (searches, nested(day=3, hour=lambda f: f.index % 24), r"charged time in s\."),
    "durations of pandas": (
        searches,
        both(nested(duration=lambda f: pd.to_timedelta(f["time"], unit="s")), called(time="")),
        r"charged duration in s\.",
    ),
    "totals of trainings that report each epoch": (
        curves,
        both(called(time=""), called(time_total="time")),
        "a running total of each, by trial",
    ),
    "a state of 1.0": (
        searches,
        nested(success=lambda f: np.where(f.index % 7, 1.0, 0.0)),
        "11 of 72 requests failed",
    ),
    "an object of all settings, the newest first": (
        searches,
        both(
            nested(**{"summary._timestamp": lambda f: 1.7e9 + 60 * np.arange(len(f))}),
            called(method="config.method", seed="config/seed", lr="config.lr", width="config.width", trial=""),
            nested(**{"config.optimizer": lambda f: np.take(["p", "q"], f.index % 2)}),
            lambda f: f[::-1],
        ),
        r"config=config.lr\+config.width\+config.optimizer, .*The order of requests is that of summary._timestamp",
    ),
    "a method among hyperparameters": (
        searches,
        both(nested(**{"params.algorithm": lambda f: np.take(["x", "y"], f.index % 2)}), called(lr="params.lr")),
        r"method=method, seed=seed, config=params.lr\+params.algorithm",
    ),
    "objects as text": (
        searches,
        lambda f: pd.DataFrame(
            {
                "summary": [
                    str({"val_acc": acc, "_runtime": t}) for acc, t in zip(f["val_acc"], f["time"], strict=True)
                ],
                "config": [str(row) for row in f[["method", "seed", "lr"]].to_dict("records")],
            }
        ),
        r"method=config.method, seed=config.seed, config=config.lr, cost=summary._runtime",
    ),
    "brackets whose promotions are recombined": (
        brackets,
        nested(lr=lambda f: np.random.default_rng(6).uniform(0, 1, len(f)).round(6)),
        "fidelity=epochs",
    ),
}
"""By name: the log, what is changed, and what is said of it."""
