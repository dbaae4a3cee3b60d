"""The impedance spectra that a record holds among its readings, one for each sweep of the meter, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.campaigns.analysis.circuit import CircuitFit, fit_circuit
from galvanaut.campaigns.analysis.figures import Array, Flags, Integers, json_number
from galvanaut.campaigns.analysis.impedance import Complex, HighFrequencyResistance, Spectrum, high_frequency_resistance
from galvanaut.campaigns.analysis.kramerskronig import KramersKronig, kramers_kronig
from galvanaut.core import bdf
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.identifiers import generator

if TYPE_CHECKING:
    import pandas as pd

_COUNTERS = (bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_ID)


@dataclass(frozen=True)
class Sweep:
    """One spectrum of a record.

    Attributes:
        number: among those of the record, from 1.
        time_s: of its first reading, since the test began.
        cycle: in which it was taken; None if the record counts none.
        frequency_Hz, impedance_ohm: as measured, in the order of measuring, (n,); the imaginary part is negative where
            the cell is capacitive.
    """

    number: int
    time_s: float
    cycle: int | None
    frequency_Hz: Array
    impedance_ohm: Complex


@dataclass(frozen=True)
class JudgedSweep:
    """What a sweep says.

    Attributes:
        sweep: itself.
        resistance: at high frequency; None if the sweep is no spectrum of a cell.
        kramers_kronig: whether the cell stayed linear and the same meanwhile; None as above, or with too few points.
        circuit: fitted to a spectrum that passes that test; None otherwise.
        why_not: what is amiss, in words; empty if nothing is.
    """

    sweep: Sweep
    resistance: HighFrequencyResistance | None = None
    kramers_kronig: KramersKronig | None = None
    circuit: CircuitFit | None = None
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """With the points, and those of the circuit at the same frequencies."""
        sweep, fit = self.sweep, self.circuit
        fitted = None if fit is None else fit.impedance_ohm(sweep.frequency_Hz)
        return {
            "number": sweep.number,
            "time_s": sweep.time_s,
            "cycle": sweep.cycle,
            "frequency_Hz": _plain(sweep.frequency_Hz),
            "real_ohm": _plain(sweep.impedance_ohm.real),
            "imaginary_ohm": _plain(sweep.impedance_ohm.imag),
            "resistance": self.resistance and self.resistance.to_json(),
            "kramers_kronig": self.kramers_kronig and self.kramers_kronig.to_json(),
            "circuit": fit and fit.to_json(),
            "fitted_real_ohm": None if fitted is None else _plain(fitted.real),
            "fitted_imaginary_ohm": None if fitted is None else _plain(fitted.imag),
            "why_not": self.why_not,
        }


def sweeps_of(frame: pd.DataFrame) -> list[Sweep]:
    """All spectra of a record: neighbouring readings with a frequency, which rises or falls throughout.

    A new one begins where a reading without a frequency lies between, where a cycle or step begins, and where the
    frequency turns back. Cyclers without a gap in their columns write 0 Hz where nothing was swept.

    Args:
        frame: columns of `galvanaut.core.bdf`; without those of `bdf.IMPEDANCE` there are no spectra.
    """
    if not all(name in frame for name in bdf.IMPEDANCE):
        return []
    frequency_Hz, real_ohm, imaginary_ohm = (
        frame[name].to_numpy(np.float64, na_value=np.nan) for name in bdf.IMPEDANCE
    )
    rows = np.flatnonzero(np.isfinite(frequency_Hz) & (frequency_Hz > 0))
    if not len(rows):
        return []
    time_s = frame[bdf.TEST_TIME].to_numpy(np.float64)
    cycle = frame[bdf.CYCLE].to_numpy(np.float64) if bdf.CYCLE in frame else None
    pieces = np.split(rows, _begins(frame, rows, frequency_Hz[rows]))
    return [
        Sweep(
            number,
            float(time_s[piece[0]]),
            None if cycle is None else int(cycle[piece[0]]),
            frequency_Hz[piece],
            real_ohm[piece] + 1j * imaginary_ohm[piece],
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def judged(sweep: Sweep, source: str) -> JudgedSweep:
    """Resistance, Kramers-Kronig test and, if it passes, the circuit; random starts depend on ``source`` alone.

    Args:
        sweep: one of a record.
        source: names the record in messages.
    """
    name = f"{source}, spectrum {sweep.number}"
    try:
        spectrum = Spectrum.of(sweep.frequency_Hz, sweep.impedance_ohm, name)
    except InputError as error:
        return JudgedSweep(sweep, why_not="; ".join(str(each) for each in error.problems))
    resistance = high_frequency_resistance(spectrum)
    test = fit = None
    try:
        test = kramers_kronig(spectrum)
        fit = fit_circuit(spectrum, generator(0, name)) if test.is_valid else None
    except GalvanautError as error:
        return JudgedSweep(sweep, resistance, test, fit, str(error))
    failed = f"fails the Kramers-Kronig test, {100 * test.rms:.2g} % rms: no circuit is fitted"
    why_not = "" if test.is_valid else failed
    return JudgedSweep(sweep, resistance, test, fit, why_not)


def _begins(frame: pd.DataFrame, rows: Integers, frequency_Hz: Array) -> list[int]:
    """Where among ``rows`` a new sweep begins, but for the first."""
    ways, breaks = np.sign(np.diff(frequency_Hz)), _breaks(frame, rows)
    begins, way = [], 0.0
    for place, (step, is_break) in enumerate(zip(ways.tolist(), breaks.tolist(), strict=True), start=1):
        if is_break or way * step < 0:
            begins.append(place)
            way = 0.0
        else:
            way = way or step
    return begins


def _breaks(frame: pd.DataFrame, rows: Integers) -> Flags:
    found: Flags = np.diff(rows) > 1
    for name in (name for name in _COUNTERS if name in frame):
        found = found | (np.diff(frame[name].to_numpy(np.float64)[rows]) != 0)
    return found


def _plain(values: Array) -> list[float | None]:
    return [json_number(value) for value in values.tolist()]
