"""From the impedance of a conductivity cell to a conductivity.

Conductivity = cell constant / resistance of the solution, and the resistance is the real part of the impedance at the
frequency where the cell comes closest to a pure resistor: electrodes dominate below it, leads above it. The cell
constant comes from a solution of known conductivity, potassium chloride.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from galvanaut.core.errors import UnsupportedError
from galvanaut.instruments.errors import BadReadingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.interpolate import CubicSpline

FREQUENCIES_HZ = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
"""Where a sweep measures unless told otherwise: evenly spaced in decades around the 10 to 100 kHz at which carbonate
electrolytes of about 10 mS/cm are closest to a resistor."""

MAX_PHASE_DEG = 15.0
"""A cell whose phase is nowhere smaller holds no conductor: it is empty, or a bubble sits in it (illustrative)."""

STANDARDS = {"KCl 0.01 mol/kg": 0.01, "KCl 0.1 mol/kg": 0.1, "KCl 1 mol/kg": 1.0}
"""Standards by the name that a bench file uses: molality of KCl in water, mol/kg. Commercial "0.1 demal" and
"12.88 mS/cm" solutions are others."""

_TABLE_DEGC = (0, 10, 15, 20, 25, 30, 35, 40, 50)
# CRC Handbook of Chemistry and Physics, "Standard KCl solutions for calibrating conductivity cells" (5-73), after Wu,
# Koch and Pratt, NIST 1991 and 1994; temperatures ITS-90; unit 1e-4 S/m.
_TABLE = {
    0.01: (772.92, 1013.95, 1141.45, 1273.03, 1408.23, 1546.63, 1687.79, 1831.27, 2123.43),
    0.1: (7116.85, 9291.72, 10437.1, 11615.9, 12824.6, 14059.2, 15316.0, 16591.0, 19180.9),
    1.0: (63488.0, 80844.0, 89900.0, 99170.0, 108620.0, 118240.0, 127970.0, 137810.0, 157670.0),
}
_TABLE_UNCERTAINTY = {0.01: 3e-4, 0.1: 4e-4, 1.0: 4e-4}  # relative, same source


@dataclass(frozen=True)
class CellConstant:
    """Geometry of a conductivity cell.

    Attributes:
        per_cm: cell constant, 1/cm.
        relative_uncertainty: standard uncertainty divided by the value.
    """

    per_cm: float
    relative_uncertainty: float


@dataclass(frozen=True)
class SolutionResistance:
    """The most resistive point of a sweep.

    Attributes:
        resistance_ohm: real part of the impedance there.
        frequency_Hz: where that was.
        phase_deg: how far from a resistor it still was; negative when capacitive.
    """

    resistance_ohm: float
    frequency_Hz: float
    phase_deg: float


def most_resistive_point(
    frequencies_Hz: Sequence[float], impedance_ohm: NDArray[np.complex128], meter: str = "impedance meter"
) -> SolutionResistance:
    """The point of a sweep with the smallest phase.

    Args:
        frequencies_Hz: where the sweep measured.
        impedance_ohm: as many impedances.
        meter: its name, for messages.

    Raises:
        BadReadingError: the phase is above `MAX_PHASE_DEG` everywhere, or the resistance is not positive.
    """
    import numpy as np

    if len(frequencies_Hz) == 0 or len(frequencies_Hz) != len(impedance_ohm):
        raise ValueError(f"{len(frequencies_Hz)} frequencies for {len(impedance_ohm)} impedances")
    phases_deg = np.degrees(np.angle(impedance_ohm))
    best = int(np.argmin(np.abs(phases_deg)))
    point = SolutionResistance(float(impedance_ohm[best].real), float(frequencies_Hz[best]), float(phases_deg[best]))
    if not (abs(point.phase_deg) <= MAX_PHASE_DEG and point.resistance_ohm > 0):
        problem = (
            f"the cell does not behave as a conductor: smallest phase {point.phase_deg:.1f} deg at "
            f"{point.frequency_Hz:g} Hz, at most {MAX_PHASE_DEG:g} deg expected"
        )
        raise BadReadingError(problem, instrument=meter, advice="look for a bubble, an empty cell or a loose lead")
    return point


def standard_molality(standard: str) -> float:
    """Molality of the KCl standard of this name, mol/kg.

    Raises:
        UnsupportedError: no such standard; the message lists the known ones.
    """
    if standard not in STANDARDS:
        raise UnsupportedError(f"unknown conductivity standard {standard!r}; known are {', '.join(STANDARDS)}")
    return STANDARDS[standard]


def kcl_conductivity_mS_cm(molality: float, temperature_degC: float) -> float:
    """Conductivity of aqueous KCl, mS/cm: the CRC table, between its temperatures a cubic spline.

    A spline that has to do without one row of the table misses it by at most 0.016 %.

    Args:
        molality: 0.01, 0.1 or 1.0 mol/kg.
        temperature_degC: 0 to 50.

    Raises:
        UnsupportedError: outside the table.
    """
    if molality not in _TABLE:
        raise UnsupportedError(f"no KCl standard of {molality:g} mol/kg in the table, only 0.01, 0.1 and 1 mol/kg")
    if not _TABLE_DEGC[0] <= temperature_degC <= _TABLE_DEGC[-1]:
        raise UnsupportedError(f"KCl standards are tabulated from 0 to 50 degC, not at {temperature_degC:g} degC")
    return float(_spline(molality)(temperature_degC))


def cell_constant_per_cm(
    resistance_ohm: float,
    temperature_degC: float,
    standard: str,
    resistance_uncertainty: float = 1e-3,
    temperature_uncertainty_K: float = 0.1,
) -> CellConstant:
    """Cell constant from the resistance of a standard solution.

    Args:
        resistance_ohm: of the standard in the cell.
        temperature_degC: of the standard.
        standard: a name in `STANDARDS`.
        resistance_uncertainty: relative standard uncertainty of the resistance (default illustrative).
        temperature_uncertainty_K: standard uncertainty of the temperature (default illustrative); about 2 % per
            kelvin, usually the largest share.

    Raises:
        UnsupportedError: unknown standard, or a temperature outside its table.
    """
    molality = standard_molality(standard)
    conductivity = kcl_conductivity_mS_cm(molality, temperature_degC)
    slope_per_K = float(_spline(molality)(temperature_degC, 1)) / conductivity
    shares = (_TABLE_UNCERTAINTY[molality], resistance_uncertainty, slope_per_K * temperature_uncertainty_K)
    return CellConstant(1e-3 * conductivity * resistance_ohm, math.hypot(*shares))


def conductivity_mS_cm(cell_constant_per_cm: float, resistance_ohm: float) -> float:
    """Conductivity of the solution in the cell, mS/cm.

    Args:
        cell_constant_per_cm: from `cell_constant_per_cm`.
        resistance_ohm: of the solution; positive.
    """
    if not resistance_ohm > 0:
        raise ValueError(f"a resistance of {resistance_ohm!r} ohm has no conductivity")
    return 1e3 * cell_constant_per_cm / resistance_ohm


@lru_cache(maxsize=3)
def _spline(molality: float) -> CubicSpline:
    from scipy.interpolate import CubicSpline

    return CubicSpline(_TABLE_DEGC, [1e-3 * value for value in _TABLE[molality]])
