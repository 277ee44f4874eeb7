"""One space, all arms: the object that tables, figures and reports are made from."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fairwatt.analysis.curves import curves, mean_ranks
from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.gates import check
from fairwatt.analysis.judge import verdicts
from fairwatt.analysis.outcome import Outcome as Outcome
from fairwatt.analysis.outcome import Verdict as Verdict
from fairwatt.analysis.protocol import ComparisonError as ComparisonError
from fairwatt.analysis.protocol import Protocol as Protocol
from fairwatt.analysis.spend import proposal_table, spend_table
from fairwatt.analysis.trajectories import INDICATORS
from fairwatt.analysis.truth import Truth
from fairwatt.budget import CURRENCIES
from fairwatt.errors import UnknownNameError
from fairwatt.problem import Reference
from fairwatt.records import Run

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
_CLAIMS = (Outcome.WIN, Outcome.WIN_SMALL, Outcome.EQUIVALENT, Outcome.POLICY_DEPENDENT)


class Comparison:
    """Who won, by how much, and whether it survives other books; everything is computed here, nothing is drawn.

    runs: of one space, each recorded once at the largest budget under the primary policy. reference: that space's.
    all_pairs: judge every pair, not only those with the reference arm (the Holm family grows with it). sensitivity:
    re-price the other books; without them nothing can be POLICY-DEPENDENT. draws: of each test and interval.

    Raises ComparisonError naming the field in which runs differ, StreamTooShortError where a primary budget was not
    recorded, UserError for networks that the reference does not have.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        reference: Reference,
        protocol: Protocol | None = None,
        *,
        all_pairs: bool = False,
        sensitivity: bool = True,
        draws: int = 9_999,
    ) -> None:
        self.protocol = protocol or Protocol()
        check(runs, reference, self.protocol)
        self.reference = reference
        self.space = reference.name
        self.truth = Truth.of(reference)
        self.endpoints = Endpoints(runs, self.truth, self.protocol)
        self.books = tuple(self.protocol.primary(text, reference.resumable) for text in self.protocol.budgets)
        self._all_pairs = all_pairs
        self._sensitivity = sensitivity
        self._draws = draws

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels, in the order of the runs."""
        return tuple(self.endpoints.trajectories)

    def legend(self, arm: str) -> str:
        """The label, with its factor where it got another budget than the reference arm."""
        factor = self.protocol.factor(arm)
        return arm if factor == 1 else f"{arm} (budget x {factor})"

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every pair at every primary budget, by ranking."""
        return verdicts(
            self.endpoints,
            RANKINGS,
            self.books,
            self.reference.tariff,
            all_pairs=self._all_pairs,
            sensitivity=self._sensitivity,
            draws=self._draws,
        )

    def table(self) -> "pd.DataFrame":
        """One row for each verdict: the depth of page one and one step beyond."""
        import pandas as pd

        return pd.DataFrame([_table_row(verdict) for verdict in self.verdicts])

    def flip_shares(self) -> "pd.DataFrame":
        """The headline on currencies: of the verdicts that claim something, how many flip in which cell.

        Columns: cell, flips, recorded (claims for which the cell is recorded), share (NaN for none).
        """
        import pandas as pd

        claims = [verdict for verdict in self.verdicts if verdict.outcome in _CLAIMS]
        names = list(dict.fromkeys(cell.name for verdict in claims for cell in verdict.cells))
        rows = []
        for name in names:
            cells = [cell for verdict in claims for cell in verdict.cells if cell.name == name and cell.recorded]
            flips = sum(cell.flips for cell in cells)
            share = flips / len(cells) if cells else math.nan
            rows.append({"cell": name, "flips": flips, "recorded": len(cells), "share": share})
        return pd.DataFrame(rows, columns=["cell", "flips", "recorded", "share"])

    def finals(self) -> "pd.DataFrame":
        """One row for each arm, seed and primary budget, with every indicator at the end of its books.

        Columns: arm, seed, budget, regret, val_error, and, for arms of the multi-objective ranking (NaN for others),
        hypervolume_regret, val_hypervolume_regret, igd_plus, epsilon_additive.
        """
        import pandas as pd

        multi = set(self.endpoints.arms(RANKINGS[1]))
        rows: list[dict[str, Any]] = []
        for book in self.books:
            for arm, trajectories in self.endpoints.trajectories.items():
                granted = self.protocol.granted(arm, book)
                for seed, trajectory in trajectories.items():
                    names = INDICATORS if arm in multi else INDICATORS[:2]
                    row = {name: trajectory.final(name, granted) for name in names}
                    if arm in multi:
                        version, sets = trajectory.archives
                        points = self.truth.test_points(sets[version[trajectory.close(granted).credited]])
                        row["igd_plus"] = self.truth.test_front.igd_plus(points)
                        row["epsilon_additive"] = self.truth.test_front.epsilon_additive(points)
                    rows.append({"arm": arm, "seed": seed, "budget": str(book.budget)} | row)
        return pd.DataFrame(rows)

    def curves(self, indicator: str) -> "pd.DataFrame":
        """Quartiles over seeds on the energy grid; see `curves.curves`. Raises UnknownNameError."""
        if indicator not in INDICATORS:
            raise UnknownNameError("indicator", indicator, INDICATORS)
        ranking = RANKINGS["hypervolume" in indicator]
        return curves(self.endpoints, self.endpoints.arms(ranking), indicator, self.books)

    def ranks(self) -> "pd.DataFrame":
        """Mean ranks on the energy grid, by ranking; see `curves.mean_ranks`."""
        import pandas as pd

        return pd.concat([mean_ranks(self.endpoints, ranking, self.books) for ranking in RANKINGS], ignore_index=True)

    def spend(self) -> "pd.DataFrame":
        """See `spend.spend_table`."""
        return spend_table(self.endpoints, self.books)

    def proposals(self) -> "pd.DataFrame":
        """See `spend.proposal_table`."""
        return proposal_table(self.endpoints, self.books)

    def to_json(self) -> dict[str, Any]:
        """Protocol, verdicts and tables as plain JSON values; what is not a finite number is null."""
        policy = self.books[0].policy
        plain: dict[str, Any] = _plain(
            {
                "format": FORMAT,
                "space": self.space,
                "data_sha256": self.reference.data_sha256,
                "measured_on": self.truth.label,
                "protocol": self.protocol.to_json(),
                "policy": policy.to_json(),
                "policy_id": policy.policy_id,
                "currencies": [policy.currency, *(name for name in CURRENCIES if name != policy.currency)],
                "arms": {arm: self.legend(arm) for arm in self.arms},
                "verdicts": [asdict(verdict) for verdict in self.verdicts],
                "flip_shares": self.flip_shares().to_dict("records"),
                "spend": self.spend().to_dict("records"),
                "proposals": self.proposals().to_dict("records"),
            }
        )
        return plain


def _table_row(verdict: Verdict) -> dict[str, Any]:
    arm, other = verdict.arm_equivalent, verdict.reference_equivalent
    return {
        "kind": verdict.kind,
        "budget": verdict.budget,
        "arm": verdict.arm,
        "reference": verdict.reference,
        "factor": verdict.factor,
        "outcome": str(verdict.outcome),
        "winner": verdict.winner,
        "seeds": verdict.seeds,
        "win_rate": verdict.win_rate,
        "a12": verdict.a12,
        "difference": verdict.difference.value,
        "difference_low": verdict.difference.low,
        "difference_high": verdict.difference.high,
        "p": verdict.p,
        "p_holm": verdict.p_holm,
        "equivalent": arm.interval.value,
        "equivalent_low": arm.interval.low,
        "equivalent_high": arm.interval.high,
        "reference_equivalent": other.interval.value,
        "censored": arm.censored or other.censored,
        "ratio": verdict.ratio.value,
        "ratio_low": verdict.ratio.low,
        "ratio_high": verdict.ratio.high,
        "effect_low": verdict.effect_low,
        "effect_high": verdict.effect_high,
        "flips": "; ".join(verdict.flips),
        "reasons": "; ".join(verdict.reasons),
        "detectable": verdict.detectable,
    }


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case None:
            return None
    return str(value)
