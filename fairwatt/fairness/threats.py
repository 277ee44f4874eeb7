"""The threats to a fair comparison, T1 to T26 of the specification, and what an audit says of each."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What the evidence says of one threat."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_TOLD = "not told"  # the record does not hold what would decide it


@dataclass(frozen=True)
class Threat:
    """One way in which comparisons of optimizers go wrong. number: 1 to 26; control: what is done against it."""

    number: int
    name: str
    control: str

    @property
    def label(self) -> str:
        """Such as T4."""
        return f"T{self.number}"


@dataclass(frozen=True)
class ThreatFinding:
    """What these very runs show of one threat. evidence: numbers, in a sentence or two."""

    threat: Threat
    state: State
    evidence: str


THREATS: tuple[Threat, ...] = tuple(
    Threat(number, name, control)
    for number, (name, control) in enumerate(
        (
            (
                "evaluations are counted, not energy",
                "one shared budget of energy; only the ledger hands out results, and it stops at the budget",
            ),
            (
                "one name, several implementations",
                "source file and settings are named in the run; a release's behaviour is an optimizer of its own",
            ),
            (
                "arms draw from different search spaces",
                "one sampler for the initial design and all random moves; its name and its source are in every run",
            ),
            (
                "an impossible proposal counts as a network that takes no energy",
                "a status instead of numbers, and a declared charge; it enters no incumbent and no front",
            ),
            (
                "repeated questions are billed differently",
                "one rule for all arms, and the verdict under the other rule beside it",
            ),
            ("fronts mix lengths of training", "only full trainings enter an incumbent or a front"),
            (
                "unequal numbers of evaluations, free initial designs",
                "the initial design is shared and charged; what limits a search is the budget",
            ),
            ("the objective has the wrong sign", "objectives come from one list, in which less is better"),
            (
                "selection looks at the test set",
                "test errors are in the runner's record alone; validation selects, test is reported",
            ),
            (
                "sorting asks the benchmark again, with new noise and a new bill",
                "a result is a stored value; the repeat that answers is fixed by seed, network and length",
            ),
            ("one search stands for an optimizer", "at least 20 paired seeds, or the verdict is void"),
            (
                "too few seeds to be able to find anything",
                "the smallest p and the smallest effect that so many seeds can find stand beside the verdict",
            ),
            ("seeds do not control the search", "one tree of random streams; the same cell gives the same bytes"),
            ("incumbents are chosen at low fidelity", "the incumbent is the best of the full trainings alone"),
            (
                "fidelities are billed differently within one study",
                "the space declares whether trainings continue; one rule for all, and the verdict under the other",
            ),
            (
                "evaluations escape the bill",
                "every request is charged as it is answered; charges and requests are summed apart",
            ),
            (
                "the last evaluation overshoots the budget",
                "what the budget cannot pay takes the rest and answers nothing",
            ),
            (
                "what is called test is what selection saw",
                "a space declares whether it has a test metric; the report names what regret is measured on",
            ),
            (
                "arms that pursue different objectives are ranked together",
                "objectives are declared; single- and multi-objective arms have tables of their own",
            ),
            (
                "competitors are set up wrongly",
                "a conformance suite and known answers for each algorithm; resolved settings are in the run",
            ),
            (
                "the study cannot be run again",
                "versions, data checksum and declaration are stored; books are kept again at every reading",
            ),
            (
                "the indicator is saturated or depends on who takes part",
                "scales and reference point come from the true front, and are stored with the space",
            ),
            ("the budget exceeds exhaustive search", "a verdict above a quarter of the exhaustive cost is void"),
            (
                "the optimizer's own computing and tuning are free",
                "processor time is metered beside each search, and can be charged; tuned arms are named",
            ),
            (
                "the energies themselves are uncertain",
                "each column states where it is from; the verdict is priced again under structured errors of energy",
            ),
            (
                "looking until something is significant",
                "the declaration is sealed before the first search; Holm over the family; the seed is the unit",
            ),
        ),
        start=1,
    )
)
"""In the specification's order; `THREATS[n - 1]` is Tn."""
