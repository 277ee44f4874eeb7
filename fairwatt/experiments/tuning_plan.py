"""A tuning as a study: random settings of one optimizer, its default ones, and random search, under one budget each.

What settings are drawn from is the same rule for every optimizer, so that nobody's favourite gets the better ranges:
each number log-uniformly from a quarter to four times its default, switches either way, texts and zeros as they are.
Other ranges are named by the user. Settings that the optimizer refuses, or whose brackets are longer than the budget,
are drawn again. Specification: section 3.8.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fairwatt.budget import Budget, component
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.arm import Arm
from fairwatt.experiments.strict_yaml import read_yaml
from fairwatt.experiments.study import Study, parse_study
from fairwatt.experiments.worlds import benchmark_of
from fairwatt.ledger import AccountingPolicy
from fairwatt.optimizer import OptimizerFactory, SearchEnded
from fairwatt.problem import Benchmark
from fairwatt.registry import find_optimizer
from fairwatt.streams import stream

FACTOR = 4
"""Numbers are drawn from a FACTOR-th of their default to FACTOR times it."""
REFERENCE = "rs"
MOST = 999
_DRAWS = 50
"""Draws for each configuration that is wanted, before it is said that there are none."""
_BOUNDS = re.compile(r"([^:]+):([^:]+?)(:log)?")


class Range(NamedTuple):
    """What one setting is drawn from: values, or numbers from low to high, whole ones where `whole`."""

    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False

    def draw(self, rng: np.random.Generator) -> Any:
        """One value, in Python's own types."""
        if self.values:
            return self.values[int(rng.integers(len(self.values)))]
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        if self.log:  # of what is below zero the magnitude
            drawn = float(np.sign(low) * np.exp(rng.uniform(*sorted(np.log(np.abs([low, high]))))))
        else:
            drawn = float(rng.uniform(low, high))
        return int(np.clip(round(drawn), self.low, self.high)) if self.whole else drawn

    def __str__(self) -> str:
        if self.values:
            return " or ".join(map(str, self.values))
        return f"{self.low:g} to {self.high:g}{', log-uniform' if self.log else ''}"


def tuning_study(
    optimizer: str,
    spaces: Sequence[str],
    *,
    configurations: int,
    seeds: str,
    budget: str,
    given: Sequence[str] = (),
) -> tuple[Study, dict[str, str]]:
    """The study that tunes an optimizer, and what its settings are drawn from, in words.

    optimizer: a registered name, or FILE.py:NAME. given: ranges, as words such as population_size=2:40:log, eta=2,3,4
    or k=10. The same call draws the same settings; more configurations begin with those of fewer. Raises UserError:
    unknown names and settings, an optimizer without settings, ranges in which too few settings are accepted.
    """
    if not 2 <= configurations <= MOST:
        raise UserError(f"{configurations} configurations: expected 2 to {MOST}")
    factory = find_optimizer(optimizer)
    factory.check_extra()
    ranges = ranges_of(factory, given)
    if not ranges:
        raise UserError(f"{factory.name} has no settings to tune")
    base = Arm(optimizer=optimizer)
    plain = {
        "study": f"tune-{base.label}",
        "spaces": list(spaces),
        "seeds": read_yaml(seeds, "seeds") if seeds.lstrip().startswith("[") else seeds,
        "budgets": [budget],
        "reference": REFERENCE,
    }
    parse_study(plain | {"optimizers": [REFERENCE, optimizer]}, "tuning").check()
    drawn = _accepted(factory, ranges, configurations, _granted(spaces, budget))
    arms: list[Any] = [REFERENCE, {"optimizer": optimizer, "label": default_label(base.label)}]
    arms += [
        {"optimizer": optimizer, "label": f"{base.label}-{number:03d}", "settings": settings}
        for number, settings in enumerate(drawn, 1)
    ]
    study = parse_study(plain | {"optimizers": arms}, "tuning")
    study.check()
    return study, {name: str(found) for name, found in ranges.items()}


def default_label(label: str) -> str:
    """Of the arm with the settings that come with the optimizer."""
    return f"{label}-default"


def ranges_of(factory: OptimizerFactory, given: Sequence[str]) -> dict[str, Range]:
    """What each setting that is tuned is drawn from. Raises UserError, UnknownNameError."""
    ranges = {name: found for name, value in factory.defaults.items() if (found := _around(value))}
    named: set[str] = set()
    for word in given:
        name, equals, text = (part.strip() for part in word.partition("="))
        if not equals or not text:
            raise UserError(f"range {word!r}: expected NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE")
        if name not in factory.defaults:
            raise UnknownNameError(f"setting of optimizer {factory.name}", name, factory.defaults)
        if name in named:
            raise UserError(f"range {word!r}: {name} given twice")
        named.add(name)
        ranges[name] = _read(factory, name, text)
    return ranges


def _around(value: Any) -> Range | None:
    """What is usual for a setting with this default."""
    if isinstance(value, bool):
        return Range((False, True))
    if isinstance(value, str) or not value:
        return None
    whole = isinstance(value, int)
    near, far = (max(abs(value) // FACTOR, 1) if whole else abs(value) / FACTOR), abs(value) * FACTOR
    low, high = (near, far) if value > 0 else (-far, -near)
    return Range(low=low, high=high, whole=whole, log=True)


def _read(factory: OptimizerFactory, name: str, text: str) -> Range:
    """A range as its user writes it. Raises UserError."""
    whole = isinstance(factory.defaults[name], int)
    bounds = _BOUNDS.fullmatch(text)
    if not bounds:
        values = tuple(read_yaml(part, f"range of {name}") for part in text.split(","))
        for value in values:
            factory.resolve({name: value})
        return Range(values)
    low, high = (read_yaml(part, f"range of {name}") for part in bounds.groups()[:2])
    for value in (low, high):
        factory.resolve({name: value})
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"range {name}={text}: {value!r} is no number; write the values as {name}={low},{high}")
    if not low < high or (bounds[3] and low * high <= 0) or (bounds[3] and whole and low < 1):
        raise UserError(f"range {name}={text}: expected the lower end first, and both of one sign where it is log")
    return Range(low=low, high=high, whole=whole, log=bool(bounds[3]))


def _granted(spaces: Sequence[str], budget: str) -> list[tuple[Benchmark, float]]:
    """Each space with its budget in mean full trainings. Raises UserError."""
    asked = parse_study({"study": "tuning", "spaces": list(spaces), "optimizers": [REFERENCE], "seeds": [0]}, "tuning")
    found = []
    for benchmark in (benchmark_of(asked, space) for space in spaces):
        currency, tariff = AccountingPolicy().currency, benchmark.tariff()
        amount = Budget.parse(budget).resolve(currency, tariff)
        found.append((benchmark, amount / tariff.full[component(currency)]))
    return found


def _accepted(
    factory: OptimizerFactory, ranges: Mapping[str, Range], wanted: int, granted: Sequence[tuple[Benchmark, float]]
) -> list[dict[str, Any]]:
    """As many different settings, none of them the default ones."""
    found = {_identity(factory.defaults): dict(factory.defaults)}
    reason = "all others were drawn before"
    rng = stream("tuning", "", 0, factory.name)
    for _ in range(_DRAWS * wanted):
        settings = dict(factory.defaults) | {name: each.draw(rng) for name, each in ranges.items()}
        if _identity(settings) in found:
            continue
        if refused := _refusal(factory, settings, granted):
            reason = refused
        else:
            found[_identity(settings)] = settings
        if len(found) > wanted:
            return list(found.values())[1:]
    raise UserError(
        f"{factory.name}: only {len(found) - 1} different settings of {wanted} are accepted within these ranges "
        f"({reason}); give wider ones with --range, or ask for fewer --configurations"
    )


def _refusal(factory: OptimizerFactory, settings: Mapping[str, Any], granted: Sequence[tuple[Benchmark, float]]) -> str:
    """Why these settings cannot be tried; empty where they can: a search begins, and one cycle of brackets is paid."""
    for benchmark, trainings in granted:
        try:
            cycle = factory.cycle_full(benchmark.fidelities, settings)
            if cycle > trainings:
                return f"a cycle of brackets takes {cycle:.3g} full trainings, which a larger --budget pays"
            problem = benchmark.problem(0, initial=0, objectives=factory.objectives)
            factory.create(problem, np.random.default_rng(0), **settings).ask()
        except SearchEnded:
            return "the search ends before it begins"
        except UserError as error:
            return str(error)
        except Exception as error:  # of an algorithm that did not look at its settings
            return f"{type(error).__name__}: {error}"
    return ""


def _identity(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)
