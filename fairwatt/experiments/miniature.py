"""What a RegNet + HPO configuration becomes when it is trained on 8 x 8 digits: everything an eighth or a quarter.

Channels and group widths are an eighth (groups of less than a channel become one), epochs a quarter (12, 25, 50 stand
for 50, 100, 200), cutout a quarter of 16 pixels, which is half of the image's side instead of half of 32. Of the 334
networks of the CIFAR-10 space 292 stay different: group widths 1, 2, 4 and 8 become one.
"""

from dataclasses import dataclass

from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_hpo import Training

WIDTH_DIVISOR = 8
STEM_WIDTH = 2
EPOCHS = {50: 12, 100: 25, 200: 50}
CUTOUT_DIVISOR = 4


@dataclass(frozen=True)
class Miniature:
    """What is really trained: the narrow stages, epochs that run, pixels that are cut out."""

    stages: Stages
    epochs: int
    cutout: int


def miniature(training: Training) -> Miniature:
    """The miniature of one configuration of the CIFAR-10 space."""
    stages = narrowed(training.stages, WIDTH_DIVISOR)
    return Miniature(stages, EPOCHS[training.epochs], training.cutout // CUTOUT_DIVISOR)


def narrowed(full: Stages, divisor: int) -> Stages:
    """The stages with channels and group widths divided by 1, 2, 4 or 8; groups of less than a channel become one."""
    return Stages(
        tuple(width // divisor for width in full.widths),
        full.depths,
        tuple(max(1, width // divisor) for width in full.group_widths),
        full.total,
    )
