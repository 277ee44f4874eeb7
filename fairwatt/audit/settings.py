"""What is asked of an audit, and what that comes to with a log: the reference, the endpoints and the pairs."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from fairwatt.audit.log import Log
from fairwatt.audit.matched import ENDPOINTS, RULES, Rule
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Reference

REFERENCES = ("rs", "random", "randomsearch", "randomsampler", "uniformrandom")
"""Names of random search, in small letters without anything else; the reference where none is named."""


@dataclass(frozen=True)
class Settings:
    """What is asked of an audit.

    reference: the method that others are held against, "" for random search. rules: where searches are cut. endpoints:
    a subset of ENDPOINTS; by default (): hypervolume where energy is stated to have been an objective, regret where
    the log has no energy, both where energy is the cost and nobody stated more. currency: what is matched.
    invalid_cost: a declared price of impossible proposals, one policy more. all_pairs: every pair of methods. paired:
    compare seed by seed. tables: what is known of a space of the log, for the closed form of random search and for the
    price of the whole space; costs are then kWh.
    """

    reference: str = ""
    rules: tuple[Rule, ...] = RULES
    endpoints: tuple[str, ...] = ()
    currency: str = "cost"
    invalid_cost: float | None = None
    all_pairs: bool = False
    paired: bool = False
    tables: Mapping[str, Reference] = field(default_factory=dict)


def reference_of(log: Log, methods: tuple[str, ...], wanted: str) -> str:
    """The method that others are held against, or the only one. Raises UserError where there is none to choose."""
    if wanted:
        if wanted not in methods:
            raise UnknownNameError("method for --reference", wanted, methods)
        return wanted
    if len(methods) == 1:
        return methods[0]
    plain = {_plain(method): method for method in methods}
    for name in REFERENCES:
        if name in plain:
            return plain[name]
    raise UserError(
        f"{', '.join(log.sources)}: no method is called random search; say which is the reference: "
        f"--reference {shlex.quote(methods[0])} (methods: {', '.join(methods)})"
    )


def is_random_search(method: str) -> bool:
    """Whether a method is called random search."""
    return _plain(method) in REFERENCES


def _plain(method: str) -> str:
    return "".join(char for char in method.lower() if char.isalnum())


def endpoints_of(log: Log, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are wanted, or those that the log calls for. Raises UserError for one that it has no numbers for."""
    has_energy = bool((log.frame["energy"].notna() & log.frame["valid"]).any())
    for endpoint in wanted:
        if endpoint not in ENDPOINTS:
            raise UnknownNameError("endpoint", endpoint, (*ENDPOINTS, "both"))
    if "hypervolume" in wanted and not has_energy:
        raise UserError(
            f"{', '.join(log.sources)}: hypervolume needs energy as a second objective, and this log has none; "
            f"use --endpoint regret, or name its column: --columns energy=COLUMN"
        )
    if not wanted and has_energy and not log.energy_stated:
        return ENDPOINTS  # a cost in kWh does not tell whether anybody minimised it
    return wanted or (("hypervolume",) if has_energy else ("regret",))


def pairs_of(log: Log, reference: str, all_pairs: bool) -> list[tuple[str, str, str]]:
    """(space, arm, reference) of each comparison, none of a single method. Raises UserError where no space has both."""
    found = []
    there = {str(space): set(rows["method"]) for space, rows in log.frame.groupby("space", sort=True)}
    for space, known in there.items():
        methods = sorted(known, key=lambda method: (method != reference, method))
        if all_pairs:
            found += [(space, arm, other) for other, arm in combinations(methods, 2)]
        elif reference in methods:
            found += [(space, arm, reference) for arm in methods if arm != reference]
    if found or len(set().union(*there.values())) == 1:
        return found
    together = sorted({method for known in there.values() if len(known) > 1 for method in known})
    words = f"--reference {shlex.quote(together[0])}" if together else "if all are one space, --columns \"space='one'\""
    shown = "; ".join(f"{space}: {', '.join(sorted(known))}" for space, known in there.items())
    raise UserError(
        f"{', '.join(log.sources)}: no space has both {reference} and another method ({shown}); add {words}"
    )
