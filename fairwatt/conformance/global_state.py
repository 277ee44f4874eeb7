"""What a process has only one of, and code that is run beside other code must leave alone."""

import json
import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

SCRAMBLED = 20_260_731


def global_random_state() -> dict[str, Any]:
    """Everything that code which draws from a global generator, or sets torch's threads, would change."""
    state: dict[str, Any] = {"random": random.getstate()}
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - read, to see that nobody draws from it
    state["numpy.random"] = json.dumps(legacy, default=lambda array: array.tolist())
    if torch := sys.modules.get("torch"):
        state["torch"] = torch.get_rng_state().tolist()
        state["torch threads"] = torch.get_num_threads()
    return state


def global_state() -> dict[str, Any]:
    """As `global_random_state`, and what else one part of a program can change under another."""
    state = global_random_state() | {
        "the environment": dict(os.environ),
        "the working folder": str(Path.cwd()),
        "numpy's error handling": np.geterr(),
        "the warning filters": list(warnings.filters),
        "the logging level": logging.getLogger().level,
    }
    if torch := sys.modules.get("torch"):
        state["torch's default type"] = str(torch.get_default_dtype())
        state["torch's gradient mode"] = torch.is_grad_enabled()
    return state


@contextmanager
def scrambled_generators() -> Iterator[None]:
    """Global generators in a state that nobody would seed them to; afterwards they are as before.

    So that code which seeds one, and draws as much each time, does not leave the state that it found.
    """
    torch = sys.modules.get("torch")
    python, numpy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002 - put back below
    tensor = torch.get_rng_state() if torch else None
    random.setstate(random.Random(SCRAMBLED).getstate())
    np.random.set_state(np.random.RandomState(SCRAMBLED).get_state(legacy=False))  # noqa: NPY002 - put back below
    if torch:
        torch.set_rng_state(torch.Generator().manual_seed(SCRAMBLED).get_state())
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - as it was
        if torch and tensor is not None:
            torch.set_rng_state(tensor)
