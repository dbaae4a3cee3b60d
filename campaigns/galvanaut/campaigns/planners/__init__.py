"""Planners: propose recipes, learn from what was made of them, recommend the best."""

from galvanaut.campaigns.planners.protocol import Maker, Measured, Observation, Planner, Proposal, Recommendation
from galvanaut.campaigns.planners.registry import planner, planner_names
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.campaigns.planners.task import Aim, Belief, Limit, Task

__all__ = [
    "Aim",
    "Belief",
    "Limit",
    "Maker",
    "Measured",
    "Observation",
    "Planner",
    "PlannerSession",
    "Proposal",
    "Recommendation",
    "Task",
    "planner",
    "planner_names",
]
