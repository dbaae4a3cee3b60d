"""One look at the data: a `BayesianOptimization` object filled, asked and thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from bayes_opt import BayesianOptimization

from galvanaut.campaigns.planners.acquisition import FeasibleLogEI
from galvanaut.campaigns.planners.candidates import CandidateSearch, Choice
from galvanaut.campaigns.planners.kernel import JITTER, kernel
from galvanaut.campaigns.planners.protocol import Array, Maker, Observation, Recommendation
from galvanaut.campaigns.planners.success import log_success
from galvanaut.campaigns.planners.surrogate import Surrogate, fit
from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.identifiers import generator


@dataclass(frozen=True)
class Decision:
    """What was chosen and what is expected of it, in the objective's unit.

    Attributes:
        choice: point and acquisition value.
        mean, sd: expected value and its standard deviation, without measurement noise.
        measured_sd: standard deviation expected of the measured value, noise included.
        best_mean: expected value of the best tested point.
        best_sd: standard deviation of that.
    """

    choice: Choice
    mean: float
    sd: float
    measured_sd: float
    best_mean: float
    best_sd: float


class Engine:
    """The model of one moment.

    Args:
        space: search space.
        observations: by trial number, at least three with a value.
        sign: 1 to maximise, -1 to minimise.
        log: model the logarithm.

    Raises:
        ValueError: ``log`` with a value that has none.
    """

    def __init__(self, space: SearchSpace, observations: Sequence[Observation], sign: float, log: bool = False) -> None:
        self._space = space
        self._ok = [seen for seen in observations if seen.value is not None]
        failed = [seen.point for seen in observations if seen.status == "failed_recipe"]
        self._tested = np.array([seen.point for seen in self._ok])
        self._features = space.features(self._tested)
        self._failed = space.features(np.array(failed)) if failed else np.empty((0, self._features.shape[1]))
        values = np.array([seen.value for seen in self._ok], dtype=np.float64)
        if log and not np.all(values > 0.0):
            worst = self._ok[int(np.argmin(values))]
            raise ValueError(
                f"trial {worst.trial}: the value {worst.value:g} has no logarithm; model values as they are"
            )
        variances = np.array([seen.variance or 0.0 for seen in self._ok])
        self.surrogate: Surrogate = fit(self._features, values, variances, sign, log)

    def decide(self, maker: Maker | None, pending: Sequence[Array], seed: int, index: int) -> Decision:
        """The recipe to try next; depends on ``seed`` and ``index`` beside the data."""
        under_way = np.array(sorted(np.asarray(point).tolist() for point in pending)).reshape(-1, self._tested.shape[1])
        means, _ = self._predict(self._features)
        tested = self._tested[np.argsort(-means, kind="stable")]
        search = CandidateSearch(self._space, maker, tested, under_way, generator(seed, "propose", index))
        references = np.vstack([self._features[~self.surrogate.outliers], self._space.features(under_way)])
        acquisition = FeasibleLogEI(
            search,
            references,
            self.surrogate.noise_variance,
            log_success(self._features, self._failed),
        )
        optimiser = self._optimiser(acquisition, *self._believing(self._space.features(under_way)), seed=seed)
        optimiser.suggest()
        return self._decision(acquisition.choice)

    def recommendation(self) -> Recommendation:
        """The best tested point by expected value; points that are not believed cannot be it."""
        means, sds = self._predict(self._features)
        best = int(np.argmax(np.where(self.surrogate.outliers, -np.inf, means)))
        scale, mean = self.surrogate.scale, float(means[best])
        sd = scale.measured_sd(mean, float(sds[best]))
        return Recommendation(self._ok[best].point, scale.measured(mean), sd, self._ok[best].trial)

    def explanation(self) -> dict[str, Any]:
        """Model and hyperparameters, JSON-ready."""
        surrogate = self.surrogate
        lengths = dict(zip(self._space.feature_names, surrogate.lengths.tolist(), strict=True))
        unit = "sd of ln(value)" if surrogate.scale.log else "sd of value"
        return {
            "model": "Gaussian process, Matern-5/2, log expected improvement (bayesian-optimization)",
            "lengths": lengths,
            "noise_sd": float(np.sqrt(surrogate.noise_variance)) * surrogate.scale.width,
            "noise_unit": unit,
            "outliers": [seen.trial for seen, out in zip(self._ok, surrogate.outliers, strict=True) if out],
        }

    def _decision(self, choice: Choice) -> Decision:
        """Expectations from the data alone: what was assumed of pending points plays no part."""
        means, sds = self._predict(self._space.features(choice.point))
        tested, tested_sds = self._predict(self._features[~self.surrogate.outliers])
        best, scale = int(np.argmax(tested)), self.surrogate.scale
        mean, best_mean = float(means[0]), float(tested[best])
        return Decision(
            choice,
            scale.measured(mean),
            scale.measured_sd(mean, float(sds[0])),
            scale.measured_sd(mean, float(np.hypot(sds[0], np.sqrt(self.surrogate.noise_variance)))),
            scale.measured(best_mean),
            scale.measured_sd(best_mean, float(tested_sds[best])),
        )

    def _predict(self, features: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the surface (without noise) in model units."""
        mean, sd = _predicted(self._fitted, features)
        return mean, np.sqrt(np.maximum(sd**2 - self.surrogate.noise_variance, 0.0))

    @cached_property
    def _fitted(self) -> BayesianOptimization:
        """The package's object with values, and with failures as if they were average, conditioned on them."""
        optimiser = self._optimiser(None, *self._known, seed=0)
        optimiser.predict(_params(self._features[:1]), fit_gp=True)
        return optimiser

    @property
    def _known(self) -> tuple[Array, Array, Array]:
        """Features, values and variances of what ended, failed recipes at the average of the others."""
        none = np.zeros(len(self._failed))
        values, variances = self.surrogate.values, self.surrogate.variances
        return (
            np.vstack([self._features, self._failed]),
            np.concatenate([values, none]),
            np.concatenate([variances, none]),
        )

    def _believing(self, pending: Array) -> tuple[Array, Array, Array]:
        """The same, and points under way as if they had given what is expected of them."""
        features, values, variances = self._known
        if not len(pending):
            return features, values, variances
        believed, _ = self._predict(pending)
        return (
            np.vstack([features, pending]),
            np.concatenate([values, believed]),
            np.concatenate([variances, np.zeros(len(pending))]),
        )

    def _optimiser(
        self, acquisition: FeasibleLogEI | None, features: Array, values: Array, variances: Array, seed: int
    ) -> BayesianOptimization:
        """The package's object with our kernel and these data."""
        features = _told_apart(features)
        low, high = np.minimum(features.min(axis=0), 0.0), np.maximum(features.max(axis=0), 1.0)
        bounds = {_name(i): (float(low[i]), float(high[i])) for i in range(features.shape[1])}
        optimiser = BayesianOptimization(None, bounds, acquisition, random_state=seed % 2**32, verbose=0)
        optimiser.set_gp_params(
            kernel=kernel(features.shape[1], self.surrogate.theta),
            alpha=variances + JITTER,
            optimizer=None,
            normalize_y=False,
            n_restarts_optimizer=0,
        )
        for row, value in zip(_params(features), values.tolist(), strict=True):
            optimiser.space.register(row, value)  # without the log, which forms every row anew for each one
        return optimiser


def _told_apart(features: Array) -> Array:
    """Replicates moved by 1e-9 of a range: the package takes equal points for a mistake, a chemist does not."""
    seen: dict[bytes, int] = {}
    apart = features.copy()
    for i, row in enumerate(features):
        count = seen.get(row.tobytes(), 0)
        seen[row.tobytes()] = count + 1
        apart[i, 0] += 1e-9 * count
    return apart


def _name(index: int) -> str:
    return f"x{index:02d}"


def _params(features: Array) -> list[dict[str, float]]:
    return [{_name(i): float(x) for i, x in enumerate(row)} for row in features]


def _predicted(optimiser: BayesianOptimization, features: Array) -> tuple[Array, Array]:
    """Mean and standard deviation, noise included, of a conditioned model."""
    found: Any = optimiser.predict(_params(features), return_std=True, fit_gp=False)
    return np.asarray(found[0], dtype=np.float64), np.asarray(found[1], dtype=np.float64)
