"""How long cells will live, how surely that is known, and which are not worth their channel any more."""

from galvanaut.campaigns.life.course import Course
from galvanaut.campaigns.life.decision import Decision, decide
from galvanaut.campaigns.life.model import LifeModel
from galvanaut.campaigns.life.policy import EarlyStop
from galvanaut.campaigns.life.posterior import LifePosterior

__all__ = ["Course", "Decision", "EarlyStop", "LifeModel", "LifePosterior", "decide"]
