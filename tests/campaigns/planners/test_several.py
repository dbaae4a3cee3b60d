from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Aim, Limit, Measured, Observation, PlannerSession, Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.planners.kernel import Sample
from galvanaut.campaigns.planners.posterior import Mixture, Places, Posterior
from galvanaut.campaigns.planners.several import FrontGain, Outlook, _gain, _staircase
from galvanaut.campaigns.space import Bounds, SearchSpace

Array = NDArray[np.float64]
SPACE = SearchSpace({"EC": Bounds(0.0, 0.6), "DMC": Bounds(0.4, 1.0)}, {"LiPF6": Bounds(0.5, 2.0)})
AIMS = (Aim("conductivity", True, 0.0, 10.0), Aim("cost", False, 30.0, 10.0))


def area(points: Array) -> float:
    """Of the union of the rectangles between the origin and points, strip by strip."""
    edges = np.unique(np.append(0.0, np.maximum(points[:, 0], 0.0)))
    total = 0.0
    for low, high in itertools.pairwise(edges):
        total += (high - low) * max(0.0, float(points[points[:, 0] >= high, 1].max(initial=0.0)))
    return total


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 10**6))
def test_the_gain_is_what_a_point_adds_to_the_area(count: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    points, new = draw.uniform(-0.3, 1.2, size=(count, 2)), draw.uniform(-0.3, 1.4, size=(5, 2))
    found = _gain(_staircase(points), new[:, 0], new[:, 1])
    for gain, point in zip(found, new, strict=True):
        inside = point[None, :] if (point > 0).all() else np.empty((0, 2))
        assert gain == pytest.approx(area(np.vstack([points, inside])) - area(points), abs=1e-12)


@pytest.mark.parametrize("objectives", [2, 3])
def test_what_nobody_knows_and_what_is_better_gains_most(objectives: int) -> None:
    features = np.linspace(0.0, 0.5, 6)[:, None]
    rising = Sample(features, 2.0 * features[:, 0], np.zeros(6), np.full(6, -1))
    posterior = Posterior(rising, np.log([0.5, 1e-4, 1.0]))
    outlook = Outlook(Mixture((posterior,), np.ones(1)), Places(features, {}), 0.0, 2.0)
    gain = FrontGain([outlook] * objectives, np.random.default_rng(1))
    places = Places(np.array([[0.1], [0.5], [0.7]]), {})
    scores = gain([places] * objectives)
    assert scores[2] > scores[1] > scores[0] - 1e-9


def measured(point: Array) -> tuple[float, float]:
    """Conductivity, best at much EC; cost, best at little."""
    return float(8.0 - 20.0 * (point[0] - 0.5) ** 2 - 2.0 * (point[2] - 1.2) ** 2), float(12.0 + 25.0 * point[0])


def session(task: Task, trials: int) -> tuple[PlannerSession, Array]:
    """A campaign with two quantities, the score being conductivity less a third of the cost."""
    opened, seen = PlannerSession(BayesPlanner(task)), []
    for trial in range(1, trials + 1):
        point = np.array(opened.ask().point)
        conductivity, cost = measured(point)
        seen.append((conductivity, cost))
        quantities = {"conductivity": Measured(conductivity, 1e-4), "cost": Measured(cost, 1e-4)}
        opened.tell(trial, conductivity - cost / 3.0, quantities=quantities)
    return opened, np.array(seen)


def test_two_objectives_are_spread_along_their_front() -> None:
    opened, seen = session(Task(SPACE, seed=1, initial=6, aims=AIMS), 18)
    scaled = np.column_stack([seen[:, 0] / 10.0, (30.0 - seen[:, 1]) / 20.0])
    front = _staircase(scaled)
    assert len(front) >= 6
    share = np.linspace(0.0, 0.5, 400)
    ideal = np.column_stack([(8.0 - 20.0 * (share - 0.5) ** 2) / 10.0, (18.0 - 25.0 * share) / 20.0])
    assert area(front) > 0.95 * area(ideal)
    proposal = opened.ask()
    assert proposal.reason.startswith("moves the Pareto front with ")
    assert set(proposal.explanation["expected"]) == {"conductivity", "cost"}


def test_limits_are_kept_by_proposals_and_by_the_recommendation() -> None:
    task = Task(SPACE, seed=2, initial=6, limits=(Limit("cost", high=18.0),))
    opened, seen = session(task, 18)
    assert (seen[9:, 1] < 18.5).mean() >= 0.7  # the unlimited best costs more
    best = opened.recommend()
    assert best is not None
    assert measured(np.array(best.point))[1] <= 18.0


def test_a_quantity_that_was_hardly_ever_measured_is_left_out() -> None:
    points = SPACE.sobol(8, 1).tolist()
    told = [Observation(i, tuple(point), float(i)) for i, point in enumerate(points)]
    planner = BayesPlanner(Task(SPACE, seed=1, aims=AIMS, limits=(Limit("cost", high=18.0),)))
    assert planner.propose(9, told, []).reason.startswith(("explores", "refines", "measures"))
