"""What is done to training images: shifted, mirrored, a square cut out, as EA-HAS-Bench's recipe has it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.experiments.hpo_recipe import HpoRecipe


@dataclass(frozen=True)
class Augmentation:
    """What is done to each of M images: drawn once, done to a few at a time, for all together may not fit in memory.

    padding: zeros around an image, of which it is cut out again behind `down` rows and `right` columns [M]. mirrored:
    [M], left to right. top, left: [M] first row and column of a square of `cutout` pixels that becomes 0; it may lie
    partly outside.
    """

    padding: int
    cutout: int
    down: Tensor
    right: Tensor
    mirrored: Tensor
    top: Tensor
    left: Tensor

    @classmethod
    def draw(
        cls, count: int, size: tuple[int, int], recipe: HpoRecipe, cutout: int, rng: np.random.Generator
    ) -> "Augmentation":
        """For images of size (height, width), as the recipe says. Squares have their middle anywhere in the image."""
        down, right = rng.integers(0, 2 * recipe.crop_padding + 1, (2, count))
        mirrored = rng.random(count) < 0.5 if recipe.flip else np.zeros(count, dtype=bool)
        nothing = np.zeros(count, dtype=np.int64)
        top, left = (rng.integers(0, side, count) - cutout // 2 if cutout else nothing for side in size)
        return cls(recipe.crop_padding, cutout, *map(torch.from_numpy, (down, right, mirrored, top, left)))

    def apply(self, images: Tensor, part: slice) -> Tensor:
        """The images [B, C, H, W] that stand at `part` of the M, as they are trained on."""
        down, right, mirrored, top, left = (
            drawn[part, None].to(images.device) for drawn in (self.down, self.right, self.mirrored, self.top, self.left)
        )
        image, rows, columns = (torch.arange(images.shape[axis], device=images.device) for axis in (0, 2, 3))
        across = right + columns
        across = torch.where(mirrored, across.flip(1), across)
        padded = F.pad(images, 4 * (self.padding,))
        shifted = padded[image[:, None, None], :, (down + rows)[:, :, None], across[:, None, :]].permute(0, 3, 1, 2)
        if not self.cutout:
            return shifted
        inside_rows = (rows >= top) & (rows < top + self.cutout)
        inside_columns = (columns >= left) & (columns < left + self.cutout)
        return shifted.masked_fill((inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], 0.0)
