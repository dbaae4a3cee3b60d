from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from galvanaut.campaigns.planners.posterior import Places
from galvanaut.campaigns.planners.readings import Readings, Scale
from galvanaut.campaigns.planners.success import log_success
from galvanaut.campaigns.planners.surrogate import Surrogate, fit

Array = NDArray[Any]
DRAW = np.random.default_rng(4)
FEATURES = DRAW.uniform(size=(25, 3))
VALUES = np.exp(1.0 + FEATURES[:, 0] - 0.5 * FEATURES[:, 1] ** 2 + 0.05 * DRAW.normal(size=25))
NONE = np.zeros(25)


def fitted(
    features: Array,
    values: Array,
    variances: Array | None = None,
    groups: Array | None = None,
    censored: Array | None = None,
    beliefs: dict[str, Array] | None = None,
) -> Surrogate:
    """A surrogate of values, more being better."""
    none = np.zeros(len(values), dtype=np.int64)
    readings = Readings(
        Places(features, beliefs or {}),
        values,
        none + 0.0 if variances is None else variances,
        none - 1 if groups is None else groups,
        none if censored is None else censored,
    )
    return fit(readings, 1.0)


def test_scales_go_there_and_back() -> None:
    for scale in (Scale(1.0, 1.5, 0.4), Scale(-1.0, 2.0, 3.0)):
        standard = scale.standard(np.array([4.2]))
        assert scale.measured(float(standard[0])) == pytest.approx(4.2)


def test_outlier_is_found_and_loses_its_weight() -> None:
    spoiled = VALUES.copy()
    spoiled[7] *= 0.2
    surrogate = fitted(FEATURES, spoiled, NONE)
    assert np.flatnonzero(surrogate.outliers).tolist() == [7]
    assert surrogate.mixture.members[0].sample.variances[7] * surrogate.scale.width**2 == pytest.approx(
        (0.8 * VALUES[7]) ** 2, rel=0.3
    )
    clean = fitted(FEATURES, VALUES, NONE)
    assert not clean.outliers.any()
    assert surrogate.scale.width == pytest.approx(clean.scale.width, rel=0.1)
    assert surrogate.lengths == pytest.approx(clean.lengths, rel=0.5)


def test_outlier_is_found_among_the_first_points() -> None:
    spoiled = VALUES[:10].copy()
    spoiled[3] *= 0.1
    assert np.flatnonzero(fitted(FEATURES[:10], spoiled, NONE[:10]).outliers).tolist() == [3]


def test_high_outliers_count_too() -> None:
    spoiled = VALUES.copy()
    spoiled[7] *= 3.0
    assert np.flatnonzero(fitted(FEATURES, spoiled, NONE).outliers).tolist() == [7]


def test_second_low_value_nearby_rehabilitates_the_first() -> None:
    spoiled = VALUES.copy()
    spoiled[7] *= 0.2
    near = FEATURES[7] + np.array([[0.02, 0.0, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, -0.02]])
    features = np.vstack([FEATURES, near])
    values = np.append(spoiled, spoiled[7] * np.array([1.05, 0.97, 1.0]))
    assert not fitted(features, values, np.zeros(28)).outliers[[7, 25, 26, 27]].any()


def test_a_known_large_variance_explains_a_large_deviation() -> None:
    spoiled, variances = VALUES.copy(), NONE.copy()
    spoiled[7] *= 0.5
    variances[7] = (2.0 * spoiled[7]) ** 2
    assert not fitted(FEATURES, spoiled, variances).outliers.any()


def test_few_points_are_all_believed() -> None:
    assert not fitted(FEATURES[:5], np.array([1.0, 1.1, 1.0, 50.0, 1.0]), NONE[:5]).outliers.any()


def test_success_is_certain_until_something_failed() -> None:
    assert log_success(FEATURES, np.empty((0, 3)))(FEATURES[:4]) == pytest.approx(np.zeros(4))


def test_success_is_unlikely_near_failures() -> None:
    bad = FEATURES[:, 0] > 0.6
    chance = np.exp(log_success(FEATURES[~bad], FEATURES[bad])(np.array([[0.95, 0.5, 0.5], [0.1, 0.5, 0.5]])))
    assert chance[0] < 0.3
    assert chance[1] > 0.8


def test_the_only_value_of_a_group_may_be_taken_out_as_an_outlier() -> None:
    values, groups = VALUES.copy(), np.full(25, -1)
    values[7], groups[7] = 40.0, 0
    assert fitted(FEATURES, values, groups=groups).outliers.nonzero()[0].tolist() == [7]
