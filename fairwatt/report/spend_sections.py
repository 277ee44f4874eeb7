"""What was spent, what was proposed, and what the optimizers computed themselves."""

from fairwatt.analysis.spend import overhead_table
from fairwatt.analysis.verdict import Comparison
from fairwatt.report.frame_table import frame_table
from fairwatt.report.provenance_sections import latest
from fairwatt.report.section import Material, Part, Section
from fairwatt.report.wording import TextTable


def spend(material: Material) -> Section:
    """The books at the end of each budget."""
    parts = tuple(
        Part(
            comparison.space,
            tables=(
                frame_table(comparison.spend(), "Means over seeds; a run that is exhausted spent exactly its budget."),
                frame_table(comparison.proposals(), "What was proposed until the books closed."),
                overhead(comparison, material),
            ),
        )
        for comparison in material.comparisons
    )
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
    for column in ("share", "share_max"):
        frame[column] *= 100
    return frame_table(frame if charged else frame.drop(columns="charged_joules"), caption)
