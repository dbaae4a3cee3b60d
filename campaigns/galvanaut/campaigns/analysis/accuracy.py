"""How well a channel measures voltage and current."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

_RECTANGULAR = sqrt(3)
"""A maker's limit divided by this is a standard uncertainty, if every value within the limits is as likely."""


@dataclass(frozen=True)
class Accuracy:
    """Standard uncertainties of a channel. Gains and offsets stay through a test, noise is new in each reading.

    The defaults are those of a Keithley 2450 on its ranges of 10 mA and 20 V: the one-year limits of "% of reading +
    offset" divided by sqrt(3), and the noise of its sources below 10 Hz (SPEC-2450 Rev. A, July 2013, 23 +- 5 degC).
    A channel whose zero was measured does far better than 0.35 uA; then say so.

    Attributes:
        current_gain: relative.
        current_offset_A: of every reading.
        voltage_gain: relative.
        voltage_offset_V: of every reading.
        current_noise_A: of one reading.
        voltage_noise_V: of one reading.
    """

    current_gain: float = 0.02e-2 / _RECTANGULAR
    current_offset_A: float = 600e-9 / _RECTANGULAR
    voltage_gain: float = 0.015e-2 / _RECTANGULAR
    voltage_offset_V: float = 1e-3 / _RECTANGULAR
    current_noise_A: float = 40e-9
    voltage_noise_V: float = 100e-6

    @property
    def rest_A(self) -> float:
        """A current not above this cannot be told from none: three offsets."""
        return 3 * self.current_offset_A


KEITHLEY_2450 = Accuracy()
