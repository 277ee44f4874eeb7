"""The same search in other Python processes, which order sets and hash text in their own way."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Sequence

from fairwatt.conformance.driven import drive
from fairwatt.errors import UserError
from fairwatt.optimizer import OptimizerFactory
from fairwatt.registry import from_file, make_benchmark


def asked_in_fresh_processes(
    factory: OptimizerFactory, space: str, hash_seeds: Sequence[int]
) -> dict[int, list[tuple[object, ...]]]:
    """Configurations and fidelities of the first queries, by PYTHONHASHSEED.

    Raises UserError where the algorithm is in no file, RuntimeError where the other process fails.
    """
    command = [sys.executable, "-c", f"from {__name__} import main; main()", place(factory), space]
    started = {
        seed: subprocess.Popen(
            command,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in hash_seeds
    }
    answers = {seed: process.communicate() for seed, process in started.items()}
    asked = {}
    for seed, (out, err) in answers.items():
        if started[seed].returncode != 0:
            raise RuntimeError(f"in a fresh process: {(err.strip().splitlines() or ['it stopped'])[-1]}")
        asked[seed] = [tuple(query) for query in json.loads(out.splitlines()[-1])]
    return asked


def place(factory: OptimizerFactory) -> str:
    """Where an algorithm is, as FILE.py:NAME. Raises UserError where it is not in a file under a name."""
    module = inspect.getmodule(inspect.unwrap(factory.build))
    file = getattr(module, "__file__", None)
    name = next((name for name, value in vars(module).items() if value is factory), None) if module else None
    if file is None or name is None:
        raise UserError(f"optimizer {factory.name} is not in a file under a name of its own")
    return f"{file}:{name}"


def main() -> None:
    """Print the first queries of a search, as one line of JSON; the command's words are FILE.py:NAME and the space."""
    target, space = sys.argv[1:]
    seen = drive(from_file(target), make_benchmark(space))
    if seen.fault:
        sys.exit(seen.fault)
    print(json.dumps(seen.asked))
