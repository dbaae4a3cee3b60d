from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from galvanaut.campaigns.planners.acquisition import Improvement, log_expected_improvement, log_within
from galvanaut.campaigns.planners.hyperparameters import most_probable
from galvanaut.campaigns.planners.kernel import JITTER, Array, Sample
from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior


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


def learnt(features: Array, values: Array) -> Array:
    """Most probable hyperparameters of plain values."""
    standard = (values - values.mean()) / values.std()
    return most_probable(Sample(features, standard, np.zeros(len(values)), np.full(len(values), -1))).theta


def test_improvement_is_that_of_the_difference_of_two_unknowns() -> None:
    draw = np.random.default_rng(1)
    features = draw.uniform(size=(12, 2))
    sample = Sample(features, draw.normal(size=12), np.zeros(12), np.full(12, -1))
    posterior = Posterior(sample, np.log([0.5, 0.7, 0.05, 1.0]))
    tested, others = Places(features, {}), Places(draw.uniform(size=(5, 2)), {})
    best = tested.rows(np.array([int(np.argmax(posterior.means(tested)))]))
    both = Places(np.vstack([others.features, best.features]), {})
    mean, joint = posterior.means(both), posterior.covariance(both, both)
    sd = np.sqrt(np.diag(joint)[:5] + joint[5, 5] - 2 * joint[5, :5])
    expected = log_expected_improvement(mean[:5] - mean[5], sd, 0.0)
    improvement = Improvement(Mixture((posterior,), np.ones(1)), tested)
    assert improvement(others) == pytest.approx(expected, rel=1e-6)
    assert improvement(best)[0] < -10.0  # nothing is to be gained where the best is already


def test_posteriors_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(4)
    features, values = draw.uniform(size=(20, 3)), draw.normal(size=20)
    theta, variances = np.array([-0.5, 0.2, 0.7, -3.0, 0.0]), draw.uniform(0, 0.2, size=20)
    kernel = ConstantKernel(1.0) + Matern(np.exp(theta[:3]), nu=2.5) + WhiteKernel(np.exp(theta[3]))
    model = GaussianProcessRegressor(kernel, alpha=variances + JITTER, optimizer=None).fit(features, values)
    places = Places(draw.uniform(size=(6, 3)), {})
    posterior = Posterior(Sample(features, values, variances, np.full(20, -1)), theta)
    mean, joint = model.predict(places.features, return_cov=True)
    joint -= np.exp(theta[3]) * np.eye(6)
    assert posterior.predict(places)[0] == pytest.approx(mean)
    assert posterior.predict(places)[1] == pytest.approx(np.diag(joint))
    assert posterior.covariance(places, places) == pytest.approx(joint)


def test_believing_pending_points_moves_no_mean_and_leaves_less_doubt() -> None:
    draw = np.random.default_rng(5)
    sample = Sample(draw.uniform(size=(9, 2)), draw.normal(size=9), np.zeros(9), np.full(9, -1))
    posterior = Posterior(sample, np.log([0.5, 0.7, 0.05, 1.0]))
    places = Places(draw.uniform(size=(20, 2)), {})
    believing = posterior.believing(places.rows(np.array([3])))
    assert believing.means(places) == pytest.approx(posterior.means(places))
    assert (believing.predict(places)[1] <= posterior.predict(places)[1] + 1e-12).all()
    assert believing.predict(places)[1][3] < 0.06


def test_the_chance_to_keep_a_limit_is_right_also_in_the_tails() -> None:
    sample = Sample(np.array([[0.5]]), np.array([0.0]), np.zeros(1), np.full(1, -1))
    posterior = Posterior(sample, np.log([0.5, 0.05, 1.0]))
    places = Places(np.array([[0.5], [0.9]]), {})
    mixture = Mixture((posterior,), np.ones(1))
    mean, variance = posterior.predict(places)
    for low, high in ((-0.3, 0.4), (1.0, np.inf), (-np.inf, -2.0)):
        expected = norm.cdf(high, mean, np.sqrt(variance)) - norm.cdf(low, mean, np.sqrt(variance))
        assert np.exp(log_within(mixture, places, low, high)) == pytest.approx(expected)
    assert np.isfinite(log_within(mixture, places, 40.0, np.inf)).all()


def test_hyperparameters_of_a_rough_and_a_smooth_variable() -> None:
    draw = np.random.default_rng(2)
    features = draw.uniform(size=(60, 2))
    rough, smooth, noise, amplitude = np.exp(learnt(features, np.sin(9 * features[:, 0]) + 0.1 * features[:, 1]))
    assert rough / np.sqrt(amplitude) < 0.6 < smooth / np.sqrt(amplitude)  # a higher surface is as steep at more length
    assert noise < 0.01


def test_noise_level_is_learnt() -> None:
    draw = np.random.default_rng(3)
    features = draw.uniform(size=(80, 2))
    values = 2 * features[:, 0] + 0.3 * draw.normal(size=80)
    assert np.sqrt(np.exp(learnt(features, values)[-2])) * values.std() == pytest.approx(0.3, rel=0.25)
