"""Linear Kramers-Kronig test: does a spectrum belong to any linear, causal cell that stayed the same meanwhile?

A row of RC elements with fixed time constants, a resistor, a coil and a capacitor obey the Kramers-Kronig relations
whatever their values. What they cannot fit does not: the cell drifted, or the excitation was too large.
Source: Boukamp, JES 142 (1995) 1885; number of elements by Schoenleber, Klotz, Ivers-Tiffee, Electrochim. Acta 131
(2014) 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.analysis.impedance import Complex, Spectrum
from galvanaut.core.errors import UnsupportedError

MU_LIMIT = 0.85
"""Where elements begin to fit noise (Schoenleber et al.)."""
TOLERANCE = 0.005
"""Largest root-mean-square residual of a valid spectrum; illustrative: set it to about twice the meter's noise."""
_FEWEST_POINTS = 8


@dataclass(frozen=True)
class KramersKronig:
    """Result of the test.

    Attributes:
        frequency_Hz: falling, (n,).
        residual: measured minus fitted over the modulus, complex, (n,).
        elements: number of RC elements.
        mu: 1 minus the ratio of negative to positive resistance in them; it falls when there are too many.
        rms: root mean square of the modulus of the residuals.
        is_valid: whether ``rms`` is within the tolerance.
    """

    frequency_Hz: Array
    residual: Complex
    elements: int
    mu: float
    rms: float
    is_valid: bool

    def to_json(self) -> dict[str, Any]:
        """Without the residuals, but with the place of the largest."""
        worst = int(np.argmax(np.abs(self.residual)))
        return {
            "elements": self.elements,
            "mu": self.mu,
            "rms": self.rms,
            "largest": float(np.abs(self.residual[worst])),
            "largest_at_Hz": float(self.frequency_Hz[worst]),
            "valid": self.is_valid,
        }


def kramers_kronig(spectrum: Spectrum, tolerance: float = TOLERANCE, mu_limit: float = MU_LIMIT) -> KramersKronig:
    """Fit 3, 4, ... elements until ``mu`` falls to its limit, or there is one for each frequency.

    Each fit is one linear least-squares problem, weighted by the modulus.

    Raises:
        UnsupportedError: fewer than eight points.
    """
    if len(spectrum) < _FEWEST_POINTS:
        raise UnsupportedError(f"{spectrum.source}: {len(spectrum)} points, the test needs {_FEWEST_POINTS} or more")
    for elements in range(3, len(spectrum) + 1):
        residual, mu = _fitted(spectrum, elements)
        if mu <= mu_limit:
            break
    rms = float(np.sqrt(np.mean(np.abs(residual) ** 2)))
    return KramersKronig(spectrum.frequency_Hz, residual, elements, mu, rms, rms <= tolerance)


def _fitted(spectrum: Spectrum, elements: int) -> tuple[Complex, float]:
    """Relative residuals, and mu."""
    jw, modulus = 1j * spectrum.angular_1_s, np.abs(spectrum.impedance_ohm)
    times_s = np.geomspace(1 / spectrum.angular_1_s[0], 1 / spectrum.angular_1_s[-1], elements)
    parts = np.stack([np.ones_like(jw), jw, 1 / jw, *(1 / (1 + jw * time_s) for time_s in times_s)], axis=1)
    weighted = parts / modulus[:, None]
    stacked = np.concatenate([weighted.real, weighted.imag])
    target = spectrum.impedance_ohm / modulus
    scales = np.linalg.norm(stacked, axis=0)
    solved = np.linalg.lstsq(stacked / scales, np.concatenate([target.real, target.imag]), rcond=None)[0] / scales
    resistances = solved[3:]
    positive, negative = resistances[resistances > 0].sum(), -resistances[resistances < 0].sum()
    return target - weighted @ solved, float(1 - negative / positive) if positive > 0 else 0.0
