"""Expected improvement as an acquisition function of bayesian-optimization, maximised over recipes that can be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bayes_opt.acquisition import AcquisitionFunction
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.special import erfcx, ndtr

from galvanaut.campaigns.planners.candidates import CandidateSearch, Choice

Array = NDArray[np.float64]

_LEAST_VARIANCE = 1e-10
"""In units of the data's variance; keeps the logarithm finite at the reference itself."""


def log_expected_improvement(mean: Array, sd: Array, best: float) -> Array:
    """Natural logarithm of E[max(f - best, 0)] for f ~ Normal(mean, sd), without underflow.

    After Ament et al., NeurIPS 2023 (LogEI): where the improvement is far in the tail, the two terms of the textbook
    formula cancel, and the scaled complementary error function takes over.
    """
    u = (mean - best) / sd
    tail = np.minimum(u, -1.0)
    ratio = np.sqrt(np.pi / 2.0) * erfcx(-tail / np.sqrt(2.0))  # Phi(u) / phi(u)
    rest = np.where(tail > -1e3, 1.0 + tail * ratio, 1.0 / tail**2)
    log_density = -0.5 * u**2 - 0.5 * np.log(2.0 * np.pi)
    near = np.exp(-0.5 * np.maximum(u, -1.0) ** 2) / np.sqrt(2.0 * np.pi) + np.maximum(u, -1.0) * ndtr(
        np.maximum(u, -1.0)
    )
    return np.asarray(np.log(sd) + np.where(u > -1.0, np.log(near), log_density + np.log(rest)))


class FeasibleLogEI(AcquisitionFunction):
    """Log expected improvement over the best tested recipe, times the chance of success.

    The reference is the tested point of the best posterior *mean* (the best noisy value is mostly luck), and
    improvement is that of the surface at the candidate over the surface *at that point*, both unknown and correlated:
    E[max(f(x) - f(best), 0)]. With a constant reference instead, as in the textbook, the reference itself keeps an
    expected improvement as long as its value is uncertain, and a noisy campaign gets stuck repeating it.

    Args:
        search: finds the best makeable recipe.
        tested: features of the points among which the reference is chosen, (n, d): tested ones and those under way.
        noise_variance: of the model's White kernel.
        log_success: natural logarithm of the probability that a recipe does not fail, by features.

    Attributes:
        choice: what the last `suggest` found.
    """

    choice: Choice

    def __init__(
        self, search: CandidateSearch, tested: Array, noise_variance: float, log_success: Callable[[Array], Array]
    ) -> None:
        super().__init__()
        self._search, self._tested = search, tested
        self._noise_variance, self._log_success = noise_variance, log_success

    def base_acq(self, mean: Array, std: Array) -> Array:
        """Log expected improvement, given mean and standard deviation of the improvement itself."""
        return log_expected_improvement(mean, std, 0.0)

    def suggest(
        self,
        gp: Any,
        target_space: Any,
        n_random: int = 0,
        n_smart: int = 0,
        fit_gp: bool = True,
        random_state: Any = None,
    ) -> Array:
        """Features of the chosen recipe; the recipe itself is in `choice`. The counts of the library are not used."""
        if fit_gp:
            self._fit_gp(gp=gp, target_space=target_space)
        improvement = _Improvement(gp, self._tested, self._noise_variance)

        def score(features: Array) -> Array:
            return self.base_acq(*improvement(features)) + self._log_success(features)

        self.choice = self._search.best(score)
        return self._search.features(self.choice.point)

    def get_acquisition_params(self) -> dict[str, Any]:
        """Nothing: a planner is rebuilt from its observations."""
        return {}

    def set_acquisition_params(self, params: dict[str, Any]) -> None:
        """Nothing to set."""


class _Improvement:
    """Mean and standard deviation of f(x) - f(best), without measurement noise."""

    def __init__(self, gp: Any, tested: Array, noise_variance: float) -> None:
        means = gp.predict(tested)
        self._gp, self._noise_variance = gp, noise_variance
        self._best = tested[[int(np.argmax(means))]]
        self._best_mean = float(means.max())
        to_data = gp.kernel_(gp.X_train_, self._best)
        self._weights = cho_solve((gp.L_, True), to_data)
        self._best_variance = self._covariance(self._best)[0]

    def __call__(self, features: Array) -> tuple[Array, Array]:
        mean, sd = self._gp.predict(features, return_std=True)
        variance = sd**2 - self._noise_variance + self._best_variance - 2.0 * self._covariance(features)
        return mean - self._best_mean, np.sqrt(np.maximum(variance, _LEAST_VARIANCE))

    def _covariance(self, features: Array) -> Array:
        """Posterior covariance of the surface at each row with the surface at the reference."""
        kernel = self._gp.kernel_
        return np.asarray(kernel(features, self._best) - kernel(features, self._gp.X_train_) @ self._weights)[:, 0]
