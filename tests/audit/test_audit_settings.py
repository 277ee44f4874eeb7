import re

import pytest
from small_log import log, rivals, search

from fairwatt.audit.audit import Audit
from fairwatt.audit.settings import Settings
from fairwatt.errors import UnknownNameError, UserError


def test_what_cannot_be_compared_is_refused_in_one_line() -> None:
    nobody = log([search("smac", 0, [0.5]), search("tpe", 0, [0.5])])
    apart = log([search("smac", 0, [0.5], space="a"), search("rs", 0, [0.5], space="b")])
    pair = log([search("rs", 0, [0.5], space="a"), *(search(m, 0, [0.5], space="b") for m in ("smac", "tpe"))])
    free = log([search(method, 0, [0.5], costs=0.0) for method in ("rs", "smac")])
    for made, settings, words in (
        (nobody, Settings(), "--reference smac (methods: smac, tpe)"),
        (apart, Settings(), "no space has both rs and another method (a: smac; b: rs); add if all are one space, "),
        (apart, Settings(), "--columns \"space='one'\""),
        (pair, Settings(), "(a: rs; b: smac, tpe); add --reference smac"),
        (free, Settings(), "runs.csv: all requests together take 0 kWh, so there is nothing to match; count them"),
        (free, Settings(), '--columns "cost="'),
        (rivals(), Settings(endpoints=("hypervolume",)), "hypervolume needs energy"),
    ):
        with pytest.raises(UserError, match=re.escape(words)) as error:
            Audit(made, settings)
        assert "\n" not in str(error.value)
    with pytest.raises(UnknownNameError, match="did you mean 'smac'"):
        Audit(nobody, Settings(reference="smak"))
    for name in ("RS", "Random Search", "random_sampler"):
        assert Audit(log([search(name, 0, [0.5]), search("x", 0, [0.5])])).reference == name
