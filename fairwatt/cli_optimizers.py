"""`fairwatt optimizers`, `fairwatt new` and `fairwatt check`: what there is, and one's own."""

import inspect
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairwatt.cli_console import console, prose
from fairwatt.cli_listing import Listing
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.conformance.finding import Finding
    from fairwatt.optimizer import OptimizerFactory
    from fairwatt.problem import Benchmark

HASH_SEEDS = (1, 2)
_NOT_OF_A_SETTING = re.compile(r"(?<=[.)])\s+(?=(?:Ends|Raises|Returns|Written|The others?)\b)")

optimizers_app = typer.Typer(
    invoke_without_command=True, help="List the optimizers.\n\nExample: fairwatt optimizers show bohb"
)
new_app = typer.Typer(help="Begin something of one's own.\n\nExample: fairwatt new optimizer hill")


@optimizers_app.callback()
def optimizers(context: typer.Context) -> None:
    """List the optimizers.

    Example: fairwatt optimizers show bohb
    """
    from fairwatt.registry import OPTIMIZERS

    if context.invoked_subcommand:
        return
    lines = Listing("name", "objectives", "fidelities", "extra", "source")
    for name in OPTIMIZERS.names():
        try:
            factory = OPTIMIZERS.load(name)
        except UserError as error:  # of a package that adds optimizers
            lines.add_row(name, "", "", "", str(error))
            continue
        fidelity = "several" if factory.multi_fidelity else "full"
        lines.add_row(name, " and ".join(factory.kinds), fidelity, _extra(factory), factory.source)
    console.print(lines)


@optimizers_app.command("show")
def optimizers_show(name: Annotated[str, typer.Argument(help="A registered name, or FILE.py:NAME.")]) -> None:
    """One optimizer: its source, deviations from it, and settings.

    Example: fairwatt optimizers show bohb
    """
    from fairwatt.registry import OPTIMIZERS, find_optimizer

    factory = find_optimizer(name)
    target = inspect.unwrap(factory.build)
    prose(f"{factory.name}: {factory.summary}")
    about = Listing("source", factory.source or "not said: line 1 of the file's docstring")
    about.add_row("objectives", " and ".join(f"{kind}: {', '.join(_objectives(kind))}" for kind in factory.kinds))
    about.add_row("fidelities", "several" if factory.multi_fidelity else "full training only")
    if factory.extra:
        about.add_row("needs", _extra(factory))
    if factory.waives:
        about.add_row("waives", f"{', '.join(factory.waives)} (fairwatt check)")
    notes = " ".join((inspect.getdoc(inspect.getmodule(target)) or "").partition("\n")[2].split())
    if notes:
        about.add_row("notes", notes)
    if name in OPTIMIZERS.declared:
        about.add_row("what it costs", "docs/optimizers.md, with all others")
    console.print(about)
    if factory.defaults:
        console.print()
        explained = _explained(target, list(factory.defaults))
        lines = Listing("setting", "default", "what it is")
        for setting, value in factory.defaults.items():
            shown = f"{value:.4g}" if isinstance(value, float) else repr(value)
            lines.add_row(setting, shown, explained.get(setting, ""))
        console.print(lines)


@new_app.callback()
def new() -> None:
    """Begin something of one's own.

    Example: fairwatt new optimizer hill
    """


@new_app.command("optimizer")
def new_optimizer(name: Annotated[str, typer.Argument(help="A Python name, such as hill.")]) -> None:
    """Write NAME.py, an optimizer to fill in that passes all checks as it is, and test_NAME.py.

    Example: fairwatt new optimizer hill
    """
    from fairwatt.optimizer_template import write_optimizer

    program, test = write_optimizer(name, Path())
    console.print(f"wrote {program} and {test}; put your algorithm into {program}, then")
    console.print(f"  fairwatt check {program}:{name}")
    console.print(f"  pytest {test}")
    console.print(f"  fairwatt run optimizer={program}:{name},re,rs space=digits-cells-5v seeds=0:30 budget=30")


def check(
    optimizer: Annotated[str, typer.Argument(help="FILE.py:NAME, or a registered name.")],
    space: Annotated[str, typer.Option(help="The space to try it on.")] = "toy-cells",
) -> None:
    """Whether an optimizer keeps what every optimizer promises; exit code 1 where it does not.

    Example: fairwatt check hill.py:hill
    """
    from fairwatt.conformance import check_optimizer
    from fairwatt.experiments.runner import run
    from fairwatt.registry import find_optimizer, make_benchmark

    benchmark = make_benchmark(space)
    factory = find_optimizer(optimizer)
    _can_be_made(factory, benchmark)
    failed = _report(factory, check_optimizer(factory, benchmark, run, hash_seeds=HASH_SEEDS), space)
    raise typer.Exit(1 if failed else 0)


def _report(factory: "OptimizerFactory", findings: "list[Finding]", space: str) -> int:
    """Print what came of the checks; how many have failed."""
    failed = [finding for finding in findings if finding.tried and not finding.passed]
    untried = [finding.check for finding in findings if not finding.tried]
    for finding in findings:
        if finding.passed:
            console.print(f"ok      {finding.check}")
    for finding in failed:
        console.print(f"FAILED  {finding.check}", style="bold")
        prose(f"        seen: {finding.detail}")
        prose(f"        fix:  {finding.fix}")
    if untried:
        prose(f"not tried until that is mended: {', '.join(untried)}")
    if factory.waives:
        prose(f"waived by {factory.name} itself: {', '.join(factory.waives)}")
    if failed:
        prose(f"{factory.name} on {space}: {len(failed)} of {len(findings)} checks failed")
    else:
        prose(f"{factory.name} on {space}: all {len(findings)} checks passed")
    return len(failed)


def _can_be_made(factory: "OptimizerFactory", benchmark: "Benchmark") -> None:
    """Raise what a missing extra, or settings that do not fit the space, raise; faults are the checks' matter."""
    from fairwatt.streams import stream

    problem = benchmark.problem(0, objectives=factory.objectives)
    try:
        factory.create(problem, stream("optimizer", benchmark.name, 0, "a")).ask()
    except UserError:
        raise
    except ModuleNotFoundError as missing:
        if factory.extra and factory.extra == missing.name:  # declared, in a file that does not say how to get it
            raise UserError(f"optimizer {factory.name} needs {missing.name}: pip install {missing.name}") from None
    except Exception:  # found again, and explained, by the checks
        return


def _explained(target: Any, settings: list[str], depth: int = 2) -> dict[str, str]:
    """What a docstring says of settings, or that of another function or optimizer that it names, as in `bohb`."""
    from fairwatt.registry import OPTIMIZERS

    docstring, home = inspect.getdoc(target) or "", inspect.getmodule(target)
    found = explanations(docstring, settings)
    for name in re.findall(r"`([\w-]+)`", f"{docstring} {home.__doc__ if home else ''}"):
        missing = [setting for setting in settings if setting not in found]
        named: Any = OPTIMIZERS.load(name) if name in OPTIMIZERS.names() else getattr(home, name, None)
        other = getattr(named, "build", named)
        if missing and depth and callable(other) and inspect.unwrap(other) is not target:
            found = _explained(inspect.unwrap(other), settings, depth - 1) | found
    return found


def explanations(docstring: str, settings: list[str]) -> dict[str, str]:
    """What a docstring says of each setting, written `setting: ...` or `setting, setting: ...`, in one paragraph."""
    found: dict[str, str] = {}
    either = "|".join(map(re.escape, sorted(settings, key=len, reverse=True)))
    heads = re.compile(rf"(?:(?<=\s)|^)((?:{either})(?:, (?:{either}))*):\s")
    for paragraph in docstring.split("\n\n"):
        parts = heads.split(" ".join(paragraph.split()))
        for names, text in zip(parts[1::2], parts[2::2], strict=True):
            for name in names.split(", "):
                found.setdefault(name, _NOT_OF_A_SETTING.split(text)[0].strip())
    return found


def _extra(factory: "OptimizerFactory") -> str:
    """The extra that an optimizer needs, and whether it is here: extras are named after their package."""
    if not factory.extra:
        return ""
    return f"{factory.extra}, {'here' if find_spec(factory.extra) else 'not installed'}"


def _objectives(kind: str) -> tuple[str, ...]:
    from fairwatt.optimizer import KINDS

    return KINDS[kind]
