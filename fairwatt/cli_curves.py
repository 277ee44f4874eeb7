"""What `fairwatt surrogate` prints of surrogates of learning curves: cards and audits."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatt.cli_console import Progress, console
from fairwatt.cli_listing import Listing
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.experiments.curve_audit import Audit
    from fairwatt.experiments.curve_scores import Scores

_VERDICTS = {True: "holds", False: "FAILS", None: ""}
_SCORED = (("end_tau", "τ at the end"), ("tau", "τ by epoch"), ("end_r2", "R² at the end"), ("r2", "R² by epoch"))


def fit(name: str, seed: int, split: int, out: Path | None) -> None:
    """Fit the surrogate of curves to a table, and show its card."""
    from fairwatt.experiments.curve_fit import fit_curve_surrogate

    with Progress(f"Bézier curves of {name}", "epochs, at most") as shown:
        path = fit_curve_surrogate(name, seed, out, split_seed=split, progress=shown.update)
    show(path)


def show(path: Path) -> None:
    """The card of a surrogate of curves."""
    from fairwatt.search_spaces.curve_surrogate import CurveSurrogate

    surrogate = CurveSurrogate.load(path)
    card, test = surrogate.card, surrogate.card.test
    lines = Listing("", str(path))
    lengths = ", ".join(
        f"{points} of {epochs} epochs" for epochs, points in sorted(card.lengths.items(), key=lambda item: item[1])
    )
    dataset = card.dataset or "data that it does not name"
    for what, words in (
        ("what", f"{card.title}; {' and '.join(card.kinds)} error in percent"),
        ("kind", f"Bézier curves of degree {card.degree}, an ensemble of two-stream networks, seed {card.seed}"),
        ("data", f"{card.data}, trained on {dataset}, sha256 {card.data_sha256}; points of a curve: {lengths}"),
        (
            "split",
            f"{card.split}; trainings: " + ", ".join(f"{count:,} {part}" for part, count in card.trainings.items()),
        ),
        *((f"{kind} curves, on test keys", _summary(test, kind)) for kind in card.kinds),
        ("seconds of an epoch", card.seconds),
        ("energy of an epoch", card.energy),
        ("made by", f"{card.command} ({', '.join(f'{name} {version}' for name, version in card.packages.items())})"),
        ("size, sha256", f"{path.stat().st_size:,} bytes, {surrogate.sha256}"),
        *(("note", note) for note in card.notes),
    ):
        lines.add_row(what, words)
    console.print(lines)


def audit(name: str, file: Path | None, strict: bool) -> None:
    """Audit the surrogate of a table on that table."""
    from fairwatt.experiments.curve_audit import audit_curves
    from fairwatt.experiments.curve_data import read_measured_curves
    from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, curve_surrogate_path

    data = read_measured_curves(name)
    path = file or curve_surrogate_path(data.name)
    surrogate = CurveSurrogate.load(path)
    with Progress(f"audit of {path.name}", "fits") as shown:
        found = audit_curves(surrogate, data, strict=strict, progress=shown.update)
    _print(found)
    if failed := [check.name for check in found.checks if check.passed is False]:
        raise UserError(f"{path}: fails {'; '.join(failed)}")


def _print(audit: "Audit") -> None:
    from fairwatt.experiments.curve_audit import CEILING, OURS, TARGET

    everything, repeated, new = audit.configurations
    for kind in audit.kinds:
        _table(f"{kind} error, {everything} test configurations", audit.scores, kind)
    for kind in audit.kinds if audit.leads else ():
        leads = (f"{name} {lead:+.3f} {_ends(low, high)}" for name, (lead, low, high) in _of(audit.leads, kind))
        console.print(f"{kind}: final τ of {OURS} less that of {', '.join(leads)} (95 % of resampled configurations)")
    console.print()
    for kind in audit.kinds if audit.on_repeated else ():
        _table(f"{kind} error, {repeated} of them trained twice", audit.on_repeated, kind)
    if audit.on_repeated:
        shares = ", ".join(
            f"{share:.3f} {_ends(*audit.share_interval[kind])} ({kind})" for kind, share in audit.shares[OURS].items()
        )
        verdict = "reached" if audit.reached else "NOT reached"
        console.print(f"final τ as a share of the second training's: {shares}; target {TARGET}: {verdict}\n")
    else:
        console.print(f"no retraining ceiling: {repeated} of the test configurations were trained twice\n")
    for kind in audit.kinds if audit.by_network else ():
        _table(f"{kind} error, tested networks unknown, {new} configurations", audit.by_network, kind)
    lines = Listing(
        "predicted to be the best tenth", "", "predicted", "measured", "RMSE", "RMSE of all", "τ among them"
    )
    for kind, best in audit.top.items():
        numbers = (f"{value:.1f} %" for value in (best.predicted, best.measured, best.rmse, best.rmse_of_all))
        lines.add_row(f"{kind} error", f"{best.configurations} configurations", *numbers, f"{best.tau:.3f}")
    console.print(lines)
    console.print()
    lines = Listing(
        "intervals hold", *(f"{kind}, {where}" for kind in audit.kinds for where in ("at the end", "whole curve"))
    )
    for share in audit.coverage["validation"]:
        lines.add_row(share, *(f"{part:.1%}" for kind in audit.kinds for part in audit.coverage[kind][share]))
    console.print(lines)
    for kind, tau in audit.noise_tau.items():
        real = audit.on_repeated[CEILING][kind]["mean"]["end_tau"]
        console.print(f"final τ of two draws of noise, {kind}: {tau:.3f}; of two trainings {real:.3f}")
    if audit.noise_levels:
        lines = Listing("std between trainings of a configuration", "pairs", "second trainings", "noise")
        for level in audit.noise_levels:
            lines.add_row(level.where, str(level.pairs), f"{level.measured:.1f} %", f"{level.drawn:.1f} %")
        console.print(lines)
        console.print()
    for what, cost in (("seconds", audit.seconds), ("energy", audit.energy)):
        if cost:
            console.print(
                f"{what} of an epoch: R² of logarithms {cost['r2_of_logarithms']:.3f}, τ {cost['tau']:.3f}, "
                f"mean relative error {cost['mape']:.1%}"
            )
    console.print()
    lines = Listing("check", "", "found")
    for check in audit.checks:
        lines.add_row(check.name, _VERDICTS[check.passed], check.found)
    console.print(lines)


def _table(title: str, scores: "dict[str, Scores]", kind: str) -> None:
    """A line for each model: means over lengths, and the final tau of each length."""
    groups = [group for group in next(iter(scores.values()))[kind] if group != "mean"]
    lines = Listing(title, *(words for _, words in _SCORED), *(f"τ end, {group} points" for group in groups))
    for model, own in scores.items():
        means = (f"{own[kind]['mean'][name]:.3f}" for name, _ in _SCORED)
        lines.add_row(model, *means, *(f"{own[kind][group]['end_tau']:.3f}" for group in groups))
    console.print(lines)
    console.print()


def _of(leads: "dict[str, dict[str, tuple[float, float, float]]]", kind: str) -> list[tuple[str, Any]]:
    return [(name, own[kind]) for name, own in leads.items()]


def _ends(low: float, high: float) -> str:
    return f"[{low:+.3f}, {high:+.3f}]" if low < 0 else f"[{low:.3f}, {high:.3f}]"


def _summary(test: dict[str, float], kind: str) -> str:
    return ", ".join(f"{words} {test[f'{kind}_{name}']:.3f}" for name, words in _SCORED)
