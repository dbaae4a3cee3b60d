"""Cells of a simulated campaign as they would go if nobody stopped them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.life import Course


@dataclass(frozen=True)
class Wanted:
    """A trial whose cells are wanted: the recipe's point, the run's seed, the trial's number."""

    point: Array
    seed: int
    trial: int


@dataclass(frozen=True)
class CellRun:
    """One sound cell from formation to the end of its plan.

    Attributes:
        course: all of its cycles; ``life`` is None if the plan ended first.
        done_h: hours in the channel at the end of each of the cycles, rising, (n,).
    """

    course: Course
    done_h: Array

    @property
    def whole_h(self) -> float:
        """Hours in the channel until its end."""
        return float(self.done_h[-1])

    @property
    def reached(self) -> float:
        """Life in cycles, or the cycles that it was seen to live."""
        return self.course.cycles

    def done_by(self, cycle: float) -> float:
        """Hours in the channel at the end of a cycle, or at the cell's own end."""
        return float(self.done_h[min(int(np.searchsorted(self.course.cycle, cycle)), len(self.done_h) - 1)])

    def after(self, hours: float) -> Course | None:
        """What was seen of it after so many hours; None before its first cycle has ended."""
        if hours >= self.whole_h:
            return self.course
        seen = int(np.searchsorted(self.done_h, hours, side="right"))
        return self.course.until(float(self.course.cycle[seen - 1])) if seen else None


@dataclass(frozen=True)
class MadeTrial:
    """The cells of a trial.

    Attributes:
        cells: those that turned out well.
        spoilt_h: hours in the channel of each of the others, which give no value.
    """

    cells: tuple[CellRun, ...]
    spoilt_h: tuple[float, ...] = ()
