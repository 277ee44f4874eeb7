"""The fairness audit of one study: what its very runs say of each threat, T1 to T26 of the specification."""

from collections.abc import Callable, Sequence

from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness import answers_evidence as answers
from fairwatt.fairness import books_evidence as books
from fairwatt.fairness import design_evidence as design
from fairwatt.fairness import scales_evidence as scales
from fairwatt.fairness.evidence import Evidence, Told
from fairwatt.fairness.incumbents_evidence import selection
from fairwatt.fairness.sampling_evidence import sampling
from fairwatt.fairness.seeds_evidence import seeds_control
from fairwatt.fairness.threats import THREATS, ThreatFinding

_Finders = dict[int, Callable[[Evidence], Told]]

_BEFORE_VERDICTS: _Finders = {
    2: design.implementations,
    3: sampling,
    7: books.initial_design,
    11: design.seeds,
    13: seeds_control,
    18: answers.test_is_not_validation,
    19: design.tracks,
    21: design.rerunning,
    22: scales.indicators,
    23: scales.exhaustive_share,
    24: scales.overheads,
    1: books.energy_is_counted,
    4: answers.impossible_proposals,
    8: answers.objectives,
    10: answers.answers_are_stored,
    16: books.everything_is_charged,
    17: books.closing,
}
"""By threat, those that need no verdict, and of these first those that need no held answers: both may be at work
elsewhere in the meantime."""

_OF_VERDICTS: _Finders = {
    5: books.repeats,
    12: design.detectable,
    15: books.lengths,
    20: design.settings,
    25: scales.energies,
    26: design.declaration,
}


def fairness_audit(results: Results, comparisons: Sequence[Comparison]) -> tuple[ThreatFinding, ...]:
    """One finding for each threat, in the order of THREATS.

    comparisons: of the study's spaces, as `results.comparisons()` makes them. Books, incumbents and fronts are found
    here a second time from the recorded answers; what the verdicts say is taken from the comparisons. PASS comes with
    its numbers, FAIL with arm, seed and row.
    """
    return audit_of(Evidence(results, comparisons))


def audit_of(evidence: Evidence) -> tuple[ThreatFinding, ...]:
    """The same of evidence that is at hand."""
    told = {number: find(evidence) for number, find in _BEFORE_VERDICTS.items()} | selection(evidence)
    told |= {number: find(evidence) for number, find in _OF_VERDICTS.items()}
    return tuple(ThreatFinding(threat, *told[threat.number]) for threat in THREATS)
