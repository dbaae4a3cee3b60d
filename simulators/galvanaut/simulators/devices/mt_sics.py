"""A Mettler-Toledo balance that speaks MT-SICS.

Sources: the MT-SICS reference manuals for commands and replies. Illustrative: model, and what is named so in
`weigh_cell`.
"""

from __future__ import annotations

from collections.abc import Callable

from galvanaut.simulators.devices.weigh_cell import ZERO_RANGE, WeighCell
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

SERIAL = "SIMULATED0"


class Balance(WeighCell):
    """Weighs one vessel (wiring ``weighs``); it was switched on with the vessel on it, empty."""

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
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

    def handle(self, message: bytes) -> bytes:
        """One command; commands are upper case, anything else is a syntax error."""
        text = message.decode("ascii", errors="replace").removesuffix("\r")
        if text in self._commands:
            return self._commands[text]().encode("ascii") + b"\r\n"
        word = text.split(" ")[0]
        return f"{word} L\r\n".encode("ascii") if word in ("M21", *self._commands) else b"ES\r\n"

    # -- weights ------------------------------------------------------------------------------------------------

    def _shown(self, head: str, load_g: float, offset_g: float) -> str:
        """A weight reply, or the sign of overload; ``head`` is the identifier of the reply with its status."""
        if load_g > self.capacity_g:
            return f"{head.split()[0]} +"
        return f"{head} {load_g - offset_g + 0.0:10.4f} g"

    # -- commands -----------------------------------------------------------------------------------------------

    def _cancel(self) -> str:
        self.settings.tare_g = 0.0
        return f'I4 A "{SERIAL}"'

    def _stable(self) -> str:
        if not self.await_stability():
            return "S I"
        return self._shown("S S", self.load_g(), self.offset_g)

    def _immediate(self) -> str:
        head = "S S" if self.is_stable() else "S D"
        return self._shown(head, self.load_g(), self.offset_g)

    def _zero(self) -> str:
        return self._set_zero("Z A") if self.await_stability() else "Z I"

    def _zero_now(self) -> str:
        return self._set_zero("ZI S" if self.is_stable() else "ZI D")

    def _set_zero(self, done: str) -> str:
        load_g, command = self.load_g(), done.split()[0]
        if load_g > ZERO_RANGE * self.capacity_g:
            return f"{command} +"
        self.settings.zero_g, self.settings.tare_g = load_g, 0.0
        return done

    def _tare(self) -> str:
        return self._set_tare("T S") if self.await_stability() else "T I"

    def _tare_now(self) -> str:
        return self._set_tare("TI S" if self.is_stable() else "TI D")

    def _set_tare(self, head: str) -> str:
        load_g = self.load_g()
        reply = self._shown(head, load_g, self.settings.zero_g)
        if reply.endswith("g"):
            self.settings.tare_g = load_g - self.settings.zero_g
        return reply

    def _clear_tare(self) -> str:
        self.settings.tare_g = 0.0
        return "TAC A"
