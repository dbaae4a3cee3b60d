"""Planners by name: those built in, and those that installed packages add.

A package adds one by an entry point of the group ``galvanaut.planners``; its object is called as the built-in classes
are: with a `Task`, and returns a `Planner`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

from galvanaut.campaigns.planners.extras import need
from galvanaut.campaigns.planners.protocol import Planner
from galvanaut.campaigns.planners.task import Task
from galvanaut.core.errors import InputError

GROUP = "galvanaut.planners"
BUILT_IN = {
    "bayes": "bayes:BayesPlanner",
    "sobol": "sobol:SobolPlanner",
    "random": "random:RandomPlanner",
    "botorch": "botorch:BotorchPlanner",
    "baybe": "baybe:BaybePlanner",
}
"""Module and class of each."""
WITH_EXTRA = ("botorch", "baybe")
"""Those that need an extra of their name."""


def planner(name: str, task: Task) -> Planner:
    """Make a planner.

    Args:
        name: one of `BUILT_IN`, or one that a package adds. A built-in name cannot be taken over.
        task: what it is set to.

    Raises:
        InputError: no planner of this name, or it needs an extra.
    """
    return (_own(name) or _added(name))(task)


def _own(name: str) -> Callable[[Task], Planner] | None:
    """A built-in planner, imported only now; None if there is none of this name."""
    if name not in BUILT_IN:
        return None
    module, _, planner_class = BUILT_IN[name].partition(":")
    found: Callable[[Task], Planner] = getattr(import_module(f"galvanaut.campaigns.planners.{module}"), planner_class)
    return found


def need_of(name: str) -> None:
    """Refuse a planner whose extra is not installed.

    Raises:
        InputError: says how to install it.
    """
    if name in WITH_EXTRA:
        need(name)


def planner_names() -> list[str]:
    """All names that `planner` takes."""
    return sorted(set(BUILT_IN) | {point.name for point in entry_points(group=GROUP)})


def _added(name: str) -> Callable[[Task], Planner]:
    for point in entry_points(group=GROUP):
        if point.name == name:
            factory: Callable[[Task], Planner] = point.load()
            return factory
    near = difflib.get_close_matches(name, planner_names(), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise InputError("planner", f"{name!r} is not installed; there are {', '.join(planner_names())}{hint}")
