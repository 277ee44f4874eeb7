"""How a RegNet + HPO configuration is trained: EA-HAS-Bench's recipe. Free of torch, so that sweeps can be planned.

Schedules are functions of the progress of a training, counted in the epochs that the configuration names (50, 100 or
200): a miniature that runs a quarter of them goes through the same schedule. Moving averages likewise keep the horizon
that they have in the full training.

Progress is a float, so that a step exactly at the border of two epochs may be left in the first by round-off: in whole
trainings of 50, 100 and 200 epochs 1, 3 and 7 epochs take their rate one step late (from the 29th on).
"""

import math
from dataclasses import dataclass

from fairwatt.errors import UnknownNameError


@dataclass(frozen=True)
class HpoRecipe:
    """Settings that all configurations share; the rest is the configuration's own.

    crop_padding: pixels by which images are shifted at random, at most. flip: whether they are mirrored at random.
    precise_images: images over which batch norm's statistics are taken before an evaluation.
    """

    batch_size: int = 1024
    label_smoothing: float = 0.1
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 5e-4
    lowest_lr: float = 1e-6
    warmup_epochs: int = 5
    warmup_factor: float = 0.1
    average_per_epoch: float = 8.192
    crop_padding: int = 4
    flip: bool = True
    precise_images: int = 8192

    def learning_rate(self, policy: str, base: float, progress: float, epochs: int) -> float:
        """The rate at `progress` (0 to 1) of a training that the configuration names as `epochs` long.

        Constant within each of those epochs. Raises UnknownNameError for a policy other than cos, exp, lin.
        """
        epoch = min(int(progress * epochs), epochs - 1)
        done = epoch / epochs
        if policy == "cos":
            factor = (1 - self.lowest_lr) * 0.5 * (1 + math.cos(math.pi * done)) + self.lowest_lr
        elif policy == "lin":
            factor = (1 - self.lowest_lr) * (1 - done) + self.lowest_lr
        elif policy == "exp":
            factor = math.pow(self.lowest_lr, done)
        else:
            raise UnknownNameError("learning rate policy", policy, ("cos", "exp", "lin"))
        if epoch < self.warmup_epochs:
            share = epoch / self.warmup_epochs
            factor *= self.warmup_factor * (1 - share) + share
        return base * factor

    def averaging(self, progress: float, epochs: int, steps: int) -> float:
        """The weight of the new parameters in their moving average after one of `steps` steps; 1 while warming up.

        Two updates an epoch of weight 8.192/epochs, as EA-HAS-Bench has them at batch 1024, spread evenly over steps.
        """
        if int(progress * epochs) < self.warmup_epochs:
            return 1.0
        weight = min(1.0, self.average_per_epoch / epochs)
        return float(1.0 - (1.0 - weight) ** (2 * epochs / steps))


DIGITS_RECIPE = HpoRecipe(batch_size=32, crop_padding=1, flip=False, precise_images=400)
"""For 8 x 8 digits, which must not be mirrored; a shift of a pixel is an eighth of the image, as 4 of 32 are."""
