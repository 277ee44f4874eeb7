"""EA-HAS-Bench's Python interface, on curve surrogates of this machine: four models, each asked about a configuration.

Names and shapes are those of the published README and of the code that it calls. What is answered differs where theirs
misleads:

- a data set without models of its own is an error, never another's answers (theirs: one variable for all);
- what a configuration is need not be said: tuples, mappings of both vocabularies and encodings tell themselves apart,
  and what is none of them, or outside what was learned from, is an error of one line (theirs: any number goes through);
- the curve stays within 0..100 and has the test and the validation split (theirs: test only);
- energies are kWh that are kWh (theirs: watt-hours under that name);
- an epoch of the answers is one that the configuration names, so that `MAX_EPOCH` times it is the whole training, also
  of miniatures that train fewer.

There is no batch: curves have 50, 100 or 200 points. `CurveSurrogate.predict` takes keys by the million.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES
from fairwatt.search_spaces.curve_surrogate import CurveCard, CurveSurrogate, curve_surrogate_path
from fairwatt.search_spaces.ea_has_config import key_of
from fairwatt.search_spaces.modelled_configs import counted_kwh
from fairwatt.search_spaces.regnet_encoding import HYPERS, key_epochs
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.sources import table_spaces

Array = NDArray[np.float64]

PUBLISHED = {"cifar10": "cifar10", "tiny": "tiny"}
"""The published data sets, and the variant of the space that belongs to each."""
EMBEDDED = {"digits": "digits-regnet-hpo"}
"""Data sets whose surrogate comes with fairwatt."""
_ALIASES = {"tinyimagenet": "tiny"}
_UNITS = {"kWh": 1.0, "Wh": 1e3}
TEST_IMAGES = 10_000
"""What one evaluation of the published test splits takes, CIFAR-10's and TinyImageNet's alike."""
FORWARD_SHARE = 1 / 3
"""Of a training step's operations those of the forward pass: a layer computes its output, the gradient of its input and
that of its weights, and each takes as many multiply-adds, moves as many activations and is as many calls."""


class Answer(np.ndarray[Any, np.dtype[np.float64]]):
    """[1, 1], the published shape. `float` and `int` take it, as published programs do; NumPy's own they refuse now."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())


class Predictor:
    """One of the four models. `predict`, or call it.

    surrogate: what answers, with its card. provenance: surrogate, or modelled by operation counts.
    """

    provenance = "surrogate"
    _of_key: Callable[..., Array]

    def __init__(self, surrogate: CurveSurrogate) -> None:
        self.surrogate = surrogate
        self.space = RegnetHpoSpace(surrogate.card.variant)

    def predict(
        self,
        config: Any,
        representation: str = "",
        with_noise: bool = False,
        search_space: str = "",
        components: bool = False,
        encoded: bool = False,
        **choice: str,
    ) -> Array:
        """What the model says of a configuration: see the subclass, which names its `choice` too.

        config: in any form of `ea_has_config.read_config`; so `representation`, `search_space` and `encoded` are
        accepted and not needed. Raises UserError for what is none and for what is outside the space, with the reason,
        and where noise or components are asked for: the published code fails there.
        """
        if with_noise or components:
            raise UserError(
                "with_noise and components are not here: predictions are means; single trainings, with the noise "
                "between them, are what the space of the same name answers (fairwatt spaces)"
            )
        return self._of_key(key_of(config, self.space), **choice)

    __call__ = predict

    def _counted_kwh(self, key: int) -> float:
        """Of an epoch of training, by operation counts."""
        return float(counted_kwh(self.space.grid)[key // HYPERS])


class LearningCurve(Predictor):
    """[L] error in percent after each of the configuration's own 50, 100 or 200 epochs: 100 minus it is the accuracy.

    split: "test" or "validation". The published curve is of the one split that was evaluated, the test split; here the
    default is "test" where the surrogate's data tell the two apart, else the one split that they have. Where trainings
    were recorded at fewer epochs, the curve between them is the surrogate's; before the first it is that one's.
    """

    def _of_key(self, key: int, *, split: str = "") -> Array:
        told = self.surrogate.card.kinds
        if split and split not in told:
            raise UnknownNameError(f"split of {self.surrogate.card.data}", split, told)
        epochs = _epochs(key)
        curves = self.surrogate.predict(np.array([key]), np.arange(1, epochs + 1) / epochs)
        return np.asarray(curves[told.index(split or told[-1])][0])


class Runtime(Predictor):
    """[1, 1] seconds of one training epoch, of those that the configuration names; evaluations are not in it."""

    def _of_key(self, key: int) -> Array:
        keys = np.array([key])
        return _answer(self.surrogate.seconds_per_epoch(keys)[0] * self.surrogate.lengths(keys)[0] / _epochs(key))


class TrainingEnergy(Predictor):
    """[1, 1] energy of one training epoch, of those that the configuration names.

    unit: "kWh", as the README says, or "Wh", which the published numbers are. Modelled by operation counts where the
    card of the surrogate says so, else as its table has it.
    """

    def __init__(self, surrogate: CurveSurrogate) -> None:
        super().__init__(surrogate)
        self.provenance = "modelled" if surrogate.energy is None else "surrogate"

    def _of_key(self, key: int, *, unit: str = "kWh") -> Array:
        own, scale = self.surrogate, _scale(unit)
        if own.energy is None:
            return _answer(self._counted_kwh(key) * scale)
        return _answer(own.energy.predict(np.hstack(own.features(np.array([key]))))[0] * scale)


class InferenceEnergy(Predictor):
    """[1, 1] energy of one evaluation of a test split of 10,000 images. Always modelled: no sweep measures it.

    It is a third of what operation counts say of training on as many images (`FORWARD_SHARE`), given that an operation
    takes the same in both directions; nobody measured whether it does. So it orders networks as the training energy of
    an epoch does, and tells nothing more. unit: as of training. Raises UserError for a surrogate whose energies are not
    operation counts: those say nothing of inference, and the two could not be added.
    """

    provenance = "modelled"

    def _of_key(self, key: int, *, unit: str = "kWh") -> Array:
        scale, card = _scale(unit), self.surrogate.card
        if self.surrogate.energy is not None:
            raise UserError(
                f"{card.data} tells no energy of inference: its energy is of training ({card.energy}), and which share "
                "of that a forward pass has was not measured"
            )
        return _answer(self._counted_kwh(key) * scale * FORWARD_SHARE * TEST_IMAGES / CIFAR10_TRAINING_IMAGES)


def get_ea_has_bench_api(dataset: str, models: str | Path | None = None) -> dict[str, list[Predictor]]:
    """{"ea_has_bench_model": [learning curve, runtime, training energy, inference energy]}, the models of a data set.

    dataset: "digits", whose models come with fairwatt; "cifar10" or "tiny" (or "tinyimagenet"), whose published models
    are gone and which need `models`; or a curve surrogate of this machine by name, as `fairwatt spaces` lists them.
    models: the name or the `.npz` file of a surrogate whose card says that it learned from trainings on `dataset`; one
    file holds curves, seconds and energy. Raises UserError where there are none or they are another data set's,
    UnknownNameError, DamagedFileError.
    """
    wanted = _canonical(str(dataset))
    if models is None:
        if wanted in PUBLISHED:
            raise UserError(
                f"the published models of {dataset} are not to be had, and no other data set's answer for it: train or "
                "import a sweep, type `fairwatt surrogate fit TABLE`, and name what that made: "
                f"get_ea_has_bench_api({dataset!r}, models=NAME or 'FILE.npz')"
            )
        if wanted not in EMBEDDED and dataset not in (names := _surrogates()):
            raise UnknownNameError("data set or curve surrogate", dataset, (*EMBEDDED, *PUBLISHED, *names))
        models, asks = EMBEDDED.get(wanted, dataset), wanted in EMBEDDED
    else:
        asks = True
    is_file = isinstance(models, Path) or models.endswith(".npz")
    surrogate = CurveSurrogate.load(Path(models) if is_file else curve_surrogate_path(str(models)))
    if asks:
        _check_is_of(surrogate.card, wanted, str(models))
    kinds = (LearningCurve, Runtime, TrainingEnergy, InferenceEnergy)
    return {"ea_has_bench_model": [kind(surrogate) for kind in kinds]}


def _check_is_of(card: CurveCard, dataset: str, models: str) -> None:
    """Raise UserError where models are of another data set than this, or of another variant than its."""
    if _canonical(card.dataset) != dataset or card.variant != PUBLISHED.get(dataset, card.variant):
        raise UserError(
            f"{models} learned from trainings on {card.dataset or 'a data set that its card does not name'} (variant "
            f"{card.variant}), not on {dataset}: name models of {dataset}"
        )


def _surrogates() -> list[str]:
    return [name for name, target in table_spaces().items() if target.endswith(":modelled_configs")]


def _canonical(dataset: str) -> str:
    return _ALIASES.get(dataset.lower(), dataset.lower())


def _epochs(key: int) -> int:
    return int(key_epochs(np.array([key]))[0])


def _scale(unit: str) -> float:
    if unit not in _UNITS:
        raise UnknownNameError("unit", unit, _UNITS)
    return _UNITS[unit]


def _answer(value: float) -> Answer:
    return np.array([[value]], dtype=np.float64).view(Answer)
