"""What every simulated balance has in common, whatever it speaks: a load with noise and drift, and a sense of rest.

Noise, drift, patience and capacity are in `SimulationParameters`; readability and zero range are illustrative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sin
from typing import Any

from galvanaut.core.identifiers import generator
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

READABILITY_G = 1e-4
ZERO_RANGE = 0.02
"""Share of the capacity within which the balance may be zeroed."""
_OVERLOAD = 2.0
"""Of the capacity, what leans on an overloaded pan."""
_DRIFT_PERIODS_S = (3 * 3600.0, 24 * 3600.0)  # illustrative: room and day


@dataclass
class BalanceMemory:
    """What the balance keeps.

    Attributes:
        zero_g: offset taken by the last zero setting.
        tare_g: tare weight.
        weighings: how many values it has shown.
    """

    zero_g: float = 0.0
    tare_g: float = 0.0
    weighings: int = 0


class WeighCell(Device):
    """Weighs one vessel (wiring ``weighs``); it was switched on with the vessel on it, empty.

    Underload cannot happen: the vessel is never taken off.
    """

    terminator = b"\n"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = BalanceMemory()
        self.vessel = spec.wiring["weighs"]

    def memory(self) -> dict[str, Any]:
        """Zero, tare and counter."""
        return to_row(self.settings)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(BalanceMemory, memory)

    def forget(self) -> None:
        """Zero and tare are lost."""
        self.settings.zero_g = self.settings.tare_g = 0.0

    @property
    def capacity_g(self) -> float:
        """Load above which it shows overload."""
        return self.world.spec.simulation.balance_capacity_g

    @property
    def offset_g(self) -> float:
        """What is taken off the load before it is shown."""
        return self.settings.zero_g + self.settings.tare_g

    def load_g(self) -> float:
        """What the cell feels now, in grams, before zero and tare, rounded to the readability."""
        parameters = self.world.spec.simulation
        self.settings.weighings += 1
        noise_mg = parameters.balance_noise_mg * float(
            generator(self.world.seed, "balance", self.name, self.settings.weighings).standard_normal()
        )
        drift_mg = parameters.balance_drift_mg * self._drift()
        if self.condition.is_overloaded:
            return _OVERLOAD * self.capacity_g
        mass_g = self.world.at(self.now).vessels[self.vessel].mass_g + self.drifted("g/h")
        return round((mass_g + (noise_mg + drift_mg) / 1e3) / READABILITY_G) * READABILITY_G

    def _drift(self) -> float:
        """A slow wander between -1 and 1, a function of the instant alone."""
        waves = [
            sin(2 * pi * (self.now / period_s + self.world.deviate("drift", self.name, period_s)))
            for period_s in _DRIFT_PERIODS_S
        ]
        return sum(waves) / len(waves)

    def is_stable(self) -> bool:
        """Whether a weight taken now is at rest."""
        return self.now >= self._stable_from()

    def _stable_from(self) -> float:
        return self.world.quiet_from(self.vessel, self.now) + self.world.spec.simulation.balance_settling_s

    def await_stability(self) -> bool:
        """Wait for a stable weight; False when patience ends first."""
        parameters = self.world.spec.simulation
        wait_s = max(parameters.balance_weighing_s, self._stable_from() - self.now)
        self.spend(min(wait_s, parameters.balance_patience_s))
        return wait_s <= parameters.balance_patience_s
