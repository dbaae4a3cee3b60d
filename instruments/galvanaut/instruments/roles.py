"""What the laboratory asks of an instrument, whoever made it.

Every instrument can identify itself, be set up as the bench file says, and be made safe. `make_safe` may be called
at any time and again, and does all it can before it raises. Units are in the names.

Errors are those of `galvanaut.instruments.errors`; a method documents only what is special about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["pump", "balance", "chamber", "impedance meter"]

PumpState = Literal["infusing", "withdrawing", "stopped", "paused", "waiting", "purging"]


@dataclass(frozen=True)
class Identity:
    """Who answers at a resource.

    Attributes:
        maker: as it reports, or as the driver knows.
        model: as it reports.
        serial: empty if it does not report one.
        firmware: empty if it does not report one.
    """

    maker: str
    model: str
    serial: str = ""
    firmware: str = ""

    def __str__(self) -> str:
        words = [self.maker, self.model]
        words += [f"serial {self.serial}"] if self.serial else []
        words += [f"firmware {self.firmware}"] if self.firmware else []
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class DoseLimits:
    """Volumes that a pump can be asked for.

    Attributes:
        min_mL: smallest volume that it gives within its accuracy.
        max_mL: largest volume of one dose.
        step_mL: a resolution that it has at every volume up to ``max_mL``.
    """

    min_mL: float
    max_mL: float
    step_mL: float


class Instrument(Protocol):
    """What every instrument can do."""

    def identify(self) -> Identity:
        """Who it is; changes nothing.

        Raises:
            InstrumentError: another instrument answers; names what was found and what was expected.
        """
        ...

    def set_up(self) -> None:
        """Bring lasting settings to what the bench file says; disturbs nothing that is running."""
        ...

    def make_safe(self) -> None:
        """Stop whatever could do harm; again and again if need be."""
        ...


class Pump(Instrument, Protocol):
    """Gives one volume at a time, in three steps, so that a dose is never given twice.

    `prepare` may be repeated; `start` sends one start command, never repeats it, and needs a new `prepare` afterwards;
    `state` and `dispensed_mL` tell how far it got, also to a program started later.
    """

    @property
    def rate_mL_min(self) -> float:
        """Rate of infusion, mL/min."""
        ...

    @property
    def volume_min_mL(self) -> float:
        """Smallest volume that it gives within its accuracy, mL."""
        ...

    @property
    def volume_max_mL(self) -> float:
        """Largest volume of one dose, mL."""
        ...

    def volume_step_mL(self, volume_mL: float) -> float:
        """Resolution of the volume setting at ``volume_mL``, mL."""
        ...

    def prepare(self, volume_mL: float) -> float:
        """Set the volume, clear the counter, verify both; returns the volume as set, mL.

        Raises:
            RefusedError: the volume is outside the limits, or the pump is not stopped.
        """
        ...

    def start(self) -> None:
        """Start the prepared dose.

        Raises:
            RefusedError: nothing is prepared, or the pump declined.
            NoReplyError: whether it started is not known: ask `state` and `dispensed_mL`, or the balance.
        """
        ...

    def state(self) -> PumpState:
        """What the pump is doing.

        Raises:
            AlarmError: it stopped by itself; each alarm is reported once.
        """
        ...

    def dispensed_mL(self) -> float:
        """Infused since the last `prepare`, mL, as the pump counts it."""
        ...

    def stop(self) -> None:
        """Stop; the rest of the dose is not given."""
        ...


class Balance(Instrument, Protocol):
    """Weighs a vessel, in grams."""

    def weigh_g(self) -> float:
        """The stable weight, g; waits for stability.

        Raises:
            RefusedError: it did not become stable in time; weigh again later.
            BadReadingError: overload, underload.
        """
        ...

    def immediate_g(self) -> float:
        """The weight at this moment, stable or not, g."""
        ...

    def tare(self) -> None:
        """Take the stable weight as tare."""
        ...

    def zero(self) -> None:
        """Take the stable weight as the new zero; deletes the tare."""
        ...


class Chamber(Instrument, Protocol):
    """Keeps a temperature, in degrees Celsius."""

    def set_temperature(self, temperature_degC: float) -> None:
        """Change the set point and read it back.

        Raises:
            RefusedError: outside the limits of the bench file.
        """
        ...

    def temperature_degC(self) -> float:
        """Air temperature, degC.

        Raises:
            BadReadingError: its sensor is faulty.
        """
        ...

    def setpoint_degC(self) -> float:
        """Set point, degC."""
        ...

    def run(self) -> None:
        """Let it heat and cool."""
        ...


class ImpedanceMeter(Instrument, Protocol):
    """Measures the complex impedance between two leads, in ohm."""

    def configure(self, level_V: float, integration: str, averages: int) -> None:
        """Set the oscillator level (V), the integration time (``SHOR``, ``MED``, ``LONG``) and averaging."""
        ...

    def impedance(self, frequency_Hz: float) -> complex:
        """Measure at one frequency, ohm.

        Raises:
            BadReadingError: overload or no data.
        """
        ...

    def sweep(self, frequencies_Hz: Sequence[float]) -> NDArray[np.complex128]:
        """Measure at each frequency in turn, ohm; as long as ``frequencies_Hz``."""
        ...
