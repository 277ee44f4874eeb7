"""Names of reproductions: how they are found, and that each entry says what it must."""

import pytest

from fairwatt.errors import UnknownNameError
from fairwatt.reproductions.catalogue import CATALOGUE, SHA256, find, names
from fairwatt.reproductions.item import Label


def test_every_entry_is_possible_or_says_why_not() -> None:
    assert len(set(names())) == len(CATALOGUE)
    for item in CATALOGUE:
        assert item.title
        assert item.source
        assert (item.make is None) == (item.label is Label.NOT_POSSIBLE) == bool(item.why_not)
        assert set(item.needs) <= set(SHA256), "the checksum of what it is made from must be pinned"


def test_what_cannot_be_made_is_named() -> None:
    """Everything of section 5 that is text, a drawing, or of data that nobody has."""
    impossible = {item.name for item in CATALOGUE if item.label is Label.NOT_POSSIBLE}
    assert impossible == {
        *("ec-nas/table2", "ec-nas/fig3-7v", "ec-nas/single-objective", "ec-nas/saved-dicts"),
        *("ea-has/benchmarks-table", "ea-has/surrogate-schematic", "ea-has/benchmarks-box-plot"),
        *("ea-has/surrogate-quality", "ea-has/energy-aware", "ea-has/tiny-trade-offs"),
    }


def test_names_and_their_beginnings() -> None:
    assert [item.name for item in find(["ec-nas/table3", "ec-nas/fig5-front", "ec-nas/table3"])] == [
        "ec-nas/fig5-front",
        "ec-nas/table3",
    ]
    assert {item.name for item in find(["ec-nas/fig5"])} == {
        "ec-nas/fig5-attainment",
        "ec-nas/fig5-front",
        "ec-nas/fig5-radar",
    }
    assert find(["all"]) == CATALOGUE
    assert {item.name.partition("/")[0] for item in find(["ea-has"])} == {"ea-has"}


@pytest.mark.parametrize("word", ["ec-nas/fig", "ec-nas/figg5-front", "ec", ""])
def test_part_of_a_word_is_no_name(word: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown reproduction"):
        find([word])


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ec-nas/fig5-front'"):
        find(["ec-nas/fig5-fron"])
