from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from galvanaut.campaigns.benchmark import Trace, run
from galvanaut.campaigns.planners import Observation, Planner, Proposal, Task, planner
from galvanaut.campaigns.planners.protocol import Array
from hill import Cliff, Hill, Pit, Ridge


class Watched:
    """Another planner, and what it was told at each ask."""

    def __init__(self, task: Task, name: str = "random") -> None:
        self._planner: Planner = planner(name, task)
        self.space, self.recommend = self._planner.space, self._planner.recommend
        self.told: list[tuple[list[Observation], int]] = []

    def propose(self, index: int, observations: Sequence[Observation], pending: Sequence[Array]) -> Proposal:
        self.told.append((list(observations), len(pending)))
        return self._planner.propose(index, observations, pending)


def watched(problem: Hill, budget: int, parallel: int = 1, seed: int = 1) -> tuple[Trace, Watched]:
    made: list[Watched] = []

    def make(task: Task) -> Watched:
        made.append(Watched(task))
        return made[0]

    trace = run(problem, "watched", seed, budget, parallel=parallel, make=make)
    return trace, made[0]


def test_trace_holds_the_best_so_far() -> None:
    trace = run(Hill(), "bayes", seed=1, budget=12, initial=6)
    assert (np.diff(trace.regret) <= 0).all()
    assert 0.0 <= trace.regret[-1] < 0.1
    assert set(trace.recommended) == {10, 12}
    assert (trace.cpu_s[6:] > 0).all()


def test_noise_belongs_to_seed_and_number_not_to_the_planner() -> None:
    first, second = Hill(), Hill()
    run(first, "random", seed=3, budget=5)
    run(second, "sobol", seed=3, budget=5)
    assert first.asked == second.asked
    other = Hill()
    run(other, "sobol", seed=4, budget=5)
    assert other.asked != first.asked


def test_minimising_counts_from_the_bottom() -> None:
    trace = run(Pit(maximise=False), "random", seed=1, budget=10)
    assert (trace.regret >= 0).all()
    assert trace.regret[-1] < 0.5


def test_failures_are_told_and_counted_but_score_nothing() -> None:
    trace, planner = watched(Cliff(), 20)
    last, _ = planner.told[-1]
    failed = [seen for seen in last if seen.status == "failed_recipe"]
    assert failed
    assert len(failed) <= trace.failures <= len(failed) + 1
    assert all(seen.point[0] > 0.25 for seen in failed)
    assert np.isfinite(trace.regret).all()


def test_several_aims_are_told_by_name_and_scored_by_hypervolume() -> None:
    trace, planner = watched(Ridge(), 12)
    last, _ = planner.told[-1]
    assert set(last[0].quantities) == {"height", "salt"}
    assert trace.recommended == {}
    assert 0.0 < trace.regret[-1] < trace.regret[0] <= 1.0


@pytest.mark.parametrize("parallel", [1, 4])
def test_so_many_are_under_way_at_a_time(parallel: int) -> None:
    trace, planner = watched(Hill(), 12, parallel)
    assert len(trace.regret) == len(planner.told) == 12
    assert [pending for _, pending in planner.told] == [min(n, parallel - 1) for n in range(12)]
    assert [len(told) for told, _ in planner.told] == [max(0, n - parallel + 1) for n in range(12)]


def test_results_come_as_trials_end_which_is_the_same_for_all_planners() -> None:
    (_, one), (_, again), (_, other) = (watched(Hill(), 12, 4, seed) for seed in (1, 1, 2))
    orders = [[{seen.trial for seen in told} for told, _ in each.told] for each in (one, again, other)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][-1] != set(range(1, 9))  # not in the order asked


def test_a_trace_survives_json() -> None:
    trace = run(Hill(), "random", seed=1, budget=10)
    again = Trace.from_json(trace.to_json() | {"problem": "hill"})
    assert np.allclose(again.regret, trace.regret, atol=1e-5)
    assert again.recommended[10] == pytest.approx(trace.recommended[10], abs=1e-5)
    nothing = Trace("p", 1, trace.regret, {10: float("nan")}, trace.cpu_s)
    assert nothing.to_json()["recommended"] == {"10": None}
    assert np.isnan(Trace.from_json(nothing.to_json()).recommended[10])
