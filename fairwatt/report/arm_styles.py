"""How an arm looks: the same in every figure of a page, and to be told from the others in grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fairwatt.report.plain_text import file_stem

COLOURS = 8
DASHES = 7
MOST_HIGHLIGHTED = 8
"""Arms in colour in one figure; where there are more, the best and the reference are, and the others are grey."""
_LONGEST = 40
"""Characters of an arm's name in that of a file, before it is told from those of others."""


@dataclass(frozen=True)
class ArmStyles:
    """The arms of a page in the order of the study, with the reference arm, which is drawn in the colour of text."""

    arms: tuple[str, ...]
    reference: str

    def number(self, arm: str) -> int:
        """What scripts and styles call the arm; it holds no part of its name."""
        return self.arms.index(arm)

    @cached_property
    def file_names(self) -> dict[str, str]:
        """Each arm's name as a part of a file's; no two differ in capitals alone, which some disks ignore."""
        found: dict[str, str] = {}
        taken = {""}
        for number, arm in enumerate(self.arms):
            stem = file_stem(arm, _LONGEST)
            while stem.lower() in taken:
                stem += f"_{number}"
            taken.add(stem.lower())
            found[arm] = stem
        return found

    def classes(self, arm: str) -> str:
        """Colour and dashes; 55 arms pass before a pair of them comes again."""
        if arm == self.reference:
            return "ref"
        place = [other for other in self.arms if other != self.reference].index(arm)
        return f"c{place % COLOURS} d{(place + place // COLOURS) % DASHES}"

    def highlighted(self, best_first: Sequence[str]) -> frozenset[str]:
        """Which of a figure's arms are drawn in colour: all of a few, else the best and the reference."""
        if len(best_first) <= MOST_HIGHLIGHTED:
            return frozenset(best_first)
        others = [arm for arm in best_first if arm != self.reference]
        return frozenset({*others[: MOST_HIGHLIGHTED - 1], self.reference} & set(best_first))
