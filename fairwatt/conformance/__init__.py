"""What optimizers, spaces and benchmarks promise, tried: `fairwatt check` and the project's own tests run this."""

from fairwatt.conformance.finding import Finding
from fairwatt.conformance.promises import check_optimizer
from fairwatt.conformance.space_promises import check_benchmark, check_space

__all__ = ["Finding", "check_benchmark", "check_optimizer", "check_space"]
