"""A study, or changes of one, as `key=value` words of a command line."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from fairwatt.budget import FULL
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.strict_yaml import read_yaml

SINGULAR = {"space": "spaces", "optimizer": "optimizers", "budget": "budgets"}
LISTS = ("spaces", "optimizers", "budgets")
TEXTS = ("study", "reference", "sampler", "energy", "suspect", "reruns", *LISTS)
SEEDS, BUDGET, REFERENCE = "0:30", f"30 {FULL}", "rs"
LONGEST_NAME = 80

_NUMBER = re.compile(r"\s*\d+(\.\d+)?\s*", re.ASCII)


def read_words(words: Sequence[str], known: Collection[str]) -> dict[str, Any]:
    """Values by key, of keys in `known` or the singular of one, each once. A bare budget is in trainings.

    Raises UserError, UnknownNameError with the nearest key.
    """
    data: dict[str, Any] = {}
    for word in words:
        given, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"{word!r}: expected key=value, such as seeds=0:5 (a study's name comes first)")
        key = SINGULAR.get(given, given)
        if key not in known:
            raise UnknownNameError("study key", given, [*known, *SINGULAR])
        if not value.strip():
            raise UserError(f"{word!r}: expected a value, such as {given}={_EXAMPLES.get(key, '...')}")
        if key in data:  # the first would be lost without a word
            raise UserError(f"{word!r}: {key} given twice; write one word, such as {given}={_EXAMPLES.get(key, '...')}")
        read = _value(key, value)
        data[key] = _listed(key, read, word) if key in LISTS else read
    return data


def words_alone(words: Sequence[str], known: Collection[str]) -> dict[str, Any]:
    """The fields of a study that has no file: named after what it compares, with usual seeds, budget and reference.

    Raises UserError where no optimizer or no space is named, and as `read_words`.
    """
    data = {"seeds": SEEDS, "budgets": [BUDGET]} | read_words(words, known)
    for one, key in SINGULAR.items():
        if key not in data:
            raise UserError(f"a study without a file needs {one}=, such as {one}={_EXAMPLES[key]}")
    labels = [_label(arm) for arm in data["optimizers"]]
    data.setdefault("reference", REFERENCE if REFERENCE in labels else labels[0])
    data.setdefault("study", _name(labels, data["spaces"], data["budgets"]))
    return data


_EXAMPLES = {
    "optimizers": "my_file.py:my_optimizer,re,rs",
    "spaces": "digits-cells-5v",
    "budgets": "30",
    "seeds": SEEDS,
    "study": "my_study",
    "reference": REFERENCE,
    "reruns": "'raw sampler'",
}


def _value(key: str, value: str) -> Any:
    """As in a file where it looks like YAML, else text where the field takes text."""
    if (key in TEXTS or ":" in value) and not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return read_yaml(value, "")
    except UserError:
        raise UserError(f"{key}={value}: not a YAML value") from None


def _listed(key: str, value: Any, word: str) -> list[Any]:
    """One or many, none of them empty. Raises UserError."""
    many = _many(value)
    if not many or "" in many:
        raise UserError(f"{word!r}: nothing is named, before or after a comma; expected such as {_EXAMPLES[key]}")
    return [_budget(each) for each in many] if key == "budgets" else many


def _budget(value: Any) -> Any:
    """A plain number counts full trainings."""
    return f"{value} {FULL}" if _NUMBER.fullmatch(str(value)) else value


def _many(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, list) else [value]


def _label(arm: Any) -> str:
    """The label that an arm will have."""
    given = arm if isinstance(arm, dict) else {"optimizer": arm}
    return str(given.get("label") or str(given.get("optimizer", "")).rpartition(":")[2])


def _name(labels: Sequence[str], spaces: Sequence[Any], budgets: Sequence[Any]) -> str:
    """Such as hill-re-rs-on-toy-cells-30full: other words make another study, in a folder of its own."""
    arms = "-".join(labels)
    name = f"{arms}-on-{'-'.join(map(str, spaces))}-{'-'.join(str(b).replace(' ', '') for b in budgets)}"
    return name if len(name) <= LONGEST_NAME else f"{len(labels)}-optimizers{name[len(arms) :]}"[:LONGEST_NAME]
