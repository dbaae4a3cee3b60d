"""Watlow F4T controller of temperature chambers (TestEquity, ESPEC North America ...), SCPI on TCP port 5025.

Sources: Watlow F4T manual (SCPI list), TestEquity F4T chamber manuals (port 5025, degF in old firmware), Tektronix
``F4T_EnvController_DAQ6510.tsp``. The controller has no error queue, so every set is verified by reading it back, save
the ramp action, for which no query is documented. Never run on hardware.

The chamber's own over-temperature limit is the protection that counts; it cannot be set from here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from galvanaut.core.units import Unit
from galvanaut.instruments import scpi
from galvanaut.instruments.descriptors import Choice, Flag, Number, Verify
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.instruments.link import Framing, Link
from galvanaut.instruments.roles import Identity, Role

_LOOP = ":SOURCE:CLOOP1"  # control loop 1 is temperature
_SENSOR_degC = (-200.0, 500.0)
"""What can be read or set at all (illustrative)."""


def _plain(value: float) -> str:
    return repr(round(float(value), 3))


class WatlowSettings(BaseModel):
    """Settings of one chamber in a bench file.

    Attributes:
        minimum_degC: lowest set point allowed.
        maximum_degC: highest set point allowed.
        safe_degC: set point of the safe state.
        enable_output: number of the event output that lets the chamber run (site wiring); None if none does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_degC: Annotated[float, Unit("degC")] = Field(alias="minimum")
    maximum_degC: Annotated[float, Unit("degC")] = Field(alias="maximum")
    safe_degC: Annotated[float, Unit("degC")] = Field(25.0, alias="safe_temperature")
    enable_output: int | None = Field(None, ge=1, le=8)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.minimum_degC <= self.safe_degC <= self.maximum_degC:
            raise ValueError("minimum, safe_temperature and maximum are not in rising order")
        return self


class WatlowF4T:
    """One chamber; plays the role of a `Chamber`.

    Args:
        link: to the controller.
        settings: from the bench file.
    """

    role: ClassVar[Role] = "chamber"
    model: ClassVar[str] = "Watlow F4T"
    Settings: ClassVar[type[BaseModel]] = WatlowSettings

    unit = Choice(
        ":UNIT:TEMPERATURE", options=("C", "F"), doc="Unit of all temperatures on the wire.", verify=Verify.READ_BACK
    )
    setpoint = Number(
        f"{_LOOP}:SPOINT",
        unit="degC",
        low=_SENSOR_degC[0],
        high=_SENSOR_degC[1],
        doc="Set point, degC; the bench file narrows the limits.",
        verify=Verify.READ_BACK,
        tolerance=0.01,
        write=_plain,
    )

    def __init__(self, link: Link, settings: WatlowSettings) -> None:
        self.link = link
        self.settings = settings
        output = settings.enable_output
        self._output = None if output is None else Flag(f":OUTPUT{output}:STATE", "Lets it run.", Verify.READ_BACK)

    def __str__(self) -> str:
        return self.link.instrument

    @classmethod
    def framing(cls, settings: WatlowSettings) -> Framing:
        """Lines ended by LF."""
        return Framing(write_end=b"\n", read_end=b"\n", probe="*IDN?", is_identity=_is_f4t)

    def identify(self) -> Identity:
        """As ``*IDN?`` says; its form is not documented, so only the name is looked for.

        Raises:
            InstrumentError: neither "Watlow" nor "F4T" is in the reply.
        """
        reply = self.link.query("*IDN?").strip()
        if not _is_f4t(reply):
            advice = "expected a Watlow F4T; check the resource"
            raise self.link.error(InstrumentError, "is another instrument", "*IDN?", reply, advice)
        fields = [field.strip() for field in reply.split(",")]
        return Identity(*fields) if len(fields) == 4 and fields[1] else Identity("", reply)

    def set_up(self) -> None:
        """Degrees Celsius, and set points reached without a programmed ramp.

        Raises:
            InstrumentError: old firmware that answers in degF only.
        """
        self.unit = "C"
        self.link.write(f"{_LOOP}:RACTION OFF")

    def make_safe(self) -> None:
        """Safe set point, no ramp, output off; each is tried even if another one fails."""
        failures: list[InstrumentError] = []
        for act in (self._go_to_safe_setpoint, self._end_ramp, self._switch_off):
            try:
                act()
            except InstrumentError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def set_temperature(self, temperature_degC: float) -> None:
        """Change the set point and read it back.

        Raises:
            RefusedError: outside ``minimum`` to ``maximum`` of the bench file; nothing was sent.
            InstrumentError: the set point read back is another one.
        """
        low, high = self.settings.minimum_degC, self.settings.maximum_degC
        if not low <= temperature_degC <= high:
            problem = f"{temperature_degC:g} degC is outside {low:g} to {high:g} degC; nothing was sent"
            raise self.link.error(RefusedError, problem, advice="these limits stand in the bench file")
        self.setpoint = temperature_degC

    def temperature_degC(self) -> float:
        """Air temperature, degC.

        Raises:
            BadReadingError: the sensor is faulty, or no sensor can have measured this.
        """
        query = f"{_LOOP}:ERROR?"
        reply = self.link.query(query).strip()
        if reply != "NONE":
            raise self.link.error(BadReadingError, "temperature sensor is faulty", query, reply, "check its wiring")
        return scpi.ask_within(self.link, f"{_LOOP}:PVALUE?", *_SENSOR_degC)

    def setpoint_degC(self) -> float:
        """Set point, degC."""
        return self.setpoint

    def run(self) -> None:
        """Switch on the output that lets the chamber run, if the bench file names one."""
        self._switch(True)

    def is_running(self) -> bool | None:
        """Whether that output is on; None if the bench file names none."""
        return None if self._output is None else self._output.__get__(self, type(self))

    def _switch(self, on: bool) -> None:
        if self._output is not None:
            self._output.__set__(self, on)

    def _switch_off(self) -> None:
        self._switch(False)

    def _go_to_safe_setpoint(self) -> None:
        self.setpoint = self.settings.safe_degC

    def _end_ramp(self) -> None:
        self.link.write(f"{_LOOP}:RACTION OFF")


def _is_f4t(reply: str) -> bool:
    return "WATLOW" in reply.upper() or "F4T" in reply.upper()
