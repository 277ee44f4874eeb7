"""What names a program by its content; of optimizers see test_optimizer."""

from pathlib import Path

from fairwatt.registry import make_benchmark
from fairwatt.search_spaces import cell, config_grid, config_trainings, table
from fairwatt.source_code import digest_of, source_of

SPACES = ("fairwatt.search_spaces",)


def test_a_space_is_its_file_and_what_that_builds_on() -> None:
    content = source_of(config_grid.ConfigGrid, SPACES)
    assert content.startswith(Path(config_grid.__file__).read_bytes())
    for used in (config_trainings, table):  # by the former
        assert Path(used.__file__).read_bytes() in content
    assert Path(cell.__file__).read_bytes() not in content


def test_spaces_of_one_class_have_one_sampler() -> None:
    names = ("toy-cells", "digits-cells-5v", "digits-regnet-hpo")
    cells, others, configs = (make_benchmark(name).space.sampler_code for name in names)
    assert cells == others == digest_of(cell.CellSpace, SPACES) != configs


def test_what_is_in_no_file_is_interactive() -> None:
    class Typed:
        __module__ = "nowhere"

    assert digest_of(Typed, SPACES) == "interactive"
