"""How every miniature net is trained. Free of torch, so that sweeps can be planned without it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """SGD settings; the learning rate is NAS-Bench-101's and lay between the best two of a pilot.

    The remainder of an epoch that fills no batch is dropped, so no batch norm sees a small one.
    """

    batch_size: int = 64
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def steps_per_epoch(self, images: int) -> int:
        """Steps of an epoch of so many training images."""
        return images // self.batch_size
