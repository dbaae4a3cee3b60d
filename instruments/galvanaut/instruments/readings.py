"""What instruments tell about themselves and about what they measure; units are in the names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


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


class Reading(NamedTuple):
    """One reading of a cell under current.

    Attributes:
        voltage_V: at the cell, V.
        current_A: into the cell, A; negative while it is discharged.
        time_s: by the instrument's own clock, s since its first reading; None if it keeps no time.
    """

    voltage_V: float
    current_A: float
    time_s: float | None


@dataclass(frozen=True)
class SourceLimits:
    """What a source meter can do, known without a connection.

    Attributes:
        voltage_min_V: lowest voltage that it holds.
        voltage_max_V: highest voltage that it holds.
        current_max_A: largest current in either direction.
        current_min_A: smallest current limit that can be set.
        watchdog_s: silence of the host after which it switches off by itself, s; None if it never does.
        measures_when_off: whether it reads the voltage of a cell while its output is off.
        discharges: whether it can draw a current from the cell.
        checks_when_off: whether it can measure, with its output off, that no current flows.
        recording_max_s: longest time between two readings that it takes by itself, s; None if it has to be asked for
            each (see `galvanaut.instruments.roles.RecordingSourceMeter`).
    """

    voltage_min_V: float
    voltage_max_V: float
    current_max_A: float
    current_min_A: float
    watchdog_s: float | None = None
    measures_when_off: bool = False
    discharges: bool = True
    checks_when_off: bool = True
    recording_max_s: float | None = None

    @property
    def records(self) -> bool:
        """Whether it takes readings by itself, also while no host looks."""
        return self.recording_max_s is not None


@dataclass(frozen=True)
class Scan:
    """One look at every place, taken channel after channel.

    Attributes:
        temperatures_degC: by place, degC.
        voltages_V: by place, V.
    """

    temperatures_degC: Mapping[str, float]
    voltages_V: Mapping[str, float]
