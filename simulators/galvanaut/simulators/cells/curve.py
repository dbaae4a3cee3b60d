"""Functions of time that linear circuits follow: a constant, a slope and fading exponentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, expm1, inf, log

import numpy as np
from numpy.typing import NDArray

_BISECTIONS = 200


@dataclass(frozen=True)
class Curve:
    """``offset + slope t + sum of size exp(-rate t)``, with at most one extremum after t = 0.

    Attributes:
        offset: constant part.
        slope: per second.
        modes: pairs of size and rate (1/s, positive): one with a slope, or up to two without.
    """

    offset: float
    slope: float
    modes: tuple[tuple[float, float], ...]

    def at(self, seconds: float) -> float:
        """The value at a time."""
        return self.offset + self.slope * seconds + sum(size * exp(-rate * seconds) for size, rate in self.modes)

    def many(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values at many times."""
        values = self.offset + self.slope * seconds
        for size, rate in self.modes:
            values = values + size * np.exp(-rate * seconds)
        return values

    def integral(self, seconds: float) -> float:
        """The integral from 0 to a time."""
        fading = sum(-size / rate * expm1(-rate * seconds) for size, rate in self.modes)
        return self.offset * seconds + self.slope * seconds**2 / 2 + fading

    def squared_integral(self, seconds: float) -> float:
        """The integral of the square from 0 to a time; only of fading exponentials."""
        if self.offset or self.slope:
            raise ValueError("the square is integrated for fading exponentials only")
        return sum(
            -a * b / (rate_a + rate_b) * expm1(-(rate_a + rate_b) * seconds)
            for a, rate_a in self.modes
            for b, rate_b in self.modes
        )

    def leaves(self, low: float, high: float, within_s: float, at_once: bool = True) -> float:
        """The first time at which the value is at a bound or past it, moving outwards; infinite if none.

        Args:
            low: lower bound.
            high: upper bound.
            within_s: how far to look.
            at_once: whether a value that begins at or past a bound counts.
        """
        begin = 0.0
        for end in self._pieces(within_s):
            first, last = self.at(begin), self.at(end)
            bound = high if last > first else low
            is_past = last >= bound if last > first else last <= bound and last < first
            was_past = first >= bound if last > first else first <= bound
            if is_past and not was_past:
                return self._meets(bound, begin, end)
            if is_past and at_once:
                return begin
            begin = end
        return inf

    def _pieces(self, within_s: float) -> Iterator[float]:
        """Ends of the stretches on which the curve only rises or only falls."""
        turn = self._turn()
        if turn is not None and 0 < turn < within_s:
            yield turn
        yield within_s

    def _turn(self) -> float | None:
        """When the slope is zero."""
        falls = [(-size * rate, rate) for size, rate in self.modes if size]
        if self.slope:
            falls.append((self.slope, 0.0))
        if len(falls) != 2:
            return None
        (first, rate), (second, other) = falls
        if first * second >= 0 or rate == other:
            return None
        return log(-first / second) / (rate - other)

    def _meets(self, level: float, begin: float, end: float) -> float:
        """Where the monotonic stretch crosses a level: the first float at or past it."""
        rises = self.at(end) >= self.at(begin)
        for _ in range(_BISECTIONS):
            middle = (begin + end) / 2
            if not begin < middle < end:
                break
            if (self.at(middle) >= level) == rises:
                end = middle
            else:
                begin = middle
        return end
