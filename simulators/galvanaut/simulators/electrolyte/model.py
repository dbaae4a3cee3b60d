"""The conductivity of an electrolyte of EC, PC, DMC, EMC and LiPF6, as the average laboratory would find it."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import NoReturn

import numpy as np

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.coefficients import PAPERS_FILE, read_fit
from galvanaut.simulators.electrolyte.composition import Array, split, whole
from galvanaut.simulators.electrolyte.datasets import WINDOW_K, WINDOW_MOLALITY
from galvanaut.simulators.electrolyte.form import CELSIUS_ZERO_K, log_conductivity
from galvanaut.simulators.electrolyte.regression import Fit
from galvanaut.simulators.electrolyte.support import region, supported

DEFAULT_MARGIN = 0.02
"""Mass share: doses scatter, and the film that rinsing leaves in a vessel is about 1 % of a batch. See `region`."""


class ConductivityModel:
    """The fitted law, which refuses to answer outside the data it rests on.

    Half of its answers lie within about 4 % of what electrolytes and papers hold that it has not seen, nine in ten
    within 16 % (`crossvalidation`).

    Args:
        fit: constants; those shipped if None.
        margin: how far outside the support is still answered, in mass share of the solvent (see `support.region`).
    """

    def __init__(self, fit: Fit | None = None, margin: float = DEFAULT_MARGIN) -> None:
        self.fit = fit if fit is not None else read_fit()
        self.margin = margin

    def conductivity_mS_cm(self, composition: Mapping[str, float], temperature_degC: float) -> float:
        """Conductivity in mS/cm.

        Args:
            composition: mass fractions of the whole electrolyte: EC, PC, DMC, EMC, LiPF6; sum 1.
            temperature_degC: of the liquid.

        Raises:
            UnsupportedError: outside the support; the text names the bound.
            ValueError: not mass fractions.
        """
        region(composition, temperature_degC, self.margin)
        shares, molality = split(composition)
        return exp(self._log(shares[None, :], np.array([molality]), temperature_degC)[0])

    def conductivity_many_mS_cm(self, solvent_shares: Array, molality: Array, temperature_degC: float) -> Array:
        """Conductivities in mS/cm, shape (n,).

        Args:
            solvent_shares: mass shares of the solvent, shape (n, 4), order EC, PC, DMC, EMC, rows summing to 1.
            molality: LiPF6 in mol per kg of solvent, shape (n,).
            temperature_degC: one for all.

        Raises:
            UnsupportedError: a row lies outside the support; the text names the first such row and its bound.
            ValueError: shapes that do not fit, or a row that is not shares.
        """
        if solvent_shares.ndim != 2 or solvent_shares.shape != (len(molality), 4):
            raise ValueError(f"solvent_shares has shape {solvent_shares.shape}; expected ({len(molality)}, 4)")
        outside = np.flatnonzero(~supported(solvent_shares, molality, temperature_degC, self.margin))
        if len(outside):
            self._refuse(int(outside[0]), solvent_shares, molality, temperature_degC)
        return np.asarray(np.exp(self._log(solvent_shares, molality, temperature_degC)))

    def extrapolated_mS_cm(self, solvent_shares: Array, molality: Array, temperature_degC: float) -> Array:
        """What the law says, whether data support it or not, mS/cm, shape (n,): always a number, perhaps a wrong one.

        Molality and temperature count as the nearest within those of the measurements.

        Args:
            solvent_shares: shape (n, 4), order EC, PC, DMC, EMC; what is negative counts as none.
            molality: LiPF6 in mol per kg of solvent, shape (n,).
            temperature_degC: one for all.
        """
        shares = np.maximum(solvent_shares, 0.0)
        coldest, hottest = (bound - CELSIUS_ZERO_K for bound in WINDOW_K)
        log = self._log(
            shares / shares.sum(axis=1, keepdims=True),
            np.clip(molality, *WINDOW_MOLALITY),
            min(max(temperature_degC, coldest), hottest),
        )
        return np.asarray(np.exp(log))

    def _refuse(self, row: int, solvent_shares: Array, molality: Array, temperature_degC: float) -> NoReturn:
        shares = solvent_shares[row]
        if (shares >= 0).all() and abs(shares.sum() - 1) < 1e-6:
            try:
                region(whole(shares, float(molality[row])), temperature_degC, self.margin)
            except UnsupportedError as error:
                raise UnsupportedError(f"row {row}: {error}") from None
        raise ValueError(f"row {row}: solvent shares {shares.tolist()} are negative or do not sum to 1")

    def _log(self, shares: Array, molality: Array, temperature_degC: float) -> Array:
        temperature_K = np.full(len(molality), temperature_degC + CELSIUS_ZERO_K)
        return log_conductivity(self.fit.parameters, shares, molality, temperature_K)


def prior_model() -> ConductivityModel:
    """The law as the papers alone let one know it: what a planner may believe of a simulated bench without cheating.

    The bench's truth is the law fitted to all measurements, the robot's among them.
    """
    return ConductivityModel(read_fit(PAPERS_FILE))
