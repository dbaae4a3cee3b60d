"""Complex least squares of a cell's impedance: a resistor, two depressed arcs and diffusion, R-(RQ)-(RQ)-W."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from galvanaut.campaigns.analysis.figures import Array, Figure, Flags
from galvanaut.campaigns.analysis.impedance import Complex, Spectrum
from galvanaut.core.errors import UnsupportedError

NAMES = ("R0_ohm", "R1_ohm", "tau1_s", "alpha1", "R2_ohm", "tau2_s", "alpha2", "W_ohm_s")
"""Z = R0 + sum R/(1 + (j w tau)^alpha) + W (1 - j)/sqrt(w); W in ohm s^-1/2, arc 1 the faster one.
The constant-phase element of an arc is Q = tau^alpha / R."""
_LEAST_POINTS = 8
_AT_BOUND = 1e-3
"""Distance to a bound, in the logarithm, at which a parameter counts as not determined."""


@dataclass(frozen=True)
class CircuitFit:
    """A fitted circuit.

    Attributes:
        parameters: by the names in `NAMES`, with the standard error from the curvature of the fit. It is NaN where the
            parameter went to its bound: the spectrum does not determine it, and the others were judged without it.
        rms: root mean square of the relative residuals' modulus.
        points: that were fitted; inductive ones are left out.
    """

    parameters: Mapping[str, Figure]
    rms: float
    points: int

    def impedance_ohm(self, frequency_Hz: Array) -> Complex:
        """Of the circuit at frequencies."""
        logs = np.log([self.parameters[name].value for name in NAMES])
        return np.asarray(_terms(logs, 2 * np.pi * frequency_Hz)[0])

    def to_json(self) -> dict[str, Any]:
        """Parameters, residual and number of points."""
        parameters = {name: figure.to_json() for name, figure in self.parameters.items()}
        return {"parameters": parameters, "rms": self.rms, "points": self.points}


def fit_circuit(spectrum: Spectrum, generator: np.random.Generator, starts: int = 12) -> CircuitFit:
    """The best of several fits, each from a point drawn at random.

    Residuals are weighted by the modulus. What is fitted are logarithms, within bounds taken from the spectrum.

    Args:
        spectrum: test it by `kramers_kronig` first.
        generator: of the starting points.
        starts: how many.

    Raises:
        UnsupportedError: fewer than eight points are capacitive.
    """
    capacitive = spectrum.impedance_ohm.imag < 0
    points = int(capacitive.sum())
    if points < _LEAST_POINTS:
        raise UnsupportedError(f"{spectrum.source}: {points} capacitive points, a fit needs {_LEAST_POINTS} or more")
    angular_1_s, impedance = spectrum.angular_1_s[capacitive], spectrum.impedance_ohm[capacitive]
    modulus = np.abs(impedance)
    low, high = _bounds(angular_1_s, modulus)

    def residuals(logs: Array) -> Array:
        return _stacked((_terms(logs, angular_1_s)[0] - impedance) / modulus)

    def jacobian(logs: Array) -> Array:
        return _stacked(_terms(logs, angular_1_s)[1] / modulus[:, None])

    fits = [
        least_squares(residuals, start, jacobian, (low, high), x_scale="jac")
        for start in generator.uniform(low, high, (starts, len(NAMES)))
    ]
    best = min(fits, key=lambda fit: float(fit.cost))
    inside = (best.x - low > _AT_BOUND) & (high - best.x > _AT_BOUND)
    errors = _standard_errors(np.asarray(best.jac), 2 * float(best.cost), inside)
    return CircuitFit(_named(best.x, errors), float(np.sqrt(2 * best.cost / points)), points)


def _terms(logs: Array, angular_1_s: Array) -> tuple[Complex, Complex]:
    """Impedance, (n,), and its derivatives by the logarithms, (n, 8)."""
    series_ohm, r1_ohm, tau1_s, alpha1, r2_ohm, tau2_s, alpha2, warburg = np.exp(logs)
    arcs = []
    for resistance_ohm, tau_s, alpha in ((r1_ohm, tau1_s, alpha1), (r2_ohm, tau2_s, alpha2)):
        log_jwt = np.log(1j * angular_1_s * tau_s)
        power = np.exp(alpha * log_jwt)
        arc = resistance_ohm / (1 + power)
        by_tau = -alpha * arc * power / (1 + power)
        arcs += [arc, by_tau, by_tau * log_jwt]
    series, diffusion = np.full(len(angular_1_s), series_ohm + 0j), warburg * (1 - 1j) / np.sqrt(angular_1_s)
    return series + arcs[0] + arcs[3] + diffusion, np.stack([series, *arcs, diffusion], axis=1)


def _bounds(angular_1_s: Array, modulus: Array) -> tuple[Array, Array]:
    """Lowest and highest logarithms: resistances up to ten moduli, time constants a decade beyond the frequencies."""
    most_ohm = 10 * float(modulus.max())
    slowest_1_s, fastest_1_s = float(angular_1_s.min()), float(angular_1_s.max())
    resistance, tau, alpha = (1e-6 * most_ohm, most_ohm), (0.1 / fastest_1_s, 10 / slowest_1_s), (0.4, 1.0)
    warburg = tuple(np.sqrt(slowest_1_s) * ohm for ohm in resistance)
    limits = np.log([resistance, resistance, tau, alpha, resistance, tau, alpha, warburg])
    return limits[:, 0], limits[:, 1]


def _stacked(values: Complex) -> Array:
    return np.concatenate([values.real, values.imag])


def _standard_errors(jacobian: Array, square_sum: float, inside: Flags) -> Array:
    """Of the logarithms, from the parameters that are inside their bounds."""
    errors = np.full(len(inside), np.nan)
    free = jacobian[:, inside]
    degrees = max(1, len(jacobian) - free.shape[1])
    covariance = np.linalg.pinv(free.T @ free) * square_sum / degrees
    errors[inside] = np.sqrt(np.diag(covariance))
    return errors


def _named(logs: Array, errors: Array) -> dict[str, Figure]:
    order = [0, 1, 2, 3, 4, 5, 6, 7] if logs[2] <= logs[5] else [0, 4, 5, 6, 1, 2, 3, 7]
    values = np.exp(logs)
    return {
        name: Figure(float(values[row]), float(values[row] * errors[row]))
        for name, row in zip(NAMES, order, strict=True)
    }
