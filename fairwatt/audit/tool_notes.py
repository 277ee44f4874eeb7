"""What a tool's own records leave to its user: the cost in energy, the test error, the network behind a config.

Tools keep a user's notes beside a trial (SMAC's `additional_info`, Optuna's `user_attrs`, the `info` of HpBandSter) and
time the call themselves, which on a tabular benchmark is the time of a look-up.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, is_empty, numbers
from fairwatt.audit.vocabulary import ACCURACY, ENERGY, ERROR, EXACT, is_running, tokens, unit_of

if TYPE_CHECKING:
    import pandas as pd

OBJECTIVE = "objective"
"""The unit of an error that its tool only calls the objective: the same for all tools, so that they can be compared."""


def tool_log(
    tool: str,
    frame: "pd.DataFrame",
    source: str,
    stated: dict[str, Formula],
    given: Collection[str],
    *,
    notes_in: str,
    configs_in: str,
    seconds: Sequence[str] = (),
    said: Sequence[str] = (),
) -> RawLog:
    """A tool's log with what its user noted.

    stated: formulas that the format fixes. given: names of which the user says what they are. notes_in, configs_in:
    what the names of columns with notes and with hyperparameters begin with. seconds: the tool's own timings, the first
    that holds anything counts. Raises LogError where notes hold several costs.
    """
    if frame.empty:
        raise LogError(f"{source}: no request in it")
    columns = [str(name) for name in frame.columns if not is_empty(frame[name])]
    formulas = {name: each for name, each in stated.items() if all(column in columns for column in each.columns)}
    configs = tuple(name for name in columns if name.startswith(configs_in))
    if configs and "config" not in formulas:
        formulas["config"] = Formula(configs)
    noted = [name for name in columns if name.startswith(notes_in) and name not in configs]
    own = {name: tokens(name.removeprefix(notes_in)) for name in noted}
    sentences = list(said)
    for name, words in own.items():
        if "_".join(words) in EXACT["config"]:
            formulas["config"] = Formula((name,))
            sentences.append(f"{tool}: equal {name} means the same network.")
    unit = ""
    if "cost" not in given:
        timed = [name for name in seconds if name in columns]
        formulas["cost"], unit, why = _cost(tool, source, own, timed, formulas.get("energy"), notes_in)
        sentences.append(why)
    test = [name for name, words in own.items() if "test" in words and set(words) & (ACCURACY | ERROR)]
    if len(test) == 1:
        accuracy = bool(set(own[test[0]]) & ACCURACY)
        percent = accuracy and np.nanmax(numbers(frame[test[0]], source)) > 1.5
        scale = 0.01 if percent else 1.0
        formulas["test_error"] = Formula((test[0],), offset=1.0, scale=-scale) if accuracy else Formula((test[0],))
        sentences.append(f"{tool}: the test error is {formulas['test_error'].in_words}.")
    noted_cost = "cost" not in given and set(formulas["cost"].columns) & own.keys()
    guessed = frozenset({"cost"} if noted_cost else ())
    units = {"cost_unit": unit, "error_unit": OBJECTIVE}
    return RawLog(frame, source, formulas, units, False, tuple(sentences), guessed)


def _cost(
    tool: str, source: str, own: dict[str, list[str]], seconds: list[str], objective: Formula | None, notes_in: str
) -> tuple[Formula, str, str]:
    """Energy where it was an objective or a note, else the tool's own seconds, else one evaluation each."""
    if objective is not None:
        unit = unit_of(objective)
        return objective, unit, f"{tool}: the cost is {objective.in_words}, which was an objective too, in {unit}."
    noted = [name for name, words in own.items() if ENERGY & set(words)]
    if len(noted) > 1:
        listed = ", ".join(noted)
        words = " or ".join(option(f"cost={joined((name,))}") for name in noted)
        raise LogError(f"{source}: several notes may be the cost: {listed}; add {words}")
    if noted:
        cost = Formula((noted[0],), running=is_running(own[noted[0]]))
        unit = unit_of(Formula((noted[0].removeprefix(notes_in),)))
        return cost, unit, f"{tool}: the cost is {noted[0]}, which its user noted, in {unit}."
    if seconds:
        why = (
            f"{tool}: the cost is {seconds[0]}, the seconds that the tool measured around each call; where the calls "
            "only looked trainings up, they are not what the trainings took."
        )
        return Formula((seconds[0],)), "s", why
    return Formula(), "evaluations", f"{tool}: no cost is recorded; every request counts as one evaluation."


def objectives(names: Sequence[str], source: str, given: Collection[str]) -> dict[str, Formula]:
    """Of two objectives the one that is an energy is `energy`, the other `val_error`.

    given: names of which the user says what they are. Raises LogError for others than one, or two of this kind.
    """
    if len(names) == 1:
        return {"val_error": Formula((names[0],))}
    if "val_error" in given:
        return {}
    energies = [name for name in names if ENERGY & set(tokens(name))]
    if len(names) != 2 or len(energies) != 1:
        listed = ", ".join(names)
        raise LogError(
            f"{source}: objectives {listed}: cannot tell which is the error and which the energy; add "
            f'--columns "val_error={names[0]}, energy={names[-1]}"'
        )
    error = next(name for name in names if name not in energies)
    return {"val_error": Formula((error,)), "energy": Formula((energies[0],))}


def lowered(frame: "pd.DataFrame", column: str, source: str) -> tuple[Formula, str, bool]:
    """A maximised objective as one to minimise, its unit, and whether it is an error rate."""
    values = numbers(frame[column], source)
    values = values[np.isfinite(values)]
    if len(values) and values.min() >= 0 and values.max() <= 1:
        return Formula((column,), offset=1.0, scale=-1.0), f"1 - {OBJECTIVE}", True
    if len(values) and values.min() >= 0 and 1.5 < values.max() <= 100 and ACCURACY & set(tokens(column)):
        return Formula((column,), offset=1.0, scale=-0.01), f"1 - {OBJECTIVE}", True
    return Formula((column,), scale=-1.0), f"-{OBJECTIVE}", False
