"""An impedance spectrum, checked once, and its high-frequency resistance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.core.errors import InputError, Problem

Complex = NDArray[np.complex128]
_SIGN_SHARE = 0.01
"""Below this share of the modulus an imaginary part says nothing about its sign."""


@dataclass(frozen=True)
class Spectrum:
    """Impedance as measured: the imaginary part is negative where the cell is capacitive. Both arrays: shape (n,).

    Attributes:
        source: names the spectrum in messages.
        frequency_Hz: falling.
        impedance_ohm: at each.
    """

    source: str
    frequency_Hz: Array
    impedance_ohm: Complex

    def __len__(self) -> int:
        return len(self.frequency_Hz)

    @property
    def angular_1_s(self) -> Array:
        """Angular frequency, rad/s."""
        return np.asarray(2 * np.pi * self.frequency_Hz)

    @classmethod
    def of(cls, frequency_Hz: ArrayLike, impedance_ohm: ArrayLike, source: str = "spectrum") -> Spectrum:
        """Sort and check.

        Args:
            frequency_Hz: in any order, each once.
            impedance_ohm: as many.
            source: cell or file, for messages.

        Raises:
            InputError: not as many, not finite, frequencies repeated or not positive, or a swapped sign.
        """
        frequencies = np.asarray(frequency_Hz, dtype=np.float64)
        impedances = np.asarray(impedance_ohm, dtype=np.complex128)
        if frequencies.ndim != 1 or frequencies.shape != impedances.shape or len(frequencies) < 2:
            shapes = f"{frequencies.shape} frequencies, {impedances.shape} impedances"
            raise InputError(source, f"needs as many frequencies as impedances, two or more; found {shapes}")
        order = np.argsort(-frequencies)
        frequencies, impedances = frequencies[order], impedances[order]
        problems = list(_problems(frequencies, impedances))
        if problems:
            raise InputError(source, problems)
        return cls(source, frequencies, impedances)


@dataclass(frozen=True)
class HighFrequencyResistance:
    """Where the cell is a pure resistor.

    Attributes:
        resistance_ohm: real part there.
        frequency_Hz: there.
        is_crossing: whether the imaginary part changes its sign there; if not, this is where the phase is smallest on
            the side of high frequencies, and the resistance too large or too small by an unknown amount.
        phase_deg: what is left there; 0 at a crossing.
    """

    resistance_ohm: float
    frequency_Hz: float
    is_crossing: bool
    phase_deg: float

    def to_json(self) -> dict[str, Any]:
        """All four."""
        return dict(vars(self))


def high_frequency_resistance(spectrum: Spectrum) -> HighFrequencyResistance:
    """The real part where the imaginary one goes from inductive to capacitive, at the highest such frequency.

    Between points both parts are straight lines over the logarithm of the frequency.
    """
    impedance = spectrum.impedance_ohm
    inductive = impedance.imag >= 0
    crossings = np.flatnonzero(inductive[:-1] & ~inductive[1:])
    if not len(crossings):
        phases_deg = np.degrees(np.angle(impedance))
        grows = np.append(np.diff(np.abs(phases_deg)) > 0, True)
        at = int(np.argmax(grows))  # not the smallest of all: at the low end arcs are over, too
        real_ohm, frequency_Hz = float(impedance[at].real), float(spectrum.frequency_Hz[at])
        return HighFrequencyResistance(real_ohm, frequency_Hz, False, float(phases_deg[at]))
    at = int(crossings[0])
    before, after = impedance[at], impedance[at + 1]
    part = float(before.imag / (before.imag - after.imag))
    high, low = (log(float(spectrum.frequency_Hz[row])) for row in (at, at + 1))
    real_ohm = float(before.real + part * (after.real - before.real))
    return HighFrequencyResistance(real_ohm, exp(high + part * (low - high)), True, 0.0)


def _problems(frequency_Hz: Array, impedance_ohm: Complex) -> Iterator[Problem]:
    if not (np.isfinite(frequency_Hz) & (frequency_Hz > 0)).all():
        yield Problem("frequency", "is not a positive number everywhere; leave direct current out")
        return
    if (np.diff(frequency_Hz) == 0).any():
        yield Problem("frequency", f"{frequency_Hz[np.argmin(np.abs(np.diff(frequency_Hz)))]:g} Hz is there twice")
    if not np.isfinite(impedance_ohm).all():
        where_Hz = frequency_Hz[np.argmin(np.isfinite(impedance_ohm))]
        yield Problem("impedance", f"is not a number at {where_Hz:g} Hz; leave the point out")
        return
    low = impedance_ohm[len(impedance_ohm) // 2 :]
    modulus = float(np.median(np.abs(low)))
    if float(np.median(low.real)) < 0:
        yield Problem("impedance", "has a negative real part at low frequencies; check polarity and sense leads")
    if float(np.median(low.imag)) > _SIGN_SHARE * modulus:
        yield Problem(
            "impedance",
            "has a positive imaginary part in the lower half of its frequencies, as if the cell were a coil. Files "
            "often hold -Im Z: turn the sign, so that it is negative where the cell is capacitive",
        )
