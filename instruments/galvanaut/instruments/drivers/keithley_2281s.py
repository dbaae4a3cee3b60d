"""Keithley 2281S-20-6 battery simulator and charger: charges one cell of at least 1 A, and never discharges it.

Sources: Keithley 2281S manual 077114601 (p. 319-329, 393, 443, 451-452), checked against pymeasure
``keithley2281S.py``, from which also the forms of the queries of what was set. Never run on hardware.

Experimental, that is believed and not read: that the protections can be asked for (if not, the output stays off);
that the sink draws about 1 A; the exact text of ``*IDN?``.

Its sink cannot be limited: when it discharges it draws what it draws. So this driver only charges, by the A-h test,
which bounds voltage and current itself, also when the host is gone, and it refuses

- cells whose envelope does not bear 1 A out of the cell, in case it should draw a current all the same;
- cells whose envelope is below 0.1 A into the cell, the lowest level of its over-current protection;
- a voltage below that of the cell, which might discharge it.

It does not say which protection has acted, only that its output is off. It has no watchdog: without a host it holds
the cell at the voltage set. It reads the cell only while it charges.
"""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from galvanaut.instruments import scpi
from galvanaut.instruments.bounds import Bounds, Operation
from galvanaut.instruments.descriptors import Choice, Flag, Number
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Reading, Role, SourceLimits

_MODEL = re.compile(r"KEITHLEY.*\b2281S", re.IGNORECASE)
_SINK_A = 1.0
_LIMITS = SourceLimits(0.0, 20.0, 6.1, 0.01, discharges=False, checks_when_off=False)
_PROTECTION_MIN_A = 0.1
_OVERVOLTAGE_MARGIN_V = 0.1  # above the cell's highest voltage (illustrative)
_VOLTAGE_TOLERANCE_V = 1e-3  # between the value set and the value read back (illustrative)
_CURRENT_TOLERANCE = 1e-3  # of the current limit (illustrative)
_CLAMPED = 0.99  # of the current limit (illustrative)
_TIME_MAX_S = 1e9  # since the test began: longer than any test (illustrative)
_DRAWN_A = 1e-3  # out of the cell: more than the error of its reading (illustrative)

_READING = 64
_DATA = ':BATT:DATA:DATA? "VOLT,CURR,RES,AH,REL"'
_OFF = (":BATT:TEST:SENS:AH:EXEC STOP", ":BATT:OUTP 0", ":OUTP:STAT 0")
_WAIT_S, _PAUSE_S = 5.0, 0.25


class Keithley2281Settings(BaseModel):
    """Settings of one 2281S in a bench file: there are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Keithley2281S:
    """One battery charger; plays the role of a `SourceMeter` that only charges.

    Args:
        link: to the charger.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "source meter"
    model: ClassVar[str] = "Keithley 2281S"
    Settings: ClassVar[type[BaseModel]] = Keithley2281Settings

    function = Choice(":ENTR:FUNC", options=("TEST", "POWER", "SIMULATOR", "SIM"), doc="Test, supply or simulator.")
    voltage_V = Number(":BATT:TEST:VOLT", unit="V", low=0, high=20, doc="Voltage of a battery test, V.")
    full_V = Number(":BATT:TEST:SENS:AH:VFUL", unit="V", low=0, high=20, doc="Full voltage of the A-h test, V.")
    limit_A = Number(":BATT:TEST:SENS:AH:ILIM", unit="A", low=0, high=6.1, doc="Current limit of the A-h test, A.")
    end_A = Number(":BATT:TEST:CURR:END", unit="A", low=0, high=0.1, doc="Current that ends a test, A; 0 for none.")
    overvoltage_V = Number(":BATT:TEST:VOLT:PROT", unit="V", low=0.5, high=21, doc="Over-voltage protection, V.")
    overcurrent_A = Number(":BATT:TEST:CURR:PROT", unit="A", low=0.1, high=6.1, doc="Over-current protection, A.")
    testing = Flag(":BATT:OUTP", "Output in a battery test.")
    supplying = Flag(":OUTP:STAT", "Output as a power supply.")

    def __init__(self, link: Link, settings: Keithley2281Settings) -> None:
        self.link = link
        self.settings = settings
        self._bounds = Bounds(link)
        self._last: Reading | None = None
        self._started = False

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: Keithley2281Settings) -> Framing:
        """Lines ended by LF."""
        return Framing(write_end=b"\n", read_end=b"\n", probe="*IDN?", is_identity=_is_charger)

    @classmethod
    def capabilities(cls, settings: Keithley2281Settings) -> SourceLimits:
        """It charges only, and reads nothing when its output is off."""
        return _LIMITS

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not a 2281S.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4 or not _is_charger(reply):
            advice = "expected a Keithley 2281S; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        return Identity(*fields)

    def set_up(self) -> None:
        """Battery test; if the output is on, nothing is touched."""
        self.link.write("*CLS")
        if not self.is_on():
            self._choose_test()

    def make_safe(self) -> None:
        """Test stopped and output off, whichever function it is in."""
        self._bounds.forget()
        self._switch_off()

    def set_limits(self, envelope: Envelope) -> None:
        """Over-voltage and over-current protection; see `galvanaut.instruments.roles.SourceMeter.set_limits`."""
        self._bounds.forget()
        self._require_bearable(envelope)
        if not self.is_on():
            self._choose_test()
            self.overvoltage_V = envelope.voltage_max_V + _OVERVOLTAGE_MARGIN_V
            self.overcurrent_A = self._overcurrent_A(envelope)
            self.end_A = 0.0
        self._verify(envelope)
        self._bounds.accept(envelope)

    def configure(self, voltage_V: float, current_A: float) -> None:
        """Voltage and current limit of a charge; see `galvanaut.instruments.roles.SourceMeter.configure`.

        Raises:
            RefusedError: also if it is on and the cell is above ``voltage_V``: that might discharge it.
        """
        operation = Operation(voltage_V, current_A)
        self._bounds.require_inside(operation)
        self._bounds.require_possible(operation, _LIMITS)
        if self.is_on() and self.measure().voltage_V > voltage_V:
            problem = f"only charges, and the cell is above {voltage_V:g} V; nothing was set"
            raise self.link.error(RefusedError, problem, advice="switch the output off, or choose a higher voltage")
        self._bounds.forget_operation()
        self.limit_A = current_A
        self.full_V = voltage_V
        self.voltage_V = voltage_V  # so that no state of the instrument knows another voltage
        self._verify_operation(operation)
        self._bounds.confirm(operation)

    def output(self, on: bool) -> None:
        """Begin or end a charge; see `galvanaut.instruments.roles.SourceMeter.output`.

        Raises:
            InstrumentError: also if the first reading shows a current out of the cell; it is off again then.
        """
        if not on:
            self._switch_off()
            return
        operation = self._bounds.operation
        self._verify(self._bounds.envelope)
        self._verify_operation(operation)
        if self.is_on():
            return
        scpi.apply(self.link, ":BATT:DATA:CLE")
        with self.link.held():  # who makes it safe comes before this or after it, never in between
            self._bounds.require_confirmed(operation)
            scpi.apply(self.link, ":BATT:TEST:SENS:AH:EXEC START")
            self._started, self._last = True, None
        self._require_charging()

    def is_on(self) -> bool:
        """Whether the output is on."""
        return self.supplying if self.function == "POWER" else self.testing

    def measure(self) -> Reading:
        """The newest reading; waits for one that was not read before.

        Raises:
            BadReadingError: none comes: it takes readings only while it charges.
        """
        waited_s = 0.0
        while not scpi.ask_count(self.link, ":STAT:MEAS:INST:ISUM:COND?") & _READING:
            if waited_s >= _WAIT_S or not self.is_on():
                problem, advice = f"has no new reading after {waited_s:g} s", "it reads the cell only while it charges"
                raise self.link.error(BadReadingError, problem, advice=advice)
            self.link.pause(_PAUSE_S)
            waited_s += _PAUSE_S
        reading = self._newest(self.link.query(_DATA, 2 * _WAIT_S))
        if not self.is_on():
            problem, advice = "its output is off, so its newest reading is an old one", "it reads only while it charges"
            raise self.link.error(BadReadingError, problem, advice=advice)
        self._last = reading
        return reading

    def configured(self) -> Operation:
        """Full voltage and current limit of the A-h test that are set now."""
        return Operation(self.full_V, self.limit_A)

    def is_clamping(self) -> bool:
        """Whether the last reading was at the current limit; it has no status that tells."""
        limit_A = self._bounds.operation.current_A
        last = self._last if self._last is not None else self.measure()
        return last.current_A >= _CLAMPED * limit_A

    def is_overvoltage(self) -> bool:
        """Whether it switched itself off: which protection acted it does not say, so this one is not ruled out."""
        return self._started and not self.is_on()

    def protections(self) -> list[str]:
        """What it has protected itself against."""
        return ["over-voltage, over-current or end of test: its output is off"] if self.is_overvoltage() else []

    def forget_silence(self) -> None:
        """It has no watchdog."""

    def _require_bearable(self, envelope: Envelope) -> None:
        found = []
        if not _LIMITS.voltage_min_V <= envelope.voltage_min_V < envelope.voltage_max_V < _LIMITS.voltage_max_V:
            found += [f"serves cells from {_LIMITS.voltage_min_V:g} V to below {_LIMITS.voltage_max_V:g} V"]
        if envelope.charge_max_A < _PROTECTION_MIN_A:
            found += [f"cannot protect a cell from currents below {_PROTECTION_MIN_A:g} A"]
        if envelope.discharge_max_A < _SINK_A:
            found += [f"cannot limit its sink of about {_SINK_A:g} A to {envelope.discharge_max_A:g} A"]
        if found:
            advice = "use another meter for this cell"
            raise self.link.error(RefusedError, f"{'; '.join(found)}; nothing was sent", advice=advice)

    def _choose_test(self) -> None:
        if self.function != "TEST":
            self.function = "TEST"

    def _verify(self, envelope: Envelope) -> None:
        bounds, highest_V = self._bounds, envelope.voltage_max_V + _OVERVOLTAGE_MARGIN_V
        bounds.compare("function", "TEST", self.function)
        bounds.compare_number("over-voltage protection", "V", highest_V, self.overvoltage_V, _OVERVOLTAGE_MARGIN_V / 10)
        highest_A = self._overcurrent_A(envelope)
        bounds.compare_number("over-current protection", "A", highest_A, self.overcurrent_A, 1e-2 * highest_A)
        bounds.compare_number("end current", "A", 0.0, self.end_A, 1e-6)

    def _verify_operation(self, operation: Operation) -> None:
        voltage_V, current_A = operation
        compare = self._bounds.compare_number
        compare("full voltage", "V", voltage_V, self.full_V, _VOLTAGE_TOLERANCE_V)
        compare("voltage", "V", voltage_V, self.voltage_V, _VOLTAGE_TOLERANCE_V)
        compare("current limit", "A", current_A, self.limit_A, _CURRENT_TOLERANCE * current_A)

    def _overcurrent_A(self, envelope: Envelope) -> float:
        return min(envelope.charge_max_A, _LIMITS.current_max_A)

    def _require_charging(self) -> None:
        """A current out of the cell is the one thing that it must not do."""
        try:
            current_A = self.measure().current_A
        except InstrumentError:
            self._switch_off()
            raise
        if current_A < -_DRAWN_A:
            self._switch_off()
            problem = f"draws {-current_A:g} A out of the cell instead of charging it; it is off again"
            raise self.link.error(InstrumentError, problem, advice="the cell is above the voltage set")

    def _newest(self, reply: str) -> Reading:
        values = [scpi.number(field) for field in reply.split(",")]
        row = values[-5:]
        if len(values) % 5 or None in row:
            raise self.link.error(BadReadingError, "expected readings of five numbers each", _DATA, reply[-200:])
        voltage_V, current_A, _, _, time_s = (value for value in row if value is not None)
        within = abs(voltage_V) <= 1.05 * _LIMITS.voltage_max_V and abs(current_A) <= 1.05 * _LIMITS.current_max_A
        if not (within and 0 <= time_s <= _TIME_MAX_S):
            raise self.link.error(BadReadingError, "reading is beyond what it can measure", _DATA, reply[-200:])
        return Reading(voltage_V, current_A, time_s)

    def _switch_off(self) -> None:
        """Stop and switch off in every function, and believe only what it says afterwards."""
        self._started = False
        failures: list[InstrumentError] = []
        for command in _OFF:
            try:
                scpi.apply(self.link, command)
            except RefusedError:
                continue  # it belongs to another function than the present one, or there is no test to stop
            except InstrumentError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        if self.is_on():
            raise self.link.error(InstrumentError, "output stays on", advice="switch it off by hand")


def _is_charger(reply: str) -> bool:
    return _MODEL.match(reply) is not None
