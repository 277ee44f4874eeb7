"""Fit the surrogate of learning curves to measured trainings, and score it on configurations that it never saw."""

from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.errors import UserError
from fairwatt.experiments.curve_data import MeasuredCurves, read_measured_curves, split_keys
from fairwatt.experiments.curve_scores import curve_scores
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.curve_surrogate import KIND, CurveCard, CurveSurrogate
from fairwatt.search_spaces.modelled_configs import counted_kwh
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_grid import grid
from fairwatt.search_spaces.sources import EMBEDDED, table_spaces
from fairwatt.surrogates.curve_model import LEAST_EXAMPLES, CurveModel
from fairwatt.surrogates.epoch_cost import EpochCost

Progress = Callable[[int, int], None]

_NOTE = (
    "predictions are of trainings like those of the table, on its data and at its scale; they are not EA-HAS-Bench's"
)
_RETRAINED = "the noise 'retraining' is that between two trainings of one configuration, from {pairs:,} trained twice"
_NOT_RETRAINED = (
    "too few configurations were trained twice ({pairs:,} of those learned from): what a seed does is not known, and "
    "noise is what the model does not know, which is more"
)
_ONE_SPLIT = "the table has one evaluated split, so no test errors: what a search finds here cannot be tested here"


def fit_curve_surrogate(
    table: str | Path,
    seed: int = 0,
    out: Path | None = None,
    *,
    split_seed: int = 0,
    progress: Progress | None = None,
    **settings: Any,
) -> Path:
    """Fit, score and store a surrogate; returns where: `out`, or the cache, where the spaces look for it.

    seed: of the training; split_seed: of the split. settings: of `CurveModel.fit`. Raises UserError, also where
    there is no `out` and the table is itself a space or its surrogate ships; OSError.
    """
    data = read_measured_curves(table)
    if out is None and data.name in table_spaces(surrogates=False):
        raise UserError(f"{data.name} is a space already, an exact one; say where its surrogate goes: --out FILE.npz")
    if out is None and (EMBEDDED / f"{data.name}.npz").is_file():
        raise UserError(f"{data.name}: its surrogate ships with fairwatt; say where another one goes: --out FILE.npz")
    path = out or cache_dir() / "surrogates" / f"{data.name}.npz"
    fit_curves(data, seed, split_seed=split_seed, progress=progress, **settings).save(path)
    return path


def fit_curves(
    data: MeasuredCurves,
    seed: int = 0,
    *,
    split_seed: int = 0,
    by_network: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> CurveSurrogate:
    """As `fit_curve_surrogate`, in memory. by_network: split so that tested networks are new, too."""
    split = split_keys(data, split_seed, by_network=by_network)
    rows = {name: data.rows(keys) for name, keys in vars(split).items()}
    rng = np.random.default_rng(seed)
    examples, known = data.examples, np.concatenate([split.training, split.stopping])
    first, second = (examples.rows(part) for part in data.pairs(known))
    model = CurveModel.fit(
        examples.rows(rows["training"]),
        examples.rows(rows["stopping"]),
        rng,
        pairs=(first, second),
        progress=progress,
        **settings,
    )
    learned = np.sort(np.concatenate([rows["training"], rows["stopping"]]))
    features = np.hstack([examples.architecture, examples.hyper])[learned]
    surrogate = CurveSurrogate(
        model=model,
        seconds=EpochCost.fit(features, data.seconds[learned], rng),
        energy=None if _is_counted(data) else EpochCost.fit(features, data.energy_kwh[learned], rng),
        training=split.training,
        stopping=split.stopping,
        test=split.test,
        card=_card(
            data,
            seed,
            split_seed,
            by_network,
            {name: len(part) for name, part in vars(split).items()},
            {name: len(part) for name, part in rows.items()},
            len(first),
            settings,
        ),
    )
    surrogate = replace(surrogate, card=replace(surrogate.card, degree=model.degree))
    return replace(surrogate, card=replace(surrogate.card, test=_scores(surrogate, data)))


def check_same_data(surrogate: CurveSurrogate, data: MeasuredCurves) -> None:
    """Raise UserError where a surrogate was fitted to another table than this."""
    if surrogate.card.data_sha256 != data.sha256:
        raise UserError(
            f"the surrogate was fitted to another {surrogate.card.data} (sha256 {surrogate.card.data_sha256[:12]}...) "
            f"than this one ({data.sha256[:12]}...): fit it again"
        )


def _is_counted(data: MeasuredCurves) -> bool:
    """Whether the table's energies are what operation counts of the full-size network say of every key anyway.

    Only then can a benchmark do without them; those of one's own sweep are of its images and its epochs.
    """
    counted = counted_kwh(grid(data.variant))[data.keys // HYPERS]
    return bool(np.allclose(data.energy_kwh, counted, rtol=1e-5, atol=0))


def _scores(surrogate: CurveSurrogate, data: MeasuredCurves) -> dict[str, float]:
    """On the first trainings of the test keys: means over lengths, by the names of `curve_scores`."""
    tested = data.examples.rows(data.first(surrogate.test))
    model = surrogate.model
    scores = curve_scores(tested, lambda places: model.predict(tested.architecture, tested.hyper, places))
    kinds = surrogate.card.kinds
    return {f"{kind}_{name}": value for kind in kinds for name, value in scores[kind]["mean"].items()}


def _card(
    data: MeasuredCurves,
    seed: int,
    split_seed: int,
    by_network: bool,
    keys: dict[str, int],
    trainings: dict[str, int],
    pairs: int,
    settings: dict[str, Any],
) -> CurveCard:
    """keys, trainings: how many each part of the split has. pairs: keys trained twice among those learned from."""
    what = "network" if by_network else "key"
    parts = "/".join(f"{100 * count / sum(keys.values()):.0f}" for count in keys.values())
    noise = (_NOT_RETRAINED if pairs < LEAST_EXAMPLES else _RETRAINED).format(pairs=pairs)
    return CurveCard(
        kind=KIND,
        title=f"learning curves of the RegNet + HPO space {data.variant}, as trained for {data.name}",
        data=data.name,
        data_sha256=data.sha256,
        dataset=data.dataset,
        variant=data.variant,
        lengths={str(epochs): points for epochs, points in data.lengths.items()},
        degree=0,
        split=f"{parts} % of keys ({', '.join(keys)}), by {what} under seed {split_seed}"
        + ("" if by_network else "; of the keys trained twice 40 % are to be tested")
        + (f"; none of {len(data.developed)} keys that models were developed on" if len(data.developed) else ""),
        split_seed=split_seed,
        by_network=by_network,
        trainings=trainings,
        seed=seed,
        settings=dict(settings),
        test={},
        seconds="boosted trees, of the seconds that the table says an epoch took",
        energy="operation counts"
        if _is_counted(data)
        else f"boosted trees, of the energy that was {data.energy_origin}",
        command=f"fairwatt surrogate fit {data.source} --seed {seed} --split {split_seed}",
        packages={name: metadata.version(name) for name in ("numpy", "torch", "scikit-learn")},
        notes=(_NOTE, noise, *((_ONE_SPLIT,) if data.validation_only else ())),
        validation_only=data.validation_only,
    )
