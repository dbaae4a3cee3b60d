"""A Keithley 2450, 2460, 2461 or 2470 source meter on a cell, in its SCPI command set.

The bench setting ``model`` says which (2450 by default), ``terminals`` where the cell is wired to (``rear`` by default,
or ``front``).

Sources: the reference manuals for commands, replies and what the off-states do; pymeasure's driver for the bare
``READ?``, ``FETC?`` and ``TRAC:...`` without a buffer's name and for semicolons at the end of a message; QCoDeS' driver
for the bare ``MEAS?``, ``SENS:COUN`` and ``SYST:LFR?``. Believed: the identity's wording and ``STATus:PRESet``.
Illustrative: the off-state's current limits, the wording of the event times, mains of 50 Hz, and that the voltage stays
below 37 V because the interlock is open. What it records by itself is in `k2450_recorder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from galvanaut.simulators.cells import OPEN, Drive, Sight
from galvanaut.simulators.devices.k2450_buffer import Buffer, Columns, Element, Row, kind_of
from galvanaut.simulators.devices.k2450_buffer_panel import BUFFERS, BufferName
from galvanaut.simulators.devices.k2450_models import MODELS, range_for
from galvanaut.simulators.devices.k2450_panel import SourceSettings
from galvanaut.simulators.devices.k2450_recorder import Recorder
from galvanaut.simulators.devices.k2450_trigger import Array, TriggerModel
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.devices.readings import read_current_A, read_currents_A, read_voltage_V, read_voltages_V
from galvanaut.simulators.ieee488 import Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import ERROR_TEXTS, Integer, Maybe, Rest, ScpiError
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

OVERFLOW = 9.9e37
MAINS_HZ = 50.0
INTERLOCKED_V = 37.0
_OFF_SHARE = 0.1


class SourceMeter(Recorder):
    """Drives the cell in its ``channel``."""

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.model = MODELS[str(spec.settings.get("model", "2450"))]
        self.identity = f"KEITHLEY INSTRUMENTS,MODEL {self.model.name},SIMULATED,1.7.12b"
        self.holder = spec.wiring["channel"]
        self.is_wired_to_rear = spec.settings.get("terminals", "rear") == "rear"
        self.status = Status()
        self.error_times: list[float] = []
        self.settings = SourceSettings()

    # -- memory -------------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """Settings, status registers, event log, trigger model and the sizes of the buffers."""
        return {
            "settings": to_row(self.settings),
            "status": to_row(self.status),
            "error_times": list(self.error_times),
            "readings": self.readings,
            "trigger": self.trigger.to_row(),
            "buffers": {name: buffer.memory() for name, buffer in self.buffers.items()},
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self.settings = from_row(SourceSettings, memory["settings"])
        self.status = from_row(Status, memory["status"])
        self.error_times = list(memory["error_times"])
        self.readings = memory["readings"]
        self.trigger = TriggerModel.from_row(memory.get("trigger", {}))  # worlds of earlier versions have none
        self._recall_sizes(memory["buffers"])

    # -- messages -----------------------------------------------------------------------------------------------

    def handle(self, message: bytes) -> bytes:
        """Take what is due, then carry out the message; semicolons at its end are forgiven."""
        self.catch_up()
        reply = super().handle(message.rstrip(b"\r\t ;"))
        self._apply()
        return reply

    def forget(self) -> None:
        """As after ``*RST``: off, but a 0 V source on the cell if it is wired to the front."""
        super().forget()
        self.error_times.clear()
        self.ail(self.name, replace(self.condition, is_tripped=False))

    def feel(self) -> None:
        """Impose on the cell what settings, relay and supply make of it."""
        self._apply()

    def switch(self, is_on: bool, instant: float) -> None:
        """Switch the output as a block of the trigger model asks."""
        self.settings.is_on = is_on
        self._apply(instant)

    def trip(self, instrument: str) -> None:
        """Switch the output off into its off-state."""
        self.settings.is_on = False
        self.ail(instrument, replace(self.condition, is_tripped=True))
        self._apply()

    def reset(self) -> None:
        """Output off into the off-state NORMal, buffers and trigger model empty."""
        self.settings, self.trigger = SourceSettings(), TriggerModel()
        for buffer in self.buffers.values():
            buffer.clear()

    def reject(self, error: ScpiError) -> None:
        """Note the error and its instant."""
        super().reject(error)
        del self.error_times[len(self.status.errors) - 1 :]
        self.error_times.append(self.now)

    def clear_status(self) -> None:
        """Empty the event log and the event register."""
        super().clear_status()
        self.error_times.clear()

    def next_error(self) -> str:
        """For instance ``-109,"Missing parameter;1;2026/01/01 00:00:00.000"``."""
        if not self.status.errors:
            return '0,"No error;0;0 0"'
        code, at = self.status.errors.pop(0), self.error_times.pop(0)
        moment = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d %H:%M:%S.%f}"[:-3]
        return f'{code},"{ERROR_TEXTS[code]};1;{moment}"'

    @command(":SYSTem:EVENtlog:NEXT?")
    def next_event(self) -> str:
        """For instance ``-109,"Missing parameter;1,1767225600,384492889"``."""
        if not self.status.errors:
            return '0,"No error;0,0,0"'
        code, at = self.status.errors.pop(0), self.error_times.pop(0)
        return f'{code},"{ERROR_TEXTS[code]};1,{int(at)},{int(at % 1 * 1e9)}"'

    @command("*LANG?")
    def language(self) -> str:
        """The command set."""
        return "SCPI"

    @command(":STATus:PRESet")
    def preset_status(self) -> None:
        """The simulated meter has no registers that it would preset."""

    # -- the cell -----------------------------------------------------------------------------------------------

    def _apply(self, instant: float | None = None) -> None:
        """Impose on the cell what the settings ask for, from now on or from another instant on."""
        if self.ailments and self.settings.is_on:
            condition = self.condition
            self.ail(self.name, replace(condition, is_tripped=False, weld="" if condition.relay_sticks else None))
        drive = self._drive()
        if drive != self.world.holders.drive(self.holder):
            self.world.impose(self.holder, drive, self.now if instant is None else instant)

    def _drive(self) -> Drive:
        settings = self.settings
        if not self.has_power or settings.is_rear != self.is_wired_to_rear:
            return OPEN
        four_wire = settings.four_wire_volt if settings.measures == "VOLT" else settings.four_wire_curr
        lead_ohm = 0.0 if four_wire else self.world.spec.simulation.cell_lead_ohm
        if not settings.is_on and self.condition.weld is None:
            limit_A = self._off_limit_A()
            return Drive(self.name, 0.0, -limit_A, limit_A, lead_ohm) if limit_A else OPEN
        if settings.function == "VOLT":
            most_V = self._most_V()
            level_V = max(-most_V, min(most_V, settings.level_V))
            return Drive(self.name, level_V, -settings.limit_A, settings.limit_A, lead_ohm)
        limit_V, level_A = min(settings.limit_V, self._most_V()), settings.level_A
        if level_A < 0:
            return Drive(self.name, -limit_V, level_A, 0.0, lead_ohm)
        return Drive(self.name, limit_V, 0.0, level_A, lead_ohm)

    def _off_limit_A(self) -> float:
        """With the output off: current limit of the 0 V source that stays on the cell; 0 if none does."""
        settings = self.settings
        is_voltage = settings.function == "VOLT"
        present_A = settings.limit_A if is_voltage else abs(settings.level_A)
        state = settings.off_volt if is_voltage else settings.off_curr
        normal_A = _OFF_SHARE * range_for(present_A, self.model.current_ranges_A)
        return {"NORM": normal_A, "ZERO": max(present_A, normal_A)}.get(state, 0.0)

    def _protection(self) -> str:
        settings = self.settings
        return settings.protection_volt if settings.function == "VOLT" else settings.protection_curr

    def _most_V(self) -> float:
        protection = self._protection()
        return INTERLOCKED_V if protection == "NONE" else min(INTERLOCKED_V, float(protection.removeprefix("PROT")))

    def _sight(self) -> Sight:
        self._apply()
        return self.world.holders.at(self.holder, self.now)

    @command(":SOURce:VOLTage:ILIMit[:LEVel]:TRIPped?")
    def is_current_limited(self) -> str:
        """1 while the voltage source is clamped at its current limit."""
        settings = self.settings
        is_clamped = self._sight().mode in ("charge limit", "discharge limit")
        return str(int(settings.is_on and settings.function == "VOLT" and is_clamped))

    @command(":SOURce:CURRent:VLIMit[:LEVel]:TRIPped?")
    def is_voltage_limited(self) -> str:
        """1 while the current source is clamped at its voltage limit."""
        settings = self.settings
        return str(int(settings.is_on and settings.function == "CURR" and self._sight().mode == "voltage"))

    @command(":SOURce:VOLTage:PROTection[:LEVel]:TRIPped?")
    def is_voltage_source_protected(self) -> str:
        """1 while the protection holds the voltage source below its level."""
        settings = self.settings
        is_active = settings.function == "VOLT" and abs(settings.level_V) > self._most_V()
        return self._protection_state(is_active)

    @command(":SOURce:CURRent:PROTection[:LEVel]:TRIPped?")
    def is_current_source_protected(self) -> str:
        """1 while the protection clamps the current source before its voltage limit does."""
        settings = self.settings
        is_active = (
            settings.function == "CURR" and settings.limit_V > self._most_V() and self._sight().mode == "voltage"
        )
        return self._protection_state(is_active)

    def _protection_state(self, is_active: bool) -> str:
        is_holding = self.settings.is_on and self._protection() != "NONE" and is_active
        return str(int(is_holding or self.condition.is_tripped))

    # -- measuring ----------------------------------------------------------------------------------------------

    @property
    def integration_s(self) -> float:
        """What one reading takes with the present settings."""
        settings = self.settings
        return (settings.cycles_volt if settings.measures == "VOLT" else settings.cycles_curr) / MAINS_HZ

    def _measure(self, buffer: Buffer) -> None:
        """Integrate, then keep the reading; at open terminals there is neither voltage nor current."""
        settings = self.settings
        self._apply()
        self.spend(self.integration_s)
        self.readings += 1
        sight = self._sight()
        sensed_V = 0.0 if sight.mode == "open" else sight.sensed_V
        found = {
            "VOLT": read_voltage_V(self.world, self.name, self.readings, sensed_V) + self.drifted("V/h"),
            "CURR": read_current_A(self.world, self.name, self.readings, sight.current_A),
        }
        reading, most = found[settings.measures], self._range()
        if most and abs(reading) > 1.05 * most:
            reading = OVERFLOW
        source = found[settings.function] if self._reads_back() else self._level()
        is_limited = (sight.mode == "voltage") != (settings.function == "VOLT")
        buffer.add(Row(self.now, settings.measures, reading, settings.function, source, is_limited))

    def measure_at(self, instants: Array, number: int) -> Columns:
        """The same at many instants at once, bit by bit what single readings with these numbers would give."""
        settings, holders = self.settings, self.world.holders
        trace = holders.trace(self.holder, instants)
        modes, current_A = np.array(trace.mode), trace.current_A
        sensed_V, is_held = np.where(modes == "open", 0.0, trace.sensed_V), modes == "voltage"
        drifts_V = np.array([self.drifted("V/h", instant) for instant in instants.tolist()]) if self.ailments else 0.0
        found = {
            "VOLT": read_voltages_V(self.world, self.name, number, sensed_V) + drifts_V,
            "CURR": read_currents_A(self.world, self.name, number, current_A),
        }
        reading, most = found[settings.measures], self._range()
        if most:
            reading = np.where(np.abs(reading) > 1.05 * most, OVERFLOW, reading)
        source = found[settings.function] if self._reads_back() else np.full(len(instants), self._level())
        is_limited = is_held != (settings.function == "VOLT")
        kinds = [kind_of(settings.measures, settings.function, limited) for limited in (False, True)]
        return Columns(instants, reading, source, np.where(is_limited, kinds[1], kinds[0]).astype(np.uint8))

    def _range(self) -> float:
        settings = self.settings
        return settings.range_V if settings.measures == "VOLT" else settings.range_A

    def _level(self) -> float:
        settings = self.settings
        return settings.level_V if settings.function == "VOLT" else settings.level_A

    def _reads_back(self) -> bool:
        settings = self.settings
        return settings.reads_back_volt if settings.function == "VOLT" else settings.reads_back_curr

    @command(":READ?", Maybe(BufferName()), Rest(Element()))
    def read(self, name: str = BUFFERS[0], *words: str) -> str:
        """Take a reading, keep it in a buffer and give the elements asked for."""
        self.must_not_run()
        buffer = self.buffers[name]
        self._measure(buffer)
        return self.line(buffer, words)

    @command(":MEASure?", Maybe(BufferName()), Rest(Element()))
    def measure_as_set(self, name: str = BUFFERS[0], *words: str) -> str:
        """The same, since without a function it measures what it is set to measure."""
        return self.read(name, *words)

    @command(":SENSe:COUNt", Integer(1, 1))
    def set_readings_each(self, count: int) -> None:
        """The simulated meter takes one reading each time it is asked."""

    @command(":SENSe:COUNt?")
    def readings_each(self) -> str:
        """Always one."""
        return "1"

    @command(":SYSTem:LFRequency?")
    def mains(self) -> str:
        """Frequency of the mains, Hz."""
        return f"{MAINS_HZ:g}"
