"""One objective and a limit on a quantity: what is measured again, recommended, and called the best so far."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Limit, Measured, Observation, Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.space import Bounds, SearchSpace

SPACE = SearchSpace({"EC": Bounds(0, 1), "DMC": Bounds(0, 1)}, {"LiPF6": Bounds(0.5, 2)})
DESIGN = SPACE.sobol(10, 3)


def told(points: NDArray[np.float64], cost_sd: float = 0.02) -> list[Observation]:
    """A value and a cost that both rise with EC, to about 10."""
    draw = np.random.default_rng(0)
    noise = draw.standard_normal((len(points), 2)) * [0.3, cost_sd]
    return [
        Observation(i, tuple(point), 10.0 * point[0] + value, quantities={"cost": Measured(10.0 * point[0] + cost)})
        for i, (point, (value, cost)) in enumerate(zip(points.tolist(), noise.tolist(), strict=True), 1)
    ]


def planner(most: float, probability: float = 0.9) -> BayesPlanner:
    return BayesPlanner(Task(SPACE, seed=3, limits=(Limit("cost", high=most, probability=probability),)))


def test_recipes_that_break_a_limit_are_not_measured_again() -> None:
    points = np.vstack([DESIGN, [0.94, 0.06, 1.0]])
    free = BayesPlanner(Task(SPACE, seed=3)).propose(11, told(points), [])
    assert free.point[0] > 0.9, "without a limit the best recipes are those with much EC"
    for index in range(11, 15):
        assert planner(5.0).propose(index, told(points), []).point[0] < 0.6


def test_the_best_so_far_is_the_best_within_the_limits_and_the_reason_says_so() -> None:
    proposal = planner(5.0).propose(10, told(DESIGN), [])
    within = max(10.0 * point[0] for point in DESIGN if point[0] <= 0.5)
    best = proposal.explanation["best_mean"]
    assert abs(best - within) < 0.5
    assert f"best tested so far within the limits {best:.3g}, expected improvement" in proposal.reason
    gain = (proposal.predicted_mean or 0.0) - best
    assert proposal.explanation["expected_improvement"] >= gain - 1e-6


def test_a_recipe_under_way_that_breaks_a_limit_is_nothing_to_be_improved_upon() -> None:
    alone = planner(5.0).propose(10, told(DESIGN), [])
    beside = planner(5.0).propose(10, told(DESIGN), [np.array([0.97, 0.03, 1.0])])
    assert alone.acquisition is not None
    assert beside.acquisition == pytest.approx(alone.acquisition, abs=1.0)


def test_where_no_recipe_keeps_the_limits_the_reason_says_so_and_none_is_measured_again() -> None:
    points = DESIGN[DESIGN[:, 0] > 0.3]
    assert len(points) >= 6
    proposal = planner(1.0).propose(10, told(points), [])
    assert "replicates" not in proposal.explanation
    assert proposal.point[0] < 0.3
    assert f"best tested so far {proposal.explanation['best_mean']:.3g} (none keeps the limits), " in proposal.reason
    assert proposal.explanation["best_mean"] > 8.0


def test_without_one_that_surely_keeps_the_limits_one_that_probably_does_is_recommended() -> None:
    points = np.vstack([DESIGN[DESIGN[:, 0] > 0.52], [0.47, 0.53, 1.0]])
    seen = told(points, cost_sd=0.3)
    for probability in (0.5, 0.999999):
        best = planner(5.0, probability).recommend(seen)
        assert best is not None
        assert best.point[0] == 0.47
