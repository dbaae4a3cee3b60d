"""How fast a cell fades: capacity against a reference, and the cycle at which it falls below a share of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, nan, sqrt
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.cycles import Cycles
from galvanaut.campaigns.analysis.figures import Array, Figure, Figures, Integers, json_number
from galvanaut.campaigns.analysis.rates import RateClass, rate_classes
from galvanaut.core.errors import InputError

END_OF_LIFE = 0.8
IN_A_ROW = 2
"""One low cycle may be a bad cycle."""
_SLOPE_CYCLES = 5
"""The slope where the limit is crossed rests on so many cycles of the kind to either side."""
_SUDDEN = 10.0
"""A fall in one step that is so many times the noise, and so many times as steep as the cycles around it, is a sudden
one: these say nothing of it."""


@dataclass(frozen=True)
class Retention:
    """Discharge capacity over its reference, for cycles of one kind.

    Attributes:
        cycle: numbers in the record, (n,).
        share: capacity over reference, (n,). The channel's gain cancels; what is left is the scatter of the capacity.
        reference_Ah: what counts as 1.
        reference_cycle: the first cycle of it.
        noise_Ah: standard deviation of one capacity about its smooth course.
        rate: the kind of cycle.
    """

    cycle: Integers
    share: Figures
    reference_Ah: Figure
    reference_cycle: int
    noise_Ah: float
    rate: RateClass

    def to_json(self) -> dict[str, Any]:
        """All of it, share by share."""
        return {
            "cycle": self.cycle.tolist(),
            "share": [self.share[row].to_json() for row in range(len(self.share))],
            "reference_Ah": self.reference_Ah.to_json(),
            "reference_cycle": self.reference_cycle,
            "noise_Ah": self.noise_Ah,
            "rate": self.rate.to_json(),
        }


@dataclass(frozen=True)
class Life:
    """When a cell's capacity fell below a share of its reference.

    Attributes:
        cycles: on the record's own count of cycles; if censored, the last cycle at which the cell was still above.
        sd: standard uncertainty by noise and slope; NaN if censored.
        is_censored: not reached yet: the life is longer than ``cycles``.
        limit: the share.
        reference_Ah: capacity that counts as 1.
        retention: share at the last cycle.
    """

    cycles: float
    sd: float
    is_censored: bool
    limit: float
    reference_Ah: Figure
    retention: Figure

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {
            "cycles": self.cycles,
            "sd": json_number(self.sd),
            "censored": self.is_censored,
            "limit": self.limit,
            "reference_Ah": self.reference_Ah.to_json(),
            "retention": self.retention.to_json(),
        }


def retention(
    cycles: Cycles, rate: RateClass | None = None, reference_cycles: int = 1, source: str = "record"
) -> Retention:
    """Capacity against the first complete cycles of its kind.

    Args:
        cycles: of one cell.
        rate: the kind; by default the one with the most cycles.
        reference_cycles: the reference is the median of so many.
        source: cell, for messages.

    Raises:
        InputError: no complete cycle to refer to.
    """
    classes = rate_classes(cycles)
    if not classes:
        raise InputError(source, "has no complete cycle yet, so there is no capacity to refer to; test it for longer")
    kind = classes[0] if rate is None else rate
    figures = Figures(cycles.discharged_Ah.values[kind.rows], cycles.discharged_Ah.sds[kind.rows])
    return retention_of(cycles.number[kind.rows], figures, kind, reference_cycles)


def retention_of(number: Integers, discharged_Ah: Figures, rate: RateClass, reference_cycles: int = 1) -> Retention:
    """Of the charges that complete cycles of one kind have given, at least one; arguments as of `retention`."""
    capacity_Ah = discharged_Ah.values
    noise_Ah = _noise(capacity_Ah, discharged_Ah.sds)
    first = capacity_Ah[: max(1, reference_cycles)]
    # Where capacity falls by more than its noise the median is one of the values, and as noisy as one.
    reference = Figure(float(np.median(first)), noise_Ah)
    share = capacity_Ah / reference.value
    sds = np.hypot(noise_Ah, share * reference.sd) / reference.value
    return Retention(number, Figures(share, sds), reference, int(number[0]), noise_Ah, rate)


def life(retained: Retention, limit: float = END_OF_LIFE, in_a_row: int = IN_A_ROW) -> Life:
    """The cycle at which the capacity falls below ``limit``, on a straight line between cycles of the kind.

    Args:
        retained: of one cell.
        limit: share of the reference.
        in_a_row: cycles that have to be below: the first of so many is the end.

    Raises:
        InputError: it begins below.
    """
    share, last = retained.share, retained.share[-1]
    is_low = share.values < limit
    lows = np.convolve(is_low, np.ones(in_a_row), "valid") if len(is_low) >= in_a_row else np.zeros(0)
    ends_at = np.flatnonzero(lows == in_a_row)
    if not len(ends_at):
        above = retained.cycle[~is_low]
        done = float(above[-1]) if len(above) else float(retained.cycle[0])
        return Life(done, nan, True, limit, retained.reference_Ah, last)
    at = int(ends_at[0])
    if at == 0:
        raise InputError(
            f"retention from cycle {retained.reference_cycle}",
            f"begins below {limit:g} of its own reference; give reference_cycles that the cell lived through",
        )
    before, after = share.values[at - 1], share.values[at]
    part = float((before - limit) / (before - after))
    ends = float(retained.cycle[at - 1] + part * (retained.cycle[at] - retained.cycle[at - 1]))
    reference = retained.reference_Ah
    noise_Ah = hypot(hypot(1 - part, part) * retained.noise_Ah, limit * reference.sd)
    sd = noise_Ah / reference.value / -_slope(retained, at)
    return Life(ends, sd, False, limit, reference, last)


def _noise(capacity_Ah: Array, sds_Ah: Array) -> float:
    """Scatter about a smooth course, from second differences; robust. With fewer than four the channel's accuracy."""
    if len(capacity_Ah) < 4:
        return float(sds_Ah.max())
    bends = np.abs(np.diff(capacity_Ah, 2))
    return float(1.4826 * np.median(bends) / sqrt(6))


def _slope(retained: Retention, at: int) -> float:
    """Share per cycle at a crossing, always below zero.

    The median of the slopes of all pairs of cycles around it (Theil and Sen). Where a cell that rose or held its
    capacity dies at once, it is that of the fall itself.
    """
    near = slice(max(0, at - _SLOPE_CYCLES), at + _SLOPE_CYCLES)
    cycle, share = retained.cycle[near].astype(np.float64), retained.share.values[near]
    first, second = np.triu_indices(len(cycle), 1)
    around = float(np.median((share[second] - share[first]) / (cycle[second] - cycle[first])))
    fall = float(retained.share.values[at - 1] - retained.share.values[at])
    steepest = -fall / float(retained.cycle[at] - retained.cycle[at - 1])
    noise = retained.noise_Ah / retained.reference_Ah.value
    is_sudden = fall > _SUDDEN * noise and steepest < _SUDDEN * around
    return steepest if around >= 0 or is_sudden else around
