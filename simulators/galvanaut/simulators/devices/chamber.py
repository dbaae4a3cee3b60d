"""What every simulated temperature chamber does, whatever its controller speaks: drive its air and feel it.

The chamber's sensor is off by an error of its own; the controller brings the sensor to the set point, not the air.
Lags, rates and the error's spread are in `SimulationParameters`. A drifting sensor takes the air with it, the other
way; an open door lets the room in whatever the controller does.
"""

from __future__ import annotations

from abc import abstractmethod

from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.world import AT_ONCE_K_S


class Chamber(Device):
    """Controls the air around what it ``houses``."""

    @abstractmethod
    def resume(self) -> None:
        """Do again what the controller is set to: `drive` or `leave_alone`."""

    def feel(self) -> None:
        """Let the room in through an open door; otherwise go on as set, or rest without power."""
        parameters, door_lag_s = self.world.spec.simulation, self.condition.door_lag_s
        if door_lag_s:
            lag_s = door_lag_s if door_lag_s != parameters.liquid_lag_s else 1.001 * door_lag_s
            self.world.control(self.name, parameters.ambient_degC, AT_ONCE_K_S, lag_s)
        elif self.has_power:
            self.resume()
        else:
            self.leave_alone()

    def drive(self, setpoint_degC: float, rate_K_min: float | None = None) -> None:
        """Send the air to a set point, at most at a rate; None for as fast as the chamber can."""
        if self.condition.door_lag_s:
            return
        parameters = self.world.spec.simulation
        fastest_K_min = parameters.air_rate_K_min
        rate_K_min = fastest_K_min if rate_K_min is None else min(fastest_K_min, rate_K_min)
        condition = self.condition
        self.world.control(
            self.name,
            setpoint_degC - self._offset_K(),
            rate_K_min / 60,
            parameters.air_lag_s,
            condition.drift / 3600 if condition.drift_unit == "K/h" else 0.0,
        )

    def leave_alone(self) -> None:
        """Leave the air alone: it drifts to the room."""
        if self.condition.door_lag_s:
            return
        parameters = self.world.spec.simulation
        self.world.control(self.name, parameters.ambient_degC, AT_ONCE_K_S, parameters.idle_lag_s)

    def sensed_degC(self) -> float:
        """What the sensor in the air shows."""
        return self.world.air_degC(self.name, self.now) + self._offset_K()

    def _offset_K(self) -> float:
        own_K = self.world.spec.simulation.air_offset_sd_K * self.world.deviate("air offset", self.name)
        return own_K + self.drifted("K/h")
