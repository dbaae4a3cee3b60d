"""Everything that a dossier says, worked out from the ledger, the planner's model and the jobs of the bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.campaigns.certainty import known_as
from galvanaut.campaigns.dossier.calibration import LEAST, Calibration, left_out, said_before
from galvanaut.campaigns.dossier.effect import Effect, effect_of
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.dossier.number import Origin, measured_origin
from galvanaut.campaigns.dossier.recipecard import Bottle, RecipeCard, recipe_card
from galvanaut.campaigns.dossier.sensitivity import Sensitivity, sensitivities
from galvanaut.campaigns.dossier.specification import Specification, specification_of
from galvanaut.campaigns.dossier.steps import Instruction, Step, instructions
from galvanaut.campaigns.dossier.window import ProcessWindow, window_of
from galvanaut.campaigns.observe import observations
from galvanaut.campaigns.report.summary import Summary, summarise
from galvanaut.campaigns.tasks import planner_of
from galvanaut.core.errors import InputError

if TYPE_CHECKING:
    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import Ledger, TrialRecord
    from galvanaut.campaigns.planners.protocol import Observation, Recommendation
    from galvanaut.campaigns.planners.task import Task

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

PROBABILITY = 0.9
"""With which a recipe has to meet its specification, unless somebody asks for another one."""


@dataclass(frozen=True)
class Asked:
    """What the one who hands over wants.

    Attributes:
        specification: such as ``conductivity >= 7 mS/cm``; nothing for the limits of the campaign file.
        probability: with which it is to be met.
    """

    specification: Sequence[str] = ()
    probability: float = PROBABILITY


@dataclass(frozen=True)
class Sources:
    """What a dossier is made from.

    Attributes:
        campaign: its file.
        ledger: its record.
        task: what its planner is set to.
        steps: jobs of all its trials.
        bottles: stocks, by bench and name.
        synthetic: whether the measurements of a bench come from a simulation, by the bench's name.
        note: what was simulated, in words; empty where everything was measured.
    """

    campaign: Campaign
    ledger: Ledger
    task: Task
    steps: Sequence[Step]
    bottles: Mapping[str, Mapping[str, Bottle]]
    synthetic: Mapping[str, bool]
    note: str

    def origin(self, trial: TrialRecord) -> Origin:
        """Where the measurements of a trial come from."""
        return "simulated" if self.synthetic.get(trial.bench, True) else "real"

    @property
    def origin_of_all(self) -> Origin:
        """Where that comes from what was computed from all trials."""
        return measured_origin(self.synthetic.get(trial.bench, True) for trial in self.ledger.trials.values())


@dataclass(frozen=True)
class Content:
    """What is handed over.

    Attributes:
        sources: what it was made from.
        summary: of the campaign.
        best: trial that made the recommended recipe.
        expected, expected_sd: of it, by the planner, in the unit of the number that decides; the deviation is None
            where there is no model.
        specification: that the window keeps to.
        probability: with which.
        card: of the recommended recipe.
        batch, calibrating: the steps of its trial, and of the calibration before all.
        model: of the planner; None where there are too few values.
        window, sensitivity: None and empty without a model.
        effect: against the reference electrolyte.
        before, left_out: how good predictions were; None where there are none.
        centre: point of the search around which the window lies.
    """

    sources: Sources
    summary: Summary
    best: TrialRecord
    expected: float
    expected_sd: float | None
    specification: Specification
    probability: float
    card: RecipeCard
    batch: Sequence[Instruction]
    calibrating: Sequence[Instruction]
    model: Model | None
    window: ProcessWindow | None
    sensitivity: Sequence[Sensitivity]
    effect: Effect
    before: Calibration | None
    left_out: Calibration | None
    centre: Array

    @property
    def origin(self) -> Origin:
        """Of all that rests on the trials together."""
        return self.sources.origin_of_all

    @property
    def campaign(self) -> Campaign:
        """The campaign file."""
        return self.sources.campaign

    @property
    def unit(self) -> str:
        """Of the number that decides."""
        return self.campaign.objective.unit


def content_of(sources: Sources, asked: Asked) -> Content:
    """Work it out.

    Raises:
        InputError: no trial has succeeded, or the specification cannot be used.
    """
    campaign, ledger, task = sources.campaign, sources.ledger, sources.task
    told = observations(ledger, campaign, task.space)
    found = planner_of(campaign, task).recommend(told)
    if found is None:
        raise InputError(f"campaign {campaign.name}", "no trial has succeeded yet, so there is no recipe to hand over")
    best, summary = ledger.trials[found.trial], summarise(ledger, campaign)
    model, judged = model_of(sources, told)
    expected, expected_sd = _expected(found, model, campaign.objective.name)
    specification = specification_of(campaign, asked.specification, expected)
    centre = _centre(best, task)
    window, alone = _window(model, campaign, centre, specification, asked.probability)
    weighed = campaign.quantities
    deciding = campaign.objective.name, campaign.objective.unit, sources.origin_of_all
    trials = [trial for _, trial in sorted(ledger.trials.items())]
    steps = [step for step in sources.steps if step.trial == best.number]
    return Content(
        sources,
        summary,
        best,
        expected,
        expected_sd,
        specification,
        asked.probability,
        recipe_card(best, steps, sources.bottles.get(best.bench, {}), sources.origin(best)),
        instructions(steps),
        instructions([step for step in sources.steps if step.trial == 0]),
        model,
        window,
        alone,
        effect_of(best, trials, task.space, model, deciding, weighed),
        said_before(trials, campaign.objective.name, weighed),
        judged,
        centre,
    )


def model_of(sources: Sources, told: Sequence[Observation]) -> tuple[Model | None, Calibration | None]:
    """The model, less sure of itself where it was wrong about trials that it had not seen, and how wrong it was."""
    name, weighed = sources.campaign.objective.name, sources.campaign.quantities
    trials = sources.ledger.trials.values()
    forecast = {trial.number for trial in trials if known_as(trial.outcome, name, weighed) == "forecast"}
    judged = left_out(sources.campaign, sources.task, told, forecast)
    model = Model.fitted(sources.campaign, sources.task, told)
    if model is not None and judged is not None and len(judged.predictions) >= LEAST:
        model.widening = max(1.0, judged.scatter)
    return model, judged


def _expected(found: Recommendation, model: Model | None, quantity: str) -> tuple[float, float | None]:
    """Of the recommended recipe: by the planner, or by the model where that has none; else its measured value."""
    if model is None:
        return found.mean, found.sd
    if found.sd is not None:
        return found.mean, model.widening * found.sd
    means, sds = model.predict(np.array(found.point), quantity)
    return float(means[0]), model.widening * float(sds[0])


def _centre(best: TrialRecord, task: Task) -> Array:
    """The recipe as it was made, or as it was asked for where dosing errors took it out of the search."""
    made = task.space.point(best.tested, best.settings)
    return made if task.space.feasible(made, 1e-6)[0] else task.space.point(best.recipe, best.settings)


def _window(
    model: Model | None, campaign: Campaign, centre: Array, specification: Specification, probability: float
) -> tuple[ProcessWindow | None, list[Sensitivity]]:
    if model is None:
        return None, []
    deciding = campaign.objective
    alone = sensitivities(model, centre, specification, probability, (deciding.name, deciding.unit))
    return window_of(model, campaign, centre, specification, probability, alone), alone
