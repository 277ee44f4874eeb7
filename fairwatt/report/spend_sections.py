"""What was spent, on what and beside what: proposals, the optimizers' own computing, carbon, deployment."""

import math
from typing import TYPE_CHECKING

from fairwatt.analysis.carbon import LADDER, carbon_sums, carbon_table
from fairwatt.analysis.deployment import deployment_table
from fairwatt.analysis.load import Results
from fairwatt.analysis.spend import overhead_table
from fairwatt.analysis.verdict import Comparison
from fairwatt.report.frame_table import frame_table
from fairwatt.report.provenance_sections import latest
from fairwatt.report.section import Material, Part, Section
from fairwatt.report.wording import TextTable

if TYPE_CHECKING:
    import pandas as pd

_RUNGS = f"{', '.join(map(str, LADDER[:-1]))} and {LADDER[-1]} g/kWh"
CARBON = (
    "What searches would have emitted, had their trainings been run: this study consumed none of these energies, and "
    "nothing is ranked by them. Mean energy charged to a search, the PUE that it contains (1: none, or none known; -: "
    f"not on record), and CO2e of it at {_RUNGS}, a ladder of intensities and no places"
)
CARBON_SUMS = (
    "Every search but re-runs and those of tunings, once, up to its largest budget: the energy that all of them would "
    "have used, and CO2e of it on the same ladder"
)
DEPLOYMENT = (
    "What deployment pays before inference, whose energy no table here knows: the mean energy charged to a search, "
    "that of one more full training of what it found (of a front: of one of its networks, the mean; seeds that found "
    "nothing are left out), and both"
)


def spend(material: Material) -> Section:
    """The books at the end of each budget."""
    parts = tuple(
        Part(
            comparison.space,
            tables=(
                frame_table(comparison.spend(), "Means over seeds; a run that is exhausted spent exactly its budget."),
                frame_table(comparison.proposals(), "What was proposed until the books closed."),
                overhead(comparison, material),
                frame_table(carbon(comparison, material.results), f"{CARBON}."),
                frame_table(deployment(comparison), f"{DEPLOYMENT}."),
            ),
        )
        for comparison in material.comparisons
    )
    parts += (Part("All searches", tables=(frame_table(sums(material), f"{CARBON_SUMS}."),)),)
    return Section("spend", "Spend and overhead", parts, "What each arm paid, in every currency, and for what.")


def overhead(comparison: Comparison, material: Material) -> TextTable:
    """Processor time of the optimizers themselves, in joules by a declared power."""
    results = material.results
    noted = {arm: results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms}
    frame = overhead_table(comparison.endpoints, comparison.books, noted)
    powers = sorted({(each.watts, each.pue) for seeds in noted.values() for each in seeds.values()})
    power = " or ".join(f"{watts:g} W a core x PUE {pue:g}" for watts, pue in powers) or "a declared power"
    charged = comparison.books[0].policy.overhead == "included_model"
    about = latest(results)
    machine = f"{about.get('system', 'unknown system')}, {about.get('cores', 'unknown')} cores"
    caption = (
        "What optimizers computed themselves until the books closed: processor seconds of ask and tell, of all threads "
        f"of one process of this study ({machine}), the first search of a process with the loading of its "
        f"libraries; in joules by {power}, declared and not measured. Beside a budget in "
        f"{comparison.reference.energy_label}, paid elsewhere. "
        + (
            "Not these, which differ from run to run, but joules of a frozen model were charged to each proposal."
            if charged
            else "Reported, not charged."
        )
    )
    shown = in_percent(frame if charged else frame.drop(columns="charged_joules"))
    return frame_table(shown, caption)


def in_percent(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Shares of a budget as they are shown."""
    found = frame.rename(columns={"share": "percent", "share_max": "percent_max"})
    return found.assign(percent=100 * found["percent"], percent_max=100 * found["percent_max"])


def carbon(comparison: Comparison, results: Results) -> "pd.DataFrame":
    """See `carbon.carbon_table`."""
    noted = (results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms)
    contained = {each.pue for seeds in noted for each in seeds.values()}
    return carbon_table(comparison.spend(), contained.pop() if len(contained) == 1 else math.nan)


def sums(material: Material) -> "pd.DataFrame":
    """See `carbon.carbon_sums`."""
    return carbon_sums({comparison.space: comparison.spend() for comparison in material.comparisons})


def deployment(comparison: Comparison) -> "pd.DataFrame":
    """See `deployment.deployment_table`."""
    return deployment_table(comparison.endpoints, comparison.books, comparison.spend())
