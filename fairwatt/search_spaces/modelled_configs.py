"""`digits-regnet-hpo`, and others like it: benchmarks on a surrogate of learning curves, of every key of the space.

What the surrogate says of each key at each fidelity, and five trainings drawn around it, are worked out once and kept
in the cache: a question is a look-up. Noise is between trainings of one configuration, a whole deviation for a curve,
so that fidelities of one training go together, and so do validation and test. The truth is the surrogate's mean.
Errors are rounded to 1/10,000, below what one image makes, lest the last bits of a machine's arithmetic be part of a
benchmark.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.array_file import Arrays, cached_arrays
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES
from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark, CurveData, epochs_at
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, curve_surrogate_path
from fairwatt.search_spaces.regnet import StageArrays, complexity_batch, work_batch
from fairwatt.search_spaces.regnet_encoding import EPOCHS, HYPERS, key_epochs
from fairwatt.search_spaces.regnet_grid import RegnetGrid, grid
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.streams import stream
from fairwatt.surrogates.energy_model import ECNAS_GPU, OperationCountModel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

REPLICATES = 5
DENOMINATOR = 10_000
_KIND = "answers of a curve surrogate, 1"
_CHUNK = 8_100
MOST_KEYS = 1_000_000
"""A space whose keys are all answered for in advance cannot be any size: tiny's 20.8 million take gigabytes."""


class TooManyKeysError(UserError):
    """A surrogate that can be asked, of a space too large to be a benchmark."""


class ModelledConfigs(CurveBenchmark):
    """Every question is answered by the surrogate, as one of five trainings around what it predicts."""

    def __init__(self, name: str, surrogate: CurveSurrogate) -> None:
        card, source = surrogate.card, curve_surrogate_path(name)
        self._source, self._sha256 = source, surrogate.sha256
        energy = (
            f"surrogate of {card.data}: {card.energy}"
            if surrogate.energy is not None
            else f"modelled; full-size network on {ECNAS_GPU.hardware}; {ECNAS_GPU.name}, PUE {ECNAS_GPU.pue}, "
            "extrapolated to grouped convolutions and squeeze-and-excitation"
        )
        super().__init__(
            name,
            RegnetHpoSpace(card.variant),
            _data(name, surrogate),
            data_sha256=surrogate.sha256,
            provenance={
                **{f"{kind}_accuracy": "surrogate" for kind in card.kinds},
                "energy_kwh": "surrogate" if surrogate.energy is not None else "modelled",
                "seconds": "surrogate",
            },
            energy_label=f"training energy, kWh ({energy})",
            notes=(
                f"{card.title}; fitted by `{card.command}` to {card.data} ({card.data_sha256[:12]}...)",
                *card.notes,
                *(
                    _modelled(grid(card.variant))
                    if surrogate.energy is None
                    else (f"energy is as {card.data} has it: {card.energy}",)
                ),
                f"{REPLICATES} trainings of each key, drawn around the surrogate's mean, which is the truth that "
                "regrets are measured from; a predicted training never diverges",
                "the sampler prefers some networks (EA-HAS-Bench's distributions within the limits of size): c̄ and "
                "random search in closed form are over its draws, not over keys",
            ),
        )
        if surrogate.energy is None:
            self.pue = ECNAS_GPU.pue

    def verify(self) -> None:
        """Read the surrogate again. Raises DamagedFileError, and UserError where it is another one by now."""
        found = CurveSurrogate.load(self._source).sha256
        if found != self._sha256:
            raise UserError(f"{self._source}: changed since it was opened ({found[:12]}..., {self._sha256[:12]}...)")


def modelled_configs(name: str) -> ModelledConfigs:
    """The benchmark on the surrogate of this name, embedded or in the cache.

    Raises CurveSurrogateNotFoundError with the command that makes it, DamagedFileError, and TooManyKeysError for one
    of the variant tiny.
    """
    surrogate = CurveSurrogate.load(curve_surrogate_path(name))
    variant = surrogate.card.variant
    if (keys := len(grid(variant).networks) * HYPERS) > MOST_KEYS:
        raise TooManyKeysError(
            f"{name}: its space {variant} has {keys:,} configurations; a benchmark answers for at most {MOST_KEYS:,}. "
            f'Ask it by get_ea_has_bench_api("{name}"), or sweep the variant cifar10 to search on'
        )
    return ModelledConfigs(name, surrogate)


def _data(name: str, surrogate: CurveSurrogate) -> CurveData:
    own = grid(surrogate.card.variant)
    keys = np.arange(len(own.networks) * HYPERS)
    epochs = key_epochs(keys)
    path = cache_dir() / "answers" / f"{name}-{surrogate.sha256[:16]}.bin"
    answers = cached_arrays(path, f"{_KIND} {surrogate.sha256}", lambda: _answers(surrogate, keys, epochs))
    true = answers["true"] / DENOMINATOR
    params = complexity_batch(_stages(own), **_size(own)).params.astype(np.float64)
    return CurveData(
        keys=keys,
        full_epochs=epochs,
        params=np.repeat(params, HYPERS),
        val_error=answers["validation"],
        test_error=answers.get("test"),
        energy_kwh_per_epoch=np.repeat(counted_kwh(own), HYPERS) if surrogate.energy is None else answers["energy"],
        seconds_per_epoch=answers["seconds"][:, None],
        true_val_error=true[:, 0],
        true_test_error=true[:, 1],
        probabilities=np.repeat(own.network_mass / HYPERS, HYPERS),
        denominator=DENOMINATOR,
    )


def counted_kwh(own: RegnetGrid) -> Array:
    """[networks] kWh of an epoch of CIFAR-10 on the full-size network, by operation counts."""
    features = work_batch(_stages(own), **_size(own))._asdict()
    return OperationCountModel().training_kwh(features, CIFAR10_TRAINING_IMAGES, extrapolate=True)


def _modelled(own: RegnetGrid) -> tuple[str, ...]:
    """What must be known of the energy of a space of which operation counts tell it."""
    features = work_batch(_stages(own), **_size(own))._asdict()
    beyond = int(OperationCountModel().outside(features).sum())
    parts = {name: (term.joules * features[name]).mean() for name, term in ECNAS_GPU.terms.items()}
    shares = ", ".join(f"{name.replace('_', ' ')} {part / sum(parts.values()):.0%}" for name, part in parts.items())
    related = np.corrcoef(counted_kwh(own), features["layers"])[0, 1] ** 2
    return (
        "energy is of the full-size network on CIFAR-10, modelled, and extrapolated to grouped convolutions and "
        f"squeeze-and-excitation; {beyond:,} of {len(own.networks):,} networks lie outside the range that the model "
        f"was fitted on, where its error was {ECNAS_GPU.extrapolated_mape:.1%} on networks of plain convolutions and "
        "nobody measured it on these; errors are of what was really trained",
        f"the energy of an epoch is mostly a count of layers here: its shares are {shares}, and R² with the number of "
        f"layers is {related:.3f}; what a front of error and energy trades is depth and epochs",
    )


def _stages(own: RegnetGrid) -> StageArrays:
    numbers = own.networks.astype(np.int64)
    return StageArrays(numbers[:, :2], numbers[:, 2:4], numbers[:, 4:], np.full(len(numbers), 2))


def _size(own: RegnetGrid) -> dict[str, int]:
    return {"stem_width": own.variant.stem_width, "num_classes": own.variant.classes}


def _answers(surrogate: CurveSurrogate, keys: Ints, epochs: Ints) -> Arrays:
    """validation, test [K, R, F] and true [K, 2] at full training in units of 1/DENOMINATOR; seconds, energy [K].

    No test errors where the card says that there are none. Seconds and kWh are of an epoch that the configuration
    names; tables have seconds of those that were trained for it.
    """
    model, kinds = surrogate.model, surrogate.card.kinds
    noise = model.residual if model.retraining is None else model.retraining
    uniforms = stream("training", surrogate.sha256, 0, "replicates").random((len(keys), REPLICATES))
    shape = (len(keys), REPLICATES, len(FIDELITIES))
    found: dict[str, NDArray[Any]] = {
        **{name: np.empty(shape, dtype=np.uint16) for name in kinds},
        "true": np.empty((len(keys), 2), dtype=np.uint16),
        "seconds": np.empty(len(keys)),
        "energy": np.empty(len(keys)),
    }
    progress = {full: [epochs_at(fidelity, full) / full for fidelity in FIDELITIES] for full in EPOCHS}
    for begin in range(0, len(keys), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        own, features = keys[part], surrogate.features(keys[part])
        places = surrogate.positions(own, np.array([progress[full] for full in epochs[part].tolist()]))
        spreads: Array | float = 0.0  # two trainings of a configuration differ, whatever the model does not know
        if model.retraining is None:
            means, spreads = model.predict_all(*features, places)
        else:
            means = np.stack(model.predict(*features, places), axis=1)
        found["true"][part] = _rounded(means[:, :, -1])
        for repeat in range(REPLICATES):
            around = noise.draw(means, spreads, places, means[:, 0, -1], uniforms[part, repeat])
            for kind, name in enumerate(kinds):
                found[name][part, repeat] = _rounded((means + around)[:, kind])
        trained = surrogate.lengths(own) / epochs[part]
        found["seconds"][part] = surrogate.seconds.predict(np.hstack(features)) * trained
        if surrogate.energy is not None:
            found["energy"][part] = surrogate.energy.predict(np.hstack(features))
    return {name: array for name, array in found.items() if name != "energy" or surrogate.energy is not None}


def _rounded(percent: Array) -> NDArray[np.uint16]:
    return np.asarray(np.round(np.clip(percent, 0.0, 100.0) * (DENOMINATOR / 100))).astype(np.uint16)
