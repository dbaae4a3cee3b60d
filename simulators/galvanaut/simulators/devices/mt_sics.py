"""A Mettler-Toledo balance that speaks MT-SICS.

Sources: the MT-SICS reference manuals for commands and replies. Illustrative: model, zero range of 2 % of the
capacity, the patience of commands that wait for stability, noise and drift (see `SimulationParameters`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sin
from typing import Any

from galvanaut.core.identifiers import generator
from galvanaut.simulators.devices.device import Device
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

READABILITY_G = 1e-4
SERIAL = "SIMULATED0"
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


class Balance(Device):
    """Weighs one vessel (wiring ``weighs``); it was switched on with the vessel on it, empty."""

    terminator = b"\n"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.settings = BalanceMemory()
        self.vessel = spec.wiring["weighs"]
        self._commands: dict[str, Callable[[], str]] = {
            "@": self._cancel,
            "I2": lambda: f'I2 A "XPR204 Excellence {world.spec.simulation.balance_capacity_g:.4f} g"',
            "I3": lambda: 'I3 A "1.00 simulated"',
            "I4": lambda: f'I4 A "{SERIAL}"',
            "I11": lambda: 'I11 A "XPR204"',
            "M21 0 0": lambda: "M21 A",
            "S": self._stable,
            "SI": self._immediate,
            "Z": self._zero,
            "ZI": self._zero_now,
            "T": self._tare,
            "TI": self._tare_now,
            "TA": lambda: f"TA A {self.settings.tare_g:.4f} g",
            "TAC": self._clear_tare,
        }

    def memory(self) -> dict[str, Any]:
        """Zero, tare and counter."""
        return to_row(self.settings)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(BalanceMemory, memory)

    def handle(self, message: bytes) -> bytes:
        """One command; commands are upper case, anything else is a syntax error."""
        text = message.decode("ascii", errors="replace").removesuffix("\r")
        if text in self._commands:
            return self._commands[text]().encode("ascii") + b"\r\n"
        word = text.split(" ")[0]
        return f"{word} L\r\n".encode("ascii") if word in ("M21", *self._commands) else b"ES\r\n"

    # -- weights ------------------------------------------------------------------------------------------------

    def _load_g(self) -> float:
        """What the cell feels now, in grams, before zero and tare, rounded to the readability."""
        parameters = self.world.spec.simulation
        self.settings.weighings += 1
        noise_mg = parameters.balance_noise_mg * float(
            generator(self.world.seed, "balance", self.name, self.settings.weighings).standard_normal()
        )
        drift_mg = parameters.balance_drift_mg * self._drift()
        mass_g = self.world.at(self.now).vessels[self.vessel].mass_g
        return round((mass_g + (noise_mg + drift_mg) / 1e3) / READABILITY_G) * READABILITY_G

    def _drift(self) -> float:
        """A slow wander between -1 and 1, a function of the instant alone."""
        waves = [
            sin(2 * pi * (self.now / period_s + self.world.deviate("drift", self.name, period_s)))
            for period_s in _DRIFT_PERIODS_S
        ]
        return sum(waves) / len(waves)

    def _shown(self, head: str, load_g: float, offset_g: float) -> str:
        """A weight reply, or the sign of overload. Underload cannot happen: the vessel is never taken off."""
        capacity_g = self.world.spec.simulation.balance_capacity_g
        if load_g > capacity_g:
            return f"{head[0]} +"
        return f"{head} {load_g - offset_g + 0.0:10.4f} g"

    def _is_stable(self) -> bool:
        return self.now >= self._stable_from()

    def _stable_from(self) -> float:
        return self.world.quiet_from(self.vessel, self.now) + self.world.spec.simulation.balance_settling_s

    def _await_stability(self) -> bool:
        """Wait for a stable weight; False when patience ends first."""
        parameters = self.world.spec.simulation
        wait_s = max(parameters.balance_weighing_s, self._stable_from() - self.now)
        self.spend(min(wait_s, parameters.balance_patience_s))
        return wait_s <= parameters.balance_patience_s

    # -- commands -----------------------------------------------------------------------------------------------

    def _cancel(self) -> str:
        self.settings.tare_g = 0.0
        return f'I4 A "{SERIAL}"'

    def _stable(self) -> str:
        if not self._await_stability():
            return "S I"
        return self._shown("S S", self._load_g(), self.settings.zero_g + self.settings.tare_g)

    def _immediate(self) -> str:
        head = "S S" if self._is_stable() else "S D"
        return self._shown(head, self._load_g(), self.settings.zero_g + self.settings.tare_g)

    def _zero(self) -> str:
        return self._set_zero("Z A") if self._await_stability() else "Z I"

    def _zero_now(self) -> str:
        return self._set_zero("ZI S" if self._is_stable() else "ZI D")

    def _set_zero(self, done: str) -> str:
        load_g, command = self._load_g(), done.split()[0]
        if load_g > 0.02 * self.world.spec.simulation.balance_capacity_g:
            return f"{command} +"
        self.settings.zero_g, self.settings.tare_g = load_g, 0.0
        return done

    def _tare(self) -> str:
        return self._set_tare("T S") if self._await_stability() else "T I"

    def _tare_now(self) -> str:
        return self._set_tare("TI S" if self._is_stable() else "TI D")

    def _set_tare(self, head: str) -> str:
        load_g = self._load_g()
        reply = self._shown(head, load_g, self.settings.zero_g)
        if reply.endswith("g"):
            self.settings.tare_g = load_g - self.settings.zero_g
        return reply

    def _clear_tare(self) -> str:
        self.settings.tare_g = 0.0
        return "TAC A"
