"""The planners that are compared: ours, and other libraries, each imported only where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from galvanaut.campaigns.benchmark.run import Make
from galvanaut.campaigns.planners import Planner, Task, planner

ENVIRONMENTS = {
    "ours": "plain",
    "ours-physics": "plain",
    "botorch": "botorch",
    "optuna-tpe": "optuna",
    "bayes_opt": "plain",
    "sobol": "plain",
    "random": "plain",
    "optuna-gp": "optuna",
    "baybe": "baybe",
    "ax": "ax",
    "ours-flipped": "plain",
    "ours-misled": "plain",
}
"""By planner, the environment it needs (`environments.py`)."""
SLOW = ("baybe", "ax")
"""Planners that take more than a second to answer; they run half as many seeds."""
WRONG = {"ours-flipped": ("conductivity", "life-choice"), "ours-misled": ("conductivity", "life-choice")}
"""Ours with a prior that is wrong (`wrong`), and the problems on which that is tried."""


def maker_of(name: str) -> Make:
    """What makes the planner called ``name``.

    Raises:
        KeyError: there is none.
    """
    if name in ("ours", "ours-physics"):
        return partial(_ours, believes=name == "ours-physics")
    if name in WRONG:
        from peers.wrong import flipped, misled

        return flipped if name == "ours-flipped" else misled
    if name in ("sobol", "random"):
        from peers.peer import Design

        return partial(Design, name=name)
    if name.startswith("optuna"):
        from peers.with_optuna import Optuna

        return partial(Optuna, name=name)
    if name == "botorch":
        from peers.with_botorch import BoTorch

        return BoTorch
    if name == "baybe":
        from peers.with_baybe import BayBE

        return BayBE
    if name == "ax":
        from peers.with_ax import Ax

        return Ax
    if name == "bayes_opt":
        from peers.with_bayes_opt import BayesOpt

        return BayesOpt
    raise KeyError(name)


def _ours(task: Task, believes: bool) -> Planner:
    """`bayes` as it is shipped, with or without the physics known beforehand."""
    return planner("bayes", task if believes else replace(task, beliefs=()))
