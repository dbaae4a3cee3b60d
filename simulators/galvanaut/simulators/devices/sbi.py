"""A Sartorius balance that speaks SBI.

Sources: Sartorius WZA manual page 24 and Entris II and Cubis manuals for commands and for the columns of a line: a
sign, nine characters of value, a space, three of unit; with an identification six characters more in front. Believed,
not read: a value that is not at rest has no unit. Illustrative: where the words of a special line stand, what a
restart takes, that taring and zeroing give up silently when patience ends or the load is too large, and what is named
so in `weigh_cell`.
"""

from __future__ import annotations

from collections.abc import Callable

from galvanaut.simulators.devices.weigh_cell import ZERO_RANGE, WeighCell
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

ESCAPE = "\x1b"
MODEL, SERIAL = "Entris II SIMULATED", "SIMULATED0"
RESTART_S = 5.0


class SartoriusBalance(WeighCell):
    """Weighs one vessel (wiring ``weighs``); it was switched on with the vessel on it, empty.

    With the bench setting ``line_length: 22`` its lines carry an identification.
    """

    parity = "odd"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.is_identified = int(spec.settings.get("line_length", 16)) == 22
        self._queries: dict[str, Callable[[], str]] = {
            "P": self._weight,
            "x1_": lambda: MODEL,
            "x2_": lambda: SERIAL,
        }
        # Nobody stands at a simulated balance: locking its keys (O, R) has no effect.
        self._commands: dict[str, Callable[[], None]] = {
            "T": self._zero_or_tare,
            "U": self._tare,
            "V": self._zero,
            "S": self._restart,
        }

    def handle(self, message: bytes) -> bytes:
        """One command; only questions are answered, anything unknown is ignored."""
        text = message.decode("ascii", errors="replace").removesuffix("\r")
        word = text.removeprefix(ESCAPE)
        if word == text:
            return b""
        if word in self._queries:
            return self._queries[word]().encode("ascii") + b"\r\n"
        if word in self._commands:
            self._commands[word]()
        return b""

    def _weight(self) -> str:
        load_g = self.load_g()
        if load_g > self.capacity_g:
            return f"{'Stat':<{10 if self.is_identified else 8}}{'High':<{10 if self.is_identified else 6}}"
        shown_g = load_g - self.offset_g
        unit = "g" if self.is_stable() else ""
        sign = "-" if round(shown_g, 4) < 0 else "+"
        return f"{'N     ' if self.is_identified else ''}{sign}{abs(shown_g):9.4f} {unit:<3}"

    def _zero_or_tare(self) -> None:
        if self.await_stability() and not self._set_zero():
            self._set_tare()

    def _tare(self) -> None:
        if self.await_stability():
            self._set_tare()

    def _zero(self) -> None:
        if self.await_stability():
            self._set_zero()

    def _restart(self) -> None:
        self.spend(RESTART_S)
        self.settings.tare_g = 0.0
        self._zero()

    def _set_zero(self) -> bool:
        load_g = self.load_g()
        if load_g > ZERO_RANGE * self.capacity_g:
            return False
        self.settings.zero_g, self.settings.tare_g = load_g, 0.0
        return True

    def _set_tare(self) -> None:
        load_g = self.load_g()
        if load_g <= self.capacity_g:
            self.settings.tare_g = load_g - self.settings.zero_g
