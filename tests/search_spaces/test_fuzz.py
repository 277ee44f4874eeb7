from pathlib import Path

import fuzz_tfrecord
import pytest


@pytest.mark.parametrize("files", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_mutated_files_give_a_typed_error_or_the_values_that_they_hold(tmp_path: Path, files: int) -> None:
    counts = fuzz_tfrecord.fuzz(tmp_path / "a.tfrecord", files, seed=files)
    assert {level for level, _ in counts} == set(fuzz_tfrecord.LEVELS)
    assert {outcome for _, outcome in counts} == {"refused", "equal", "other values"}
