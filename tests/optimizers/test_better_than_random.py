"""Optimizers that ought to beat random search do, by the verdict rule, on genuine data."""

from pathlib import Path

import pytest

from fairwatt.analysis.load import load
from fairwatt.analysis.outcome import Outcome
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import read_study
from fairwatt.search_spaces.table_import import import_file

RANKED = {"re": "single", "ls": "single", "semoa": "multi", "nsga2": "multi"}


@pytest.mark.slow(12)
def test_at_100_full_trainings_on_ec_nas_5v(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that take milliseconds a search; docs/optimizers.md has the others, too."""
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    import_file(shared / "ecnas" / "ecnas_linscale.parquet")
    words = [f"optimizers=rs,{','.join(RANKED)}", "budgets=100 full", "seeds=0:30"]
    run_study(read_study("ec_nas_5v", words), tmp_path / "results", executor="serial")
    (comparison,) = load(tmp_path / "results").comparisons()
    found = {verdict.arm: (verdict.outcome, verdict.winner) for verdict in comparison.verdicts}
    assert {verdict.arm: verdict.kind for verdict in comparison.verdicts} == RANKED
    assert all(
        outcome in (Outcome.WIN, Outcome.WIN_SMALL) and winner == arm for arm, (outcome, winner) in found.items()
    ), found
