"""An alarm: something that a person has to know, once per cause."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        text: what happened and what was done about it.
        at: when, seconds since the epoch by the bench's clock.
        instrument: that raised it.
        cause: short and the same each time, e.g. ``temperature of cell_1``; an alarm is given once per cause.
    """

    text: str
    at: float
    instrument: str
    cause: str

    def __str__(self) -> str:
        return f"{self.instrument}: {self.text}"
