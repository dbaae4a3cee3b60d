"""The Gaussian process behind a planner: its covariance, the prior of its hyperparameters, and their likelihood.

On standardised values the surface is

``offset + slope * belief + Matern-5/2 with one length a variable + white noise + one offset a group``

The constant offset lets the mean of the surface differ from that of the data. Slope and belief take part only where a
prediction was made beforehand, offsets of groups only where trials were told in groups. Maximum likelihood alone runs
into useless corners with the ten or twenty points of a campaign; the priors keep it away from them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.spatial.distance import cdist, pdist, squareform

Array = NDArray[np.float64]

_LENGTH_BOUNDS = (0.02, 50.0)
_NOISE_BOUNDS = (1e-6, 1.0)
_AMPLITUDE_BOUNDS = (1e-3, 10.0)
_OFFSET_BOUNDS = (1e-5, 4.0)
_LENGTH_PRIOR = (-0.8, 1.0)
"""ln length ~ Normal(-0.8 + ln(d)/2, 1): about the whole range for the five variables of a four-solvent electrolyte,
give or take a factor e; growing with the dimension as in Hvarfner, Hellsten & Nardi, ICML 2024, whose own prior
(sqrt 2 + ln(d)/2, sqrt 3) let noisy campaigns settle short of 95 % in up to a quarter of runs (README.md beside)."""
_NOISE_PRIOR = (-4.0, 1.0)
"""ln of the noise variance, in units of the data's variance: BoTorch's default beside the prior of Hvarfner et al."""
_AMPLITUDE_PRIOR = (0.0, 1.0)
"""ln of the surface's variance, in units of the data's variance. Free also without a belief: else a belief would win
for the freedom that comes with it."""
_UNEXPLAINED_PRIOR = (math.log(0.25), 1.0)
"""The same of what a belief leaves unexplained. Illustrative."""
_OFFSET_PRIOR = (-2.5, 1.5)
"""ln of the variance of a group's offset, in units of the data's variance. Illustrative."""
SLOPE = (0.8, 0.3)
"""Mean and standard deviation of the slope on a belief, both standardised over the tested points. Illustrative: a
belief worth having explains most of what is seen, and none has its sign wrong."""
JITTER = 1e-8
"""Added to every variance, so that replicates keep the covariance invertible."""


@dataclass(frozen=True)
class Sample:
    """What a Gaussian process is conditioned on.

    Attributes:
        features: (n, d), each from 0 to 1.
        values: standardised, (n,).
        variances: known noise of each value, on top of the common noise that is fitted, (n,).
        groups: number of the group of each value, -1 for none, (n,).
        beliefs: standardised prediction for each value, (n,); None without a belief.
        has_groups: whether groups have offsets. Kept where rows are left out, so that the hyperparameters stay the same
            ones when the only value with a group is left out.
    """

    features: Array
    values: Array
    variances: Array
    groups: NDArray[np.int64]
    beliefs: Array | None = None
    has_groups: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", np.ascontiguousarray(self.features))  # sums in one order, always

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def form(self) -> Form:
        """The hyperparameters that these data call for."""
        return Form(self.features.shape[1], self.beliefs is not None, self.has_groups)

    @cached_property
    def together(self) -> Array:
        """1 where two values share a group, (n, n)."""
        return np.asarray((self.groups[:, None] == self.groups) & (self.groups >= 0)[:, None], dtype=np.float64)

    @cached_property
    def fixed(self) -> Array:
        """The part of the covariance without hyperparameters, (n, n)."""
        n = len(self)
        found = np.zeros((n, n)) if self.beliefs is None else np.outer(self.beliefs, self.beliefs)
        found *= SLOPE[1] ** 2
        found += 1.0
        found[np.diag_indices(n)] += self.variances + JITTER
        return found

    @cached_property
    def apart(self) -> Array:
        """Squared distance in each variable, (n, n, d)."""
        return np.asarray((self.features[:, None, :] - self.features[None, :, :]) ** 2)

    @property
    def residuals(self) -> Array:
        """Values less what the belief says of them, (n,)."""
        return self.values if self.beliefs is None else self.values - SLOPE[0] * self.beliefs

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Sample:
        """Only these rows."""
        beliefs = None if self.beliefs is None else self.beliefs[chosen]
        known = (self.features[chosen], self.values[chosen], self.variances[chosen], self.groups[chosen])
        return Sample(*known, beliefs, self.has_groups)

    def with_beliefs(self, beliefs: Array) -> Sample:
        """With a standardised prediction for each value."""
        return replace(self, beliefs=beliefs)

    def extended(self, features: Array, values: Array, beliefs: Array | None) -> Sample:
        """With more values, which are assumed rather than measured: without noise of their own or a group."""
        n = len(values)
        return Sample(
            np.vstack([self.features, features]),
            np.concatenate([self.values, values]),
            np.concatenate([self.variances, np.zeros(n)]),
            np.concatenate([self.groups, np.full(n, -1)]),
            None if self.beliefs is None or beliefs is None else np.concatenate([self.beliefs, beliefs]),
            self.has_groups,
        )


@dataclass(frozen=True)
class Form:
    """Which hyperparameters there are, in the order: ln lengths, ln noise, ln amplitude, ln offset.

    Attributes:
        dimensions: number of lengths.
        has_belief: whether a prediction explains part of the surface.
        has_groups: whether groups have offsets.
    """

    dimensions: int
    has_belief: bool = False
    has_groups: bool = False

    @property
    def _scales(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Prior and bounds of all but the lengths."""
        amplitude = _UNEXPLAINED_PRIOR if self.has_belief else _AMPLITUDE_PRIOR
        wanted = [(_NOISE_PRIOR, _NOISE_BOUNDS), (amplitude, _AMPLITUDE_BOUNDS)]
        return wanted + [(_OFFSET_PRIOR, _OFFSET_BOUNDS)] * self.has_groups

    @cached_property
    def prior(self) -> tuple[Array, Array]:
        """Centre and width of the Normal prior of each."""
        length = (_LENGTH_PRIOR[0] + 0.5 * math.log(max(self.dimensions, 1)), _LENGTH_PRIOR[1])
        rows = [length] * self.dimensions + [prior for prior, _ in self._scales]
        centres, widths = np.array(rows, dtype=np.float64).T
        return centres, widths

    @cached_property
    def bounds(self) -> list[tuple[float, float]]:
        """Lowest and highest value of each."""
        rows = [_LENGTH_BOUNDS] * self.dimensions + [bounds for _, bounds in self._scales]
        return [(math.log(low), math.log(high)) for low, high in rows]

    def starts(self) -> list[Array]:
        """Where to begin to look for the most probable: at a smooth and at a rough surface."""
        scales = [prior[0] for prior, _ in self._scales]
        return [np.append(np.full(self.dimensions, math.log(length)), scales) for length in (2.0, 0.5)]

    def lengths(self, theta: Array) -> Array:
        """Length of each variable, in units of its range."""
        return np.asarray(np.exp(theta[: self.dimensions]))

    def noise(self, theta: Array) -> float:
        """Variance of the common noise."""
        return math.exp(theta[self.dimensions])

    def amplitude(self, theta: Array) -> float:
        """Variance of the surface about its offset and belief."""
        return math.exp(theta[self.dimensions + 1])

    def offset(self, theta: Array) -> float:
        """Variance of the groups' offsets."""
        return math.exp(theta[-1]) if self.has_groups else 0.0


def latent(theta: Array, form: Form, here: Array, there: Array, pull: Array | float = 0.0) -> Array:
    """Covariance of the surface itself between two sets of features, (n, m).

    Args:
        theta: hyperparameters.
        form: which they are.
        here: (n, d).
        there: (m, d).
        pull: products of the beliefs at both, (n, m).
    """
    lengths = form.lengths(theta)
    found = _matern(cdist(here / lengths, there / lengths))
    found *= form.amplitude(theta)
    found += 1.0 + SLOPE[1] ** 2 * pull
    return found


def covariance(theta: Array, sample: Sample) -> Array:
    """Covariance of the measured values, (n, n), noise and offsets of groups included."""
    form = sample.form
    joint = np.asarray(squareform(_matern(pdist(sample.features / form.lengths(theta)))))
    np.fill_diagonal(joint, 1.0)
    joint *= form.amplitude(theta)
    joint += sample.fixed
    joint[np.diag_indices(len(sample))] += form.noise(theta)
    if form.has_groups:
        joint += form.offset(theta) * sample.together
    return joint


def log_likelihood(theta: Array, sample: Sample) -> tuple[float, Array]:
    """Logarithm of the marginal likelihood of the values, and its gradient by ``theta``.

    Rasmussen & Williams 2006, algorithm 2.1 and equation 5.9.
    """
    form, n = sample.form, len(sample)
    try:
        lower = cholesky(covariance(theta, sample), lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return -np.inf, np.zeros_like(theta)
    residuals = sample.residuals
    weights = cho_solve((lower, True), residuals, check_finite=False)
    inner = np.outer(weights, weights) - cho_solve((lower, True), np.eye(n), check_finite=False)
    apart = sample.apart / form.lengths(theta) ** 2
    root = np.sqrt(5.0 * apart.sum(axis=-1))
    decay = form.amplitude(theta) * np.exp(-root)
    slopes = [*np.einsum("ij,ijk->k", inner * (5.0 / 3.0) * (root + 1.0) * decay, apart)]
    slopes.append(form.noise(theta) * np.trace(inner))
    slopes.append(float((inner * decay * (1.0 + root + root**2 / 3.0)).sum()))
    if form.has_groups:
        slopes.append(form.offset(theta) * float((inner * sample.together).sum()))
    value = -0.5 * residuals @ weights - np.log(np.diag(lower)).sum() - 0.5 * n * math.log(2.0 * math.pi)
    return float(value), 0.5 * np.array(slopes)


def _matern(distances: Array) -> Array:
    """Matern-5/2 of scaled distances, which are used up: with a thousand observations these are the largest arrays."""
    root = distances
    root *= math.sqrt(5.0)
    found = root**2
    found /= 3.0
    found += 1.0 + root
    np.negative(root, out=root)
    found *= np.exp(root, out=root)
    return found
