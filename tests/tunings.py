"""An invented tuning, from which tests make others."""

from fairwatt.tuning import Tuning

FOUND = Tuning(
    optimizer="re",
    code="0123456789ab",
    spaces=("toy-cells",),
    seeds=(7, 8),
    budget="5 full",
    configurations=({"population_size": 3}, {"population_size": 4}, {"population_size": 5}),
    scores=(0.4, 0.1, 0.1),
    default_settings={"population_size": 10},
    default=0.3,
    reference=0.2,
    ranges={"population_size": "3 to 5"},
    given=("population_size",),
    energy_kwh=1.5,
    trainings=30.0,
)
