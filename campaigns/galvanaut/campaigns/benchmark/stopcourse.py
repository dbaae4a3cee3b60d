"""Whole campaigns with cells in event order, with and without early stopping, on cells whose truth is known.

Nothing of a bench takes part but its number of channels and, where that is wanted, the time that the mixer takes. A
trial waits until it has a channel for each of its cells, then for the mixer; a cell gives its channel back when it
ends, or when its recipe is stopped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, nan, sqrt

import numpy as np

from galvanaut.campaigns.analysis.figures import Array, Flags
from galvanaut.campaigns.analysis.trialsummary import LIFE as LIVES
from galvanaut.campaigns.benchmark.cellruns import MadeTrial, Wanted
from galvanaut.campaigns.benchmark.stopping import Campaigning, Setup, StopTrace, TrialTrace
from galvanaut.campaigns.life import Course, Decision, LifeModel, decide
from galvanaut.campaigns.life.beating import LIFE, Rival, beating, worth
from galvanaut.campaigns.planners import Measured, Observation, PlannerSession, planner
from galvanaut.campaigns.planners.protocol import Censored

Make = Callable[[Sequence[Wanted]], list[MadeTrial]]

_LOOK, _MEASURED = -1, -2
_AGAIN = 0.2
"""The life model learns again when so many more cells, or those of one more trial, have ended."""


@dataclass
class _Trial:
    """One under way; hours since the campaign began, and the cells' tests begin at ``began_h``."""

    number: int
    point: Array
    made: MadeTrial
    began_h: float
    left: int
    making_h: float = 0.0
    worth: float = nan
    decision: Decision | None = None
    stopped_h: float | None = None

    @property
    def is_stopped(self) -> bool:
        return self.decision is not None

    @property
    def own_h(self) -> list[float]:
        """Hours of each cell in its channel, if nothing happens any more."""
        stop_h = inf if self.stopped_h is None else self.stopped_h - self.began_h
        return [min(end, stop_h) for end in self.full_h]

    @property
    def full_h(self) -> list[float]:
        """The same if it is not stopped."""
        return [*(cell.whole_h for cell in self.made.cells), *self.made.spoilt_h]


def campaign(setup: Setup) -> Campaigning:
    """Simulate one; yields the trials whose cells are wanted, and takes these."""
    course = _Course(setup)
    while True:
        fresh = course.fresh()
        if fresh:
            made = yield [Wanted(point, setup.task.seed, number) for number, point in fresh]
            for (number, point), cells in zip(fresh, made, strict=True):
                course.start(number, point, cells)
        elif not course.step():
            return course.trace()


def together(setups: Sequence[Setup], make: Make) -> list[StopTrace]:
    """Simulate several at once, so that cells are made for all of them together."""
    running = {place: campaign(setup) for place, setup in enumerate(setups)}
    found: dict[int, StopTrace] = {}
    wanted = {place: next(each) for place, each in running.items()}
    while wanted:
        made = iter(make([one for each in wanted.values() for one in each]))
        for place, asked in list(wanted.items()):
            try:
                wanted[place] = running[place].send([next(made) for _ in asked])
            except StopIteration as over:
                found[place] = over.value
                del wanted[place]
    return [found[place] for place in range(len(setups))]


class _Course:
    """A campaign under way; times in hours."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._session = PlannerSession(setup.proposer or planner(setup.planner, setup.task))
        self._now_h, self._free, self._asked = setup.begins_h, setup.channels, 0
        self._mixers_h = [setup.begins_h] * setup.mixers  # when each is clean again
        self._waiting: list[tuple[int, Array]] = []
        self._trials: dict[int, _Trial] = {}
        self._ended: dict[int, tuple[float, float]] = {}  # when, and the life in cycles
        self._events: list[tuple[float, int, int]] = []  # when, trial, cell
        self._forecasts: dict[int, tuple[float, float]] = {}  # life, and standard deviation of its logarithm
        self._finished: list[Course] = []
        self._model = LifeModel.learned([])
        self._rival: tuple[tuple[bool, float], Rival] | None = None

    def fresh(self) -> list[tuple[int, Array]]:
        """Ask for as many recipes as may be under way; those that get their channels now."""
        setup = self._setup
        may_ask = setup.asynchronous or self._asked == len(self._ended)
        while may_ask and self._asked - len(self._ended) < setup.parallel and self._asked < setup.trials:
            proposal = self._session.ask()
            self._asked += 1
            self._waiting.append((self._asked, np.array(proposal.point)))
        found = []
        while self._waiting and self._free >= setup.replicates:
            self._free -= setup.replicates
            found.append(self._waiting.pop(0))
        return found

    def start(self, number: int, point: Array, made: MadeTrial) -> None:
        """Put the cells of a trial on their channels."""
        making_h = 0.0 if self._setup.making is None else self._setup.making(point, number)
        began_h = max(self._now_h, heapq.heappop(self._mixers_h)) + making_h
        heapq.heappush(self._mixers_h, began_h)
        cells = len(made.cells) + len(made.spoilt_h)
        trial = _Trial(number, point, made, began_h, cells, making_h=making_h)
        self._trials[number] = trial
        for cell, hours in enumerate(trial.own_h):
            heapq.heappush(self._events, (began_h + hours, number, cell))
        for hours in self._looks(made):
            heapq.heappush(self._events, (began_h + hours, number, _LOOK))
        if not cells:
            heapq.heappush(self._events, (began_h, number, _MEASURED))

    def step(self) -> bool:
        """The next thing that happens; False if nothing does any more."""
        if not self._events:
            return False
        self._now_h, number, cell = heapq.heappop(self._events)
        trial = self._trials[number]
        if number in self._ended:
            return True
        if cell == _LOOK:
            self._look(trial)
            return True
        if cell == _MEASURED:
            self._end(trial)
            return True
        trial.left -= 1
        self._free += 1
        if cell < len(trial.made.cells) and trial.made.cells[cell].course.life is not None:
            self._finished.append(trial.made.cells[cell].course)
        if not trial.left:
            self._end(trial)
        return True

    def trace(self) -> StopTrace:
        """What is left behind."""
        order = sorted(self._ended, key=lambda number: (self._ended[number][0], number))
        return StopTrace(self._setup.task.seed, tuple(self._traced(self._trials[number]) for number in order))

    def _looks(self, made: MadeTrial) -> list[float]:
        """When the slowest living cell of a trial comes to the cycles after which it is looked at."""
        policy = self._setup.policy
        if policy is None or not made.cells:
            return []
        longest = max(float(each.course.cycle[-1]) for each in made.cells)
        found, cycle = [], policy.next_look()
        while cycle < longest:
            found.append(max(each.done_by(float(cycle)) for each in made.cells))
            cycle = policy.next_look(cycle)
        return found

    def _look(self, trial: _Trial) -> None:
        policy = self._setup.policy
        courses = self._seen(trial)
        if policy is None or not courses:
            return
        model = self._learnt()
        rival = self._best_other(trial)
        liquid = self._setup.liquid(trial.point, trial.number)
        beats = _anything if rival is None else beating(self._setup.objectives, liquid, rival)
        decision = decide(courses, model, beats, policy)
        if decision.life is not None and decision.life_sd is not None:
            self._forecasts[trial.number] = decision.life, decision.life_sd / decision.life
        if decision.action == "stop":
            trial.decision, trial.stopped_h = decision, self._now_h
            self._free += trial.left
            self._end(trial)

    def _seen(self, trial: _Trial) -> list[Course]:
        seen = (each.after(self._now_h - trial.began_h) for each in trial.made.cells)
        return [each for each in seen if each is not None]

    def _best_other(self, trial: _Trial) -> Rival | None:
        """The recipe of highest expected worth among those that ended and those that were forecast when last seen."""
        best = self._rival
        for number, (life, log_sd) in self._forecasts.items():
            if number != trial.number and number not in self._ended:
                values = {**self._setup.liquid(self._trials[number].point, number), LIFE: life}
                rank = self._rank(values)
                if best is None or rank > best[0]:
                    best = rank, Rival(values, log_sd)
        lives = [life for _, life in self._ended.values() if isfinite(life)]
        return None if best is None else best[1].among(lives)

    def _rank(self, values: Mapping[str, float]) -> tuple[bool, float]:
        """How good a recipe is: those that keep the limits, as far as they are known, come before all others."""
        keeps = all(limit.keeps(values[limit.name]) for limit in self._setup.task.limits if limit.name in values)
        return keeps, float(worth(self._setup.objectives, values))

    def _learnt(self) -> LifeModel:
        """The life model, as good as up to date."""
        more = len(self._finished) - len(self._model.cells)
        enough = max(self._setup.replicates, _AGAIN * len(self._finished))
        if more >= enough or (more and not self._model.is_calibrated):
            self._model = LifeModel.learned(self._finished)
        return self._model

    def _end(self, trial: _Trial) -> None:
        cells = [each.course for each in trial.made.cells]
        if not self._setup.replicates:
            life, log_sd, censored = nan, 0.0, False
        elif not cells:
            self._ended[trial.number] = self._now_h, nan
            self._session.tell(trial.number, status="failed_instrument")
            return
        elif trial.decision is not None:
            life, log_sd, censored = self._stopped(trial, trial.decision)
        else:
            life, log_sd = _mean(trial.made), LIVES.spread / sqrt(len(cells))
            censored = any(each.life is None for each in cells)
        self._ended[trial.number] = self._now_h, life
        values = {**self._setup.liquid(trial.point, trial.number), LIFE: life}
        trial.worth = float(worth(self._setup.objectives, values))
        self._session.hear(self._observation(trial, life, log_sd, censored))
        rank = self._rank(values)
        if trial.decision is None and (self._rival is None or rank > self._rival[0]):
            self._rival = rank, Rival(values, log_sd)

    def _stopped(self, trial: _Trial, decision: Decision) -> tuple[float, float, bool]:
        """Life, standard deviation of its logarithm, and whether that is a bound."""
        if self._setup.told == "censored":
            lived = float(np.mean([np.log(each.cycles) for each in self._seen(trial)]))
            return exp(lived), 0.0, True
        assert decision.life is not None
        assert decision.life_sd is not None
        return decision.life, decision.life_sd / decision.life, False

    def _observation(self, trial: _Trial, life: float, log_sd: float, censored: bool) -> Observation:
        setup = self._setup
        known = setup.liquid(trial.point, trial.number)
        lives = life * np.exp(log_sd * np.array([-1.0, 0.0, 1.0]))
        low, value, high = np.broadcast_to(worth(setup.objectives, {**known, LIFE: lives}), 3).tolist()
        sign = 1.0 if setup.task.maximise else -1.0
        side: Censored = "above" if censored else ""
        quantities = {name: Measured(each) for name, each in known.items()}
        if setup.replicates:
            quantities[LIFE] = Measured(life, (life * log_sd) ** 2, side)
        rests_on_life = any(each.name == LIFE for each in setup.objectives)
        variance = ((high - low) / 2) ** 2 if rests_on_life else None
        where = tuple(trial.point.tolist())
        watched = quantities if setup.task.aims or setup.task.limits else {}
        return Observation(trial.number, where, sign * value, variance, "ok", side, quantities=watched)

    def _traced(self, trial: _Trial) -> TrialTrace:
        when, life = self._ended[trial.number]
        spent = sum(min(hours, max(0.0, when - each.began_h)) for each in self._trials.values() for hours in each.own_h)
        full = _mean(trial.made) if trial.made.cells else nan
        is_ok = isfinite(trial.worth)
        own_h = tuple(trial.own_h)
        return TrialTrace(
            tuple(trial.point.tolist()),
            trial.is_stopped,
            is_ok,
            sum(own_h),
            sum(trial.full_h),
            spent,
            life,
            full,
            trial.number,
            own_h,
            trial.making_h,
            when,
            trial.worth,
        )


def _anything(lives: Array) -> Flags:
    """As long as there is nothing to beat, everything does."""
    return np.ones(len(lives), dtype=bool)


def _mean(made: MadeTrial) -> float:
    """Geometric mean of what the cells reached, in cycles."""
    return exp(float(np.mean([np.log(each.reached) for each in made.cells])))
