"""Names that others chose, made fit to be read and to name files: plain, of a sane length, whatever they contain."""

import re

MOST = 64
"""Characters of a name; what is longer loses its middle."""

# C0 and C1 controls but line feeds, line and paragraph separators, marks that turn the direction of writing around,
# invisible joiners, unpaired surrogates (which no UTF-8 file can hold) and what XML does not allow
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def plain(text: str) -> str:
    """The text with every character that acts instead of being seen written out, as \\u202e."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def name(text: str, most: int = MOST) -> str:
    """A name in one line of at most `most` characters, the middle left out of longer ones."""
    line = " ".join(plain(text).split())
    if len(line) <= most:
        return line
    tail = max((most - 1) // 4, 1)
    return f"{line[: most - 1 - tail]}…{line[-tail:]}"


def file_stem(text: str, most: int = 120) -> str:
    """A name as (a part of) a file's, on any system: ASCII letters, digits and `_.@+-`, no path, nothing hidden."""
    return re.sub(r"[^\w.@+-]+", "_", text, flags=re.ASCII).lstrip(".-")[:most]
