"""A Gaussian process conditioned on data, and a weighted few of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from galvanaut.campaigns.planners.kernel import SLOPE, Array, Sample, covariance, latent

_LEAST_VARIANCE = 1e-12
"""In units of the data's variance: arithmetic noise."""
_AT_ONCE = 500_000
"""Covariances between places and data that are worked out at a time: 4 MB an array, and there are several."""


@dataclass(frozen=True)
class Places:
    """Where a surface is asked for.

    Attributes:
        features: (n, d).
        beliefs: predictions, (n,), by the name of the belief; standardised where a posterior is asked.
    """

    features: Array
    beliefs: dict[str, Array]

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Places:
        """Only these."""
        return Places(self.features[chosen], {name: each[chosen] for name, each in self.beliefs.items()})


@dataclass(frozen=True)
class Posterior:
    """The surface, given data and hyperparameters; all in units of the standardised values.

    Attributes:
        sample: the data.
        theta: hyperparameters.
        belief: name of the one that takes part; empty for none.
    """

    sample: Sample
    theta: Array
    belief: str = ""

    @cached_property
    def _lower(self) -> Array:
        # Of a copy of the sample: what that keeps for the many steps of a fit would stay in memory here.
        return np.asarray(cholesky(covariance(self.theta, replace(self.sample)), lower=True, check_finite=False))

    @cached_property
    def _weights(self) -> Array:
        return np.asarray(cho_solve((self._lower, True), self.sample.residuals, check_finite=False))

    def means(self, places: Places) -> Array:
        """Expected values, (n,)."""
        return np.asarray(self._to_data(places) @ self._weights + self._expected(places))

    def predict(self, places: Places) -> tuple[Array, Array]:
        """Expected values and their variances, without measurement noise; (n,) each."""
        return self.beside(places.rows(slice(0)))(places)[:2]

    def covariance(self, here: Places, there: Places) -> Array:
        """Of the surface between two sets of places, (n, m)."""
        return self.beside(there)(here)[2]

    def beside(self, there: Places) -> Callable[[Places], tuple[Array, Array, Array]]:
        """Asks for many sets of places beside the same few: mean, variance, and covariance with these, (n, m)."""
        solved = cho_solve((self._lower, True), self._to_data(there).T, check_finite=False)

        def asked(places: Places) -> tuple[Array, Array, Array]:
            cross = self._to_data(places)
            inner = solve_triangular(self._lower, cross.T, lower=True, check_finite=False)
            explained = np.square(inner, out=inner).sum(axis=0)
            variances = np.maximum(self._prior_variance(places) - explained, _LEAST_VARIANCE)
            mean = cross @ self._weights + self._expected(places)
            return mean, variances, self._prior(places, there) - cross @ solved

        def ask(places: Places) -> tuple[Array, Array, Array]:
            most = max(1, _AT_ONCE // len(self.sample))
            if len(places) <= most:
                return asked(places)
            parts = [asked(places.rows(slice(begin, begin + most))) for begin in range(0, len(places), most)]
            means, variances, shared = (np.concatenate(part) for part in zip(*parts, strict=True))
            return means, variances, shared

        return ask

    @property
    def noise(self) -> float:
        """Variance of the common noise."""
        return self.sample.form.noise(self.theta)

    def believing(self, pending: Places) -> Posterior:
        """Points under way as if they had given what is expected of them, without noise ("believer")."""
        if not len(pending):
            return self
        beliefs = pending.beliefs[self.belief] if self.belief else None
        return replace(self, sample=self.sample.extended(pending.features, self.means(pending), beliefs))

    def _to_data(self, places: Places) -> Array:
        beliefs = self.sample.beliefs
        pull = np.outer(places.beliefs[self.belief], beliefs) if beliefs is not None else 0.0
        return latent(self.theta, self.sample.form, places.features, self.sample.features, pull)

    def _prior(self, here: Places, there: Places) -> Array:
        pull = np.outer(here.beliefs[self.belief], there.beliefs[self.belief]) if self.belief else 0.0
        return latent(self.theta, self.sample.form, here.features, there.features, pull)

    def _prior_variance(self, places: Places) -> Array:
        slopes = SLOPE[1] ** 2 * places.beliefs[self.belief] ** 2 if self.belief else 0.0
        return np.full(len(places), 1.0 + self.sample.form.amplitude(self.theta)) + slopes

    def _expected(self, places: Places) -> Array | float:
        return SLOPE[0] * places.beliefs[self.belief] if self.belief else 0.0


@dataclass(frozen=True)
class Mixture:
    """A few posteriors, each with its weight: what is believed when hyperparameters and beliefs are uncertain.

    Attributes:
        members: the posteriors, the most probable first.
        weights: summing to 1.
    """

    members: tuple[Posterior, ...]
    weights: Array

    @classmethod
    def of(cls, members: Sequence[Posterior], weights: Array, least: float = 0.01) -> Self:
        """Without members of less than ``least`` weight."""
        order = [i for i in np.argsort(-weights, kind="stable") if weights[i] >= min(least, float(weights.max()))]
        kept = weights[order]
        return cls(tuple(members[i] for i in order), kept / kept.sum())

    def predict(self, places: Places) -> tuple[Array, Array]:
        """Mean and standard deviation of the mixture, without measurement noise; (n,) each."""
        each = [member.predict(places) for member in self.members]
        means, variances = (np.array(rows) for rows in zip(*each, strict=True))
        mean = self.weights @ means
        return mean, np.sqrt(self.weights @ (variances + means**2) - mean**2 + _LEAST_VARIANCE)

    @property
    def noise(self) -> float:
        """Expected variance of the common noise."""
        return float(self.weights @ [member.noise for member in self.members])

    def believing(self, pending: Places) -> Mixture:
        """See `Posterior.believing`; each member believes its own expectation."""
        return Mixture(tuple(member.believing(pending) for member in self.members), self.weights)
