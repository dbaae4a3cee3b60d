"""One run of a pump: how much it has dispensed at any instant, without being asked in between."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass
class Run:
    """A pump's present or last run.

    Attributes:
        pump: instrument name.
        source: vessel drawn from.
        into: vessel pumped into.
        number: counts the pump's runs.
        factor: true volume per nominal volume.
        rate_mL_s: nominal rate.
        target_mL: nominal volume at which it stops; None to go on for ever.
        dispensed_mL: nominal volume dispensed up to ``since``.
        since: instant of the last change.
        is_on: set going and not paused. A run that has reached its target still is; see `is_moving`.
        stops_at: instant when it stops short of its target, unless that is put off before; None for never.
    """

    pump: str
    source: str
    into: str
    number: int
    factor: float
    rate_mL_s: float
    target_mL: float | None
    dispensed_mL: float
    since: float
    is_on: bool = True
    stops_at: float | None = None

    @property
    def ends_at(self) -> float:
        """Instant when it reaches its target; infinite when it never does, and ``since`` when it is not on."""
        if not self.is_on:
            return self.since
        return min(self._done_at, inf if self.stops_at is None else max(self.since, self.stops_at))

    @property
    def _done_at(self) -> float:
        """Instant when it reaches its target if nothing stops it before."""
        if self.target_mL is None:
            return inf
        return self.since + max(0.0, self.target_mL - self.dispensed_mL) / self.rate_mL_s

    def is_moving(self, instant: float) -> bool:
        """Whether it moves liquid at ``instant``."""
        return self.is_on and instant < self.ends_at

    def dispensed_at(self, instant: float) -> float:
        """Nominal volume dispensed by then, mL."""
        if not self.is_on:
            return self.dispensed_mL
        until = min(instant, self.ends_at)
        if self.target_mL is not None and until >= self._done_at:
            return self.target_mL
        return self.dispensed_mL + self.rate_mL_s * max(0.0, until - self.since)

    def to_row(self) -> dict[str, Any]:
        """In JSON types."""
        return dict(self.__dict__)
