"""Every proposal in random search spaces on random benches: feasible, apart from what is under way, made exactly.

``--spaces 10000`` for more than the suite's few; ``--dist load`` then spreads them over all workers.
"""

from __future__ import annotations

import numpy as np
import pytest

from campaigns.randomspaces import Case, random_case
from galvanaut.campaigns.constraints import LinearConstraint
from galvanaut.campaigns.lots import spurned_lots
from galvanaut.campaigns.planners import Task
from galvanaut.campaigns.planners.bayes import BayesPlanner
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal
from galvanaut.campaigns.planners.random import RandomPlanner
from galvanaut.campaigns.planners.sobol import SobolPlanner
from galvanaut.core.errors import NotMakeableError

INITIAL = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("number", range(metafunc.config.getoption("spaces")))


def test_proposals_keep_to_the_space_and_the_bench(number: int) -> None:
    case = random_case(number)
    try:
        proposals, pending = _proposals(case, number)
    except NotMakeableError:
        _check_hardly_makeable(case)
        return
    for proposal in proposals:
        _check_feasible(case, proposal)
        _check_made_exactly(case, proposal)
    space, last = case.space, proposals[-1]
    gaps = np.abs(space.features(np.array(pending)) - space.features(np.array(last.point))).max(axis=1)
    assert gaps.min() > 1e-3, "the last one is apart from those under way"


def _proposals(case: Case, seed: int) -> tuple[list[Proposal], list[Array]]:
    """Of each planner; the last one is a model's, with what it had to keep away from."""
    task = Task(case.space, case.maker, seed, initial=INITIAL)
    blind = RandomPlanner(task).propose(0, [], [])
    sobol = SobolPlanner(task)
    design = [sobol.propose(index, [], []) for index in range(INITIAL + 1)]
    told = [Observation(each.index + 1, each.point, float(np.sin(3 * sum(each.point)))) for each in design[:INITIAL]]
    pending = [np.array(design[-1].point)]
    best = BayesPlanner(task).propose(INITIAL + 1, told, pending)
    return [blind, *design, best], pending


def _check_feasible(case: Case, proposal: Proposal) -> None:
    recipe, slack = proposal.recipe, dict(zip(case.space.bounds, case.maker.slack.tolist(), strict=True))
    assert case.space.feasible(np.array(proposal.point), case.maker.slack)[0]
    held = {**recipe.solvent_shares, **recipe.molalities, **recipe.additive_fractions}
    values = {name: held.get(name, 0.0) for name in case.bounds}
    for name, (low, high) in case.bounds.items():
        assert values[name] <= high + slack[name]
        assert values[name] >= low - slack[name] or (name in case.optional and name not in held)
    for constraint in case.constraints:
        if isinstance(constraint, LinearConstraint):
            allowed = sum(abs(part) * slack[name] for name, part in constraint.coefficients.items())
            assert constraint.excess(values) <= allowed
        else:
            assert constraint.least <= sum(name in held for name in constraint.names) <= constraint.most


def _check_made_exactly(case: Case, proposal: Proposal) -> None:
    space, maker, point = case.space, case.maker, np.array(proposal.point)
    settings = space.settings(point)
    assert tuple(space.point(proposal.recipe, settings)) == proposal.point
    spurned = spurned_lots(space.choices, settings)
    plan = maker.batches.without_lots(spurned).plan(proposal.recipe, maker.mass_g)
    assert plan.deviation <= 1e-12
    used = [maker.batches.stocks[dose.stock] for dose in plan.doses]
    assert not spurned & {(key, stock.lot) for stock in used for key in stock.composition}
    for dose in plan.doses:
        assert dose.volume_mL <= maker.batches.stocks[dose.stock].available_mL + 1e-9


def _check_hardly_makeable(case: Case) -> None:
    """A planner may give up where a look at random finds next to nothing that can be made."""
    points = case.space.volume(200, np.random.default_rng(1))
    assert sum(case.maker.realise(point) is not None for point in points) <= 2
