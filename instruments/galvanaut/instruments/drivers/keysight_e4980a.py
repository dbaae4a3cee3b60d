"""Keysight E4980A/AL precision LCR meter, 20 Hz to 2 MHz: impedance of conductivity and battery cells.

Sources: Keysight E4980A/AL user's guide (SCPI reference), checked against pymeasure ``agilentE4980.py`` and QCoDeS
``keysight_e4980a.py``. That port 5025 serves raw SCPI is believed, not read. Never run on hardware.

Experimental, and used only with ``experimental: true`` in the bench file: the list sweep, that is the order of its
commands and the form of its reply. By default a sweep is taken point by point.

``*RST`` is not used: it would switch off the open and short corrections that the operator has made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.descriptors import Choice, Flag, Number
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Integration = Literal["SHOR", "MED", "LONG"]

_STATUS = {
    -1: "has no data",
    1: "is overloaded",
    3: "has its signal source overloaded",
    4: "cannot regulate its signal level",
}
_LARGEST_ohm = 1e12
"""More than it can tell from an open circuit (illustrative)."""
_LIST_POINTS = 201  # believed to be what one list holds
_LIST_FIELDS = 4
_FREQUENCY_TOLERANCE = 1e-4  # of a frequency read back with six digits (illustrative)
_SECONDS_PER_AVERAGE = 2.0  # time-out, not a specification: generous for the slowest integration (illustrative)


class KeysightSettings(BaseModel):
    """Settings of one LCR meter in a bench file.

    Attributes:
        level_V: oscillator level, V (root mean square), 0 to 20.
        integration: integration time, ``SHOR``, ``MED`` or ``LONG``.
        averages: 1 to 256.
        experimental: take sweeps as the meter's list sweep, which is faster and was believed, not read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level_V: Annotated[float, Unit("V"), Field(gt=0, le=20)] = Field(0.01, alias="level")
    integration: Integration = "MED"
    averages: int = Field(1, ge=1, le=256)
    experimental: bool = False


class KeysightE4980A:
    """One LCR meter; plays the role of an `ImpedanceMeter`.

    Each measurement is one ``*TRG``: one trigger, one reply, so that a reading is never an old one. So is a list sweep
    one trigger; its frequencies are read back before it.

    Args:
        link: to the meter.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "impedance meter"
    model: ClassVar[str] = "Keysight E4980A"
    Settings: ClassVar[type[BaseModel]] = KeysightSettings

    frequency_Hz = Number(":FREQ", unit="Hz", low=20, high=2e6, doc="Test frequency, Hz.")
    level_V = Number(":VOLT:LEV", unit="V", low=0, high=20, doc="Oscillator level, V.")
    function = Choice(":FUNC:IMP:TYPE", options=("RX", "ZTD", "ZTR"), doc="Pair of parameters returned.")
    auto_range = Flag(":FUNC:IMP:RANG:AUTO", "Automatic impedance range.")
    bias = Flag(":BIAS:STAT", "DC bias.")
    trigger = Choice(":TRIG:SOUR", options=("BUS", "INT", "EXT", "HOLD"), doc="Trigger source.")
    continuous = Flag(":INIT:CONT", "Wait for the next trigger after each measurement.")
    page = Choice(":DISP:PAGE", options=("MEAS", "LIST"), doc="Page of the display; on LIST a trigger takes the list.")
    list_mode = Choice(":LIST:MODE", options=("SEQ", "STEP"), doc="Whether one trigger takes the whole list.")

    def __init__(self, link: Link, settings: KeysightSettings) -> None:
        self.link = link
        self.settings = settings
        self._averages = settings.averages

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: KeysightSettings) -> Framing:
        """Lines ended by LF."""
        return Framing(write_end=b"\n", read_end=b"\n", probe="*IDN?", is_identity=_is_e4980)

    def identify(self) -> Identity:
        """As ``*IDN?`` says.

        Raises:
            InstrumentError: not an E4980A or E4980AL.
        """
        reply = self.link.query("*IDN?").strip()
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4 or not _is_e4980(reply):
            advice = "expected a Keysight (Agilent) E4980A; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        return Identity(*fields)

    def set_up(self) -> None:
        """Series resistance and reactance, automatic range, no bias, triggered by the host."""
        self.link.write("*CLS")
        self.bias = False
        self.function = "RX"
        self.auto_range = True
        self.trigger = "BUS"
        self.continuous = True
        if self.settings.experimental:
            self.page = "MEAS"  # a host that ended in the middle of a sweep has left the other one
        self.configure(self.settings.level_V, self.settings.integration, self.settings.averages)

    def make_safe(self) -> None:
        """DC bias off; the oscillator level was bounded when it was set."""
        self.bias = False

    def configure(self, level_V: float, integration: str, averages: int) -> None:
        """Set level (0 to 20 V), integration (``SHOR``, ``MED``, ``LONG``) and averages (1 to 256).

        Raises:
            RefusedError: outside these limits (nothing was sent), or refused by the meter.
            InstrumentError: the level read back is another one.
        """
        if integration not in ("SHOR", "MED", "LONG") or not 1 <= averages <= 256:
            problem = f"integration {integration!r} with {averages} averages is not possible; nothing was sent"
            raise self.link.error(RefusedError, problem, advice="use SHOR, MED or LONG and 1 to 256")
        self.level_V = level_V
        found = self.level_V
        if abs(found - level_V) > 0.01 * level_V + 1e-4:  # the level has a resolution of its own
            raise self.link.error(InstrumentError, f"set {level_V:g} V, reads back {found:g} V", ":VOLT:LEV?")
        scpi.apply(self.link, f":APER {integration},{averages}")
        self._averages = averages

    def impedance(self, frequency_Hz: float) -> complex:
        """Measure at one frequency (20 Hz to 2 MHz), ohm.

        Raises:
            RefusedError: the frequency is outside the meter's range.
            BadReadingError: overload, no data, or a signal that could not be regulated.
        """
        self.frequency_Hz = frequency_Hz
        command = "*TRG"
        reply = self.link.query(command, 5.0 + _SECONDS_PER_AVERAGE * self._averages)
        return self._point(frequency_Hz, reply.split(","), command, reply)

    def sweep(self, frequencies_Hz: Sequence[float]) -> NDArray[np.complex128]:
        """`impedance` at each frequency in turn, ohm; by the meter's list sweep if the bench file allows it."""
        import numpy as np

        if not (self.settings.experimental and len(frequencies_Hz) > 1):
            return np.array([self.impedance(frequency) for frequency in frequencies_Hz], dtype=np.complex128)
        values: list[complex] = []
        for first in range(0, len(frequencies_Hz), _LIST_POINTS):
            values += self._list_sweep(frequencies_Hz[first : first + _LIST_POINTS])
        return np.array(values, dtype=np.complex128)

    def _list_sweep(self, frequencies_Hz: Sequence[float]) -> list[complex]:
        """One list, one trigger. The meter is back on its measuring page afterwards, whatever happens."""
        for frequency_Hz in frequencies_Hz:
            if not type(self).frequency_Hz.allows(frequency_Hz):
                problem = f"frequency {frequency_Hz:g} Hz is not {type(self).frequency_Hz.domain()}; nothing was sent"
                raise self.link.error(RefusedError, problem)
        try:
            self._set_list(frequencies_Hz)
            self.page = "LIST"
            self.list_mode = "SEQ"
            command = "*TRG"
            seconds = 5.0 + _SECONDS_PER_AVERAGE * self._averages * len(frequencies_Hz)
            reply = self.link.query(command, seconds)
        finally:
            self.page = "MEAS"
        fields = reply.split(",")
        if len(fields) != _LIST_FIELDS * len(frequencies_Hz):
            problem = f"expected {_LIST_FIELDS} fields for each of {len(frequencies_Hz)} points"
            raise self.link.error(BadReadingError, problem, command, reply, "take its sweeps without `experimental`")
        points = [fields[start : start + _LIST_FIELDS] for start in range(0, len(fields), _LIST_FIELDS)]
        pairs = zip(frequencies_Hz, points, strict=True)
        return [self._point(frequency_Hz, point, command, ",".join(point)) for frequency_Hz, point in pairs]

    def _set_list(self, frequencies_Hz: Sequence[float]) -> None:
        scpi.apply(self.link, f":LIST:FREQ {','.join(f'{each:.9g}' for each in frequencies_Hz)}")
        found = scpi.ask_numbers(self.link, ":LIST:FREQ?", len(frequencies_Hz))
        for wanted_Hz, found_Hz in zip(frequencies_Hz, found, strict=True):
            if abs(found_Hz - wanted_Hz) > _FREQUENCY_TOLERANCE * wanted_Hz:
                problem = f"its list has {found_Hz:g} Hz instead of {wanted_Hz:g} Hz"
                raise self.link.error(InstrumentError, problem, ":LIST:FREQ?")

    def _point(self, frequency_Hz: float, fields: list[str], command: str, reply: str) -> complex:
        """One point of a reply: resistance, reactance, status and perhaps the comparator's bin."""
        status = _status(fields)
        if status is None:
            raise self.link.error(BadReadingError, "expected resistance, reactance and status", command, reply)
        if status != 0:
            problem = _STATUS.get(status, f"reports status {status}")
            advice = f"at {frequency_Hz:g} Hz; check the leads and what is in the cell"
            raise self.link.error(BadReadingError, problem, command, reply, advice)
        resistance, reactance = scpi.number(fields[0]), scpi.number(fields[1])
        if resistance is None or reactance is None:
            raise self.link.error(BadReadingError, "no measurement (overload or not a number)", command, reply)
        if max(abs(resistance), abs(reactance)) > _LARGEST_ohm:
            raise self.link.error(BadReadingError, "impedance is beyond what it can measure", command, reply)
        return complex(resistance, reactance)


def _status(fields: list[str]) -> int | None:
    """The status of a reply of three fields, or four with the comparator's bin."""
    if len(fields) not in (3, 4):
        return None
    value = scpi.number(fields[2])
    return None if value is None or not value.is_integer() else int(value)


def _is_e4980(reply: str) -> bool:
    return "E4980" in reply.upper()
