"""Impedance spectra in closed form for tests of the analysis."""

import numpy as np
import pandas as pd

from galvanaut.core import bdf

FREQUENCIES_HZ = np.geomspace(1e5, 1e-2, 57)
CIRCUIT = {
    "R0_ohm": 5.0,
    "R1_ohm": 20.0,
    "tau1_s": 1e-4,
    "alpha1": 0.9,
    "R2_ohm": 40.0,
    "tau2_s": 0.05,
    "alpha2": 0.85,
    "W_ohm_s": 3.0,
}


def impedance_ohm(frequency_Hz=FREQUENCIES_HZ, inductance_H=0.0, **changed):
    """R-(RQ)-(RQ)-W in series with a coil; values may be arrays, one for each frequency."""
    c = {**CIRCUIT, **changed}
    w = 2 * np.pi * frequency_Hz
    first = c["R1_ohm"] / (1 + (1j * w * c["tau1_s"]) ** c["alpha1"])
    second = c["R2_ohm"] / (1 + (1j * w * c["tau2_s"]) ** c["alpha2"])
    return c["R0_ohm"] + first + second + c["W_ohm_s"] * (1 - 1j) / np.sqrt(w) + 1j * w * inductance_H


def noisy(impedance, share, seed):
    """With independent noise of both parts, as a share of the modulus."""
    draw = np.random.default_rng(seed).normal(0, share, (2, len(impedance)))
    return impedance + np.abs(impedance) * (draw[0] + 1j * draw[1])


def record_with(*spectra, frequency_Hz=FREQUENCIES_HZ):
    """A record of rests and spectra in turn, each in a cycle of its own, as columns of the Battery Data Format."""
    rows = []
    for cycle, spectrum in enumerate(spectra, start=1):
        rows += [(cycle, 0.0, 0.0, 0.0)] * 2  # as a cycler without gaps in its columns writes
        rows += [(cycle, f, z.real, z.imag) for f, z in zip(frequency_Hz, spectrum, strict=True)]
    cycle, frequency, real, imaginary = np.array(rows).T
    return pd.DataFrame(
        {
            bdf.TEST_TIME: 10.0 * np.arange(len(rows)),
            bdf.VOLTAGE: 3.7,
            bdf.CURRENT: 0.0,
            bdf.CYCLE: cycle.astype(int),
            bdf.FREQUENCY: frequency,
            bdf.REAL_IMPEDANCE: real,
            bdf.IMAGINARY_IMPEDANCE: imaginary,
        }
    )
