"""80 % intervals from few simulated campaigns, that hold for the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

LEVEL = 0.8
"""Share of campaigns that an interval is to contain."""


ENOUGH = 9
"""From so many simulated campaigns on an interval holds that share; the ends of fewer hold less."""


@dataclass(frozen=True)
class Range:
    """A quantity in so many simulated campaigns: the ends of the 80 % interval, and the median between them."""

    low: float
    median: float
    high: float

    def holds(self, value: float, rounding: float = 1e-6) -> bool:
        """Whether a value lies within, ends included; what never varies has an interval without width."""
        slack = rounding * max(1.0, abs(value))
        return self.low - slack <= value <= self.high + slack

    def to_json(self) -> dict[str, float]:
        """For machines."""
        return {"low": self.low, "median": self.median, "high": self.high}


def range_of(values: Sequence[float]) -> Range:
    """Of a quantity in simulated campaigns.

    With Weibull's plotting positions, k/(n + 1), one more campaign of the same kind falls between two of n values with
    exactly the probability wanted, whatever their distribution (for n of 9 or more; below, the ends are the extremes).

    Raises:
        ValueError: no value.
    """
    if not values:
        raise ValueError("no simulated campaign")
    outside = (1 - LEVEL) / 2
    low, median, high = np.quantile(np.asarray(values), [outside, 0.5, 1 - outside], method="weibull").tolist()
    return Range(low, median, high)


def chance(hits: int, count: int) -> Range:
    """A probability by so many hits, with its 80 % interval by Jeffreys; the middle is the share itself."""
    outside = (1 - LEVEL) / 2
    low = float(betaincinv(hits + 0.5, count - hits + 0.5, outside)) if hits else 0.0
    high = float(betaincinv(hits + 0.5, count - hits + 0.5, 1 - outside)) if hits < count else 1.0
    return Range(low, hits / count, high)
