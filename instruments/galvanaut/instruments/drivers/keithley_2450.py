"""Keithley 2450, 2460, 2461 and 2470 graphical SourceMeter in its SCPI command set: one channel for one cell.

Sources: Keithley 2450-901-01 rev. B (p. 111, 173, 321-323, 349-351, 388-391), 2461-901-01 (limits, p. 388-537),
2470-901-01 p. 465; Tektronix' battery scripts in github tektronix/keithley (``smu_battery_cycle_solution.py``,
``2460-SMU/Rechargeable_Battery_Measurements``). Never run on hardware.

Experimental, that is believed and not read in a manual: the list of over-voltage levels and that ``:PROT?`` returns
the word that was sent; the exact text of ``*IDN?``; that the 2460 has the limits of the 2461; that the 2450 and the
2470 take a current limit of 1 nA; that a buffer which is full gives up its oldest readings, and that times go on from
the first one even then; and recording, see `galvanaut.instruments.drivers.keithley_2450_trigger`.

The meter is a voltage source with a current limit, never a current source: so it bounds voltage and current itself,
also when the host is gone. It has no watchdog: without a host a cell floats at the voltage set. "Output off" opens
the output relay only in the state HIMP; in the default state it puts 0 V across the cell and discharges it.
``*RST`` would bring back that default, so it is never sent.
"""

from __future__ import annotations

import re
from math import nan
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from galvanaut.instruments import scpi
from galvanaut.instruments.bounds import Bounds, Operation
from galvanaut.instruments.descriptors import Choice, Flag, Number
from galvanaut.instruments.drivers.keithley_2450_trigger import PERIOD_MAX_S, TriggerModel
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, OverrunError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Reading, Role, SourceLimits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MODEL = re.compile(r"KEITHLEY.*\bMODEL (2450|2460|2461|2470)\b", re.IGNORECASE)
_CURRENT_MAX_A = {"2450": 1.05, "2460": 7.35, "2461": 7.35, "2470": 1.05}
_CURRENT_MIN_A = {"2450": 1e-9, "2460": 1e-6, "2461": 1e-6, "2470": 1e-9}
_RANGE_V = 20.0
_OVERVOLTAGE_V = (2, 5, 10, 20)
"""Levels of the over-voltage protection within the range used."""
TIMEOUT_S = 2.0
"""For one reply, well above the longest measurement; a cell that is driven must not wait longer to be missed."""
_VOLTAGE_TOLERANCE_V = 0.5e-3  # between the value set and the value read back (illustrative)
_CURRENT_TOLERANCE = 1e-3  # of the current limit (illustrative)
_TIME_MAX_S = 1e9  # by its own clock: longer than it can have kept a buffer (illustrative)

BUFFER = '"defbuffer1"'
BUFFER_SIZE = 100_000
"""Readings that the meter keeps between two `Keithley2450.clear_readings`."""
_ROWS_PER_QUERY = 1000


class KeithleySettings(BaseModel):
    """Settings of one SourceMeter in a bench file.

    Attributes:
        model: which of the family is expected; its largest current follows from it.
        terminals: ``rear`` or ``front``.
        four_wire: sense the voltage at the cell with leads of its own.
        integration_cycles: integration time in cycles of the mains, 0.01 to 10.
        records: let it take its readings by itself, so that the host needs to look only now and then (experimental).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Literal["2450", "2460", "2461", "2470"] = "2450"
    terminals: Literal["rear", "front"] = "rear"
    four_wire: bool = True
    integration_cycles: Annotated[float, Field(ge=0.01, le=10)] = 1.0
    records: bool = False

    @field_validator("model", mode="before")
    @classmethod
    def _as_text(cls, model: object) -> object:
        return str(model) if isinstance(model, int) else model  # YAML reads 2450 as a number


class Keithley2450:
    """One SourceMeter; plays the role of a `BufferedSourceMeter`, and of a `RecordingSourceMeter` if it records.

    Args:
        link: to the meter.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "source meter"
    model: ClassVar[str] = "Keithley 2450"
    Settings: ClassVar[type[BaseModel]] = KeithleySettings

    function = Choice(":SOUR:FUNC", options=("VOLT", "CURR"), doc="What it sources.")
    off_state = Choice(
        ":OUTP:VOLT:SMOD", options=("HIMP", "NORM", "ZERO", "GUAR"), doc="Output-off state of the voltage source."
    )
    off_state_of_current = Choice(
        ":OUTP:CURR:SMOD", options=("HIMP", "NORM", "ZERO", "GUAR"), doc="Output-off state of the current source."
    )
    overvoltage = Choice(
        ":SOUR:VOLT:PROT",
        options=(*(f"PROT{level}" for level in (2, 5, 10, *range(20, 181, 20))), "NONE"),
        doc="Over-voltage protection, V.",
    )
    voltage_V = Number(":SOUR:VOLT", unit="V", low=-_RANGE_V, high=_RANGE_V, doc="Voltage sourced, V.")
    range_V = Number(":SOUR:VOLT:RANG", unit="V", low=0.02, high=200, doc="Range of the voltage source, V.")
    limit_A = Number(":SOUR:VOLT:ILIM", unit="A", low=1e-9, high=7.35, doc="Current limit, A.")
    reads_source_back = Flag(":SOUR:VOLT:READ:BACK", "Report the voltage measured, not the one set.")
    four_wire = Flag(":SENS:CURR:RSEN", "Remote sense.")
    auto_range = Flag(":SENS:CURR:RANG:AUTO", "Automatic range of the current measurement.")
    cycles = Number(":SENS:CURR:NPLC", unit="cycles", low=0.01, high=10, doc="Integration time, cycles of the mains.")
    on = Flag(":OUTP", "Output.")

    def __init__(self, link: Link, settings: KeithleySettings) -> None:
        self.link = link
        self.settings = settings
        self._bounds = Bounds(link)
        self._trigger = TriggerModel(link, BUFFER, settings.integration_cycles)
        self._newest_s = -1.0  # of the last recorded reading that `measure` gave
        self._current_max_A = _CURRENT_MAX_A[settings.model]

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: KeithleySettings) -> Framing:
        """Lines ended by LF."""
        return Framing(
            write_end=b"\n",
            read_end=b"\n",
            probe="*IDN?",
            is_identity=_is_family,
            timeout_s=TIMEOUT_S,
        )

    @classmethod
    def capabilities(cls, settings: KeithleySettings) -> SourceLimits:
        """Of the model in the bench file. An open output relay opens the sense leads too: it reads nothing when off."""
        model, recording_max_s = settings.model, PERIOD_MAX_S if settings.records else None
        span = (0.0, _OVERVOLTAGE_V[-1], _CURRENT_MAX_A[model], _CURRENT_MIN_A[model])
        return SourceLimits(*span, recording_max_s=recording_max_s)

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not the model in the bench file, or not in its SCPI command set.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        match = _MODEL.match(reply)
        if len(fields) != 4 or match is None or match[1] != self.settings.model:
            advice = f"expected a Keithley {self.settings.model}; check resource and model in the bench file"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        language = self.link.query("*LANG?").strip()
        if language != "SCPI":
            advice = "choose the command set SCPI at its panel and restart it"
            raise self.link.error(InstrumentError, "speaks another command set", "*LANG?", language, advice)
        return Identity(*fields)

    def set_up(self) -> None:
        """Voltage source, open when off, measured voltage and current; if the output is on, nothing is touched."""
        self.link.write("*CLS")
        if not self.on:
            self._prepare()

    def make_safe(self) -> None:
        """Output off, which opens the relay; each step is tried even if another one fails. A recording ends."""
        self._bounds.forget()
        failures: list[InstrumentError] = []
        stop = (self._trigger.stop,) if self.settings.records else ()
        for act in (self._open_when_off, self._switch_off, *stop):
            try:
                act()
            except InstrumentError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def set_limits(self, envelope: Envelope) -> None:
        """Over-voltage protection and off-state; see `galvanaut.instruments.roles.SourceMeter.set_limits`."""
        self._bounds.forget()
        if not 0 <= envelope.voltage_min_V < envelope.voltage_max_V < _RANGE_V:
            problem = f"serves cells between 0 V and below {_RANGE_V:g} V; nothing was sent"
            raise self.link.error(RefusedError, problem, advice="check the envelope")
        if not self.on:
            self._prepare()
            self.overvoltage = _level_above(envelope.voltage_max_V)
        self._verify(envelope)
        self._bounds.accept(envelope)

    def configure(self, voltage_V: float, current_A: float) -> None:
        """Voltage and current limit; see `galvanaut.instruments.roles.SourceMeter.configure`."""
        operation = Operation(voltage_V, current_A)
        self._bounds.require_inside(operation)
        self._bounds.require_possible(operation, self.capabilities(self.settings))
        self._bounds.forget_operation()
        self.limit_A = current_A
        self.voltage_V = voltage_V
        self._verify_operation(operation)
        self._bounds.confirm(operation)

    def output(self, on: bool) -> None:
        """Switch the output; see `galvanaut.instruments.roles.SourceMeter.output`."""
        if not on:
            self._switch_off()
            return
        operation = self._bounds.operation
        self._verify(self._bounds.envelope)
        self._verify_operation(operation)
        if self.is_overvoltage():
            advice = "look at cell and leads before going on"
            raise self.link.error(
                RefusedError, "its over-voltage protection is active; the output stays off", advice=advice
            )
        with self.link.held():  # who makes it safe comes before this or after it, never in between
            self._bounds.require_confirmed(operation)
            self.on = True
            if not self.on:
                raise self.link.error(InstrumentError, "output did not switch on", ":OUTP?", "0", "look at its panel")

    def is_on(self) -> bool:
        """Whether the output is on."""
        return self.on

    def measure(self) -> Reading:
        """One reading: voltage at the cell, current, and time since the first reading in the buffer.

        Raises:
            RefusedError: it records, and has recorded nothing since it was asked last.
        """
        if self.settings.records and self.is_recording():
            return self._newest()
        return self._ask_reading(f":READ? {BUFFER},SOUR,READ,REL")

    def configured(self) -> Operation:
        """Voltage and current limit that are set now."""
        return Operation(self.voltage_V, self.limit_A)

    def is_clamping(self) -> bool:
        """Whether the current limit bounds the output now."""
        return scpi.ask_flag(self.link, ":SOUR:VOLT:ILIM:TRIP?")

    def is_overvoltage(self) -> bool:
        """Whether the over-voltage protection is active."""
        return scpi.ask_flag(self.link, ":SOUR:VOLT:PROT:TRIP?")

    def protections(self) -> list[str]:
        """What it has protected itself against."""
        return ["over-voltage"] if self.is_overvoltage() else []

    def forget_silence(self) -> None:
        """It has no watchdog."""

    def count_readings(self) -> int:
        """How many readings the buffer holds."""
        return scpi.ask_count(self.link, f":TRAC:ACT? {BUFFER}")

    def readings(self, since: int = 0) -> NDArray[np.float64]:
        """Readings after the first ``since``; see `galvanaut.instruments.roles.BufferedSourceMeter.readings`."""
        count = self.count_readings()
        if not 0 <= since <= count:
            problem = f"holds {count} readings, none after number {since}"
            raise self.link.error(RefusedError, problem, advice="they were cleared; start again at 0")
        if count >= BUFFER_SIZE:
            problem = "its buffer is full, and newer readings take the place of the oldest"
            raise self.link.error(OverrunError, problem, advice="read and clear it in time")
        return self._rows(since, count)

    def surviving_readings(self) -> NDArray[np.float64]:
        """See `galvanaut.instruments.roles.BufferedSourceMeter.surviving_readings`."""
        rows = self._rows(0, self.count_readings())
        timed = rows[rows[:, 2] >= 0]  # without its time nobody knows where a reading belongs
        return timed[timed[:, 2].argsort(kind="stable")]

    def _rows(self, since: int, count: int) -> NDArray[np.float64]:
        import numpy as np

        rows: list[Reading] = []
        for first in range(since + 1, count + 1, _ROWS_PER_QUERY):
            last = min(first + _ROWS_PER_QUERY - 1, count)
            query = f":TRAC:DATA? {first},{last},{BUFFER},SOUR,READ,REL"
            values = scpi.ask_marked(self.link, query, 3 * (last - first + 1))
            found = [Reading(*values[start : start + 3]) for start in range(0, len(values), 3)]
            rows += [row if self._can_measure(row) else _unread(row) for row in found]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def clear_readings(self) -> None:
        """Empty the buffer and give it room for `BUFFER_SIZE` readings."""
        scpi.apply(self.link, f":TRAC:POIN {BUFFER_SIZE},{BUFFER}")
        scpi.apply(self.link, f":TRAC:CLE {BUFFER}")

    def record(self, period_s: float) -> None:
        """Empty the buffer and take readings by itself; see `galvanaut.instruments.roles.RecordingSourceMeter`."""
        delay_s = self._trigger.delay_s(period_s)
        self._trigger.stop()
        self.clear_readings()
        self._newest_s = -1.0
        self._trigger.start(delay_s)

    def recorded(self, since: int = 0) -> NDArray[np.float64]:
        """As `readings`: two messages, as long as no more than a thousand are new."""
        return self.readings(since)

    def stop_recording(self) -> None:
        """Take no more readings; those that were taken stay."""
        self._trigger.stop()

    def is_recording(self) -> bool:
        """Whether it takes readings by itself."""
        return self._trigger.is_running()

    def _newest(self) -> Reading:
        """The newest reading of a recording, once: ``:READ?`` would be refused now."""
        query = f":FETC? {BUFFER},SOUR,READ,REL"
        reading = self._ask_reading(query)
        if reading.time_s is None or reading.time_s == self._newest_s:
            problem = "records by itself and has no newer reading yet"
            raise self.link.error(RefusedError, problem, query, advice="ask again later, or stop the recording")
        self._newest_s = reading.time_s
        return reading

    def _prepare(self) -> None:
        """Everything but the limits. The off-state belongs to the source function: sent anew after each change."""
        self.function = "VOLT"
        self._open_when_off()
        scpi.apply(self.link, f":ROUT:TERM {'REAR' if self.settings.terminals == 'rear' else 'FRON'}")
        self.range_V = _RANGE_V
        self.reads_source_back = True
        scpi.apply(self.link, ':SENS:FUNC "CURR"')
        self.auto_range = True
        self.four_wire = self.settings.four_wire
        self.cycles = self.settings.integration_cycles

    def _verify(self, envelope: Envelope) -> None:
        same = self._bounds.compare
        same("source function", "VOLT", self.function)
        same("output-off state", "HIMP", self.off_state)
        same("output-off state of the current source", "HIMP", self.off_state_of_current)
        same("over-voltage protection", _level_above(envelope.voltage_max_V), self.overvoltage)
        same("remote sense", self.settings.four_wire, self.four_wire)
        same("read-back of the source", True, self.reads_source_back)

    def _verify_operation(self, operation: Operation) -> None:
        voltage_V, current_A = operation
        self._bounds.compare_number("voltage", "V", voltage_V, self.voltage_V, _VOLTAGE_TOLERANCE_V)
        self._bounds.compare_number("current limit", "A", current_A, self.limit_A, _CURRENT_TOLERANCE * current_A)

    def _open_when_off(self) -> None:
        scpi.apply(self.link, ":OUTP:SMOD HIMP")

    def _switch_off(self) -> None:
        self.on = False
        if self.on:
            raise self.link.error(InstrumentError, "output stays on", ":OUTP?", "1", "switch it off by hand")

    def _ask_reading(self, query: str) -> Reading:
        """The reading that ``query`` returns, within what the meter can measure."""
        reading = Reading(*scpi.ask_numbers(self.link, query, 3))
        if not self._can_measure(reading):
            text = f"{reading.voltage_V:g} V, {reading.current_A:g} A, {reading.time_s:g} s"
            raise self.link.error(BadReadingError, "reading is beyond what it can measure", query, text)
        return reading

    def _can_measure(self, reading: Reading) -> bool:
        """Whether all of a reading are numbers that it may have measured."""
        volts, amps = abs(reading.voltage_V) <= 1.05 * _RANGE_V, abs(reading.current_A) <= self._current_max_A
        return volts and amps and _is_time(reading.time_s)


def _is_time(time_s: float | None) -> bool:
    return time_s is not None and 0 <= time_s <= _TIME_MAX_S


def _unread(reading: Reading) -> Reading:
    """One of which a part is no measurement is none; its time stays, if it has one."""
    return Reading(nan, nan, reading.time_s if _is_time(reading.time_s) else nan)


def _level_above(voltage_V: float) -> str:
    """The lowest over-voltage level above ``voltage_V``, which is below the range."""
    return f"PROT{next(level for level in _OVERVOLTAGE_V if level > voltage_V)}"


def _is_family(reply: str) -> bool:
    return _MODEL.match(reply) is not None
