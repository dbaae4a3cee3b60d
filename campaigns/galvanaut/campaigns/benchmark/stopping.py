"""What a simulated campaign with early stopping is, and what it leaves behind; `stopcourse` runs it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from galvanaut.campaigns.analysis.figures import Array
from galvanaut.campaigns.benchmark.cellruns import MadeTrial, Wanted
from galvanaut.campaigns.life import EarlyStop
from galvanaut.campaigns.objectivefields import Objective
from galvanaut.campaigns.planners import Task
from galvanaut.campaigns.planners.protocol import Planner

Told = Literal["forecast", "censored"]
"""What the planner hears of a stopped recipe: the calibrated forecast, or that it lives longer than it was seen to."""
Campaigning = Generator[list[Wanted], list[MadeTrial], "StopTrace"]


class LiquidValues(Protocol):
    """What is known of a recipe without cells."""

    def __call__(self, point: Array, trial: int) -> dict[str, float]:
        """Values of the objectives but life, at a point, as a trial finds them, by name."""
        ...


class Making(Protocol):
    """How long the mixer is taken."""

    def __call__(self, point: Array, trial: int) -> float:
        """Hours from the first dose of a trial until its cells are built and the mixer is clean again."""
        ...


@dataclass(frozen=True)
class Setup:
    """A campaign as it is simulated.

    Attributes:
        task: of the planner; its seed is that of the run.
        planner: its name.
        objectives: of the campaign.
        liquid: values of the other objectives.
        channels: for cells.
        replicates: cells of a trial; 0 where only the liquid is measured.
        trials: in all.
        parallel: at a time.
        policy: of early stopping; None for full cycling.
        told: of stopped recipes.
        proposer: instead of the planner of that name, one that is set up already.
        making: takes one of the mixers; None where that takes no time.
        mixers: benches that make and measure liquids.
        begins_h: when the first trial may begin, after whatever comes before.
        asynchronous: whether a recipe is chosen as soon as one ends, rather than when all have.
    """

    task: Task
    planner: str
    objectives: tuple[Objective, ...]
    liquid: LiquidValues
    channels: int
    replicates: int
    trials: int
    parallel: int
    policy: EarlyStop | None = None
    told: Told = "forecast"
    proposer: Planner | None = None
    making: Making | None = None
    mixers: int = 1
    begins_h: float = 0.0
    asynchronous: bool = True


@dataclass(frozen=True)
class TrialTrace:
    """One trial of a simulated campaign.

    Attributes:
        point: as made.
        is_stopped: before its end, by the policy.
        is_ok: whether a cell of it counted.
        own_h: channel-hours that it took.
        full_h: channel-hours that it would have taken without a stop.
        spent_h: channel-hours that the whole campaign had taken when it ended.
        life: as measured or, of a stopped one, as forecast, in cycles; NaN if none of its cells counted.
        full_life: what its cells would have come to, in cycles; NaN likewise.
        number: of the trial, from 1.
        cells_h: channel-hours of each cell.
        making_h: hours that it took the mixer.
        ended_h: hours from the beginning of the campaign to its end.
        worth: of what was measured, more is better; NaN if no cell counted.
    """

    point: tuple[float, ...]
    is_stopped: bool
    is_ok: bool
    own_h: float
    full_h: float
    spent_h: float
    life: float
    full_life: float
    number: int = 0
    cells_h: tuple[float, ...] = ()
    making_h: float = 0.0
    ended_h: float = 0.0
    worth: float = float("nan")


@dataclass(frozen=True)
class StopTrace:
    """A simulated campaign; trials in the order in which they ended."""

    seed: int
    trials: tuple[TrialTrace, ...]

    @property
    def channel_h(self) -> float:
        """Channel-hours of all its trials."""
        return sum(each.own_h for each in self.trials)

    @property
    def saved(self) -> float:
        """Share of the channel-hours of the same trials, had none been stopped, that stopping saved."""
        return 1.0 - self.channel_h / sum(each.full_h for each in self.trials)
