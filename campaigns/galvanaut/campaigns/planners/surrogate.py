"""What the measured values of one quantity say about its surface, and which values not to believe.

A bubble in the cell or a blocked line gives a value that has nothing to do with the recipe. A point is an *outlier*
when it lies more than `OUTLIER` standard deviations (noise included) off the model fitted to all others. Its variance
is then raised to the square of its residual: it keeps a voice, but hardly moves the surface, and the planner may go
back there. With every ask the question is put anew, so that a second low value nearby rehabilitates the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.planners.censoring import imputed
from galvanaut.campaigns.planners.hyperparameters import drawn, most_probable
from galvanaut.campaigns.planners.kernel import Array, Sample, covariance
from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior
from galvanaut.campaigns.planners.readings import Readings, Scale

OUTLIER = (4.0, 6.0)
"""Standard deviations below and above what is expected; a Gaussian exceeds the first once in 32 000 points. Bubbles and
blocked lines make good recipes look bad rather than bad ones good, and a sharp summit must not pass for a mistake."""
_SUSPECT = 2.0
"""Leave-one-out deviation in a fit that includes the point itself, from which a fit without it is worth its time."""
_LEAST = 6
"""With fewer points nobody can say which one is off."""
_MOST_OUTLIERS = 0.2
"""Largest share of points that may be outliers; beyond, the model is wrong, not the data."""
_FITTED = 150
"""Values from which hyperparameters are learnt; more cost time and tell little that is new."""
_DRAWS = ((60, 6), (150, 4))
"""Up to so many values, so many sets of hyperparameters are averaged; beyond, one."""
_FARTHEST = 8.0
"""Predictions farther from those at tested points, in their standard deviations, count as so far."""


@dataclass(frozen=True)
class Surrogate:
    """A fitted model of one quantity.

    Attributes:
        scale: between measured values and model units.
        mixture: what is believed of the surface, in model units; failed recipes count as average ones.
        outliers: which readings are not believed, (n,).
        weights: how much weight the data give each belief, and under the empty name none of them.
    """

    scale: Scale
    mixture: Mixture
    outliers: NDArray[np.bool_]
    weights: Mapping[str, float]
    standing: Standing

    @property
    def lengths(self) -> Array:
        """Most probable length of each variable, in units of its range."""
        leading = self.mixture.members[0]
        return leading.sample.form.lengths(leading.theta)

    def predict(self, places: Places) -> tuple[Array, Array]:
        """Mean and standard deviation of the surface in model units at places with predictions as they are."""
        return self.mixture.predict(self.standing(places))


@dataclass(frozen=True)
class Standing:
    """Standardises the predictions of beliefs by their own mean and spread over the tested points.

    Attributes:
        scales: by the name of the belief.
    """

    scales: Mapping[str, Scale]

    @classmethod
    def over(cls, sign: float, places: Places) -> Standing:
        """By the predictions at these places."""
        return cls({name: Scale.over(sign, each) for name, each in places.beliefs.items()})

    def __call__(self, places: Places) -> Places:
        """Places with predictions as they are, for a posterior."""
        standard = {name: scale.standard(places.beliefs[name]) for name, scale in self.scales.items()}
        return Places(places.features, {name: np.clip(each, -_FARTHEST, _FARTHEST) for name, each in standard.items()})


def fit(readings: Readings, sign: float, failed: Places | None = None) -> Surrogate:
    """Fit a surrogate.

    Args:
        readings: at least two.
        sign: 1 if more is better, -1 if less is.
        failed: where recipes failed.
    """
    judged = _judge(readings, sign)
    standing = Standing.over(sign, readings.places)
    tested = standing(readings.places)
    sample = readings.sample(judged.scale, judged.variances)
    if readings.censored.any():
        sample = imputed(sample, judged.theta, int(sign) * readings.censored)
    views = {name: _under(name, sample, tested, judged.theta) for name in ("", *sorted(tested.beliefs))}
    prior = {name: 0.5 if not name else 0.5 / (len(views) - 1) for name in views} if len(views) > 1 else {"": 1.0}
    heights = np.array([view.log_evidence + np.log(prior[name]) for name, view in views.items()])
    shares = np.exp(heights - heights.max()) / np.exp(heights - heights.max()).sum()
    somewhere = standing(failed) if failed is not None else None
    members = [_failing(each, somewhere) for view in views.values() for each in view.members]
    weights = np.concatenate([share * view.weights for share, view in zip(shares, views.values(), strict=True)])
    by_name = dict(zip(views, shares.tolist(), strict=True))
    return Surrogate(judged.scale, Mixture.of(members, weights), judged.outliers, by_name, standing)


@dataclass(frozen=True)
class _View:
    """The surface as it looks under one belief."""

    members: list[Posterior]
    weights: Array
    log_evidence: float


def _under(belief: str, sample: Sample, tested: Places, theta: Array) -> _View:
    """The posteriors under a belief, or without any; ``theta`` is most probable without."""
    if belief:
        sample = sample.with_beliefs(tested.beliefs[belief])
    learnt = sample.rows(_few(sample))
    mode = most_probable(learnt, () if belief else (theta,))
    count = next((count for most, count in _DRAWS if len(sample) <= most), 1)
    thetas, weights, log_evidence = drawn(learnt, mode, count)
    return _View([Posterior(sample, each, belief) for each in thetas], weights, log_evidence)


def _failing(member: Posterior, failed: Places | None) -> Posterior:
    """Failed recipes as if they were average ones."""
    if failed is None or not len(failed):
        return member
    beliefs = failed.beliefs[member.belief] if member.belief else None
    return replace(member, sample=member.sample.extended(failed.features, np.zeros(len(failed)), beliefs))


def _few(sample: Sample) -> NDArray[np.int64]:
    """The rows from which hyperparameters are learnt: all of a few, else the better half of so many, and others."""
    if len(sample) <= _FITTED:
        return np.arange(len(sample))
    order = np.argsort(-sample.values, kind="stable")
    best, rest = order[: _FITTED // 2], order[_FITTED // 2 :]
    spread = rest[np.linspace(0, len(rest) - 1, _FITTED - len(best)).astype(np.int64)]
    return np.asarray(np.sort(np.concatenate([best, spread])))


@dataclass(frozen=True)
class _Judged:
    """Which values are believed; ``variances`` are those of the values, raised where they are not."""

    scale: Scale
    variances: Array
    outliers: NDArray[np.bool_]
    theta: Array


def _judge(readings: Readings, sign: float) -> _Judged:
    """Take out one outlier after the other, each by the model without it."""
    n, variances = len(readings), readings.variances.copy()
    kept = np.ones(n, dtype=bool)
    current = _Fit.of(readings, variances, kept, sign)
    while kept.sum() > max(_LEAST, (1.0 - _MOST_OUTLIERS) * n + 1e-9):
        suspect = current.most_surprising()
        if suspect is None:
            break
        others = kept & (np.arange(n) != suspect)
        without = _Fit.of(readings, variances, others, sign, current.theta)
        residual, sd = without.residual(suspect)
        if -OUTLIER[0] * sd <= residual <= OUTLIER[1] * sd:
            break
        kept, current = others, without
        variances[suspect] = residual**2
    return _Judged(current.scale, variances, ~kept, current.theta)


@dataclass(frozen=True)
class _Fit:
    """Hyperparameters on a subset, and what they say about single points."""

    readings: Readings
    kept: NDArray[np.bool_]
    scale: Scale
    sample: Sample
    theta: Array

    @classmethod
    def of(
        cls, readings: Readings, variances: Array, kept: NDArray[np.bool_], sign: float, start: Array | None = None
    ) -> _Fit:
        scale = Scale.over(sign, readings.values[kept])
        sample = readings.sample(scale, variances)
        learnt = sample.rows(kept)
        theta = most_probable(learnt.rows(_few(learnt)), () if start is None else (start,)).theta
        return cls(readings, kept, scale, sample, theta)

    def most_surprising(self) -> int | None:
        """The largest leave-one-out deviation, if suspicious (Rasmussen & Williams 2006, eq. 5.12)."""
        sample = self.sample.rows(self.kept)
        inverse = np.linalg.inv(covariance(self.theta, sample))
        deviation = np.abs(inverse @ sample.values) / np.sqrt(np.diag(inverse))
        deviation[self.readings.censored[self.kept] != 0] = 0.0
        worst = int(np.argmax(deviation))
        return int(np.flatnonzero(self.kept)[worst]) if deviation[worst] > _SUSPECT else None

    def residual(self, point: int) -> tuple[float, float]:
        """Of a point that is left out, and its standard deviation with noise; in the unit of the values."""
        sample = self.sample.rows(np.append(np.flatnonzero(self.kept), point))
        joint = covariance(self.theta, sample)
        weights = np.linalg.solve(joint[:-1, :-1], joint[:-1, -1])
        residual = float(sample.values[-1] - weights @ sample.values[:-1])
        left = float(joint[-1, -1] - weights @ joint[:-1, -1])
        return residual * self.scale.width, float(np.sqrt(max(left, 1e-12))) * self.scale.width
