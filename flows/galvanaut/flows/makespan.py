"""How long a campaign took on the bench's clock, and how long it would have taken in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from galvanaut.campaigns.ledger import TrialRecord

DAY_S = 86400.0


@dataclass(frozen=True)
class Makespan:
    """Of the trials of a campaign.

    Attributes:
        taken_s: from the first proposal to the last end.
        in_batches_s: of the same trials, each as long as it was from its first job on, if every batch had waited for
            its slowest trial; what trials of one batch wait for each other, at the mixer, is left out.
        batch: trials at a time.
    """

    taken_s: float
    in_batches_s: float
    batch: int

    @property
    def ratio(self) -> float:
        """Time taken over that in batches."""
        return self.taken_s / self.in_batches_s

    def text(self) -> str:
        """In words."""
        return (
            f"{self.taken_s / DAY_S:.1f} days from the first recipe to the last result; the same trials in batches of "
            f"{self.batch} would have taken {self.in_batches_s / DAY_S:.1f} days (ratio {self.ratio:.2f})"
        )


def makespan(trials: Sequence[TrialRecord], batch: int, began_at: Mapping[int, float]) -> Makespan | None:
    """Of the trials that ended; None if none has, or if they ran one at a time.

    Args:
        trials: in the order of their numbers.
        batch: trials at a time.
        began_at: instant of the first job of each trial; one that waited for a holder was proposed long before.
    """
    ends = {trial.number: trial.ended_at for trial in trials if trial.ended_at is not None}
    if not ends or batch < 2:
        return None
    lengths = [end - began_at[number] for number, end in ends.items()]
    in_batches = sum(max(lengths[first : first + batch]) for first in range(0, len(lengths), batch))
    return Makespan(max(ends.values()) - min(trial.proposed_at for trial in trials), in_batches, batch)
