"""Golden traces: the first 60 queries of seeds 0 and 1 on the toy cells, by key and fidelity.

They pin behaviour. When a change of behaviour is meant, write them anew and say why in the change log:

    python -m tests.optimizers.make_golden
"""

import json
from pathlib import Path

from fairwatt import make_benchmark
from fairwatt.conformance.driven import told
from fairwatt.registry import OPTIMIZERS
from fairwatt.streams import stream

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("rs", "re", "ls", "hb", "bohb", "semoa", "semoa-release", "sh-emoa", "mo-bohb", "ea-ls")
"""Those of which nothing but this package decides: torch, matrix products and libraries may differ between machines."""
SEEDS = (0, 1)
QUERIES = 60


def trace(name: str, seed: int) -> list[list[int | float]]:
    benchmark = make_benchmark("toy-cells")
    factory = OPTIMIZERS.load(name)
    problem = benchmark.problem(seed, objectives=factory.objectives)
    search = factory.create(problem, stream("optimizer", benchmark.name, seed, name))
    asked: list[list[int | float]] = []
    for _ in range(QUERIES):
        query = search.ask()
        key = int(benchmark.space.key(query.config)) if benchmark.space.is_valid(query.config) else -1
        asked.append([key, query.fidelity])
        search.tell(told(benchmark, problem, query))
    return asked


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in NAMES:
        traces = {str(seed): trace(name, seed) for seed in SEEDS}
        (GOLDEN / f"{name}.json").write_text(json.dumps(traces) + "\n", encoding="utf-8")
