"""Fits the conductivity law: robust least squares with one offset in ln k per laboratory.

Residuals count by a Student-t law, so that a badly digitised point does not pull. Offsets are drawn towards zero by a
normal prior; a laboratory that was not fitted has offset zero. Gauss-Newton with an exact Jacobian from a fixed
start: no randomness, some ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from galvanaut.core.errors import GalvanautError
from galvanaut.simulators.electrolyte.composition import Array
from galvanaut.simulators.electrolyte.datasets import Measurements
from galvanaut.simulators.electrolyte.form import PARAMETERS, jacobian, log_conductivity

RESIDUAL_SCALE = 0.05
RESIDUAL_FREEDOM = 4.0
"""Student-t law of one measurement about the model, in ln k: the scatter between batches (see `noise`)."""

OFFSET_SD = 0.05
"""Prior standard deviation of a laboratory's offset in ln k: papers on EC:EMC 3:7 differ by 2 to 8 %."""

_PRIOR_MEAN = np.array([0.0] * 16 + [145.0] * 4 + [6.0])
_PRIOR_SD = np.array([50.0] * 16 + [20.0] * 4 + [6.0])
"""Illustrative and wide: glass temperatures of carbonates near 145 K, and next to nothing about the rest."""

_STEPS_MAX = 200
_CONVERGED = 1e-6


@dataclass(frozen=True)
class Fit:
    """A fitted law.

    Attributes:
        parameters: shape (21,), see `form.PARAMETERS`.
        offsets: in ln k by laboratory.
    """

    parameters: Array
    offsets: Mapping[str, float]

    def log_conductivity(self, data: Measurements, with_offsets: bool) -> Array:
        """Predicted ln k, shape (n,), as the true value or as each row's laboratory would find it (0 if unknown)."""
        law = log_conductivity(self.parameters, data.shares, data.molality, data.temperature_K)
        if not with_offsets:
            return law
        return np.asarray(law + np.array([self.offsets.get(str(name), 0.0) for name in data.laboratory]))


def fit(data: Measurements, start: Fit | None = None) -> Fit:
    """Fit the law to measurements.

    Args:
        data: the rows to fit.
        start: a fit of nearly the same rows, to begin from; saves steps, does not change the result.

    Raises:
        GalvanautError: no convergence.
    """
    laboratories = sorted({str(name) for name in data.laboratory})
    member = (data.laboratory[:, None] == np.array(laboratories)).astype(np.float64)
    prior_mean = np.concatenate([_PRIOR_MEAN, np.zeros(len(laboratories))])
    prior_sd = np.concatenate([_PRIOR_SD, np.full(len(laboratories), OFFSET_SD)])
    unknowns = prior_mean
    if start is not None:
        unknowns = np.concatenate([start.parameters, [start.offsets.get(name, 0.0) for name in laboratories]])
    for step in range(_STEPS_MAX):
        slopes, residual = _linearise(unknowns, data, member)
        # Far from the solution all residuals are huge, and weighting by them would be arbitrary.
        weights = _root_weights(residual if step or start else np.zeros(len(data)))
        weighted = slopes * weights[:, None]
        # An inexact step would only cost steps, not accuracy; so the fast way, by scaled normal equations.
        curvature = prior_sd[:, None] * (weighted.T @ weighted) * prior_sd + np.eye(len(prior_sd))
        gradient = prior_sd * (weighted.T @ (residual * weights)) + (prior_mean - unknowns) / prior_sd
        change = prior_sd * np.linalg.solve(curvature, gradient)
        unknowns = unknowns + change
        if np.max(np.abs(change / prior_sd)) < _CONVERGED:
            count = len(PARAMETERS)
            return Fit(unknowns[:count], dict(zip(laboratories, unknowns[count:].tolist(), strict=True)))
    raise GalvanautError(f"the conductivity fit did not converge in {_STEPS_MAX} steps on {len(data)} rows")


def _linearise(unknowns: Array, data: Measurements, member: Array) -> tuple[Array, Array]:
    """Derivatives of the predicted ln k by all unknowns, and what the data lie above the prediction."""
    parameters, offsets = unknowns[: len(PARAMETERS)], unknowns[len(PARAMETERS) :]
    where = (parameters, data.shares, data.molality, data.temperature_K)
    residual = np.log(data.conductivity_mS_cm) - log_conductivity(*where) - member @ offsets
    return np.hstack([jacobian(*where), member]), residual


def _root_weights(residual: Array) -> Array:
    """Square roots of the weights by which least squares imitates a Student-t law."""
    squared = (residual / RESIDUAL_SCALE) ** 2
    return np.asarray(np.sqrt((RESIDUAL_FREEDOM + 1) / (RESIDUAL_FREEDOM + squared)) / RESIDUAL_SCALE)
