"""A Keithley DAQ6510 with multiplexers in both slots: temperatures and voltages, scanned into its buffer.

Sources: Tektronix' example programs for the DAQ6510 (thermocouple scan, pre-scan monitor) for commands and replies, and
for 9.9E37 from an open thermocouple. Illustrative: channels 1 to 40 of either slot; a voltage channel without leads
reads 0 V; whatever thermocouple type is set is the one that is wired; text and times after an error's code; what is
named so in `daq6510_scan` and `probes`. Switched channels are remembered and nothing hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.simulators.devices.daq6510_scan import CAPACITY, MONITOR_S, ChannelSetting, Readings, Scan
from galvanaut.simulators.devices.memory import from_row, to_row
from galvanaut.simulators.devices.probes import OPEN_CIRCUIT, lead_V, thermocouple_degC
from galvanaut.simulators.ieee488 import Ieee488Device, Status
from galvanaut.simulators.scpi import command
from galvanaut.simulators.scpi_types import (
    ERROR_TEXTS,
    Channels,
    Choice,
    Integer,
    Numeric,
    Rest,
    ScpiError,
    Switch,
    Text,
)
from galvanaut.simulators.spec import Instrument
from galvanaut.simulators.world import World

KNOWN = tuple(slot * 100 + channel for slot in (1, 2) for channel in range(1, 41))
_LIST = Channels(KNOWN)


@dataclass(frozen=True)
class _BufferName:
    """The name of the one buffer, in quotes."""

    def parse(self, text: str) -> str:
        if Text().parse(text).lower() != "defbuffer1":
            raise ScpiError(-224)
        return "defbuffer1"


@dataclass(frozen=True)
class _Function:
    """A measurement function, in quotes."""

    def parse(self, text: str) -> str:
        return Choice("TEMPerature", "VOLTage:DC", "VOLTage").parse(Text().parse(text))


class ScanningMultimeter(Ieee488Device):
    """Reads where its bench settings ``temperatures`` and ``voltages`` (channel by place) say that its wires end."""

    identity = "KEITHLEY INSTRUMENTS,MODEL DAQ6510,SIMULATED,1.7.12b"

    def __init__(self, name: str, spec: Instrument, world: World) -> None:
        super().__init__(name, spec, world)
        self.thermocouples = _places(spec, "temperatures")
        self.leads = _places(spec, "voltages")
        self.status = Status()
        self._number = 0
        self.reset()

    def reset(self) -> None:
        """All channels measure DC voltage, no scan, an empty buffer."""
        self._channels: dict[int, ChannelSetting] = {}
        self._scan, self._readings, self._closed = Scan(), Readings(), list[int]()

    def memory(self) -> dict[str, Any]:
        """Settings, scan, size of the buffer and status registers."""
        return {
            "channels": {str(number): to_row(setting) for number, setting in self._channels.items()},
            "scan": to_row(self._scan),
            "readings": self._readings.memory(),
            "closed": list(self._closed),
            "number": self._number,
            "status": to_row(self.status),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up `memory`."""
        self._channels = {int(key): from_row(ChannelSetting, row) for key, row in memory["channels"].items()}
        self._scan = from_row(Scan, memory["scan"])
        self._readings = Readings()
        self._readings.capacity, self._readings.taken = memory["readings"]
        self._closed, self._number = list(memory["closed"]), memory["number"]
        self.status = from_row(Status, memory["status"])

    def pages(self) -> dict[str, Any]:
        """Readings that came in."""
        return self._readings.pages()

    def whole_pages(self) -> Iterator[dict[str, Any]]:
        """All readings."""
        return self._readings.whole_pages()

    def recall_pages(self, pages: Mapping[str, Any]) -> None:
        """Take up `pages`."""
        self._readings.recall_pages(pages)

    def handle(self, message: bytes) -> bytes:
        """Take what is due, then carry out the message."""
        self.catch_up()
        return super().handle(message)

    # -- measuring ----------------------------------------------------------------------------------------------

    def catch_up(self) -> bool:
        """Take the readings that have fallen due by now."""
        before = self._number
        self._watch(self.now)
        for channel, instant in self._scan.due(self.now):
            self._readings.add(channel, self._measure(channel, instant), instant)
        return self._number != before

    def _watch(self, until: float) -> None:
        """Look at the monitor channel as often as it was due; the scan begins at the first look beyond the limit."""
        scan = self._scan
        while scan.waits_from is not None and scan.waits_from <= until:
            if self._measure(scan.monitor_channel, scan.waits_from) > scan.monitor_limit:
                scan.began_at, scan.waits_from = scan.waits_from, None
            else:
                scan.waits_from += MONITOR_S

    def _measure(self, channel: int, instant: float) -> float:
        setting = self._channels.get(channel, ChannelSetting())
        self._number += 1
        if setting.function != "TEMP":
            return lead_V(self.world, self.name, self.leads.get(channel), instant) + self.drifted("V/h", instant)
        place = self.thermocouples.get(channel)
        if place is None:
            return OPEN_CIRCUIT
        value_degC = thermocouple_degC(self.world, self.name, channel, place, self._number, instant)
        value_degC += self.drifted("K/h", instant)
        return {"CELS": value_degC, "FAHR": value_degC * 9 / 5 + 32, "KELV": value_degC + 273.15}[setting.unit]

    def _finish(self) -> None:
        """Be busy until the scan has ended; one that waits for its monitor is not waited for."""
        scan = self._scan
        if scan.is_on and scan.began_at is not None:
            self.spend(max(0.0, scan.due_at(scan.total - 1) - self.now))
            self.catch_up()

    # -- IEEE 488.2 ---------------------------------------------------------------------------------------------

    def wait(self) -> None:
        """``*WAI``: until the scan has ended."""
        self._finish()

    def complete(self) -> str:
        """``*OPC?``: likewise."""
        self._finish()
        return "1"

    def next_error(self) -> str:
        """As the family writes it."""
        if not self.status.errors:
            return '0,"No error;0;0 0"'
        code = self.status.errors.pop(0)
        return f'{code},"{ERROR_TEXTS[code]};1;0 0"'

    # -- channels -----------------------------------------------------------------------------------------------

    def _set(self, channels: tuple[int, ...], **values: Any) -> None:
        self._must_rest()
        for channel in channels:
            setting = self._channels.setdefault(channel, ChannelSetting())
            for name, value in values.items():
                setattr(setting, name, value)

    def _must_rest(self) -> None:
        if self._scan.is_on:
            raise ScpiError(-221)

    @command("[:SENSe]:FUNCtion[:ON]", _Function(), _LIST)
    def set_function(self, function: str, channels: tuple[int, ...]) -> None:
        """Temperature or DC voltage."""
        self._set(channels, function="TEMP" if function == "TEMP" else "VOLT:DC")

    @command("[:SENSe]:TEMPerature:TRANsducer", Choice("TC"), _LIST)
    def set_transducer(self, transducer: str, channels: tuple[int, ...]) -> None:
        """Thermocouples only."""
        self._set(channels, transducer=transducer)

    @command("[:SENSe]:TEMPerature:TC:TYPE", Choice(*"BEJKNRST"), _LIST)
    def set_thermocouple(self, letter: str, channels: tuple[int, ...]) -> None:
        """Its type letter."""
        self._set(channels, thermocouple=letter)

    @command("[:SENSe]:TEMPerature:TC:RJUNction:RSELect", Choice("INTernal", "EXTernal", "SIMulated"), _LIST)
    def set_junction(self, junction: str, channels: tuple[int, ...]) -> None:
        """Which reference junction is used; the simulated thermocouples are right with any."""
        self._set(channels, junction=junction)

    @command("[:SENSe]:TEMPerature:ODETector", Switch(), _LIST)
    def set_open_detector(self, is_on: bool, channels: tuple[int, ...]) -> None:
        """An open thermocouple reads as open either way here."""
        self._set(channels, is_open_detected=is_on)

    @command("[:SENSe]:TEMPerature:UNIT", Choice("CELSius", "FAHRenheit", "KELVin"), _LIST)
    def set_unit(self, unit: str, channels: tuple[int, ...]) -> None:
        """Of temperatures."""
        self._set(channels, unit=unit)

    @command(":ROUTe[:CHANnel]:CLOSe", _LIST)
    def close_channels(self, channels: tuple[int, ...]) -> None:
        """Switch channels on; not during a scan."""
        self._must_rest()
        self._closed = sorted({*self._closed, *channels})

    @command(":ROUTe[:CHANnel]:OPEN", _LIST)
    def open_channels(self, channels: tuple[int, ...]) -> None:
        """Switch channels off."""
        self._must_rest()
        self._closed = sorted({*self._closed} - {*channels})

    @command(":ROUTe[:CHANnel]:OPEN:ALL")
    def open_all(self) -> None:
        """Switch all channels off."""
        self._must_rest()
        self._closed = []

    # -- scan ---------------------------------------------------------------------------------------------------

    @command(":ROUTe:SCAN[:CREate]", _LIST)
    def create_scan(self, channels: tuple[int, ...]) -> None:
        """Which channels a scan reads, in this order; no monitor."""
        self._must_rest()
        old = self._scan
        self._scan = Scan(channels=list(channels), count=old.count, interval_s=old.interval_s)

    @command(":ROUTe:SCAN:COUNt:SCAN", Integer(1, 100_000_000))
    def set_scan_count(self, count: int) -> None:
        """How often the list is read."""
        self._must_rest()
        self._scan.count = count

    @command(":ROUTe:SCAN:INTerval", Numeric(0, 100_000))
    def set_interval(self, interval_s: float) -> None:
        """From the beginning of one round to that of the next."""
        self._must_rest()
        self._scan.interval_s = interval_s

    @command(":ROUTe:SCAN:COUNt:STEP?")
    def step_count(self) -> str:
        """Readings of one round."""
        return str(len(self._scan.channels))

    @command(":ROUTe:SCAN:BUFFer", _BufferName())
    def set_scan_buffer(self, name: str) -> None:
        """There is one buffer only."""
        self._must_rest()

    @command(":ROUTe:SCAN:MONitor:CHANnel", _LIST)
    def set_monitor_channel(self, channels: tuple[int, ...]) -> None:
        """One channel."""
        self._must_rest()
        if len(channels) != 1:
            raise ScpiError(-224)
        self._scan.monitor_channel = channels[0]

    @command(":ROUTe:SCAN:MONitor:MODE", Choice("OFF", "UPPer"))
    def set_monitor_mode(self, mode: str) -> None:
        """Whether a scan waits until the monitor channel reads more than the limit."""
        self._must_rest()
        self._scan.monitor_mode = mode

    @command(":ROUTe:SCAN:MONitor:LIMit:UPPer[:DATA]", Numeric(-1e9, 1e9))
    def set_monitor_limit(self, limit: float) -> None:
        """In the unit of the monitor channel."""
        self._must_rest()
        self._scan.monitor_limit = limit

    @command(":INITiate[:IMMediate]")
    def start(self) -> None:
        """Begin the scan, or begin to wait for its monitor."""
        self._must_rest()
        scan, is_watched = self._scan, self._scan.monitor_mode == "UPP"
        if not scan.channels or (is_watched and not scan.monitor_channel):
            raise ScpiError(-221)
        scan.is_on, scan.taken = True, 0
        scan.began_at, scan.waits_from = (None, self.now) if is_watched else (self.now, None)

    # -- buffer -------------------------------------------------------------------------------------------------

    @command(":TRACe:CLEar", _BufferName())
    def clear_buffer(self, name: str) -> None:
        """Forget all readings."""
        self._readings = Readings(self._readings.capacity)

    @command(":TRACe:POINts", Integer(10, CAPACITY), _BufferName())
    def set_capacity(self, capacity: int, name: str) -> None:
        """A new size empties the buffer."""
        self._readings = Readings(capacity)

    @command(":TRACe:ACTual?")
    def reading_count(self) -> str:
        """Readings in the buffer."""
        return str(len(self._readings))

    @command(
        ":TRACe:DATA?",
        Integer(1, CAPACITY),
        Integer(1, CAPACITY),
        _BufferName(),
        Rest(Choice("CHANnel", "READing", "RELative")),
    )
    def data(self, first: int, last: int, name: str, *elements: str) -> str:
        """Readings from ``first`` to ``last``, counted from 1: for each the elements asked for, READing by default."""
        readings = self._readings
        if not first <= last <= len(readings):
            raise ScpiError(-222)
        begin, parts = readings[0][2], list[str]()
        for index in range(first - 1, last):
            channel, value, instant = readings[index]
            columns = {"CHAN": str(channel), "READ": _written(value), "REL": _written(round(instant - begin, 6))}
            parts += [columns[element] for element in elements or ("READ",)]
        return ",".join(parts)


def _written(value: float) -> str:
    return f"{value:.6E}"


def _places(spec: Instrument, key: str) -> dict[int, str]:
    """Place by channel."""
    return {int(channel): place for place, channel in spec.settings.get(key, {}).items()}
