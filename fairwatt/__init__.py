"""fairwatt: compare NAS and HPO optimizers under shared energy budgets.

The public names are imported when first used, so that `import fairwatt` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairwatt.errors import UserError as UserError
    from fairwatt.experiments.runner import run as run
    from fairwatt.ledger import AccountingPolicy as AccountingPolicy
    from fairwatt.ledger import Ledger as Ledger
    from fairwatt.problem import Benchmark as Benchmark
    from fairwatt.problem import SearchSpace as SearchSpace
    from fairwatt.records import Query as Query
    from fairwatt.records import Run as Run
    from fairwatt.records import Trial as Trial
    from fairwatt.registry import make_benchmark as make_benchmark
    from fairwatt.search_spaces.sources import load_table as load_table

__version__ = "0.1.0"
_HOMES = {
    "AccountingPolicy": "fairwatt.ledger",
    "Benchmark": "fairwatt.problem",
    "Ledger": "fairwatt.ledger",
    "Query": "fairwatt.records",
    "Run": "fairwatt.records",
    "SearchSpace": "fairwatt.problem",
    "Trial": "fairwatt.records",
    "UserError": "fairwatt.errors",
    "load_table": "fairwatt.search_spaces.sources",
    "make_benchmark": "fairwatt.registry",
    "run": "fairwatt.experiments.runner",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fairwatt' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value
