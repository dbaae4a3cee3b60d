"""Planners: propose recipes, learn from what was made of them, recommend the best."""

from galvanaut.campaigns.planners.protocol import Maker, Observation, Planner, Proposal, Recommendation
from galvanaut.campaigns.planners.registry import planner, planner_names
from galvanaut.campaigns.planners.session import PlannerSession

__all__ = [
    "Maker",
    "Observation",
    "Planner",
    "PlannerSession",
    "Proposal",
    "Recommendation",
    "planner",
    "planner_names",
]
