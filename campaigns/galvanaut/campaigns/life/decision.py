"""Whether a recipe's cells go on: a decision that says why, and that anybody can work out again from the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, Literal, Self

import numpy as np
from scipy.special import ndtr

from galvanaut.campaigns.analysis.figures import Array, Flags
from galvanaut.campaigns.analysis.trialsummary import LIFE
from galvanaut.campaigns.life import even
from galvanaut.campaigns.life.course import Course
from galvanaut.campaigns.life.model import LifeModel
from galvanaut.campaigns.life.policy import EarlyStop
from galvanaut.campaigns.life.posterior import LEVELS, LifePosterior

DRAWS = 2048
CORRELATION = 0.5
"""Between the errors of two replicates' forecasts: they fade alike, so the model errs alike. A choice."""

_RIVALS = 16
"""Dimensions of a sequence whose last one goes with no other that is used here."""

Beats = Callable[[Array], Flags]
"""For draws of a recipe's life in cycles, (draws,), whether it would beat the best finished one."""


@dataclass(frozen=True)
class Decision:
    """What was decided about a recipe, and on what.

    Attributes:
        action: ``continue`` or ``stop``.
        probability: to beat the best finished recipe; None where nothing is claimed.
        reason: in words.
        cycles: that the youngest cell had.
        life: mean of the recipe's life in cycles, calibrated; None where nothing is claimed.
        life_sd: its standard deviation.
        data_hash: SHA-256 of all data and settings that it rests on.
        model_version: see `LifeModel.version`.
    """

    action: Literal["continue", "stop"]
    probability: float | None
    reason: str
    cycles: float
    life: float | None
    life_sd: float | None
    data_hash: str
    model_version: str

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(**data)


def decide(
    courses: Sequence[Course],
    model: LifeModel,
    beats: Beats,
    policy: EarlyStop,
    incumbent: str = "the best finished recipe",
    spread: float = LIFE.spread,
) -> Decision:
    """Judge one recipe.

    The recipe's life is the geometric mean of its replicates' lives, as in `analysis.trialsummary`, and as uncertain
    about what the recipe is worth as so few cells are.

    Args:
        courses: of its replicates that count, those that have ended included; in whatever order.
        model: learnt from the finished cells.
        beats: whether lives would win. Must depend on nothing but the ledger, so that it can be asked again.
        policy: of the campaign file.
        incumbent: what there is to beat, in words for the reason.
        spread: standard deviation of the logarithm of the life between cells of one recipe.

    Raises:
        ValueError: no course.
    """
    ordered = sorted(courses, key=lambda each: (each.cell, each.digest))
    if not ordered:
        raise ValueError("a recipe without cells cannot be judged")
    # The youngest of those that still run; lives that have ended are known.
    cycles = min((each.cycles for each in ordered if each.life is None), default=max(each.cycles for each in ordered))
    digest = _digest(ordered, model, policy, spread)
    waits = _why_not_yet(ordered, model, policy, cycles)
    if waits:
        return Decision("continue", None, waits, cycles, None, None, digest, model.version)
    lives = recipe_lives(model.posteriors(ordered), spread)
    probability = float(np.mean(beats(lives)))
    low, _, high = np.quantile(lives, LEVELS).tolist()
    mean, sd = float(lives.mean()), float(lives.std())
    share = "over 99" if probability > 0.99 else f"{100 * probability:.2g}"
    chance = f"{share} % chance to beat {incumbent}"
    reason = f"{chance}: 90 % interval {low:.0f} to {high:.0f} cycles after {cycles:.0f}"
    action: Literal["continue", "stop"] = "stop" if probability < policy.probability else "continue"
    return Decision(action, probability, reason, cycles, mean, sd, digest, model.version)


def recipe_lives(posteriors: Sequence[LifePosterior], spread: float = LIFE.spread, draws: int = DRAWS) -> Array:
    """Draws of the life of a recipe in cycles, (draws,); always the same ones for the same posteriors."""
    cells = len(posteriors)
    normal = even.normal(draws, cells + 2)
    common, own = normal[:, :1], normal[:, 1 : cells + 1]
    chances = ndtr(sqrt(CORRELATION) * common + sqrt(1 - CORRELATION) * own)
    logs = [np.log(each.at(chances[:, column])) for column, each in enumerate(posteriors)]
    scatter = spread / sqrt(cells) * normal[:, -1]
    return np.asarray(np.exp(np.mean(logs, axis=0) + scatter))


def rival_lives(log_mean: float, log_sd: float, draws: int = DRAWS) -> Array:
    """Draws of another recipe's life in cycles, lognormal and independent of those of `recipe_lives`, (draws,)."""
    return np.asarray(np.exp(log_mean + log_sd * even.normal(draws, _RIVALS)[:, -1]))


def _why_not_yet(courses: Sequence[Course], model: LifeModel, policy: EarlyStop, cycles: float) -> str:
    if len(model.cells) < policy.finished or not model.is_calibrated:
        return f"no claim: {len(model.cells)} of {policy.finished} cells have come to their end"
    if all(each.life is not None for each in courses):
        return "all cells have come to their end"
    if cycles < policy.minimum_cycles:
        return f"no claim: {cycles:.0f} of {policy.minimum_cycles} cycles"
    return ""


def _digest(courses: Sequence[Course], model: LifeModel, policy: EarlyStop, spread: float) -> str:
    told = [model.version, model.digest, policy.model_dump(mode="json"), spread, [each.digest for each in courses]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
