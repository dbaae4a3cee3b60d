"""One source meter on one cell: readings that are tried again, operations, and an output that is really off.

Source meters differ in what a rest can be. Where the smallest current limit is small enough (`HOLD_MAX_A`), the cell is
held at the voltage it had with that limit, so that its voltage stays readable: a meter whose open output relay opens
the sense leads too would read nothing. 100 nA for one hour move 0.1 uAh, 0.0025 % of a coin cell of 4 mAh. Elsewhere
the output is switched off, and the voltage at rest is only known if the meter reads it then. Never run on hardware.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling.interlock import VOLTAGE_TOLERANCE_V
from galvanaut.instruments.errors import BadReadingError, InstrumentError, NoReplyError, RefusedError

if TYPE_CHECKING:
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import Reading, SourceLimits, SourceMeter

T = TypeVar("T")

HOLD_A, HOLD_MAX_A = 1e-7, 1e-6
"""Current limit of a rest, and the largest one that still counts as a rest (illustrative)."""
_NEAR_V = 0.01
_SAME_V, _SAME_A = 1e-3, 0.01
"""How far a setting found may be from the one that was made: V, and a share of the current limit (illustrative)."""


class CellOutput:
    """What a sequencer's commands become at a source meter.

    Args:
        meter: drives the cell.
        limits: what it can do.
        reopen: gives it a fresh connection, or raises; None if there is no way.
    """

    def __init__(self, meter: SourceMeter, limits: SourceLimits, reopen: Callable[[], object] | None = None) -> None:
        self.meter = meter
        self.limits = limits
        self._reopen = reopen
        smallest_A = max(HOLD_A, limits.current_min_A)
        self._hold_A = smallest_A if smallest_A <= HOLD_MAX_A and not limits.measures_when_off else None
        self._operation: Operation | None = None  # confirmed by the meter, with the output on
        self._is_fresh = False  # the connection is a newer one than that confirmation
        self._stuck = ""  # what was seen of a relay that did not open: a small current limit need not be a rest

    @property
    def sees_rest(self) -> bool:
        """Whether the voltage of a resting cell can be read."""
        return self._hold_A is not None or self.limits.measures_when_off

    @property
    def drives_rest(self) -> bool:
        """Whether the output is on while the cell rests."""
        return self._hold_A is not None

    def read(self) -> Reading:
        """One reading, see `asked`."""
        return self.asked(self.meter.measure)

    def asked(self, ask: Callable[[], T]) -> T:
        """What the meter answers. To ask does no harm, so it is done again, and once more on a fresh connection.

        Raises:
            InstrumentError: the last of these failed.
        """
        with suppress(InstrumentError):
            return ask()
        try:
            return ask()
        except NoReplyError:
            if self._reopen is None:
                raise
        self._is_fresh = True
        try:
            self._reopen()
        except NoReplyError:
            raise
        except InstrumentError as error:  # whatever answers there now is not the meter that drives the cell
            raise NoReplyError(f"is not there any more: {error}", instrument=str(self.meter)) from error
        return ask()

    def probe(self, envelope: Envelope) -> float:
        """The voltage of the cell before anything is done with it, V. The limits have to be set already.

        With no cell between the leads the meter reads back whatever it is set to: so two voltages tell.

        Raises:
            RefusedError: there is no cell, or its voltage lies outside the envelope.
        """
        voltage_V = self.read().voltage_V if self.limits.measures_when_off else self._probed_V(envelope)
        near = max(envelope.voltage_min_V, min(envelope.voltage_max_V, voltage_V))
        if not abs(voltage_V - near) <= VOLTAGE_TOLERANCE_V:
            found = "; ".join(envelope.violations(voltage_V=voltage_V))
            raise self._refused(f"no cell that may be tested: {found}")
        return voltage_V

    def _probed_V(self, envelope: Envelope) -> float:
        smallest_A = self._hold_A or self.limits.current_min_A
        low_V, high_V = envelope.voltage_min_V, envelope.voltage_max_V
        if self.limits.discharges:
            self.apply(Operation(low_V, smallest_A), low_V, envelope)
            voltage_V = self.read().voltage_V
            if abs(voltage_V - low_V) > _NEAR_V:
                return voltage_V
        self.apply(Operation(high_V, smallest_A), high_V, envelope)
        voltage_V = self.read().voltage_V
        if abs(voltage_V - high_V) <= _NEAR_V:
            also = "" if self.limits.discharges else ", or it is full"
            raise self._refused(f"reads back whatever voltage it is set to: no cell is connected{also}")
        return voltage_V

    def apply(self, operation: Operation | None, voltage_V: float, envelope: Envelope) -> None:
        """Do this now, or rest.

        Args:
            operation: of the sequencer; None for a rest.
            voltage_V: last read at the cell; a rest is held there.
            envelope: in force.
        """
        if operation is None and self._hold_A is not None:
            rest_V = max(envelope.voltage_min_V, min(envelope.voltage_max_V, voltage_V))
            operation = Operation(rest_V, self._hold_A)
        if operation is None:
            self._operation = None
            self.meter.output(False)
            return
        if operation != self._operation or self._is_fresh:
            was_on = self._operation is not None
            self._operation = None
            _told(partial(self.meter.configure, *operation))
            if not self.asked(self.meter.is_on):
                if was_on:
                    raise self._refused("output went off by itself; it is not switched on again")
                self.meter.output(True)
            self._operation, self._is_fresh = operation, False

    def set_limits(self, envelope: Envelope) -> None:
        """Of the meter, read back; see `SourceMeter.set_limits`."""
        _told(lambda: self.meter.set_limits(envelope))

    def configured(self) -> Operation:
        """What the meter says that it is set to, see `asked`."""
        return self.asked(self.meter.configured)

    def is_set_to(self, operation: Operation | None, found: Operation) -> bool:
        """Whether what a meter says it is set to is this operation, or a rest that is held."""
        if operation is None:
            return self._hold_A is not None and abs(found.current_A - self._hold_A) <= _SAME_A * self._hold_A
        is_same_A = abs(found.current_A - operation.current_A) <= _SAME_A * operation.current_A
        return is_same_A and abs(found.voltage_V - operation.voltage_V) <= _SAME_V

    @property
    def holds_rest(self) -> bool:
        """Whether a rest is held at the output now."""
        return self._operation is not None and self._operation.current_A == self._hold_A

    def went_off_at_rest(self) -> bool:
        """Whether a rest that is held at the output has lost it.

        A meter that has lost its power for a moment may wake up as a source of 0 V, whose current is too small to be
        told from a rest: so it is asked, see `asked`.
        """
        return self.holds_rest and not self.asked(self.meter.is_on)

    def is_driving(self) -> bool:
        """Whether the output is on and nothing protects it: what it was told to do, it still does; see `asked`."""
        return self.asked(lambda: self.meter.is_on() and not self.meter.protections())

    def protections(self) -> list[str]:
        """What the meter has protected itself against, as far as it can be asked."""
        with suppress(InstrumentError):
            return self.meter.protections()
        return []

    def switch_off(
        self, envelope: Envelope, rest_A: float, once_off: Callable[[], None] | None = None
    ) -> tuple[bool, str]:
        """Output off, asked back, and the current measured.

        Args:
            envelope: of the cell.
            rest_A: a current above this is one.
            once_off: what there is to do between the two; raises nothing.

        Returns:
            Whether the cell is known to be without current, and what a person has to know.
        """
        self._operation = None
        try:
            self._make_safe()
        except InstrumentError as error:
            return False, f"whether the output is off is not known: {error}. {self.bound()}"
        if once_off is not None:
            once_off()
        if not self.limits.checks_when_off:
            return True, ""
        try:
            reading = self.read()
            if abs(reading.current_A) > rest_A:
                reading = self.read()
        except InstrumentError as error:
            return False, f"the output is off, but that no current flows could not be measured: {error}"
        flows = abs(reading.current_A) > rest_A
        if flows:
            self._stuck = self._throttle(reading, envelope)
        is_harmless = not self._stuck or self.limits.current_min_A <= HOLD_MAX_A
        return is_harmless and not flows, self._stuck

    def _make_safe(self) -> None:
        try:
            self.meter.make_safe()
        except InstrumentError:
            if self._reopen is None:
                raise
            self._reopen()
            self.meter.make_safe()

    def _throttle(self, reading: Reading, envelope: Envelope) -> str:
        """A current that an open output cannot stop is at least made as small as the meter can."""
        text = f"{reading.current_A:g} A flow although the output is off: its relay may be stuck closed"
        rest_V = max(envelope.voltage_min_V, min(envelope.voltage_max_V, reading.voltage_V))
        try:
            self.meter.set_limits(envelope)
            self.meter.configure(rest_V, self.limits.current_min_A)
            text += f"; the limit was set to {self.limits.current_min_A:g} A"
        except InstrumentError as error:
            text += f"; the limit could not be lowered ({error})"
        return f"{text}; disconnect the cell by hand"

    def bound(self) -> str:
        """What holds without a host."""
        if self.limits.watchdog_s is not None:
            return f"Its watchdog switches it off after {self.limits.watchdog_s:g} s of silence; go and look."
        return "It has no watchdog: it may hold the cell at the voltage and the current limit set last; go and look."

    def _refused(self, problem: str) -> InstrumentError:
        return RefusedError(problem, instrument=str(self.meter), advice="look at cell, holder and leads")


def _told(tell: Callable[[], None]) -> None:
    """Told again if a reply was lost or garbled: values are set and read back, and nothing is switched."""
    try:
        tell()
    except (NoReplyError, BadReadingError):
        tell()
