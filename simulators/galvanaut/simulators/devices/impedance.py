"""The pairs of values in which an LCR meter expresses an impedance.

Equivalent circuits as in any LCR meter's manual: C and L by reactance or susceptance, p parallel, s series, D the
dissipation factor, Q its inverse, G and R the real parts, T the angle in degrees (TD) or radians (TR).
"""

from __future__ import annotations

from cmath import phase
from collections.abc import Callable
from math import degrees

Pair = tuple[float, float]


def _dissipation(z: complex) -> float:
    return abs(z.real / z.imag) if z.imag else 9.9e37


def _quality(z: complex) -> float:
    return abs(z.imag / z.real) if z.real else 9.9e37


def _series_capacitance(z: complex, omega: float) -> float:
    return -1 / (omega * z.imag) if z.imag else 9.9e37


def _parallel_inductance(z: complex, omega: float) -> float:
    susceptance = (1 / z).imag
    return -1 / (omega * susceptance) if susceptance else 9.9e37


FUNCTIONS: dict[str, Callable[[complex, float], Pair]] = {
    "CPD": lambda z, w: ((1 / z).imag / w, _dissipation(z)),
    "CPQ": lambda z, w: ((1 / z).imag / w, _quality(z)),
    "CPG": lambda z, w: ((1 / z).imag / w, (1 / z).real),
    "CPRP": lambda z, w: ((1 / z).imag / w, 1 / (1 / z).real),
    "CSD": lambda z, w: (_series_capacitance(z, w), _dissipation(z)),
    "CSQ": lambda z, w: (_series_capacitance(z, w), _quality(z)),
    "CSRS": lambda z, w: (_series_capacitance(z, w), z.real),
    "LPD": lambda z, w: (_parallel_inductance(z, w), _dissipation(z)),
    "LPQ": lambda z, w: (_parallel_inductance(z, w), _quality(z)),
    "LPG": lambda z, w: (_parallel_inductance(z, w), (1 / z).real),
    "LPRP": lambda z, w: (_parallel_inductance(z, w), 1 / (1 / z).real),
    "LSD": lambda z, w: (z.imag / w, _dissipation(z)),
    "LSQ": lambda z, w: (z.imag / w, _quality(z)),
    "LSRS": lambda z, w: (z.imag / w, z.real),
    "RX": lambda z, w: (z.real, z.imag),
    "ZTD": lambda z, w: (abs(z), degrees(phase(z))),
    "ZTR": lambda z, w: (abs(z), phase(z)),
    "GB": lambda z, w: ((1 / z).real, (1 / z).imag),
    "YTD": lambda z, w: (abs(1 / z), degrees(phase(1 / z))),
    "YTR": lambda z, w: (abs(1 / z), phase(1 / z)),
}
"""By name: impedance in ohm and angular frequency in 1/s to the two values, in SI units."""
