"""Hioki BT3561A, BT3562A and BT3563A battery HiTester: AC resistance at 1 kHz and open-circuit voltage.

Sources: Hioki manuals BT3562A981-09 and -11 (p. 133, 165-167), BT3562-01 (p. 106-156). Never run on hardware.
Experimental, that is believed and not read: 9600 baud on the serial line.

It has no error queue, cannot be asked twice in one message, and says nothing at all to a question that it does not
understand: each setting is followed by ``*ESR?`` in a message of its own. Positive signs and leading zeros are spaces.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

_MODELS = ("BT3561", "BT3562", "BT3563")
_FAULT = 1e10
_OVERRANGE = 1.1
"""What may be displayed beyond the end of a range (illustrative)."""
_VOLTAGE_RANGE_V = 6.0
_REFUSALS = {32: "unknown command", 16: "not possible now or out of range", 8: "its own fault", 4: "query error"}
_RANGES_OHM = (3e-3, 30e-3, 0.3, 3.0, 30.0, 300.0, 3e3)
_RATES = {"extra fast": "EXF", "fast": "FAST", "medium": "MED", "slow": "SLOW"}


class HiokiSettings(BaseModel):
    """Settings of one battery tester in a bench file.

    Attributes:
        resistance_range_ohm: one of the decades from 3 mohm to 3 kohm; a coin cell needs 30 or 300 ohm.
        rate: how long one sample takes; slower is less noisy.
        mains: frequency that the samples are matched to, ``auto``, ``50 Hz`` or ``60 Hz``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    resistance_range_ohm: Annotated[float, Unit("ohm")] = Field(30.0, alias="resistance_range")
    rate: Literal["extra fast", "fast", "medium", "slow"] = "slow"
    mains: Literal["auto", "50 Hz", "60 Hz"] = "auto"

    @field_validator("resistance_range_ohm")
    @classmethod
    def _check_range(cls, range_ohm: float) -> float:
        if range_ohm not in _RANGES_OHM:
            raise ValueError(f"{range_ohm:g} ohm is no range; the ranges are 3, 30, 300 mohm, 3, 30, 300 ohm, 3 kohm")
        return range_ohm


class HiokiBT3562A:
    """One battery tester in its 6 V range; plays the role of a `BatteryTester`.

    Args:
        link: to the tester.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "battery tester"
    model: ClassVar[str] = "Hioki BT3562A"
    Settings: ClassVar[type[BaseModel]] = HiokiSettings

    def __init__(self, link: Link, settings: HiokiSettings) -> None:
        self.link = link
        self.settings = settings

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: HiokiSettings) -> Framing:
        """Lines ended by CR LF."""
        return Framing(write_end=b"\r\n", read_end=b"\r\n", probe="*IDN?", is_identity=_is_tester)

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not a BT3561A, BT3562A or BT3563A.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4 or not _is_tester(reply):
            advice = "expected a Hioki BT3561A, BT3562A or BT3563A; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        maker, model, serial, firmware = fields
        return Identity(maker, model, "" if serial == "0" else serial, firmware)

    def set_up(self) -> None:
        """Resistance and voltage in fixed ranges, one sample whenever the host asks.

        Raises:
            InstrumentError: function or range read back is another one.
        """
        self.link.write("*CLS")
        self._apply(":INIT:CONT OFF")
        self._apply(":TRIG:SOUR IMM")
        self._apply(":FUNC RV")
        self._expect(":FUNC?", "RV")
        self._apply(":AUT OFF")
        range_ohm = self.settings.resistance_range_ohm
        self._apply(f":RES:RANG {range_ohm:g}")
        self._expect_number(":RES:RANG?", range_ohm)
        self._apply(f":VOLT:RANG {_VOLTAGE_RANGE_V:g}")
        self._apply(f":SAMP:RATE {_RATES[self.settings.rate]}")
        self._apply(f":SYST:LFR {self.settings.mains.removesuffix(' Hz').upper()}")

    def make_safe(self) -> None:
        """It measures only when asked; nothing it does harms a cell."""
        self._apply(":INIT:CONT OFF")

    def measure(self) -> tuple[float, float]:
        """Resistance (ohm) and voltage (V) of one sample.

        Raises:
            BadReadingError: overflow, an open lead, or no numbers.
        """
        query = ":READ?"
        reply = self.link.query(query)
        fields = reply.replace(" ", "").split(",")
        if len(fields) != 2:
            raise self.link.error(BadReadingError, "expected resistance and voltage", query, reply)
        range_ohm = self.settings.resistance_range_ohm
        resistance_ohm = self._value("resistance", fields[0], reply, range_ohm)
        return resistance_ohm, self._value("voltage", fields[1], reply, _VOLTAGE_RANGE_V)

    def zero(self) -> None:
        """Zero adjustment of the range in use, with shorted leads.

        Raises:
            RefusedError: more than 1000 digits from zero; the adjustment was not changed.
        """
        reply = self.link.query(":ADJ?")
        if reply.strip() == "1":
            advice = "short the leads as the manual shows, and try again"
            raise self.link.error(RefusedError, "is too far from zero", ":ADJ?", reply, advice)
        if reply.strip() != "0":
            raise self.link.error(BadReadingError, "expected 0 or 1", ":ADJ?", reply)

    def _value(self, what: str, field: str, reply: str, range_: float) -> float:
        value = scpi.number(field)
        if value is None:
            raise self.link.error(BadReadingError, f"{what} is not a number", ":READ?", reply)
        if abs(value) >= _FAULT:
            advice = "check leads and contact"
            raise self.link.error(BadReadingError, f"{what} could not be measured", ":READ?", reply, advice)
        if abs(value) > _OVERRANGE * range_:  # overflow reads 1E9
            advice = f"the ranges are {self.settings.resistance_range_ohm:g} ohm and 6 V"
            raise self.link.error(BadReadingError, f"{what} is beyond its range", ":READ?", reply, advice)
        return value

    def _apply(self, command: str) -> None:
        """Send a setting, then ask the event status, which is cleared by being read."""
        self.link.write(command)
        status = scpi.ask_count(self.link, "*ESR?")
        words = [text for bit, text in _REFUSALS.items() if status & bit]
        if words:
            raise self.link.error(RefusedError, f"refused a setting ({', '.join(words)})", command, str(status))

    def _expect(self, query: str, wanted: str) -> None:
        reply = self.link.query(query).strip()
        if reply.upper() != wanted:
            raise self.link.error(InstrumentError, f"should be set to {wanted}", query, reply)

    def _expect_number(self, query: str, wanted: float) -> None:
        reply = self.link.query(query)
        found = scpi.number(reply.replace(" ", ""))
        if found is None or abs(found - wanted) > 1e-3 * wanted:
            raise self.link.error(InstrumentError, f"should be set to {wanted:g}", query, reply)


def _is_tester(reply: str) -> bool:
    return reply.upper().startswith("HIOKI") and any(model in reply.upper() for model in _MODELS)
