"""Keithley DAQ6510 with multiplexer cards (7700, 7708): skin temperatures of cells, and voltages on separate wires.

Sources: tektronix/keithley DAQ6510 examples (thermocouple scan in SCPI, pre-scan monitor), checked against pymeasure
``keithleyDAQ6510.py``. Never run on hardware.

Experimental: that port 5025 serves raw SCPI is believed, not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from galvanaut.core.identifiers import NAME_PATTERN
from galvanaut.instruments import scpi
from galvanaut.instruments.errors import BadReadingError, InstrumentError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role, Scan

Place = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Channel = Annotated[int, Field(ge=101, le=299)]

_BUFFER = '"defbuffer1"'
_BUFFER_SIZE = 10000
_TYPE_K_degC = (-200.0, 1372.0)
_VOLTAGE_V = (-1000.0, 1000.0)
"""More than any input takes (illustrative)."""
_SECONDS_PER_CHANNEL = 2.0  # time-out, not a specification: generous for a slow relay and integration (illustrative)


class DAQ6510Settings(BaseModel):
    """Settings of one DAQ6510 in a bench file. A channel is slot times 100 plus its number on the card.

    A place has the name of what is watched there.

    Attributes:
        temperatures: channel by cell holder, vessel, chamber or ``room``, e.g. ``{cell_1: 101}``; type K thermocouples
            with internal reference junction.
        voltages: channel by cell holder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperatures: dict[Place, Channel] = {}
    voltages: dict[Place, Channel] = {}

    @model_validator(mode="after")
    def _check_channels(self) -> Self:
        channels = [*self.temperatures.values(), *self.voltages.values()]
        if not channels:
            raise ValueError("names no channel: give temperatures, voltages or both")
        twice = sorted({channel for channel in channels if channels.count(channel) > 1})
        if twice:
            raise ValueError(f"channel {', '.join(map(str, twice))} is given more than once")
        return self


class KeithleyDAQ6510:
    """One scanning multimeter; plays the role of a `Thermometer`.

    Args:
        link: to the multimeter.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "thermometer"
    model: ClassVar[str] = "Keithley DAQ6510"
    Settings: ClassVar[type[BaseModel]] = DAQ6510Settings

    def __init__(self, link: Link, settings: DAQ6510Settings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: DAQ6510Settings) -> Framing:
        """Lines ended by LF."""
        return Framing(write_end=b"\n", read_end=b"\n", probe="*IDN?", is_identity=_is_daq6510)

    @classmethod
    def places(cls, settings: DAQ6510Settings) -> dict[str, tuple[str, ...]]:
        """See `galvanaut.instruments.drivers.registry.ThermometerDriver`."""
        return {"temperatures": tuple(settings.temperatures), "voltages": tuple(settings.voltages)}

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not a DAQ6510.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4 or not _is_daq6510(reply):
            advice = "expected a Keithley DAQ6510; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        return Identity(*fields)

    def set_up(self) -> None:
        """Functions of all channels with detection of open thermocouples, and one scan through all of them.

        Raises:
            RefusedError: the multimeter does not take a setting, e.g. because a card is missing.
            InstrumentError: its scan has another number of steps than the bench file has channels.
        """
        self.link.write("*CLS")
        if self.settings.temperatures:
            self._set_up_temperatures(channel_list(self.settings.temperatures.values()))
        if self.settings.voltages:
            self._apply(f":FUNC 'VOLT:DC',{channel_list(self.settings.voltages.values())}")
        self._apply(f":TRAC:POIN {_BUFFER_SIZE},{_BUFFER}")
        self._apply(f":ROUT:SCAN:BUFF {_BUFFER}")
        self._apply(f":ROUT:SCAN:CRE {channel_list(self._channels())}")
        self._apply(":ROUT:SCAN:COUN:SCAN 1")
        steps = scpi.ask_number(self.link, ":ROUT:SCAN:COUN:STEP?")
        if steps != len(self._channels()):
            problem = f"scans {steps:g} channels instead of {len(self._channels())}"
            raise self.link.error(InstrumentError, problem, ":ROUT:SCAN:COUN:STEP?", advice="check its cards")

    def make_safe(self) -> None:
        """Open all relays."""
        self._apply(":ROUT:OPEN:ALL")

    def scan(self) -> Scan:
        """Read every place once, in an empty buffer, so that no old reading is taken for a new one.

        Raises:
            BadReadingError: a place has no reading; names all such places. Or the scan was not complete.
        """
        places = self._channels()
        self._apply(f":TRAC:CLE {_BUFFER}")
        scan = ":INIT;*WAI;:TRAC:ACT?"
        count = scpi.ask_number(self.link, scan, 5.0 + _SECONDS_PER_CHANNEL * len(places))
        if count != len(places):
            problem = f"took {count:g} readings instead of {len(places)}"
            raise self.link.error(BadReadingError, problem, scan, advice="connect again: this sets up the scan")
        readings = self._readings(len(places))
        self._require_all(readings)
        return Scan(
            {place: readings[channel] for place, channel in self.settings.temperatures.items()},
            {place: readings[channel] for place, channel in self.settings.voltages.items()},
        )

    def _set_up_temperatures(self, channels: str) -> None:
        self._apply(f":FUNC 'TEMP',{channels}")
        self._apply(f":SENS:TEMP:TRAN TC,{channels}")
        self._apply(f":SENS:TEMP:TC:TYPE K,{channels}")
        self._apply(f":SENS:TEMP:TC:RJUN:RSEL INT,{channels}")
        self._apply(f":SENS:TEMP:ODET ON,{channels}")
        self._apply(f":TEMP:UNIT CELS,{channels}")

    def _readings(self, count: int) -> dict[int, float]:
        """Readings by channel; those that are no measurements are left out."""
        query = f":TRAC:DATA? 1,{count},{_BUFFER},CHAN,READ,REL"
        reply = self.link.query(query)
        fields = [field.strip() for field in reply.split(",")]
        channels = [int(field) for field in fields[::3] if re.fullmatch(r"\d{3}", field)]
        if len(fields) != 3 * count or sorted(channels) != sorted(self._channels()):
            raise self.link.error(BadReadingError, "expected channel, reading and time of each channel", query, reply)
        values = zip(channels, map(scpi.number, fields[1::3]), strict=True)
        limits = dict.fromkeys(self.settings.temperatures.values(), _TYPE_K_degC)
        found = {}
        for channel, value in values:
            low, high = limits.get(channel, _VOLTAGE_V)
            if value is not None and low <= value <= high:
                found[channel] = value
        return found

    def _require_all(self, readings: dict[int, float]) -> None:
        places = [*self.settings.temperatures.items(), *self.settings.voltages.items()]
        missing = [f"{place} (channel {channel})" for place, channel in places if channel not in readings]
        if missing:
            problem = f"has no reading of {', '.join(missing)}"
            advice = "check for an open thermocouple, a loose wire or an overload"
            raise self.link.error(BadReadingError, problem, advice=advice)

    def _channels(self) -> list[int]:
        return sorted([*self.settings.temperatures.values(), *self.settings.voltages.values()])

    def _apply(self, command: str) -> None:
        scpi.apply(self.link, command)


def channel_list(channels: Iterable[int]) -> str:
    """Channels as SCPI writes them, in rising order and neighbours joined, e.g. ``(@101:103,107)``."""
    runs: list[list[int]] = []
    for channel in sorted(channels):
        if runs and channel == runs[-1][-1] + 1:
            runs[-1].append(channel)
        else:
            runs.append([channel])
    return f"(@{','.join(str(run[0]) if len(run) == 1 else f'{run[0]}:{run[-1]}' for run in runs)})"


def _is_daq6510(reply: str) -> bool:
    return "DAQ6510" in reply.upper()
