"""Features of keys are those of the configurations that have them."""

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.search_spaces.regnet import complexity
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_features import ARCHITECTURE, HYPER, key_features
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace


def test_features_are_of_the_configuration() -> None:
    space, rng = RegnetHpoSpace(), np.random.default_rng(0)
    configs = [space.sample(rng) for _ in range(50)]
    architecture, hyper = key_features(np.array([space.key(config) for config in configs]))
    assert (architecture.shape, hyper.shape) == ((50, len(ARCHITECTURE)), (50, HYPER))
    for config, numbers, hots in zip(configs, architecture, hyper, strict=True):
        assert hots[:-4].tolist() == space.encode(config, "onehot")[15:].tolist()
        sgd = config[6] == "sgd"
        above = np.log10(config[5]) + (0.5 if sgd else 1.5)
        assert hots[-4:] == pytest.approx([above, above**2, sgd * above, sgd * above**2])
        stages = space.training(config).stages
        size = complexity(stages)
        expected = [*stages.depths, *np.log([*stages.widths, *stages.group_widths, *size])]
        assert numbers == pytest.approx(expected)


def test_other_keys_are_refused() -> None:
    for key in (-1, 334 * HYPERS):
        with pytest.raises(UserError, match="outside 0 to 180,359"):
            key_features(np.array([key]))
