"""What every simulated temperature chamber does, whatever its controller speaks: drive its air and feel it.

The chamber's sensor is off by an error of its own; the controller brings the sensor to the set point, not the air.
Lags, rates and the error's spread are in `SimulationParameters`.
"""

from __future__ import annotations

from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.world import AT_ONCE_K_S


class Chamber(Device):
    """Controls the air around what it ``houses``."""

    def drive(self, setpoint_degC: float, rate_K_min: float | None = None) -> None:
        """Send the air to a set point, at most at a rate; None for as fast as the chamber can."""
        parameters = self.world.spec.simulation
        fastest_K_min = parameters.air_rate_K_min
        rate_K_min = fastest_K_min if rate_K_min is None else min(fastest_K_min, rate_K_min)
        self.world.control(self.name, setpoint_degC - self._offset_K(), rate_K_min / 60, parameters.air_lag_s)

    def leave_alone(self) -> None:
        """Leave the air alone: it drifts to the room."""
        parameters = self.world.spec.simulation
        self.world.control(self.name, parameters.ambient_degC, AT_ONCE_K_S, parameters.idle_lag_s)

    def sensed_degC(self) -> float:
        """What the sensor in the air shows."""
        return self.world.air_degC(self.name, self.now) + self._offset_K()

    def _offset_K(self) -> float:
        return self.world.spec.simulation.air_offset_sd_K * self.world.deviate("air offset", self.name)
