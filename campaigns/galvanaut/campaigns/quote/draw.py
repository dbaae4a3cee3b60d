"""One simulated campaign, as far as a quote needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from galvanaut.campaigns.quote.timetable import Capacity, Slot, wall_clock_h


@dataclass(frozen=True)
class Draw:
    """What one simulated campaign took, and what it came to.

    Attributes:
        begins_h: hours before the first trial.
        slots: what each trial took of the bench, in the order of their numbers.
        stock_mL: drawn from each stock, rinse solvent and standard included.
        stopped: trials whose cells were taken off early.
        worths: of the trials in the order in which they ended, more is better; NaN where no cell counted,
            where it was only forecast, and where it breaks a limit.
    """

    begins_h: float
    slots: tuple[Slot, ...]
    stock_mL: Mapping[str, float]
    stopped: int
    worths: tuple[float, ...]

    @property
    def cells(self) -> int:
        """Cells, those that failed included."""
        return sum(len(each.cells_h) for each in self.slots)

    @property
    def channel_days(self) -> float:
        """Of all cells."""
        return sum(hours for each in self.slots for hours in each.cells_h) / 24

    def wall_clock_h(self, capacity: Capacity) -> float:
        """Hours until the last trial has ended."""
        return wall_clock_h(self.slots, capacity, self.begins_h)

    def with_faster_building(self, saved_h: float) -> Draw:
        """The same campaign, where each cell is built in so many hours less."""
        slots = (Slot(each.making_h - saved_h * len(each.cells_h), each.cells_h) for each in self.slots)
        return replace(self, slots=tuple(slots))

    def best(self, trials: int | None = None) -> float:
        """The best worth among the first trials that ended; NaN if none counted."""
        known = [each for each in self.worths[:trials] if np.isfinite(each)]
        return max(known, default=float("nan"))
