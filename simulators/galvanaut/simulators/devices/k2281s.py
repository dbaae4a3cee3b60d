"""A Keithley 2281S-20-6 on a cell: battery test (charge, discharge, A-h) and power supply.

Sources: the 2281S manual (077114601), pymeasure's driver and Tektronix' battery model script for commands and replies.
Believed, not read: it sinks up to 1 A. Illustrative: a test ends, and opens the circuit,
when its current has fallen to the end current; reaching the current protection opens the circuit; the A-h test charges;
how often and how exactly it measures; its resistance reading is the real part of the cell's impedance at 1 Hz. The
battery simulator is not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from galvanaut.simulators.cells import OPEN, Drive
from galvanaut.simulators.devices.k2281s_panel import ChargerPanel, TesterSettings, written
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.devices.readings import read_current_A, read_voltage_V
from galvanaut.simulators.ieee488 import Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import Choice, ScpiError, Switch, Text
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

SINK_A = 1.0
SAMPLE_S = 1.0
CAPACITY = 1000
MEASURING, READING_AVAILABLE = 16, 64
_BISECTIONS = 60
_RUNNING = ("HOLD", "AH", "SUPPLY")
"""Phases in which something is imposed on the cell."""
_ELEMENTS = {"BATT": ("VOLT", "CURR", "RES", "AH", "REL"), "SUPPLY": ("READ", "SOUR", "REL")}


class BatteryCharger(ChargerPanel):
    """Drives the cell in its ``channel``."""

    identity = "KEITHLEY INSTRUMENTS INC.,MODEL 2281S-20-6,SIMULATED,01.08b"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.holder = spec.wiring["channel"]
        self.status = Status()
        self.settings = TesterSettings()
        self.readings = 0

    def memory(self) -> dict[str, Any]:
        """Settings, readings and status registers."""
        return {"settings": to_row(self.settings), "status": to_row(self.status), "readings": self.readings}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(TesterSettings, memory["settings"])
        self.status = from_row(Status, memory["status"])
        self.readings = memory["readings"]

    def reset(self) -> None:
        """Output off, power supply, buffer empty."""
        self._open(self.now)
        self.settings = TesterSettings()
        self.refresh()

    def feel(self) -> None:
        """Impose on the cell what settings, relay and supply make of it."""
        if self.settings.phase in _RUNNING:
            self._weld()
        drive = self._drive()
        if drive != self.world.holders.drive(self.holder):
            self._impose(drive, self.now)

    def trip(self, instrument: str) -> None:
        """End what goes on."""
        self._open(self.now)

    def handle(self, message: bytes) -> bytes:
        """Take what is due, then carry out the message."""
        self.catch_up()
        return super().handle(message)

    # -- the cell -----------------------------------------------------------------------------------------------

    def _impose(self, drive: Drive, instant: float) -> None:
        self.settings.drive_since = instant
        self.world.impose(self.holder, drive, instant)

    def _open(self, instant: float) -> None:
        was_running, self.settings.phase = self.settings.phase in _RUNNING, "OFF"
        if was_running:
            self._impose(self._drive(), instant)

    def _weld(self) -> None:
        if self.condition.relay_sticks:
            self.ail(self.name, replace(self.condition, weld=self.settings.phase))

    def _drive(self) -> Drive:
        """What the present phase imposes, or the one in which the relay has stuck; nothing opens the circuit then."""
        phase, weld = self.settings.phase, self.condition.weld
        if not self.has_power:
            return OPEN
        if weld is not None:
            return replace(self._drive_in(phase if phase in _RUNNING else weld), trip_V=None, trips_at_limit=False)
        return self._drive_in(phase) if phase in _RUNNING else OPEN

    def _drive_in(self, phase: str) -> Drive:
        settings, name = self.settings, self.name
        if phase == "SUPPLY":
            return Drive(name, settings.supply_V, 0.0, settings.supply_A)
        if phase == "AH":
            limit_A, is_trip = min(settings.limit_A, settings.protection_A), settings.limit_A > settings.protection_A
            return Drive(name, settings.full_V, 0.0, limit_A, trip_V=settings.protection_V, trips_at_limit=is_trip)
        if settings.test_V >= self._rest_V():
            high_A, volts = settings.protection_A, settings.protection_V
            return Drive(name, settings.test_V, 0.0, high_A, trip_V=volts, trips_at_limit=True)
        sink_A = min(SINK_A, settings.protection_A)
        return Drive(name, settings.test_V, -sink_A, 0.0, trips_at_limit=settings.protection_A < SINK_A)

    def _rest_V(self) -> float:
        """What the cell would show without a current, by now."""
        cell = self.world.holders.cell(self.holder)
        return cell.voltage_V(self.world.holders.at(self.holder, self.now).state, 0.0) if cell is not None else 0.0

    def refresh(self) -> None:
        """Let a changed setting act on the cell."""
        if self.settings.phase in _RUNNING or self.ailments:
            drive = self._drive()
            if drive != self.world.holders.drive(self.holder):
                self._impose(drive, self.now)

    def _begin(self, phase: str) -> None:
        settings = self.settings
        settings.phase, settings.began_at, settings.samples = phase, self.now, 0
        settings.begin_C = self.world.holders.at(self.holder, self.now).state.charge_C
        self._weld()
        self._impose(self._drive(), self.now)
        self.catch_up()

    def catch_up(self) -> bool:
        """Record the readings that have fallen due by now; end the test if its end has come."""
        settings = self.settings
        if settings.phase not in _RUNNING:
            return False
        end = self._end()
        until = self.now if end is None else end
        due = int((until - settings.began_at) / SAMPLE_S) + 1
        for number in range(max(settings.samples, due - CAPACITY), due):
            self._sample(settings.began_at + number * SAMPLE_S)
        is_news, settings.samples = due > settings.samples, max(due, settings.samples)
        if end is not None:
            self._open(end)
        return is_news or end is not None

    def _end(self) -> float | None:
        """Instant at which the test ended or the circuit was opened; None while it goes on."""
        settings, now = self.settings, self.now
        if not self._is_over(now):
            return None
        before, after = settings.drive_since, now
        if self._is_over(before):
            return before
        for _ in range(_BISECTIONS):
            middle = (before + after) / 2
            if not before < middle < after:
                break
            before, after = (before, middle) if self._is_over(middle) else (middle, after)
        return after

    def _is_over(self, instant: float) -> bool:
        sight = self.world.holders.at(self.holder, instant)
        return bool(sight.trip) or (self.settings.phase != "SUPPLY" and abs(sight.current_A) <= self.settings.end_A)

    def _sample(self, instant: float) -> None:
        settings, sight = self.settings, self.world.holders.at(self.holder, instant)
        cell = self.world.holders.cell(self.holder)
        self.readings += 1
        settings.rows += [
            read_voltage_V(self.world, self.name, self.readings, sight.sensed_V) + self.drifted("V/h", instant),
            read_current_A(self.world, self.name, self.readings, sight.current_A),
            cell.impedance_ohm(1.0).real if cell is not None else 0.0,
            self._moved_Ah(instant),
            round(instant - settings.began_at, 6),
        ]
        del settings.rows[: -5 * CAPACITY]

    def _must_be(self, function: str) -> None:
        if self.settings.function != function:
            raise ScpiError(-221)

    # -- function and output ------------------------------------------------------------------------------------

    @command(":ENTRy:FUNCtion", Choice("TEST", "POWER", "SIMulator"))
    def set_function(self, function: str) -> None:
        """Battery test, power supply or battery simulator; not while the output is on."""
        if self.settings.phase != "OFF":
            raise ScpiError(-221)
        self.settings.function = function

    @command(":ENTRy:FUNCtion?")
    def function(self) -> str:
        """As set."""
        return self.settings.function

    @command(":BATTery:OUTPut[:STATe]", Switch())
    def set_test_output(self, is_on: bool) -> None:
        """Battery test at its voltage, or off."""
        self._must_be("TEST")
        if is_on and self.settings.phase == "OFF":
            self._begin("HOLD")
        elif not is_on:
            self._open(self.now)

    @command(":BATTery:OUTPut[:STATe]?")
    def test_output(self) -> str:
        """1 or 0."""
        return str(int(self.settings.phase in ("HOLD", "AH", "PAUSE")))

    @command(":OUTPut[:STATe]", Switch())
    def set_supply_output(self, is_on: bool) -> None:
        """Power supply on or off."""
        self._must_be("POWER")
        if is_on and self.settings.phase == "OFF":
            self._begin("SUPPLY")
        elif not is_on:
            self._open(self.now)

    @command(":OUTPut[:STATe]?")
    def supply_output(self) -> str:
        """1 or 0."""
        return str(int(self.settings.phase == "SUPPLY"))

    @command(":BATTery:TEST:SENSe:AH:EXECute", Choice("START", "STOP", "PAUSE", "CONTinue"))
    def execute(self, action: str) -> None:
        """A-h test: charge to the full voltage within the current limit, and count."""
        self._must_be("TEST")
        settings = self.settings
        if action == "START":
            self._begin("AH")
        elif action == "STOP":
            self._open(self.now)
        elif action == "PAUSE" and settings.phase == "AH":
            settings.phase = "PAUSE"
            self._impose(self._drive(), self.now)
        elif action == "CONT" and settings.phase == "PAUSE":
            settings.phase, settings.samples = "AH", int((self.now - settings.began_at) / SAMPLE_S) + 1
            self._impose(self._drive(), self.now)
        else:
            raise ScpiError(-221)

    # -- results ------------------------------------------------------------------------------------------------

    @command(":BATTery:TEST:SENSe:AH?")
    def capacity(self) -> str:
        """Charge moved since the test began, Ah."""
        return written(self._moved_Ah(self.now))

    def _moved_Ah(self, instant: float) -> float:
        if not self.settings.began_at:
            return 0.0
        return abs(self.world.holders.at(self.holder, instant).state.charge_C - self.settings.begin_C) / 3600

    @command(":BATTery:DATA:DATA?", Text())
    def test_data(self, elements: str) -> str:
        """Readings not yet read, with the elements asked for, in their order."""
        return self._data(elements, _ELEMENTS["BATT"], (0, 1, 2, 3, 4))

    @command(":BATTery:DATA:CLEar")
    def clear_test_data(self) -> None:
        """Forget the readings."""
        self.settings.rows = []

    @command(":DATA:DATA?", Text())
    def supply_data(self, elements: str) -> str:
        """The same with the power supply: READ is the current, SOUR the voltage."""
        return self._data(elements, _ELEMENTS["SUPPLY"], (1, 0, 4))

    def _data(self, elements: str, known: tuple[str, ...], columns: tuple[int, ...]) -> str:
        words = [word.strip().upper() for word in elements.split(",")]
        if not set(words) <= set(known):
            raise ScpiError(-224)
        places = [columns[known.index(word)] for word in words]
        rows, self.settings.rows = self.settings.rows, []
        return ",".join(written(rows[begin + place]) for begin in range(0, len(rows), 5) for place in places)

    @command(":STATus:OPERation:INSTrument:ISUMmary:CONDition?")
    def operation_condition(self) -> str:
        """16 while a test runs."""
        return str(MEASURING if self.settings.phase in ("HOLD", "AH") else 0)

    @command(":STATus:MEASurement:INSTrument:ISUMmary:CONDition?")
    def measurement_condition(self) -> str:
        """64 while there are readings to be read."""
        return str(READING_AVAILABLE if self.settings.rows else 0)

    @command(":SYSTem:LFRequency?")
    def line_frequency(self) -> str:
        """Hz."""
        return "50"
