"""What is wrong with an instrument, as far as it feels it itself; faults put it there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """An instrument's state of health.

    Attributes:
        drift: what its sensor reads too much in each hour.
        drift_unit: of that: g/h, K/h or V/h.
        drift_since: instant from which it drifts.
        relay_sticks: the output relay does not open any more once it has closed.
        weld: of a sticking relay that has closed: what the instrument then did (in its own words); None before.
        is_tripped: the over-voltage protection has opened the output, and it was not switched on again since.
        door_lag_s: time constant with which the room comes in; 0 for a closed door.
        is_blocked: the motor cannot turn.
        is_overloaded: something leans on the pan.
    """

    drift: float = 0.0
    drift_unit: str = ""
    drift_since: float = 0.0
    relay_sticks: bool = False
    weld: str | None = None
    is_tripped: bool = False
    door_lag_s: float = 0.0
    is_blocked: bool = False
    is_overloaded: bool = False

    def drifted(self, instant: float, unit: str) -> float:
        """What a reading of this unit per hour is too much at an instant."""
        if self.drift_unit != unit:
            return 0.0
        return self.drift * max(0.0, instant - self.drift_since) / 3600


HEALTHY = Condition()
"""Nothing is wrong."""
