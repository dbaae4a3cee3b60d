from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from galvanaut.campaigns.planners import Belief, Observation, PlannerSession, Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.space import Bounds, SearchSpace

Array = NDArray[np.float64]
SPACE = SearchSpace(
    {"EC": Bounds(0.0, 0.6), "DMC": Bounds(0.0, 1.0), "EMC": Bounds(0.0, 1.0)}, {"LiPF6": Bounds(0.5, 2.0)}
)


def truth(points: Array) -> Array:
    """A bell; 8 at its top."""
    ec, _, emc, molality = points.T
    return np.asarray(8.0 * np.exp(-(((ec - 0.3) / 0.2) ** 2) - 2.0 * emc - ((molality - 1.3) / 0.4) ** 2))


def theory(points: Array) -> Array:
    """Like the truth, in other units, and off by a tilt."""
    return np.asarray(0.5 * truth(points) * (1.0 + 0.2 * (points[:, 3] - 1.2)) + 3.0)


def elsewhere(points: Array) -> Array:
    """A bell at the wrong place."""
    ec, _, emc, molality = points.T
    return np.asarray(8.0 * np.exp(-((ec / 0.2) ** 2) - 2.0 * (1.0 - emc) - ((molality - 0.6) / 0.4) ** 2))


def course(beliefs: tuple[Belief, ...], seed: int, trials: int = 16) -> tuple[Array, dict[str, float]]:
    """True values of the trials, and the weights of the beliefs at the end."""
    session, values = PlannerSession(BayesPlanner(Task(SPACE, seed=seed, beliefs=beliefs))), []
    draw = np.random.default_rng(seed)
    for trial in range(1, trials + 1):
        proposal = session.ask()
        value = float(truth(np.array([proposal.point]))[0])
        values.append(value)
        session.tell(trial, value + 0.1 * draw.normal())
    return np.array(values), dict(proposal.explanation.get("beliefs", {}))


def first_above(values: Array, level: float) -> int:
    """Trials until a value is reached."""
    found = np.flatnonzero(values >= level)
    return int(found[0]) + 1 if len(found) else len(values) + 1


def test_a_good_theory_saves_experiments() -> None:
    with_theory, without = [], []
    for seed in (1, 2, 3):
        values, weights = course((Belief("physics", theory),), seed)
        assert weights["physics"] > 0.9
        with_theory.append(first_above(values, 7.6))
        without.append(first_above(course((), seed)[0], 7.6))
    assert max(with_theory) <= 6
    assert np.median(with_theory) < np.median(without)


def test_a_wrong_theory_is_left_out() -> None:
    values, weights = course((Belief("physics", elsewhere),), 1, 20)
    assert weights["physics"] < 0.2
    assert values.max() > 7.0


def test_a_theory_with_its_sign_wrong_does_no_harm() -> None:
    values, _ = course((Belief("physics", lambda points: -theory(points)),), 1, 20)
    assert values.max() > 7.6


def test_the_better_one_of_two_beliefs_wins() -> None:
    _, weights = course((Belief("physics", elsewhere), Belief("campaign may", theory)), 2)
    assert weights["campaign may"] > 0.9
    assert sum(weights.values()) == pytest.approx(1.0)


def test_groups_do_not_pass_for_good_recipes() -> None:
    points = SPACE.sobol(30, 4)
    offsets = {"monday": 0.0, "tuesday": 2.5, "friday": -1.0}
    names = [list(offsets)[i % 3] for i in range(30)]
    values = truth(points) + np.array([offsets[name] for name in names])
    rows = list(zip(points.tolist(), values.tolist(), strict=True))
    plain = [Observation(i + 1, tuple(point), value) for i, (point, value) in enumerate(rows)]
    told = [Observation(s.trial, s.point, s.value, group=name) for s, name in zip(plain, names, strict=True)]
    planner = BayesPlanner(Task(SPACE, seed=1))
    best, fooled = planner.recommend(told), planner.recommend(plain)
    assert best is not None
    assert fooled is not None
    assert truth(points[[best.trial - 1]])[0] >= truth(points[[fooled.trial - 1]])[0]
    assert best.trial == int(np.argmax(truth(points))) + 1
