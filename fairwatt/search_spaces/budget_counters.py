"""What the queries of one benchmark cost together, under the names of NAS-Bench-101 and EC-NAS-Bench."""

from fairwatt.records import JOULES_PER_KWH, NANO

NJ_PER_KWH = JOULES_PER_KWH * NANO


class BudgetCounters:
    """Seconds, epochs and nanojoules since the last reset, which comes before the first query."""

    training_time_spent: float
    total_epochs_spent: int
    energy_spent_nj: int

    def get_budget_counters(self) -> tuple[float, int]:
        """Seconds and epochs of all queries since the last reset; `energy_spent_kwh` has their energy."""
        return self.training_time_spent, self.total_epochs_spent

    @property
    def energy_spent_kwh(self) -> float:
        """Energy of all queries since the last reset: a sum of whole nanojoules, `energy_spent_nj`."""
        return self.energy_spent_nj / NJ_PER_KWH

    def reset_budget_counters(self) -> None:
        """Set all counters to 0."""
        self.training_time_spent, self.total_epochs_spent, self.energy_spent_nj = 0.0, 0, 0
