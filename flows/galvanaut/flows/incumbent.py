"""What a recipe's cells would have to live to make it the best one so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from galvanaut.campaigns.objectivefields import SCORE, score

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign

LIFE = "life"
_LONGEST = 1e6
"""Cycles that no cell lives."""
_HALVINGS = 60


def life_to_beat(campaign: Campaign, values: Mapping[str, float], best: float) -> float:
    """The life beyond which a recipe beats the best value; infinite if none is long enough.

    Args:
        campaign: life is one of its objectives, to be maximised.
        values: the recipe's other quantities, measured.
        best: of the number that decides.
    """
    if campaign.objective.name != SCORE:
        return best

    def beats(life: float) -> bool:
        return score(campaign.objectives, {**values, LIFE: life}) > best

    low, high = 0.0, _LONGEST
    if not beats(high):
        return math.inf
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beats(middle) else (middle, high)
    return high
