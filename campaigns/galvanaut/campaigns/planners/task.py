"""What a planner is set to: where to search, what is wanted, and what is believed beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from galvanaut.campaigns.planners.protocol import Array, Maker
from galvanaut.campaigns.space import SearchSpace


@dataclass(frozen=True)
class Aim:
    """One of several objectives.

    Attributes:
        name: of the quantity in `Observation.quantities`.
        maximise: whether more is better.
        worst: value that counts as no good at all: this objective's coordinate of the reference point, beyond which
            nothing adds to the hypervolume.
        best: value that counts as all that is wished for; with ``worst`` it gives the quantity's scale.

    Raises:
        ValueError: best is not on the better side of worst.
    """

    name: str
    maximise: bool
    worst: float
    best: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.worst) and math.isfinite(self.best)):
            raise ValueError(f"{self.name}: worst {self.worst} and best {self.best} must be finite")
        if self.worst == self.best or (self.best > self.worst) != self.maximise:
            raise ValueError(f"{self.name}: best {self.best:g} is not better than worst {self.worst:g}")


@dataclass(frozen=True)
class Limit:
    """What a quantity must keep to, as far as the model can tell.

    Attributes:
        name: of the quantity in `Observation.quantities`.
        low, high: between these; None for an open end.
        probability: with which a recipe must keep the limit to be recommended.
    """

    name: str
    low: float | None = None
    high: float | None = None
    probability: float = 0.9

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError(f"{self.name}: a limit needs low or high")
        if not 0.0 < self.probability < 1.0:
            raise ValueError(f"{self.name}: the probability {self.probability} does not lie between 0 and 1")

    def keeps(self, value: float) -> bool:
        """Whether a value lies within, ends included."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Belief:
    """A prediction made beforehand: by a physical model, or by an earlier campaign.

    The planner learns offset, slope and discrepancy, and leaves the belief out when the data speak against it.

    Attributes:
        name: for the ledger, such as ``physics`` or ``campaign conductivity-may``.
        predict: expected values by points, (n, variables) to (n,); finite everywhere in the space.
        quantity: of several; empty for the number that decides.
    """

    name: str
    predict: Callable[[Array], Array]
    quantity: str = ""


@dataclass(frozen=True)
class Task:
    """All that a planner must know before the first trial.

    Attributes:
        space: where to search.
        maker: what the bench can make; None for everything.
        seed: of the campaign.
        initial: space-filling proposals before a model is asked.
        maximise: whether more of the number that decides is better.
        aims: several objectives; empty when one number decides.
        limits: on measured quantities.
        beliefs: predictions made beforehand.
    """

    space: SearchSpace
    maker: Maker | None = None
    seed: int = 0
    initial: int = 8
    maximise: bool = True
    aims: tuple[Aim, ...] = ()
    limits: tuple[Limit, ...] = ()
    beliefs: tuple[Belief, ...] = ()

    def __post_init__(self) -> None:
        if len(self.aims) == 1:
            raise ValueError("one objective is the number that decides, not an aim among several")
