"""Planners on other people's engines, where their extras are installed; torch is too large for every run."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Aim, Limit, Measured, Observation, PlannerSession, Task, baybe, planner
from galvanaut.campaigns.planners.extras import need
from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.core.errors import InputError

Array = NDArray[np.float64]
SPACE = SearchSpace({"EC": Bounds(0.0, 0.6), "DMC": Bounds(0.4, 1.0)}, {"LiPF6": Bounds(0.5, 2.0)})
AIMS = (Aim("conductivity", True, 0.0, 10.0), Aim("cost", False, 30.0, 10.0))
NAMES = ["botorch", "baybe"]
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600)]


class Grid:
    """Makes steps of 2 % EC and 0.1 mol/kg."""

    def reachable(self, points: Array) -> NDArray[np.bool_]:
        return np.ones(len(points), dtype=bool)

    def realise(self, point: Array) -> Array:
        share = round(float(point[0]) * 50) / 50
        return np.array([share, 1.0 - share, round(float(point[2]) * 10) / 10])


def measured(point: Array) -> tuple[float, float]:
    return float(8.0 - 20.0 * (point[0] - 0.4) ** 2 - 2.0 * (point[2] - 1.2) ** 2), float(12.0 + 25.0 * point[0])


def course(name: str, task: Task, trials: int) -> Array:
    """Conductivity and cost of each trial; more than 55 % EC gels, and trial 7 is never told."""
    session, seen = PlannerSession(planner(name, task)), []
    for trial in range(1, trials + 1):
        point = np.array(session.ask().point)
        made = Grid().realise(point)
        assert point == pytest.approx(made)
        seen.append(measured(point))
        if trial == 7:
            continue
        if point[0] > 0.55:
            session.tell(trial, status="failed_recipe")
            continue
        conductivity, cost = seen[-1]
        quantities = {"conductivity": Measured(conductivity, 1e-3), "cost": Measured(cost)}
        session.tell(trial, conductivity, variance=1e-3, quantities=quantities)
    best = session.recommend()
    assert best is not None
    return np.array(seen)


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_the_best_recipe_that_can_be_made(name: str) -> None:
    pytest.importorskip(name)
    seen = course(name, Task(SPACE, Grid(), seed=1, initial=5), 14)
    assert seen[:, 0].max() > 7.9


@pytest.mark.parametrize("name", NAMES)
def test_it_spreads_along_a_front(name: str) -> None:
    pytest.importorskip(name)
    seen = course(name, Task(SPACE, Grid(), seed=1, initial=5, aims=AIMS), 14)
    good = seen[5:][seen[5:, 0] > 4.5]
    assert np.ptp(good[:, 1]) > 5.0


def test_botorch_keeps_limits() -> None:
    pytest.importorskip("botorch")
    seen = course("botorch", Task(SPACE, Grid(), seed=1, initial=5, limits=(Limit("cost", high=18.0),)), 14)
    assert (seen[8:, 1] < 18.6).mean() >= 0.6


def test_botorch_recommends_what_keeps_the_limits() -> None:
    pytest.importorskip("botorch")
    points = SPACE.sobol(12, 1)
    told = [
        Observation(number, tuple(point), 10.0 * point[0], quantities={"cost": Measured(measured(point)[1])})
        for number, point in enumerate(points.tolist(), 1)
    ]
    planner_ = planner("botorch", Task(SPACE, seed=1, limits=(Limit("cost", high=18.0),)))
    best = planner_.recommend(told)
    assert best is not None
    allowed = points[12.0 + 25.0 * points[:, 0] < 17.5, 0].max()
    assert best.point[0] == pytest.approx(allowed)
    assert f"best tested so far {10.0 * allowed:.2g}" in planner_.propose(12, told, []).reason


def test_botorch_learns_how_batches_scatter_beyond_their_readings() -> None:
    pytest.importorskip("botorch")
    points, noise = SPACE.sobol(30, 1), np.random.default_rng(1).normal(0.0, 0.3, 30)
    told = [
        Observation(number, tuple(point), measured(np.array(point))[0] + off, 1e-4)
        for number, (point, off) in enumerate(zip(points.tolist(), noise.tolist(), strict=True), 1)
    ]
    best = planner("botorch", Task(SPACE, seed=1)).recommend(told)
    assert best is not None
    assert best.sd is not None
    assert best.sd > 0.05, "that of the readings alone is 0.01"


def test_baybe_recommends_what_keeps_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baybe, "need", lambda extra: None)  # what it recommends is worked out without it
    asked = baybe.BaybePlanner(Task(SPACE, seed=1, limits=(Limit("cost", high=18.0),)))
    told = [
        Observation(number, (0.1 * number, 1.0 - 0.1 * number, 1.0), value, quantities={"cost": Measured(cost)})
        for number, (value, cost) in enumerate([(9.0, 25.0), (5.0, 15.0), (4.0, 14.0)], 1)
    ]
    for count in (2, 3):
        best = asked.recommend(told[:count])
        assert best is not None
        assert best.trial == 2


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_has_the_same_answer(name: str) -> None:
    pytest.importorskip(name)
    points = [course(name, Task(SPACE, Grid(), seed=3, initial=5), 7).tolist() for _ in range(2)]
    assert points[0] == points[1]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InputError, match=r"planner 'no_such_package': needs an extra: pip install .galvanaut\[no_such"):
        need("no_such_package")
