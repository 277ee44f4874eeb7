"""Step times are measured once a cell, survive a stop, and are never those of a torn line."""

from pathlib import Path

import pytest

from fairwatt.experiments.cell_timing import cell_step_seconds
from fairwatt.experiments.sweep_spec import adjacency, cells, load_spec
from fairwatt.search_spaces.cell import graph_hash


@pytest.mark.slow
def test_only_what_is_not_on_file_is_measured(tmp_path: Path) -> None:
    spec_path = tmp_path / "tiny.yaml"
    spec_path.write_text("name: tiny\nspace: digits-cells-3v\nepochs: [1]\nrepeats: 1\n")
    names = [graph_hash(adjacency(edges), ops) for edges, ops in cells(load_spec(spec_path))]
    path = tmp_path / "tiny" / "step-seconds.csv"
    path.parent.mkdir()
    path.write_text("".join(f"{name},0.25\n" for name in names[:5]) + f"{names[5]},0.2")
    seen: list[tuple[int, int]] = []
    seconds = cell_step_seconds(spec_path, lambda done, total: seen.append((done, total)), folder=tmp_path)
    assert seen == [(6, 7), (7, 7)]
    assert [seconds[name] for name in names[:5]] == [0.25] * 5
    assert all(seconds[name] > 0 and seconds[name] != 0.2 for name in names[5:])
    assert cell_step_seconds(spec_path, folder=tmp_path) == seconds
    assert len(path.read_text().splitlines()) == 7
