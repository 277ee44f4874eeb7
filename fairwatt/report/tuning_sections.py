"""How the settings of tuned arms were chosen, and what that took."""

from fairwatt.analysis.tuning_scores import tuned_arms, tuning_spend_table, tuning_table
from fairwatt.report.arm_settings import setting_text
from fairwatt.report.frame_table import frame_table
from fairwatt.report.plain_text import name
from fairwatt.report.section import Material, Part, Section
from fairwatt.tuning import Tuning

FOUND = (
    "What tuning found: scores on validation, lower is better (in each space 0 is the best and 1 the median network; "
    "with two objectives hypervolume regret), means over the searches of the tuning. Quartiles, median and the share "
    "that is better than random search (ties half) are of the random settings; best of k: expected of k of them (Dodge "
    "et al. 2019)"
)
SPENT = (
    "What choosing the settings took, all its searches together, beside the books; and what one search with them is "
    "charged here, in the mean"
)


def tuning(material: Material) -> Section | None:
    """Of the arms that have one."""
    tuned = tuned_arms(material.results.study)
    if not tuned:
        return None
    spent = (
        Part(comparison.space, tables=(frame_table(frame, SPENT),))
        for comparison in material.comparisons
        if len(frame := tuning_spend_table(comparison, tuned))
    )
    lead = (
        "Random search over settings, each tried on the same searches with the same energy. The best score is "
        "flattered by its choice, and decides nothing. An arm that is not here has the settings that it was declared "
        "with."
    )
    notes = tuple(_chosen(arm, each) for arm, each in tuned.items())
    found = Part(tables=(frame_table(tuning_table(tuned), FOUND),), notes=notes)
    return Section("tuning", "Tuned settings", (found, *spent), lead)


def _chosen(arm: str, tuning: Tuning) -> str:
    """The settings that an arm has, and what they were drawn from."""
    settings = (
        setting_text(setting, value)
        + (f" (drawn from {name(tuning.ranges[setting])})" if setting in tuning.ranges else "")
        for setting, value in tuning.best.items()
    )
    kept = "; its default settings, since none of the others scores better" if tuning.keeps_default else ""
    return f"{name(arm)}: {', '.join(settings)}{kept}"
