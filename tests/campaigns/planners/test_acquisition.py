from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor

from galvanaut.campaigns.planners.acquisition import _Improvement, log_expected_improvement
from galvanaut.campaigns.planners.kernel import JITTER, kernel, most_probable


@pytest.mark.parametrize(("mean", "sd", "best"), [(0.0, 1.0, 0.0), (1.0, 0.5, 0.2), (-2.0, 0.7, 0.5), (3.0, 0.1, 1.0)])
def test_expected_improvement_is_the_integral(mean: float, sd: float, best: float) -> None:
    integral, _ = quad(lambda f: (f - best) * norm.pdf(f, mean, sd), best, mean + 12 * sd, epsabs=1e-14)
    ours = log_expected_improvement(np.array([mean]), np.array([sd]), best)[0]
    assert ours == pytest.approx(np.log(integral), rel=1e-6)


def test_expected_improvement_never_underflows_and_keeps_its_order() -> None:
    means = -np.logspace(-1, 6, 200)
    values = log_expected_improvement(means, np.ones(200), 0.0)
    assert np.isfinite(values).all()
    assert (np.diff(values) < 0).all()


def test_improvement_is_that_of_the_difference_of_two_unknowns() -> None:
    draw = np.random.default_rng(1)
    features, theta = draw.uniform(size=(12, 2)), np.log([0.5, 0.7, 0.05])
    model = GaussianProcessRegressor(kernel(2, theta), alpha=JITTER, optimizer=None)
    model.fit(features, draw.normal(size=12))
    improvement = _Improvement(model, features, 0.05)
    best = features[[int(np.argmax(model.predict(features)))]]
    others = draw.uniform(size=(5, 2))
    mean, joint = model.predict(np.vstack([others, best]), return_cov=True)
    joint -= 0.05 * np.eye(6)
    variance = np.diag(joint)[:5] + joint[5, 5] - 2 * joint[5, :5]
    found_mean, found_sd = improvement(others)
    assert found_mean == pytest.approx(mean[:5] - mean[5])
    assert found_sd == pytest.approx(np.sqrt(variance), rel=1e-6)
    assert improvement(best)[1] == pytest.approx([0.0], abs=1e-3)


def test_hyperparameters_of_a_rough_and_a_smooth_variable() -> None:
    draw = np.random.default_rng(2)
    features = draw.uniform(size=(60, 2))
    values = np.sin(9 * features[:, 0]) + 0.1 * features[:, 1]
    theta = most_probable(features, (values - values.mean()) / values.std(), np.zeros(60))
    rough, smooth, noise = np.exp(theta)
    assert rough < 0.6 < smooth
    assert noise < 0.01


def test_noise_level_is_learnt() -> None:
    draw = np.random.default_rng(3)
    features = draw.uniform(size=(80, 2))
    values = 2 * features[:, 0] + 0.3 * draw.normal(size=80)
    width = values.std()
    theta = most_probable(features, (values - values.mean()) / width, np.zeros(80))
    assert np.sqrt(np.exp(theta[-1])) * width == pytest.approx(0.3, rel=0.25)
