from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Observation, Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.planners.kernel import Sample
from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior
from galvanaut.campaigns.planners.replication import worth
from galvanaut.campaigns.space import Bounds, SearchSpace

Array = NDArray[np.float64]
THETA = np.log([0.3, 0.2, 1.0])
FEATURES = np.array([[0.1], [0.3], [0.5], [0.9]])
VALUES = np.array([0.9, -0.5, 0.8, -1.2])


def posterior(extra: tuple[float, float] | None = None) -> Posterior:
    """Of four values, and one more."""
    features = FEATURES if extra is None else np.vstack([FEATURES, [[extra[0]]]])
    values = VALUES if extra is None else np.append(VALUES, extra[1])
    return Posterior(Sample(features, values, np.zeros(len(values)), np.full(len(values), -1)), THETA)


@pytest.mark.parametrize("where", [0.1, 0.5, 0.7])
def test_worth_is_the_rise_of_the_best_mean_in_imagined_measurements(where: float) -> None:
    now, tested = posterior(), Places(FEATURES, {})
    place = Places(np.array([[where]]), {})
    mean, variance = (float(each[0]) for each in now.predict(place))
    nodes = mean + np.sqrt(variance + now.noise) * np.random.default_rng(1).standard_normal(3000)
    both = Places(np.vstack([FEATURES, place.features]), {})
    rises = [posterior((where, value)).means(both).max() - now.means(tested).max() for value in nodes]
    found = worth(Mixture((now,), np.ones(1)), place, tested)
    assert found[0] == pytest.approx(np.mean(rises), rel=0.06)


class Coarse:
    """Makes steps of 5 % EC only."""

    def reachable(self, points: Array) -> NDArray[np.bool_]:
        return np.ones(len(points), dtype=bool)

    def realise(self, point: Array) -> Array | None:
        share = round(float(point[0]) * 20) / 20
        return np.array([share, 1.0 - share])


def test_a_rival_of_the_best_is_measured_again_and_the_reason_says_so() -> None:
    space = SearchSpace({"EC": Bounds(0.0, 0.3), "DMC": Bounds(0.7, 1.0)})
    values = {0.0: 1.0, 0.05: 3.0, 0.1: 4.6, 0.15: 4.7, 0.2: 3.1, 0.25: 1.2, 0.3: 0.8}
    told = [Observation(i + 1, (x, 1.0 - x), y, 0.09) for i, (x, y) in enumerate(values.items())]
    proposal = BayesPlanner(Task(space, Coarse(), seed=1, initial=3)).propose(7, told, [])
    assert proposal.explanation["replicates"] in (3, 4)
    assert proposal.reason.startswith(f"measures the recipe of trial {proposal.explanation['replicates']} again: ")
    settled = [Observation(10 + i, (0.1, 0.9), 4.6, 0.09) for i in range(2)]
    other = BayesPlanner(Task(space, Coarse(), seed=1, initial=3)).propose(9, [*told, *settled], [])
    assert other.point[0] != pytest.approx(0.1)
