"""Behaviour is pinned: see make_golden.py."""

import json

import pytest
from make_golden import GOLDEN, NAMES, SEEDS, trace


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_queries_are_the_golden_ones(name: str, seed: int) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert trace(name, seed) == golden[str(seed)]
