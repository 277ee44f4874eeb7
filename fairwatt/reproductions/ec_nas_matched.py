"""Our own figure, which the paper lacks: its searches at matched energy, and the verdict of each accounting policy."""

from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.audit import Audit
from fairwatt.audit.contrast import Contrast
from fairwatt.audit.log_file import read_logs
from fairwatt.audit.matched import rules
from fairwatt.audit.settings import Settings
from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions.catalogue import PUBLISHED_RUNS
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import METHODS, SPACES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

ARM, REFERENCE = "semoa", "rs"
ENDPOINT = "hypervolume"
INVALID_KWH = 0.02
"""A declared price of an impossible proposal, in one of the policies: about what training one for 4 epochs costs."""
RULES = rules("as recorded, max, mean, min, common, quarter")

BEFORE = {
    ("5v", "as recorded"): ".91",
    ("5v", "mean"): ".30",
    ("5v", "max"): ".32",
    ("5v", "min"): ".25",
    ("7v", "as recorded"): "1.00",
    ("7v", "mean"): ".83 to .84",
    ("7v", "max"): ".83",
    ("7v", "min"): ".74",
}
"""What an independent computation from the same files gave, before this was written."""
_STATES = ("better", "worse", "undecided")
_SIGNS = {"max": "^", "mean": "o", "min": "v", "common": "s", "quarter": "D"}


def matched_energy(shelf: Shelf) -> Made:
    """SEMOA v. random search: as published, and with both held to the same energy."""
    log = read_logs([shelf.path(PUBLISHED_RUNS)])
    audit = Audit(log, Settings(reference=REFERENCE, rules=RULES, endpoints=(ENDPOINT,), invalid_cost=INVALID_KWH))
    cells = [contrast for contrast in audit.contrasts if contrast.endpoint == ENDPOINT]
    shown = [cell for cell in cells if cell.arm == ARM]
    return Made(
        figures={"matched": _draw(audit, shown), "verdicts": _draw_verdicts(shown)},
        tables={"cells": _table(cells), "summary": _summary(shown)},
        deviations=_deviations(shown),
        notes=(
            f"A12: how often a search of {METHODS[ARM].label} ends with more hypervolume than one of "
            f"{METHODS[REFERENCE].label}, ties half. Hypervolume of (E / the space's largest, 1 - P_v) with reference "
            "(1, 1), all budgets in one set.",
            "The rule says where searches are cut: "
            + "; ".join(f"*{rule.name}*: {rule.words}" for rule in RULES)
            + ". A request counts where the limit pays it in full.",
            "The policy says what a request costs: "
            + "; ".join(f"*{policy.name}*: {policy.words}" for policy in audit.policies)
            + ". Recorded are 0 kWh for impossible proposals, and full price for repeats.",
            "*better* or *worse* is said where the Mann-Whitney p is below .05 after Holm's correction over the three "
            "other methods and three spaces of the same rule and policy; with 7 or 10 searches a side an A12 below "
            f"{min(cell.detectable for cell in shown):.2f} is rarely found: undecided is not equal.",
            "A search that was cut is not one that was set for that budget, and the random search of these files draws "
            "graphs of 2 or 7 vertices only: this is about these searches, not about the methods. Exploratory.",
        ),
    )


def _deviations(shown: list[Contrast]) -> tuple[Deviation, ...]:
    return tuple(
        Deviation(
            f"A12 on {cell.space}, {cell.rule}",
            "",
            f"{cell.a12.value:.2f} [{cell.a12.low:.2f}, {cell.a12.high:.2f}]",
            f"an independent computation: {BEFORE[cell.space, cell.rule]}",
        )
        for cell in shown
        if cell.policy == "as recorded" and (cell.space, cell.rule) in BEFORE
    )


def _table(cells: list[Contrast]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {
            "space": cell.space,
            "method": METHODS[cell.arm].label,
            "policy": cell.policy,
            "rule": cell.rule,
            "searches": cell.searches[0],
            "searches of RS": cell.searches[1],
            "mean kWh": cell.spent[0],
            "mean kWh of RS": cell.spent[1],
            "A12": cell.a12.value,
            "low": cell.a12.low,
            "high": cell.a12.high,
            "p": cell.p,
            "p (Holm)": cell.p_holm,
            "detectable A12": cell.detectable,
            "verdict": cell.state,
        }
        for cell in cells
    )


def _summary(shown: list[Contrast]) -> "pd.DataFrame":
    """For each space and policy: the verdict as published, and how many of the cuts leave it."""
    import pandas as pd

    lines = []
    for space in SPACES:
        for policy in dict.fromkeys(cell.policy for cell in shown):
            here = [cell for cell in shown if (cell.space, cell.policy) == (space, policy)]
            cut = [cell for cell in here if cell.rule != RULES[0].name]
            whole = next(cell for cell in here if cell.rule == RULES[0].name)
            low, high = min(cell.a12.value for cell in cut), max(cell.a12.value for cell in cut)
            lines.append(
                {
                    "space": space,
                    "policy": policy,
                    "as published": f"{whole.state}, {whole.a12.value:.2f}",
                    "energy of SEMOA / RS": whole.ratio,
                    "cut: A12": f"{low:.2f} to {high:.2f}",
                    **{
                        f"cut: {state}": f"{sum(cell.state == state for cell in cut)} of {len(cut)}"
                        for state in _STATES
                    },
                }
            )
    return pd.DataFrame(lines)


@journal
def _draw(audit: Audit, shown: list[Contrast]) -> "Figure":
    figure, panels = plates(DOUBLE, 2.7, 1, len(SPACES), sharey=True)
    color = METHODS[ARM].color
    for axes, space in zip(panels[0], SPACES, strict=True):
        level = audit.levels(ENDPOINT, space, ARM, REFERENCE)
        axes.fill_between(level.limits, level.low, level.high, step="post", color=color, alpha=0.15, lw=0)
        axes.step(level.limits, level.values, where="post", color=color, label="both cut at this energy, 95 % band")
        axes.axhline(0.5, color="0.3", lw=0.8, ls=":")
        ended = max(audit.totals(audit.searches(ENDPOINT, space, REFERENCE)))
        axes.axvspan(ended, level.limits[-1], color="0.85", alpha=0.5, lw=0, zorder=0, label="RS has ended")
        for cell in shown:
            if (cell.space, cell.policy) == (space, "as recorded") and cell.rule in _SIGNS:
                axes.plot(
                    cell.limits[0],
                    cell.a12.value,
                    _SIGNS[cell.rule],
                    color="#D55E00",
                    mfc="white",
                    ms=5,
                    label=f"cut: {cell.rule}",
                )
        axes.set(xscale="log", ylim=(-0.03, 1.03), title=space.upper(), xlabel="energy of a search, kWh")
    panels[0, 0].set_ylabel("A12, SEMOA over RS")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


@journal
def _draw_verdicts(shown: list[Contrast]) -> "Figure":
    figure, panels = plates(DOUBLE, 3.4, 1, len(SPACES), sharey=True)
    policies = list(dict.fromkeys(cell.policy for cell in shown))
    names = [rule.name for rule in RULES]
    for axes, space in zip(panels[0], SPACES, strict=True):
        found = {(cell.rule, cell.policy): cell for cell in shown if cell.space == space}
        values = np.array([[found[rule, policy].a12.value for policy in policies] for rule in names])
        image = axes.pcolormesh(values, cmap=_colors(), vmin=0.0, vmax=1.0, edgecolors="white", lw=0.8)
        for row, rule in enumerate(names):
            for column, policy in enumerate(policies):
                cell = found[rule, policy]
                word = "" if cell.state == "undecided" else f"\n{cell.state}"
                text = f"{cell.a12.value:.2f}{word}"
                axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=6, linespacing=1.0)
        axes.set_xticks(np.arange(len(policies)) + 0.5, policies)
        axes.tick_params(axis="x", rotation=90, length=0)
        axes.set_yticks(np.arange(len(names)) + 0.5, names)
        axes.tick_params(axis="y", length=0)
        axes.set_title(space.upper())
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
    panels[0, 0].invert_yaxis()
    figure.colorbar(image, ax=panels[0].tolist(), label="A12, SEMOA over RS", shrink=0.8)
    return figure


def _colors() -> "Colormap":
    """Orange for RS, blue for SEMOA, light enough for black figures."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("sides", ["#E69F00", "#F7F7F7", "#56B4E9"])
