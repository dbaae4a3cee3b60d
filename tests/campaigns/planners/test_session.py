from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from galvanaut.campaigns.planners import Aim, Limit, Measured, Observation, PlannerSession, Task, planner
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.space import Bounds, SearchSpace


def session(seed: int = 1) -> PlannerSession:
    space = SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0.5, 1)}, {"LiPF6": Bounds(0.5, 2)})
    return PlannerSession(planner("bayes", Task(space, seed=seed, initial=4)))


def test_trials_count_from_one_and_are_pending_until_told() -> None:
    books = session()
    assert books.ask().index == 0
    assert books.ask().index == 1
    assert books.pending == [1, 2]
    books.tell(2, 5.0)
    assert books.pending == [1]
    assert [seen.trial for seen in books.observations] == [2]


def test_what_was_made_replaces_what_was_asked() -> None:
    books = session()
    books.ask()
    told = books.tell(1, 5.0, point=np.array([0.31, 0.69, 1.0]), variance=0.1)
    assert told == Observation(1, (0.31, 0.69, 1.0), 5.0, 0.1, "ok")


def test_restored_session_asks_what_the_killed_one_would_have() -> None:
    killed = session()
    asked = []
    for trial in range(1, 8):
        asked.append(killed.ask())
        killed.tell(trial, 5.0 + np.sin(trial))
    restored = session()
    for proposal in asked:
        restored.restore(proposal.index + 1, np.array(proposal.point))
    for seen in reversed(killed.observations):
        restored.tell(seen.trial, seen.value)
    assert restored.ask().to_json() == killed.ask().to_json()


def test_points_restored_from_recipes_are_the_same_to_the_last_bit() -> None:
    books = session()
    for _ in range(4):
        proposal = books.ask()
        stored = Recipe.from_json(json.loads(json.dumps(proposal.recipe.to_json())))
        assert tuple(books.planner.space.point(stored).tolist()) == proposal.point


def test_books_refuse_contradictions() -> None:
    books = session()
    with pytest.raises(ValueError, match="trial 1 is not pending; pending are none"):
        books.tell(1, 5.0)
    with pytest.raises(ValueError, match="trial 3 cannot follow trial 0"):
        books.restore(3, np.zeros(3))
    books.ask()
    books.tell(1, 5.0)
    with pytest.raises(ValueError, match="trial 1 is not pending"):
        books.tell(1, 5.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value": None}, "status ok with value None"),
        ({"value": 1.0, "status": "failed_recipe"}, "status failed_recipe with value"),
        ({"value": float("nan")}, "not finite; tell the trial as failed"),
        ({"value": float("inf")}, "not finite; tell the trial as failed"),
        ({"value": 1.0, "variance": -1.0}, "not a number from 0 up"),
    ],
)
def test_observations_refuse_contradictions(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Observation(7, (0.3, 0.7, 1.0), **arguments)  # type: ignore[arg-type]  # the point of the test


def test_point_must_be_finite() -> None:
    with pytest.raises(ValueError, match="trial 7: the point"):
        Observation(7, (float("nan"), 0.7), 1.0)


def test_an_observation_knows_its_quantities_by_name() -> None:
    life = Measured(120.0, 25.0, "above")
    seen = Observation(1, (0.3, 0.7), 2.0, censored="below", quantities={"life": life})
    assert seen.measured() == Measured(2.0, None, "below")
    assert seen.measured("life") is life
    assert seen.measured("cost") is None
    assert Observation(2, (0.3, 0.7), status="failed_recipe").measured() is None


def test_what_is_told_depends_on_everything_that_a_planner_may_use() -> None:
    plain = Observation(1, (0.3, 0.7), 2.0)
    others = [
        Observation(1, (0.3, 0.7), 2.0, censored="above"),
        Observation(1, (0.3, 0.7), 2.0, group="monday"),
        Observation(1, (0.3, 0.7), 2.0, quantities={"life": Measured(3.0)}),
    ]
    assert all(other.told() != plain.told() for other in others)


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Measured(float("nan")), "not finite"),
        (lambda: Measured(1.0, -1.0), "not a number from 0 up"),
        (lambda: Aim("life", True, 300.0, 0.0), "best 0 is not better than worst 300"),
        (lambda: Aim("cost", False, float("inf"), 0.0), "must be finite"),
        (lambda: Limit("viscosity"), "needs low or high"),
        (lambda: Limit("viscosity", high=5.0, probability=1.0), "does not lie between 0 and 1"),
    ],
)
def test_measured_aims_and_limits_refuse_nonsense(build: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build()
