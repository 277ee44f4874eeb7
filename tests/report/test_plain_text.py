"""Names of others, whatever they contain."""

import re

import pytest

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.plain_text import MOST, name, plain


@pytest.mark.parametrize(
    "unseen", ["\x00", "\x1b", "\u202e", "\u2067", "\u200f", "\u200b", "\u2028", "\ufeff", "\ud800"]
)
def test_what_acts_instead_of_being_seen_is_written_out(unseen: str) -> None:
    shown = plain(f"a{unseen}b")
    assert shown == f"a\\u{ord(unseen):04x}b"
    shown.encode()


def test_other_writing_is_left_alone() -> None:
    text = "Bézier, 進化, сравнение, עברית 🌱 <b>&amp;\nsecond line"
    assert plain(text) == text


def test_long_names_lose_their_middle() -> None:
    assert name("x" * MOST) == "x" * MOST
    shortened = name("a" * 5_000 + "z" * 5_000)
    assert len(shortened) == MOST
    assert (shortened[0], shortened[-1], shortened.count("…")) == ("a", "z", 1)
    assert name("two\nlines", 20) == "two lines"


def test_names_of_files_are_safe_and_no_two_are_alike() -> None:
    arms = ("semoa", "a/b", "a b", "A?b", "a_b_2", "../x", ".hidden", "進化", "", "z" * 500, "z" * 600)
    names = ArmStyles(arms, "semoa").file_names
    assert names["semoa"] == "semoa"
    assert len({file.lower() for file in names.values()}) == len(arms)
    for file in names.values():
        assert re.fullmatch(r"[\w@+-][\w.@+-]{0,50}", file, re.ASCII)
