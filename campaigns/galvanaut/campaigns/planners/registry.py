"""Planners by name: those built in, and those that installed packages add.

A package adds one by an entry point of the group ``galvanaut.planners``; its object is called as the built-in classes
are: with a `Task`, and returns a `Planner`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib.metadata import entry_points

from galvanaut.campaigns.planners.protocol import Planner
from galvanaut.campaigns.planners.task import Task
from galvanaut.core.errors import InputError

GROUP = "galvanaut.planners"


def planner(name: str, task: Task) -> Planner:
    """Make a planner.

    Args:
        name: ``bayes``, ``sobol``, ``random``, or one that a package adds. A built-in name cannot be taken over.
        task: what it is set to.

    Raises:
        InputError: no planner of this name.
    """
    if name == "bayes":
        from galvanaut.campaigns.planners.bayes import BayesPlanner

        return BayesPlanner(task)
    if name == "sobol":
        from galvanaut.campaigns.planners.sobol import SobolPlanner

        return SobolPlanner(task)
    if name == "random":
        from galvanaut.campaigns.planners.random import RandomPlanner

        return RandomPlanner(task)
    return _added(name)(task)


def planner_names() -> list[str]:
    """All names that `planner` takes."""
    return sorted({"bayes", "sobol", "random"} | {point.name for point in entry_points(group=GROUP)})


def _added(name: str) -> Callable[[Task], Planner]:
    for point in entry_points(group=GROUP):
        if point.name == name:
            factory: Callable[[Task], Planner] = point.load()
            return factory
    near = difflib.get_close_matches(name, planner_names(), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise InputError("planner", f"{name!r} is not installed; there are {', '.join(planner_names())}{hint}")
