from __future__ import annotations

import re
from dataclasses import replace

import pytest

from galvanaut.campaigns.plannerfields import PlannerChoice
from galvanaut.campaigns.planners import Task, planner, planner_names, registry
from galvanaut.campaigns.planners.random import RandomPlanner
from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.core.errors import InputError

SPACE = SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0.5, 1)}, {"LiPF6": Bounds(0.5, 2)})


def test_built_in_planners_are_found() -> None:
    assert {"bayes", "sobol", "random"} <= set(planner_names())
    for name in ("bayes", "sobol", "random"):
        assert planner(name, Task(SPACE, seed=1)).propose(0, [], []).index == 0


def test_the_reference_of_campaign_files_names_every_planner() -> None:
    words = re.findall(r"\w+", PlannerChoice.model_fields["name"].description or "")
    assert set(registry.BUILT_IN) <= set(words)


def test_unknown_planner_is_named_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"'bays' is not installed; .*did you mean 'bayes'"):
        planner("bays", Task(SPACE))


def test_packages_add_planners(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "dice"

        def load(self) -> object:
            return lambda task: RandomPlanner(replace(task, seed=task.seed + task.initial))

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()] if group == "galvanaut.planners" else [])
    assert "dice" in planner_names()
    proposal = planner("dice", Task(SPACE, seed=1, initial=4)).propose(0, [], [])
    assert proposal.point == RandomPlanner(Task(SPACE, seed=5)).propose(0, [], []).point


def test_random_depends_on_seed_and_index_alone() -> None:
    first, second = RandomPlanner(Task(SPACE, seed=1)), RandomPlanner(Task(SPACE, seed=1))
    second.propose(0, [], [])
    assert first.propose(1, [], []).point == second.propose(1, [], []).point
    assert first.propose(1, [], []).point != first.propose(2, [], []).point
