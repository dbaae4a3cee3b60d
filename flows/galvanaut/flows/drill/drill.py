"""The drill itself: every scenario on a fresh copy, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from galvanaut.core.identifiers import generator
from galvanaut.flows.drill import judge
from galvanaut.flows.drill.activity import Activity, activity_for
from galvanaut.flows.drill.appraisal import appraise
from galvanaut.flows.drill.course import Stage
from galvanaut.flows.drill.rehearsal import Rehearsal
from galvanaut.instruments.guard.shutdown import silence_s

if TYPE_CHECKING:
    from galvanaut.flows.drill.matrix import Scenario
    from galvanaut.flows.drill.verdict import Verdict
    from galvanaut.instruments.bench import Bench
    from galvanaut.simulators.chemistry import Chemistry

POLLS_AFTERWARDS = 4


class Drill:
    """A copy and what it is put through.

    Args:
        bench: from `galvanaut.flows.drill.benchcopy.copy_of`.
        seed: of its world and of the moments; the same seed gives the same verdicts.
        chemistry: of its world; the fitted model by default.
    """

    def __init__(self, bench: Bench, seed: int, chemistry: Chemistry | None = None) -> None:
        self.bench = bench
        self.seed = seed
        self._chemistry = chemistry
        self._world_seed = int(generator(seed, "drill", "world").integers(2**31))
        self._rehearsed: dict[Activity, tuple[Stage, Rehearsal]] = {}

    def verdicts(self, scenarios: Sequence[Scenario]) -> Iterator[Verdict]:
        """One verdict after another, as they come.

        Raises:
            InputError: the bench has nothing to do for one of the instruments.
            CannotRehearseError: an activity fails although nothing is broken.
        """
        for scenario in scenarios:
            stage, rehearsal = self._stage(activity_for(self.bench, scenario.instrument))
            course = stage.play(scenario, rehearsal.moment(scenario, self.seed))
            yield appraise(self.bench, scenario, course, stage.activity.period_s)

    def _stage(self, activity: Activity) -> tuple[Stage, Rehearsal]:
        if activity not in self._rehearsed:
            silences_s = [silence_s(self.bench, name) or 0.0 for name in self.bench.instruments]
            tail_s = max(silences_s) + (judge.POLLS + POLLS_AFTERWARDS) * activity.period_s
            stage = Stage(self.bench, activity, self._world_seed, self._chemistry, tail_s)
            self._rehearsed[activity] = stage, stage.rehearse()
        return self._rehearsed[activity]
