"""A dozen RegNets whose numbers are kept: five numbers, their stages, and FLOPs, parameters, activations at 32 x 32.

torch counts the same by hooks (test_regnet_network.py), and pycls by its own rules (the genuine vectors).
"""

from typing import NamedTuple

from fairwatt.search_spaces.regnet import Stages


class Known(NamedTuple):
    numbers: tuple[int, int, float, float, int]
    stages: Stages
    size: tuple[int, int, int]


KNOWN = (
    Known((6, 48, 8.0, 2.5, 1), Stages((48, 120), (4, 2), (1, 1), 2), (10758428, 95308, 290316)),
    Known((15, 128, 32.0, 3.0, 32), Stages((128, 384), (3, 12), (32, 32), 2), (370928398, 5907934, 1431566)),
    Known((6, 80, 9.7, 2.75, 32), Stages((64,), (6,), (32,), 1), (41610846, 172462, 377310)),
    Known((11, 72, 21.3, 2.56, 32), Stages((64, 192), (3, 8), (32, 32), 2), (88928718, 1252894, 575566)),
    Known((9, 104, 16.4, 2.9, 24), Stages((96, 312), (5, 4), (24, 24), 2), (120816704, 1397632, 804912)),
    Known((8, 128, 8.0, 3.0, 4), Stages((128,), (8,), (4,), 1), (75476462, 354494, 935150)),
    Known((1, 16, 0.0, 2.0, 8), Stages((16,), (1,), (8,), 1), (1130814, 2830, 45086)),
    Known((7, 40, 24.0, 2.0, 48), Stages((40, 96, 144), (1, 3, 3), (40, 48, 48), 3), (23290368, 560464, 198816)),
    # u/w0 = 1.6 = 2.56^(1/2): k is exactly 1/2, which goes to 0
    Known((13, 48, 28.8, 2.56, 24), Stages((48, 120, 312), (2, 4, 7), (24, 24, 24), 3), (54567146, 2418538, 390330)),
    Known(
        (15, 48, 32.0, 2.5, 16),
        Stages((48, 128, 304, 752), (1, 4, 9, 1), (16, 16, 16, 16), 4),
        (60174454, 3956422, 410198),
    ),
    Known(
        (12, 56, 31.9, 1.503, 8),
        Stages((56, 88, 128, 192, 288, 432), (1, 1, 2, 2, 4, 2), (8, 8, 8, 8, 8, 8), 6),
        (11102990, 2337854, 195358),
    ),
    Known(
        (10, 64, 12.8, 1.5, 2),
        Stages((64, 96, 144, 216), (2, 3, 4, 1), (2, 2, 2, 2), 4),
        (15226158, 456910, 304478),
    ),
)
