"""What the laboratory asks of an instrument, whoever made it.

Every instrument can identify itself, be set up as the bench file says, and be made safe. `make_safe` may be called
at any time and again, and does all it can before it raises. Units are in the names.

Errors are those of `galvanaut.instruments.errors`; a method documents only what is special about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from galvanaut.instruments.assembly import Assembler, Assembly, AssemblyState
from galvanaut.instruments.readings import DoseLimits, Identity, Reading, Scan, SourceLimits
from galvanaut.instruments.runs import Cycler, Row, RunHandle, RunState, RunStatus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from galvanaut.instruments.bounds import Operation
    from galvanaut.instruments.envelope import Envelope

__all__ = [
    "Assembler",
    "Assembly",
    "AssemblyState",
    "Balance",
    "BatteryTester",
    "BufferedSourceMeter",
    "Chamber",
    "Cycler",
    "DoseLimits",
    "Identity",
    "ImpedanceMeter",
    "Instrument",
    "Pump",
    "PumpState",
    "Reading",
    "RecordingSourceMeter",
    "Role",
    "Row",
    "RunHandle",
    "RunState",
    "RunStatus",
    "Scan",
    "SourceLimits",
    "SourceMeter",
    "Thermometer",
]

Role = Literal[
    "pump",
    "balance",
    "chamber",
    "impedance meter",
    "source meter",
    "battery tester",
    "thermometer",
    "cycler",
    "assembler",
]

PumpState = Literal["infusing", "withdrawing", "stopped", "paused", "waiting", "purging"]


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
    def was_power_cycled(self) -> bool:
        """Whether it lost its power since the last `prepare`; its counter is then worth nothing."""
        ...

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

    def is_running(self) -> bool | None:
        """Whether it heats or cools; None if it cannot say."""
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


class SourceMeter(Instrument, Protocol):
    """One channel that holds a cell at a voltage and bounds the current: a voltage source with a current limit.

    Above the cell's voltage it charges, below it discharges, at the limit first (constant current) and then at the
    voltage; the instrument itself bounds both, also when the host is gone. Positive currents charge.

    The order is `set_limits`, `configure`, `output`; `configure` may be repeated while the output is on. A program
    that finds the output on after a restart calls `set_limits` again and is told whether the limits still hold.
    """

    def set_limits(self, envelope: Envelope) -> None:
        """Program the protections for one cell and read them back, only the latter if it is on; may be repeated.

        Raises:
            RefusedError: the instrument cannot protect such a cell; nothing was sent.
            InstrumentError: a protection read back is another one; the output stays refused.
        """
        ...

    def configure(self, voltage_V: float, current_A: float) -> None:
        """Set the voltage and the current limit, and read both back; nothing is switched, so it may be repeated.

        Args:
            voltage_V: to be held.
            current_A: magnitude of the largest current in either direction, above zero.

        Raises:
            RefusedError: outside the envelope, or no envelope was set; nothing was sent.
            InstrumentError: what was read back is another value; the output stays refused.
        """
        ...

    def configured(self) -> Operation:
        """What it is set to now, as the instrument says, whoever has set it."""
        ...

    def output(self, on: bool) -> None:
        """Switch the output. All limits are read back before it is switched on.

        Raises:
            RefusedError: not configured, or a protection is active; the output was not switched on.
            InstrumentError: a limit read back is another one than was set, or the output did not follow.
        """
        ...

    def is_on(self) -> bool:
        """Whether the output is on, as the instrument says."""
        ...

    def measure(self) -> Reading:
        """Measure now.

        Raises:
            BadReadingError: overflow or no number.
        """
        ...

    def is_clamping(self) -> bool:
        """Whether the current limit is what bounds the output now (the constant-current part of a charge)."""
        ...

    def is_overvoltage(self) -> bool:
        """Whether the over-voltage protection is active."""
        ...

    def protections(self) -> list[str]:
        """What it has protected itself against, in words; empty if against nothing.

        Any entry means that the cell is no longer driven as configured, even if `is_on` says that the output is on.
        """
        ...

    def forget_silence(self) -> None:
        """If all that protects it is a watchdog, because no host spoke: output off, and ready again. Else nothing."""
        ...


class BufferedSourceMeter(SourceMeter, Protocol):
    """A source meter that keeps its own readings, so that none is lost while the host is busy."""

    def count_readings(self) -> int:
        """How many readings it holds."""
        ...

    def readings(self, since: int = 0) -> NDArray[np.float64]:
        """The readings after the first ``since``, shape (n, 3): V, A and s, as in `Reading`.

        One that is no measurement is not a number, so that it costs none of the others.

        Raises:
            RefusedError: it holds fewer than ``since``: they were cleared.
            OverrunError: it is full, and numbers tell nothing any more: see `surviving_readings`.
            BadReadingError: the reply is not one of readings.
        """
        ...

    def surviving_readings(self) -> NDArray[np.float64]:
        """All that it still holds, as `readings`, in the order of their times; also of a buffer that is full.

        Ask when it takes no more of them: others would give way meanwhile.
        """
        ...

    def clear_readings(self) -> None:
        """Forget all readings; its time starts anew."""
        ...


class RecordingSourceMeter(BufferedSourceMeter, Protocol):
    """A source meter that takes readings by itself, at equal distances, also while nobody looks.

    Its output can be set while it records. A new connection leaves a recording alone; `make_safe` ends it and keeps
    the readings. While it records, `measure` gives the newest reading, once.
    """

    def record(self, period_s: float) -> None:
        """Forget all readings and take one now and then each ``period_s``; its time starts anew.

        Raises:
            RefusedError: a period that it cannot keep; nothing was sent.
        """
        ...

    def recorded(self, since: int = 0) -> NDArray[np.float64]:
        """The readings after the first ``since``, shape (n, 3), as `readings`; in few messages."""
        ...

    def stop_recording(self) -> None:
        """Take no more readings; those that were taken stay. Does nothing if it does not record."""
        ...

    def is_recording(self) -> bool:
        """Whether it records, as the instrument says."""
        ...


class BatteryTester(Instrument, Protocol):
    """Measures the AC resistance (ohm, at 1 kHz) and the voltage (V) of a cell at rest."""

    def measure(self) -> tuple[float, float]:
        """Resistance in ohm and voltage in V, of one sample.

        Raises:
            BadReadingError: overflow, an open lead, or no numbers.
        """
        ...

    def zero(self) -> None:
        """Take what is measured now, with shorted leads, as zero.

        Raises:
            RefusedError: it is too far from zero.
        """
        ...


class Thermometer(Instrument, Protocol):
    """Reads the temperatures, and voltages where wired, of the places that the bench file names.

    It may stop a bench but never starts anything, so nothing that drives a cell depends on it being right.
    """

    def scan(self) -> Scan:
        """Read every place once.

        Raises:
            BadReadingError: a place has no reading (open thermocouple, overflow); names all such places. The others
                are not returned either: supervision with a gap is none.
        """
        ...
