from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from galvanaut.campaigns.planners.hyperparameters import most_probable
from galvanaut.campaigns.planners.kernel import JITTER, Sample, covariance, log_likelihood

DRAW = np.random.default_rng(7)


def sample(count: int, dimensions: int, beliefs: bool = False, groups: bool = False) -> Sample:
    """Random data with a replicate."""
    features, values = DRAW.uniform(size=(count, dimensions)), DRAW.normal(size=count)
    features[1] = features[0]
    variances = DRAW.uniform(1e-8, 0.1, size=count)
    own = DRAW.integers(-1, 2, size=count) if groups else np.full(count, -1)
    return Sample(features, values, variances, own, DRAW.normal(size=count) if beliefs else None)


@pytest.mark.parametrize(("count", "dimensions"), [(3, 1), (12, 5), (40, 7)])
@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.0])
def test_likelihood_and_gradient_are_those_of_scikit_learn(count: int, dimensions: int, shift: float) -> None:
    data = sample(count, dimensions)
    kernel = ConstantKernel(1.0, "fixed") + Matern(np.ones(dimensions), nu=2.5) + WhiteKernel(1.0)
    theta = np.append(DRAW.normal(size=dimensions) + shift, -4.0)
    model = GaussianProcessRegressor(kernel, alpha=data.variances + JITTER, optimizer=None)
    model.fit(data.features, data.values)
    expected, slope = model.log_marginal_likelihood(theta, eval_gradient=True)
    found, gradient = log_likelihood(np.append(theta, 0.0), data)
    assert found == pytest.approx(expected, rel=1e-12)
    assert gradient[:-1] == pytest.approx(slope, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("beliefs", "groups"), [(True, False), (False, True), (True, True)])
def test_gradients_with_beliefs_and_groups_are_those_of_small_steps(beliefs: bool, groups: bool) -> None:
    data = sample(15, 3, beliefs, groups)
    theta = data.form.starts()[0] + 0.3 * DRAW.normal(size=len(data.form.starts()[0]))
    error = check_grad(lambda at: log_likelihood(at, data)[0], lambda at: log_likelihood(at, data)[1], theta)
    assert error < 1e-4 * np.linalg.norm(log_likelihood(theta, data)[1])


def test_groups_share_an_offset() -> None:
    features = np.array([[0.1], [0.9], [0.5]])
    data = Sample(features, np.zeros(3), np.zeros(3), np.array([0, 0, 1]), has_groups=True)
    theta = np.array([0.0, -3.0, 0.0, np.log(0.2)])
    alone = Sample(features, np.zeros(3), np.zeros(3), np.full(3, -1))
    added = covariance(theta, data) - covariance(theta[:3], alone)
    assert added == pytest.approx(0.2 * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))


def test_data_without_a_covariance_are_impossible() -> None:
    data = Sample(np.zeros((2, 1)), np.array([1.0, -1.0]), np.full(2, -1.0), np.full(2, -1))
    found, gradient = log_likelihood(np.array([0.0, -50.0, 0.0]), data)
    assert found == -np.inf
    assert not gradient.any()


def test_how_an_array_lies_in_memory_changes_nothing() -> None:
    features = DRAW.uniform(size=(15, 4))
    values = np.sin(3 * features[:, 0]) + 0.1 * DRAW.normal(size=15)
    values = (values - values.mean()) / values.std()
    plain, other = (
        most_probable(Sample(each, values, np.zeros(15), np.full(15, -1)))
        for each in (features, np.asfortranarray(features))
    )
    assert np.array_equal(plain.theta, other.theta)
