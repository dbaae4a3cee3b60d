"""The twin's own relations for the electrolyte, on purpose not those that simulated cells follow.

Two published sets, for c in mol/l and T in K, at 25 °C:

- Nyman et al., Electrochim. Acta 53 (2008) 6356, EC:EMC 3:7 by mass: conductivity ``0.1297 c^3 - 2.51 c^1.5 + 3.329 c``
  S/m, diffusivity ``8.794e-11 c^2 - 3.972e-10 c + 4.862e-10`` m2/s, transference number ``0.4492 - 0.4717 c + 0.4106
  c^2 - 0.1287 c^3``;
- Valoen and Reimers, J. Electrochem. Soc. 152 (2005) A882, PC:EC:DMC: diffusivity ``10^(-8.43 - 54 / (T - 229 - 5 c) -
  0.22 c)`` m2/s, transference number 0.38, ``(1 - t) TDF = 0.601 - 0.24 c^0.5 + 0.982 (1 - 0.0052 (T - 294)) c^1.5``,
  and a conductivity, see `_reimers_S_m`.

Conductivity has Nyman's shape, scaled to what was measured of this cell's electrolyte. Each diffusivity is scaled by
measured over own conductivity, as both follow the viscosity; of the two, and of what lithium ions do not carry, the
geometric mean is taken at the mean concentration. With one set alone the effective resistance of a coin cell of 12 ohm
comes out about an ohm too low or too high: so well do published laws agree, and that is `Tuning.law_ohm`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from galvanaut.simulators.cells.spme.parameters import REFERENCE_K
from galvanaut.simulators.twin.prior import TwinPrior

CONDUCTIVITY_P = (3.329, -2.51, 0.1297)
"""Of c, c^1.5 and c^3."""
ACTIVATION_J_MOL = 17000.0
"""Of conductivity and diffusivity, between the temperature of the prior and the cell's. Illustrative: of the size that
is reported for carbonates near room temperature."""
FREEZING_K = 273.15
_DIFFUSIVITY_P = (4.862e-10, -3.972e-10, 8.794e-11)
_TRANSFERENCE_P = (0.4492, -0.4717, 0.4106, -0.1287)
_REIMERS_TRANSFERENCE = 0.38
HIGHEST_M = 2.2
"""Beyond it the fits turn around; they stay at their value there."""


@dataclass(frozen=True)
class Electrolyte:
    """Of one cell, at the temperature of its prior.

    Attributes:
        salt_M: mean concentration.
        kelvin: temperature at which the numbers hold.
        factor: conductivity over Nyman's.
        diffusivity_m2_s: of the salt.
        unlike: share of the current that lithium ions do not carry.
        polarising: ``(1 - t) TDF``.
    """

    salt_M: float
    kelvin: float
    factor: float
    diffusivity_m2_s: float
    unlike: float
    polarising: float

    @classmethod
    def of(cls, prior: TwinPrior) -> Electrolyte:
        """From what was measured."""
        c, kelvin = min(prior.salt_M, HIGHEST_M), FREEZING_K + prior.temperature_degC
        factor = prior.conductivity_S_m / shape_S_m(c)
        other = prior.conductivity_S_m / _reimers_S_m(c)
        nyman = sum(p * c**power for power, p in enumerate(_DIFFUSIVITY_P))
        reimers = 10 ** (-8.43 - 54 / (REFERENCE_K - 229 - 5 * c) - 0.22 * c)
        transference = sum(p * c**power for power, p in enumerate(_TRANSFERENCE_P))
        return cls(
            prior.salt_M,
            kelvin,
            factor,
            sqrt(factor * nyman * other * reimers),
            sqrt((1 - transference) * (1 - _REIMERS_TRANSFERENCE)),
            0.601 - 0.24 * c**0.5 + 0.982 * (1 - 0.0052 * (REFERENCE_K - 294)) * c**1.5,
        )


def shape_S_m(salt_M: float) -> float:
    """Nyman's conductivity at 25 °C."""
    first, half, cubed = CONDUCTIVITY_P
    return float(first * salt_M + half * salt_M**1.5 + cubed * salt_M**3)


def _reimers_S_m(c: float) -> float:
    """Valoen's and Reimers' conductivity at 25 °C."""
    kelvin = REFERENCE_K
    by_T = (0.074 - 0.0178 * c - 8.86e-4 * c**2) * kelvin + (-6.96e-5 + 2.8e-5 * c) * kelvin**2
    return float(0.1 * c * (-10.5 + 0.668 * c + 0.494 * c**2 + by_T) ** 2)
