from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import truncnorm

from galvanaut.campaigns.planners import Observation, Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.planners.censoring import _site, imputed
from galvanaut.campaigns.planners.kernel import Sample
from galvanaut.campaigns.planners.posterior import Places, Posterior
from galvanaut.campaigns.space import Bounds, SearchSpace

THETA = np.log([0.4, 0.01, 1.0])


@pytest.mark.parametrize(("mean", "variance", "limit", "side"), [(0.0, 1.0, 0.5, 1), (1.0, 0.3, 0.2, -1), (0, 2, 4, 1)])
def test_a_replaced_value_gives_the_moments_of_the_truncated_gaussian(
    mean: float, variance: float, limit: float, side: int
) -> None:
    value, spread = _site(mean, variance, limit, side)
    sd = np.sqrt(variance)
    ends = ((limit - mean) / sd, np.inf) if side > 0 else (-np.inf, (limit - mean) / sd)
    expected = truncnorm(*ends, loc=mean, scale=sd)
    left = 1.0 / (1.0 / variance + 1.0 / spread)
    assert left == pytest.approx(expected.var(), rel=1e-6)
    assert left * (mean / variance + value / spread) == pytest.approx(expected.mean(), rel=1e-6)


def test_a_limit_far_below_what_is_expected_says_nothing() -> None:
    features = np.linspace(0, 1, 8)[:, None]
    values = np.full(8, 1.0)
    values[3] = -3.0  # taken off early, among long-lived neighbours
    side = np.zeros(8, dtype=np.int64)
    side[3] = 1
    sample = imputed(Sample(features, values, np.zeros(8), np.full(8, -1)), THETA, side)
    assert Posterior(sample, THETA).means(Places(features[[3]], {}))[0] == pytest.approx(1.0, abs=0.1)
    measured = Posterior(Sample(features, values, np.zeros(8), np.full(8, -1)), THETA)
    assert measured.means(Places(features[[3]], {}))[0] < -1.0


def test_a_limit_above_what_is_expected_lifts_the_surface_beyond_itself() -> None:
    features = np.linspace(0, 1, 6)[:, None]
    values = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.5])
    side = np.array([0, 0, 0, 0, 0, 1])
    sample = imputed(Sample(features, values, np.zeros(6), np.full(6, -1)), THETA, side)
    assert sample.values[5] > 1.5
    assert sample.variances[5] > 0.0
    assert sample.values[:5] == pytest.approx(np.zeros(5))


def test_a_planner_does_not_take_early_ends_for_short_lives() -> None:
    space = SearchSpace({"EC": Bounds(0.0, 0.6), "DMC": Bounds(0.4, 1.0)}, {"LiPF6": Bounds(0.5, 2.0)})
    points = space.sobol(16, 1)
    lives = 300.0 - 900.0 * (points[:, 0] - 0.3) ** 2 - 80.0 * (points[:, 2] - 1.2) ** 2
    stopped = np.minimum(lives, 250.0)
    told = [
        Observation(i + 1, tuple(p), float(v), censored="above" if v == 250.0 else "")
        for i, (p, v) in enumerate(zip(points.tolist(), stopped, strict=True))
    ]
    best = BayesPlanner(Task(space, seed=1)).recommend(told)
    assert best is not None
    assert best.mean > 255.0
    assert lives[best.trial - 1] > 260.0
