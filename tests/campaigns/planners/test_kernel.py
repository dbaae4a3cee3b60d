from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor

from galvanaut.campaigns.planners.kernel import kernel, log_likelihood, most_probable

DRAW = np.random.default_rng(7)


@pytest.mark.parametrize(("count", "dimensions"), [(3, 1), (12, 5), (40, 7)])
@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.0])
def test_likelihood_and_gradient_are_those_of_scikit_learn(count: int, dimensions: int, shift: float) -> None:
    features, values = DRAW.uniform(size=(count, dimensions)), DRAW.normal(size=count)
    features[1] = features[0]  # a replicate
    variances = DRAW.uniform(1e-8, 0.1, size=count)
    theta = np.append(DRAW.normal(size=dimensions) + shift, -4.0)
    model = GaussianProcessRegressor(kernel(dimensions), alpha=variances, optimizer=None).fit(features, values)
    expected, slope = model.log_marginal_likelihood(theta, eval_gradient=True)
    found, gradient = log_likelihood(theta, features, values, variances)
    assert found == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slope, rel=1e-9, abs=1e-12)


def test_data_without_a_covariance_are_impossible() -> None:
    features = np.zeros((2, 1))
    found, gradient = log_likelihood(np.array([0.0, -50.0]), features, np.array([1.0, -1.0]), np.full(2, -1.0))
    assert found == -np.inf
    assert not gradient.any()


def test_how_an_array_lies_in_memory_changes_nothing() -> None:
    features = DRAW.uniform(size=(15, 4))
    values = np.sin(3 * features[:, 0]) + 0.1 * DRAW.normal(size=15)
    values = (values - values.mean()) / values.std()
    plain = most_probable(features, values, np.zeros(15))
    assert np.array_equal(plain, most_probable(np.asfortranarray(features), values, np.zeros(15)))
