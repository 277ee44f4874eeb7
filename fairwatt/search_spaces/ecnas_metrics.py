"""What was recorded of one training: the proto2 messages of EC-NAS and of NAS-Bench-101, with unset fields as None.

Field numbers as in EC-NAS (Bakhtiarifard, Igel, Selvan 2024), ModelMetricsEnergy, and in NAS-Bench-101 (Ying et al.
2019), ModelMetrics; names and units are ours. The first is the second with energies, but for one field: number 6 of an
evaluation is its energy in EC-NAS and the path of the weights in NAS-Bench-101. Energy is cumulative, includes the
initialisation of the weights, excludes evaluation, and has a PUE of 1.59 folded in.
"""

from typing import NamedTuple

from fairwatt.search_spaces.message_layout import Decoder
from fairwatt.search_spaces.protobuf import Field, MalformedMessage, Schema


class Evaluation(NamedTuple):
    """One of three points of a training: its start, half of its epochs, its end. Accuracies are fractions."""

    epoch: float | None
    seconds: float | None
    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    energy_kwh: float | None
    co2eq_g: float | None
    intensity_g_per_kwh: float | None
    start: str | None
    stop: str | None
    predicted_energy_kwh: float | None
    predicted_co2eq_g: float | None
    predicted_seconds: float | None
    predicted_intensity_g_per_kwh: float | None
    checkpoint_path: str | None


class Devices(NamedTuple):
    """Mean power [W] and energy [J], before PUE, and the name of each device; lists as the file holds them."""

    power_w: tuple[float | None, ...]
    energy_j: tuple[float | None, ...]
    names: tuple[str | None, ...]


class PowerUsage(NamedTuple):
    """What carbontracker read from the components."""

    gpu: Devices | None
    cpu: Devices | None


class Metrics(NamedTuple):
    """One training. Totals are of the whole job, evaluations included."""

    evaluations: tuple[Evaluation, ...]
    trainable_parameters: int | None
    total_seconds: float | None
    total_energy_kwh: float | None
    total_co2eq_g: float | None
    total_start: str | None
    total_stop: str | None
    total_intensity_g_per_kwh: float | None
    power: PowerUsage | None

    @property
    def final(self) -> Evaluation:
        """The evaluation at the end of training."""
        return self.evaluations[-1]


def decode_metrics(data: bytes) -> Metrics:
    """The EC-NAS message in `data`; raises protobuf.MalformedMessage."""
    metrics: Metrics = _DECODE(data)
    return metrics


def decode_nasbench(data: bytes) -> Metrics:
    """The NAS-Bench-101 message in `data`, energies unset; raises protobuf.MalformedMessage."""
    metrics: Metrics = _DECODE_NASBENCH(data)
    return metrics


def is_nasbench(data: bytes) -> bool:
    """Whether a message is NAS-Bench-101's: every evaluation complete, and nothing there that only EC-NAS has."""
    try:
        evaluations = decode_nasbench(data).evaluations
    except MalformedMessage:
        return False
    if not evaluations or None in [number for evaluation in evaluations for number in evaluation[:5]]:
        return False
    try:
        metrics = decode_metrics(data)
    except MalformedMessage:  # a path where EC-NAS has energy
        return True
    added = [*metrics[3:], *(value for evaluation in metrics.evaluations for value in evaluation[5:])]
    return added == [None] * len(added)


def _only(name: str, kind: str) -> Schema:
    return Schema(name, lambda values: values[0], {1: Field(0, kind)})


_EVALUATION = Schema(
    "EvaluationDataEnergy",
    Evaluation._make,
    {number: Field(number - 1, "string" if number in (9, 10, 15) else "double") for number in range(1, 16)},
)
_DEVICES = Schema(
    "devices of PowerUsageData",
    Devices._make,
    {
        1: Field(0, _only("power", "double"), repeated=True),
        2: Field(1, _only("energy", "double"), repeated=True),
        3: Field(2, _only("device", "string"), repeated=True),
    },
)
_POWER = Schema("PowerUsageData", PowerUsage._make, {1: Field(0, _DEVICES), 2: Field(1, _DEVICES)})
ECNAS = Schema(
    "ModelMetricsEnergy",
    Metrics._make,
    {
        1: Field(0, _EVALUATION, repeated=True),
        2: Field(1, "int32"),
        3: Field(2, "double"),
        4: Field(3, "double"),
        5: Field(4, "double"),
        6: Field(5, "string"),
        7: Field(6, "string"),
        8: Field(7, "double"),
        9: Field(8, _POWER),
    },
)
NASBENCH = Schema(
    "ModelMetrics",
    lambda values: Metrics(*values, *[None] * (len(Metrics._fields) - len(values))),
    {
        1: Field(
            0,
            Schema(
                "EvaluationData",
                Evaluation._make,
                {number: Field(number - 1, "double") for number in range(1, 6)} | {6: Field(14, "string")},
            ),
            repeated=True,
        ),
        2: Field(1, "int32"),
        3: Field(2, "double"),
    },
)
_DECODE, _DECODE_NASBENCH = Decoder(ECNAS), Decoder(NASBENCH)
