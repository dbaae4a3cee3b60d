"""Temperatures of a chamber's air and of the liquid in the flow cell inside it, in closed form.

The controller's target w moves at a limited rate to where it is told; the air follows it with a first-order lag, the
liquid follows the air with another. Solved exactly, so that looking more often changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any


@dataclass(frozen=True)
class Thermal:
    """State at one instant and where it is heading.

    Attributes:
        at_s: the instant, seconds since the epoch.
        air_degC: true air temperature.
        liquid_degC: true temperature of the liquid.
        ramp_degC: where the moving target stands.
        target_degC: where it is going.
        rate_K_s: how fast it goes there.
        air_lag_s: time constant of the air.
        liquid_lag_s: time constant of the liquid; differs from ``air_lag_s``.
        drift_K_s: what the sensor that the target is held by reads too much, more by this each second: target and air
            move away from it the other way.
    """

    at_s: float
    air_degC: float
    liquid_degC: float
    ramp_degC: float
    target_degC: float
    rate_K_s: float
    air_lag_s: float
    liquid_lag_s: float
    drift_K_s: float = 0.0

    def at(self, instant: float) -> Thermal:
        """The state at a later instant."""
        ramping = abs(self.target_degC - self.ramp_degC) / self.rate_K_s
        elapsed = instant - self.at_s
        if elapsed <= 0:
            return self
        if elapsed <= ramping:
            return self._along(elapsed, self.rate_K_s if self.target_degC > self.ramp_degC else -self.rate_K_s)
        if ramping > 0:
            arrived = self._along(ramping, (self.target_degC - self.ramp_degC) / ramping)
            return arrived._with(ramp_degC=arrived.target_degC)._along(elapsed - ramping, 0.0)
        return self._along(elapsed, 0.0)

    def heading(self, target_degC: float, rate_K_s: float, air_lag_s: float, drift_K_s: float = 0.0) -> Thermal:
        """The same state with another destination; the moving target starts where the air is."""
        return self._with(
            ramp_degC=self.air_degC,
            target_degC=target_degC,
            rate_K_s=rate_K_s,
            air_lag_s=air_lag_s,
            drift_K_s=drift_K_s,
        )

    def flushed(self, share: float, inflow_degC: float) -> Thermal:
        """The same state after ``share`` of the liquid was replaced by liquid at ``inflow_degC``."""
        return self._with(liquid_degC=self.liquid_degC + share * (inflow_degC - self.liquid_degC))

    def to_row(self) -> dict[str, Any]:
        """In JSON types."""
        return dict(self.__dict__)

    def _with(self, **changes: float) -> Thermal:
        return Thermal(**{**self.__dict__, **changes})

    def _along(self, elapsed: float, slope: float) -> Thermal:
        """``elapsed`` seconds later while the target moves at ``slope`` (K/s), and with the sensor's drift.

        With w = w0 + r t: air = w - r ta + b exp(-t/ta) and liquid = w - r (ta + tl) + c exp(-t/ta) + d exp(-t/tl).
        """
        lag, slow, slope = self.air_lag_s, self.liquid_lag_s, slope - self.drift_K_s
        b = self.air_degC - self.ramp_degC + slope * lag
        c = b * lag / (lag - slow)
        d = self.liquid_degC - self.ramp_degC + slope * (lag + slow) - c
        ramp = self.ramp_degC + slope * elapsed
        fade, slow_fade = exp(-elapsed / lag), exp(-elapsed / slow)
        return self._with(
            at_s=self.at_s + elapsed,
            air_degC=ramp - slope * lag + b * fade,
            liquid_degC=ramp - slope * (lag + slow) + c * fade + d * slow_fade,
            ramp_degC=ramp,
            target_degC=self.target_degC - self.drift_K_s * elapsed,
        )
