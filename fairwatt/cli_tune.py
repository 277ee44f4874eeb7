"""`fairwatt tune`: settings of an optimizer, by random search over them, with the energy that it takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairwatt.cli_console import console, prose
from fairwatt.cli_listing import Listing
from fairwatt.cli_run import run_with_progress
from fairwatt.cli_sweep import Executor, Scheduler, Workers
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.tuning import Tuning

SHOWN = 5


def tune(
    optimizer: Annotated[str, typer.Argument(help="A registered name, or FILE.py:NAME.")],
    space: Annotated[list[str], typer.Option("--space", help="A space to tune on; several where it is given again.")],
    configurations: Annotated[int, typer.Option(help="Random settings to try.", min=2)] = 20,
    seeds: Annotated[str, typer.Option(help="Searches of each: other seeds than it will be judged by.")] = "1000:1010",
    budget: Annotated[str, typer.Option(help="Of each search.")] = "30 full",
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", help="NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE; again for another."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the results; results/tune-NAME by default.")
    ] = None,
    executor: Executor = "processes",
    workers: Workers = 0,
    scheduler: Scheduler = "",
) -> None:
    """Choose an optimizer's settings by random search over them, on other searches than those it is judged by.

    Each number is drawn from a quarter to four times its default unless a --range says otherwise; all settings get the
    same seeds and the same energy. Stop it and run it again to go on. A study takes what was found with
    {optimizer: NAME, tuned: FOLDER}.

    Example: fairwatt tune re --space digits-regnet-hpo
    """
    from fairwatt.analysis.load import load
    from fairwatt.analysis.tuning_scores import tuning_of
    from fairwatt.experiments.store import read_stored_study
    from fairwatt.experiments.tuning_plan import default_label, tuning_study
    from fairwatt.tuning import write_tuning

    study, drawn = tuning_study(
        optimizer, space, configurations=configurations, seeds=seeds, budget=budget, given=ranges or []
    )
    folder = out or Path("results") / study.study
    stored = read_stored_study(folder).seeds if (folder / "study.json").is_file() else study.seeds
    if set(stored) != set(study.seeds):  # a study may grow by seeds; what was chosen by other ones may not
        raise UserError(
            f"{folder} holds a tuning by the {len(stored)} seeds from {stored[0]} to {stored[-1]}, not by these; "
            "choose another folder with --out"
        )
    hint = "; settings that fail are left out with --range, in another folder (--out)"
    run_with_progress(study, folder, executor, workers, scheduler, hint=hint)
    label = next(arm.label for arm in study.optimizers if arm.label.endswith(default_label("")))
    given = [word.partition("=")[0].strip() for word in ranges or []]
    tuning = tuning_of(load(folder), label, drawn, given)
    write_tuning(folder, tuning)
    _show(tuning)
    console.print(f"\nas an arm of a study: {{optimizer: {optimizer!r}, tuned: {str(folder)!r}}}")


def _show(tuning: "Tuning") -> None:
    from fairwatt.analysis.tuning_scores import tuning_table

    lines = Listing("score", *tuning.best)
    order = sorted(range(len(tuning.scores)), key=tuning.scores.__getitem__)[:SHOWN]
    for place in order:
        lines.add_row(f"{tuning.scores[place]:.4f}", *map(_setting, tuning.configurations[place].values()))
    console.print(f"\nthe best {len(order)} of {len(tuning.scores)} settings of {tuning.optimizer}")
    console.print(lines)
    found = tuning_table({"": tuning}).to_dict("records")[0]
    prose(
        f"Scores are on validation, lower is better: median {found['median']:.4f} [quartiles {found['q25']:.4f}, "
        f"{found['q75']:.4f}], default settings {tuning.default:.4f}, random search {tuning.reference:.4f}; "
        f"{found['better']:.0%} of the settings are better than random search (ties half)."
    )
    if tuning.keeps_default:
        prose("None of them is better than the default settings, which are therefore kept.")
    marks = [name for name in found if str(name).startswith("best_of_")]
    told = ", ".join(f"{str(name).removeprefix('best_of_')}: {found[name]:.4f}" for name in marks)
    prose(f"Expected best of so many settings: {told}.")
    prose(
        f"Tuning took {tuning.energy_kwh:.4g} kWh ({tuning.trainings:,.0f} full trainings): {len(tuning.scores)} "
        f"settings x {len(tuning.seeds)} seeds x {tuning.budget} on {', '.join(tuning.spaces)}. The best score is "
        "flattered by its choice; a study with other seeds or spaces tells."
    )


def _setting(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
