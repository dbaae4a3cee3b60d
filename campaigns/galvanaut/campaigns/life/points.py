"""Courses of many cells as equal columns: averaged to a few points each, so that all can be fitted at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.life.course import Course

POINTS = 24
_PEAK_WITHIN = 30
"""Cells that gain capacity at first have done so after this many cycles."""
_LEAST_WHOLE = 0.02


@dataclass(frozen=True)
class Points:
    """What b cells lost; each has at most `POINTS` points, the rest weighs nothing.

    Attributes:
        log_cycle: logarithm of cycles since the capacity's peak, (b, points).
        loss: share lost since then, (b, points).
        count: cycles averaged in each, 0 for none, (b, points).
        noise: standard deviation of one share, (b,).
        whole: lost at the end of life, (b,).
        peak: cycle of the peak, less one, so that cycles count from 1, (b,).
        last: last cycle, (b,).
    """

    log_cycle: Array
    loss: Array
    count: Array
    noise: Array
    whole: Array
    peak: Array
    last: Array

    @classmethod
    def of(cls, courses: Sequence[Course]) -> Points:
        """Of courses of any lengths."""
        rows = [_averaged(course) for course in courses]
        log_cycle, lost, count = (np.array([row[part] for row in rows]) for part in range(3))
        whole = [max(_LEAST_WHOLE, row[4] - course.limit) for row, course in zip(rows, courses, strict=True)]
        return cls(
            log_cycle.reshape(-1, POINTS),
            lost.reshape(-1, POINTS),
            count.reshape(-1, POINTS),
            np.array([course.noise for course in courses]),
            np.array(whole),
            np.array([row[3] for row in rows]),
            np.array([course.cycle[-1] for course in courses]),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def weights(self, misfit: Array | float) -> Array:
        """One over the variance of each point, (b, points).

        Args:
            misfit: standard deviation of what the law does not follow; does not average out.
        """
        counted = np.maximum(self.count, 1)
        variance = np.square(misfit) + self.noise[:, None] ** 2 / counted
        return np.asarray(np.where(self.count > 0, 1 / variance, 0.0))


def _averaged(course: Course) -> tuple[Array, Array, Array, float, float]:
    """Logarithms of cycles, losses and counts of the points; the peak's cycle less one, and its share."""
    cycle, share = course.cycle, course.share
    early = _smooth(share[: int(np.searchsorted(cycle, cycle[0] + _PEAK_WITHIN))])
    top = int(np.argmax(early))
    peak, highest = float(cycle[top]) - 1.0, float(early[top])
    later, kept = cycle[top + 1 :] - peak, share[top + 1 :]
    used = min(POINTS, len(later))
    log_cycle, lost, count = np.zeros(POINTS), np.zeros(POINTS), np.zeros(POINTS)
    if used:
        begins = np.arange(used) * len(later) // used
        count[:used] = np.diff(np.append(begins, len(later)))
        log_cycle[:used] = np.log(np.add.reduceat(later, begins) / count[:used])
        lost[:used] = highest - np.add.reduceat(kept, begins) / count[:used]
    return log_cycle, lost, count, peak, highest


def _smooth(share: Array) -> Array:
    """Means of up to three neighbours; the ends as they are."""
    if len(share) < 3:
        return share
    inner = (share[:-2] + share[1:-1] + share[2:]) / 3
    return np.concatenate([share[:1], inner, share[-1:]])
