"""Every figure that a study can have in print, by name."""

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.report import space_exhibits as space
from fairwatt.report import step_exhibits as step
from fairwatt.report import study_exhibits as study
from fairwatt.report.gallery import SPACE, STUDY, Exhibit, rankings

SINGLE, MULTI = RANKINGS

EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit("regret", "normalised regret while energy is spent", step.anytime, SPACE, SINGLE, only=True),
    Exhibit("hypervolume-regret", "hypervolume regret while energy is spent", step.anytime, SPACE, MULTI, only=True),
    *rankings("ranks", "mean ranks while energy is spent", step.mean_ranks, SPACE),
    Exhibit("fronts", "attainment surfaces, 25, 50 and 75 %", space.attainment, SPACE, MULTI, only=True),
    Exhibit(
        "differences", "where one arm attains more than another", space.attainment_differences, SPACE, MULTI, only=True
    ),
    *rankings("verdicts", "verdicts at a glance", study.verdicts_at_a_glance, STUDY, wide=True),
    *rankings("heat-map", "what the verdicts hang on", space.sensitivity, SPACE, wide=True),
    *rankings("multiples", "the budget that random search needs", space.multiples, SPACE),
    Exhibit("spend", "what was spent, in four currencies", space.spent, SPACE, wide=True),
    *rankings("targets", "shares of targets hit while energy is spent", step.targets_hit, SPACE),
    *rankings("profiles", "performance profiles over spaces", study.profiles, STUDY),
    *rankings("iqm", "interquartile means over spaces", study.interquartile_means, STUDY),
    *rankings("improvement", "probability of improvement over spaces", study.improvements, STUDY),
    *rankings("tuning", "the expected best of so many random settings, of tuned arms", study.tuning_curves, STUDY),
    *rankings(
        "critical-difference", "mean ranks and Nemenyi's critical difference", study.rank_diagram, STUDY, wide=True
    ),
)
