"""`fairwatt surrogate` as a user meets it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from fairwatt.cli_surrogate import surrogate_app
from fairwatt.errors import UserError
from fairwatt.search_spaces.cell_graph import OPS
from fairwatt.search_spaces.cell_index import cell_hash, cell_index
from fairwatt.search_spaces.energy_surrogate import SurrogateNotFoundError


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def answer(*words: str) -> str:
    return " ".join(CliRunner().invoke(surrogate_app, words, catch_exceptions=False).output.split())


@pytest.mark.parametrize("command", ["fit", "show", "learning-curve"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: fairwatt surrogate {command}" in answer(command, "--help")


def test_mistakes_are_answered() -> None:
    with pytest.raises(SurrogateNotFoundError, match="fairwatt surrogate fit"):
        answer("show")
    with pytest.raises(UserError, match=r"is an \.npz file"):
        answer("fit", "any.parquet", "-o", "model.bin")
    with pytest.raises(UserError, match=r"\.svg file"):
        answer("learning-curve", "any.parquet", "-o", "curve.png")


@pytest.mark.slow(8)
def test_fit_shows_the_card_and_learning_curve_writes_figure_and_numbers(tmp_path: Path) -> None:
    index, cells = cell_index(5), range(100, 200)
    pd.DataFrame(
        {
            "hash": [cell_hash(cell) for cell in cells],
            "n_vertices": index.sizes[100:200],
            "adj_triu": ["".join(map(str, index.edges(cell))) for cell in cells],
            "ops": [",".join(OPS[op] for op in index.ops(cell)) for cell in cells],
            "energy_kwh": 0.005 + 1e-9 * index.params[100:200],
            "surrogate_kwh4": np.full(100, 0.02) + 1e-10 * index.params[100:200],
        }
    ).to_parquet("cells.parquet")
    shown = answer("fit", "cells.parquet", "--kind", "mlp")
    assert "fairwatt surrogate fit cells.parquet --kind mlp --seed 0 --split 42" in shown
    assert "20 test" in shown
    assert answer("show") in shown
    curve = answer("learning-curve", "cells.parquet", "-o", "curve.svg", "--repeats", "1")
    assert all(kind in curve for kind in ("published", "trees", "mlp"))
    assert "Kendall" in Path("curve.svg").read_text()
    assert len(Path("curve.csv").read_text().splitlines()) == 1 + 1 + 2  # header, published, two kinds on all 70 cells
