"""A conductivity campaign without a bench: recipes as the stocks give them, values as the simulated chemistry gives."""

from dataclasses import dataclass, replace

import numpy as np

from galvanaut.campaigns.dossier.calibration import left_out
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.dossier.sensitivity import sensitivities
from galvanaut.campaigns.dossier.specification import specification_of
from galvanaut.campaigns.dossier.window import draw, window_of
from galvanaut.campaigns.planners.registry import planner
from galvanaut.campaigns.planners.session import PlannerSession
from galvanaut.flows.conductivity_problem import ConductivityProblem
from galvanaut.flows.plan import load_plan
from smalllab import CAMPAIGN


@dataclass(frozen=True)
class Checked:
    """A window beside the truth.

    Attributes:
        window: found.
        points: drawn inside.
        share: of them that meet the specification in truth; of none if there is no window.
    """

    window: object
    points: np.ndarray
    share: float


def windows(seed, trials, wanted, probability=0.9, draws=500):
    """The windows of one campaign, one for each specification (empty for the assumed one), against the truth."""
    plan = load_plan(CAMPAIGN)
    problem = ConductivityProblem.of(plan)
    task = replace(plan.task(), seed=seed, maker=problem.maker)
    chooser = planner("bayes", task)
    session = PlannerSession(chooser)
    for number in range(trials):
        asked = session.ask()
        session.tell(number + 1, problem.measure(np.array(asked.point), seed, number).measured.value)
    told, campaign = session.observations, plan.campaign
    best = chooser.recommend(told)
    model = Model(campaign, task, told)
    model.widening = max(1.0, left_out(campaign, task, told).scatter)
    centre = np.array(best.point)
    for each in wanted:
        specification = specification_of(campaign, each, best.mean)
        alone = sensitivities(model, centre, specification, probability, ("conductivity", "mS/cm"))
        window = window_of(model, campaign, centre, specification, probability, alone)
        if not window.ranges:
            yield Checked(window, np.empty((0, len(centre))), 1.0)
            continue
        points = draw(campaign, plan.space, centre, window.ranges, draws, seed=7)
        true = problem.true(points)[:, 0]
        yield Checked(window, points, float(specification.demands[0].keeps(true).mean()))
