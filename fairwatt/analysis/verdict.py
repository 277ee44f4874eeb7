"""One space, all arms: the object that tables, figures and reports are made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.apart import Apart
from fairwatt.analysis.areas import area_table
from fairwatt.analysis.attainment import attainment_table
from fairwatt.analysis.curves import curves
from fairwatt.analysis.eaf_test import eaf_table
from fairwatt.analysis.endpoints import RANKINGS, Curves, Endpoints
from fairwatt.analysis.from_headers import protocol_of, reference_of
from fairwatt.analysis.gates import check
from fairwatt.analysis.heat_map import flip_shares, heat_map
from fairwatt.analysis.hitting import Hits, full_grid, hits, hitting_table, target_shares
from fairwatt.analysis.judge import verdicts
from fairwatt.analysis.other_worlds import Reruns, other_worlds
from fairwatt.analysis.outcome import Outcome as Outcome
from fairwatt.analysis.outcome import Verdict as Verdict
from fairwatt.analysis.plain_json import plain_json
from fairwatt.analysis.protocol import ComparisonError as ComparisonError
from fairwatt.analysis.protocol import Protocol as Protocol
from fairwatt.analysis.ranks import Ranks, crossing_table, rank_table, ranks_of
from fairwatt.analysis.spend import proposal_table, spend_table
from fairwatt.analysis.trajectories import INDICATORS
from fairwatt.analysis.truth import Truth
from fairwatt.analysis.verdict_table import verdict_table
from fairwatt.analysis.vorobev import vorobev_table
from fairwatt.budget import CURRENCIES
from fairwatt.errors import UnknownNameError
from fairwatt.problem import Reference
from fairwatt.records import Run
from fairwatt.registry import OPTIMIZERS

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1


class Comparison:
    """Who won, by how much, and whether it survives other books; everything is computed here, nothing is drawn.

    runs: of one space, each recorded once at the largest budget under the primary policy. reference: that space's.
    all_pairs: judge every pair, also where the protocol does not. sensitivity: re-price the other books; without them
    nothing can be POLICY-DEPENDENT. draws: of each test and interval. reruns: by name, the same space searched again in
    another world (another sampler, wrong energies in what arms see), each with that world's reference; paired with
    these runs by seed, each is a sensitivity cell.

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
        reruns: Reruns | None = None,
    ) -> None:
        self.protocol = protocol or Protocol()
        check(runs, reference, self.protocol)
        self.reference = reference
        self.space = reference.name
        self.truth = Truth.of(reference)
        self.endpoints = Endpoints(runs, self.truth, self.protocol)
        self.books = tuple(self.protocol.primary(text, reference.resumable) for text in self.protocol.budgets)
        self._all_pairs = all_pairs or self.protocol.all_pairs
        self._sensitivity = sensitivity
        self._draws = draws
        currency = self.books[0].policy.currency
        self._worlds = other_worlds(self.endpoints, reference, currency, reruns or {}) if sensitivity else ()
        self._judging = Apart(self._judged)

    @classmethod
    def of(
        cls,
        runs: Sequence[Run],
        *,
        protocol: Protocol | None = None,
        space_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> "Comparison":
        """The comparison of runs by what their headers say, with the space that is installed here.

        protocol: that of the headers where None: random search is the reference, its budget the primary one, and every
        arm has it and the same seeds. space_options: such as energy="scaled", where the runs were made with any.
        options: of the constructor.

        Raises ComparisonError naming the field and two runs that differ in it, or the field in which the installed
        space is another one than theirs; UnknownNameError and UserError where the space is not here.
        """
        protocol = protocol or protocol_of(runs)
        return cls(runs, reference_of(runs, protocol, space_options or {}), protocol, **options)

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels, in the order of the runs."""
        return tuple(self.endpoints.trajectories)

    def legend(self, arm: str) -> str:
        """The label, with the optimizer where it names another one or none, and with its factor where it got another
        budget than the reference arm."""
        optimizer, factor = self.endpoints.header(arm).optimizer, self.protocol.factor(arm)
        notes = ([] if _names(arm, optimizer) else [optimizer]) + ([] if factor == 1 else [f"budget x {factor}"])
        return f"{arm} ({', '.join(notes)})" if notes else arm

    def begin(self) -> None:
        """Have the verdicts made in a copy of this process, where there can be one, until they are asked for."""
        import scipy.stats  # noqa: F401 - once here, and not in every copy

        self._judging.begin()

    @property
    def is_begun(self) -> bool:
        """Whether the verdicts are made elsewhere."""
        return self._judging.is_begun

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every pair at every primary budget, by ranking."""
        found, curves = self._judging.answer()
        self.endpoints.curves |= curves
        return found

    def _judged(self) -> tuple[tuple[Verdict, ...], Curves]:
        found = verdicts(
            self.endpoints,
            RANKINGS,
            self.books,
            self.reference.tariff,
            all_pairs=self._all_pairs,
            sensitivity=self._sensitivity,
            draws=self._draws,
            worlds=self._worlds,
        )
        return found, self.endpoints.curves

    def table(self) -> "pd.DataFrame":
        """One row for each verdict: the depth of page one and one step beyond; flips only of what is claimed."""
        return verdict_table(self.verdicts)

    def flip_shares(self) -> "pd.DataFrame":
        """The headline on currencies, even where it is zero; see `heat_map.flip_shares`."""
        return flip_shares(self.verdicts, self.books[0].policy.currency)

    def heat_map(self) -> "pd.DataFrame":
        """What becomes of each claim in each cell; see `heat_map.heat_map`."""
        return heat_map(self.verdicts)

    def finals(self) -> "pd.DataFrame":
        """One row for each arm, seed and primary budget, with every indicator at the end of its books.

        Columns: arm, seed, budget, regret, val_error, and, for arms of the multi-objective ranking (NaN for others),
        hypervolume_regret, val_hypervolume_regret, hypervolume_regret_log_energy (the same front on a logarithmic axis
        of energy, which weighs each decade alike), igd_plus, epsilon_additive.
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
        """Mean ranks on the energy grid with bands, by ranking; see `ranks.rank_table`."""
        return _stacked([rank_table(ranks) for ranks in self._ranks])

    def crossings(self) -> "pd.DataFrame":
        """Where two arms change places, by ranking; see `ranks.crossing_table`."""
        return _stacked([crossing_table(ranks) for ranks in self._ranks])

    def attainment(self) -> "pd.DataFrame":
        """Attainment surfaces at 25, 50 and 75 %; see `attainment.attainment_table`."""
        return attainment_table(self.endpoints, self.books)

    def vorobev(self) -> "pd.DataFrame":
        """Mean fronts of the seeds and how far these are from them; see `vorobev.vorobev_table`."""
        return vorobev_table(self.endpoints, self.books)

    def attainment_tests(self) -> "pd.DataFrame":
        """Do arms attain the plane as the reference does? See `eaf_test.eaf_table`."""
        return eaf_table(self.endpoints, self.books, draws=min(self._draws, 999))

    def hitting(self) -> "pd.DataFrame":
        """Energy to target within the largest budget, by ranking; see `hitting.hitting_table`."""
        return _stacked([hitting_table(found, self.protocol.reference_arm) for found in self._hits])

    def target_shares(self) -> "pd.DataFrame":
        """Shares of targets that are hit, on the energy grid, by ranking; see `hitting.target_shares`."""
        grid = full_grid(self.books, self.reference.tariff)
        return _stacked([target_shares(found, grid) for found in self._hits])

    def areas(self) -> "pd.DataFrame":
        """Area under the curve over log-energy, by ranking; see `areas.area_table`."""
        present = [ranking for ranking in RANKINGS if self.endpoints.arms(ranking)]
        return _stacked([area_table(self.endpoints, ranking, self.books, draws=self._draws) for ranking in present])

    @cached_property
    def _spend(self) -> "pd.DataFrame":
        return spend_table(self.endpoints, self.books)

    @cached_property
    def _proposals(self) -> "pd.DataFrame":
        return proposal_table(self.endpoints, self.books)

    @cached_property
    def _ranks(self) -> list[Ranks]:
        return [ranks_of(self.endpoints, ranking, self.books) for ranking in RANKINGS]

    @cached_property
    def _hits(self) -> list[Hits]:
        currency, tariff = self.books[0].policy.currency, self.reference.tariff
        largest = max(self.books, key=lambda book: book.budget.resolve(currency, tariff))
        return [hits(self.endpoints, ranking, largest) for ranking in RANKINGS if self.endpoints.arms(ranking)]

    def spend(self) -> "pd.DataFrame":
        """See `spend.spend_table`."""
        return self._spend.copy()

    def proposals(self) -> "pd.DataFrame":
        """See `spend.proposal_table`."""
        return self._proposals.copy()

    def to_json(self) -> dict[str, Any]:
        """Protocol, verdicts and tables as plain JSON values; what is not a finite number is null."""
        policy = self.books[0].policy
        plain: dict[str, Any] = plain_json(
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
                "heat_map": self.heat_map().to_dict("records"),
                "spend": self.spend().to_dict("records"),
                "proposals": self.proposals().to_dict("records"),
            }
        )
        return plain


def _names(label: str, optimizer: str) -> bool:
    """Whether a label begins with this optimizer's name, as `re-tuned` does, and with no longer one of another."""
    known = OPTIMIZERS.declared | {optimizer}
    begun = [each for each in known if re.match(rf"{re.escape(each)}(?![A-Za-z0-9])", label)]
    return max(begun, key=len, default="") == optimizer


def _stacked(frames: Sequence["pd.DataFrame"]) -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(frames, ignore_index=True)
