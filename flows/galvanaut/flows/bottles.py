"""What the bottles hold for recipes to come: without what was drawn, and what recipes under way will still take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galvanaut.core.identifiers import JobKey

if TYPE_CHECKING:
    from galvanaut.campaigns.batchplan import BatchPlanner
    from galvanaut.campaigns.ledger import Ledger
    from galvanaut.flows.plan import Plan
    from galvanaut.instruments.journal import Journal


@dataclass(frozen=True)
class Bottles:
    """The bottles on a bench, as a campaign counts with them.

    Attributes:
        plan: campaign and bench.
        ledger: knows the doses of recipes under way.
        journal: knows which of them were begun.
    """

    plan: Plan
    ledger: Ledger
    journal: Journal

    def drawn_mL(self, stock: str, lot: str) -> float:
        """What was drawn from a lot of a stock, and what recipes under way are still to be given of it."""
        return self.journal.drawn_mL(stock, lot) + (self._reserved_mL(stock) if self._stands_there(stock, lot) else 0.0)

    @property
    def is_scarce(self) -> bool:
        """Whether a bottle holds so little that it limits what can be made."""
        return self.plan.is_scarce(self.drawn_mL)

    @property
    def counted_mL(self) -> Callable[[str, str], float]:
        """What counts as drawn when a recipe is chosen: nothing as long as that limits no choice.

        Proposals then do not depend on it, so that a replay needs only the levels that the ledger keeps.
        """
        return self.drawn_mL if self.is_scarce else lambda stock, lot: 0.0

    @property
    def left_mL(self) -> dict[str, float] | None:
        """By stock, for the ledger; None as long as it limits no choice."""
        return self.plan.left_mL(self.drawn_mL) if self.is_scarce else None

    @property
    def batches(self) -> BatchPlanner:
        """Plans batches by the same levels as the planner, so that what is dosed is what was proposed."""
        return self.plan.batches(self.counted_mL)

    def _stands_there(self, stock: str, lot: str) -> bool:
        return self.plan.bench.stocks[stock].lot == lot

    def _reserved_mL(self, stock: str) -> float:
        """Doses are drawn from the bottle that stands there when they begin."""
        waiting = [
            dose["volume_mL"]
            for trial in self.ledger.pending()
            for dose in trial.doses
            if dose["stock"] == stock and self.journal.find(self._key(trial.number, stock)) is None
        ]
        return float(sum(waiting))

    def _key(self, trial: int, stock: str) -> JobKey:
        return JobKey(self.plan.campaign.name, trial, dose_step(stock))


def dose_step(stock: str) -> str:
    """Step in the key of the job that doses a stock for a recipe."""
    return f"dose-{stock}"
