"""Whether a life would beat the best finished recipe, by the campaign's own objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.figures import Array, Flags
from galvanaut.campaigns.chebyshev import SUM_SHARE
from galvanaut.campaigns.life.decision import Beats, rival_lives
from galvanaut.campaigns.objectivefields import Objective

LIFE = "life"
_LEAST_OTHERS = 3


@dataclass(frozen=True)
class Rival:
    """The best finished recipe.

    Attributes:
        values: of all objectives, ``life`` in cycles among them.
        life_log_sd: how surely its life is known, as the standard deviation of the logarithm.
    """

    values: Mapping[str, float]
    life_log_sd: float

    def among(self, lives: Sequence[float]) -> Rival:
        """The same, expected a little nearer to the others: who is best among many was lucky as well.

        The mean of a normal population, and the share of the scatter that is the recipes' own (empirical Bayes).

        Args:
            lives: of all recipes known so far, this one among them, in cycles.
        """
        if len(lives) < _LEAST_OTHERS:
            return self
        logs = np.log(np.asarray(lives, dtype=np.float64))
        noise = self.life_log_sd**2
        own = max(float(logs.var(ddof=1)) - noise, noise / len(lives))
        kept = own / (own + noise)
        expected = float(np.exp(logs.mean() + kept * (np.log(self.values[LIFE]) - logs.mean())))
        return Rival({**self.values, LIFE: expected}, float(np.sqrt(kept)) * self.life_log_sd)


def beating(objectives: Sequence[Objective], values: Mapping[str, float], rival: Rival) -> Beats:
    """What `decide` asks.

    Both recipes' worth is uncertain: two cells that were lucky do not make the best recipe.

    Args:
        objectives: of the campaign.
        values: of the recipe's objectives other than life.
        rival: what there is to beat.
    """
    theirs = worth(objectives, {**rival.values, LIFE: rival_lives(np.log(rival.values[LIFE]), rival.life_log_sd)})

    def beats(lives: Array) -> Flags:
        return np.asarray(worth(objectives, {**values, LIFE: lives}) > theirs)

    return beats


def worth(objectives: Sequence[Objective], values: Mapping[str, float | Array]) -> Array:
    """The number that decides, more is better: the score of several objectives, else the only one with its sign.

    As `objectivefields.score`, for arrays.
    """
    if len(objectives) == 1:
        only = np.asarray(values[objectives[0].name], dtype=np.float64)
        return only if objectives[0].goal == "maximise" else -only
    heaviest = max(each.weight for each in objectives)
    short = np.stack(np.broadcast_arrays(*(each.weight / heaviest * _short(each, values) for each in objectives)))
    return np.asarray(1.0 - short.max(axis=0) - SUM_SHARE * short.sum(axis=0))


def _short(objective: Objective, values: Mapping[str, float | Array]) -> Array:
    """As `Objective.shortfall`."""
    worst, best = objective.worst, objective.best
    if worst is None or best is None:
        raise ValueError(f"objective {objective.name} has no range to be weighed in")
    return (best - np.asarray(values[objective.name], dtype=np.float64)) / (best - worst)
