"""What a campaign's planner believes beforehand: a law of physics, and earlier campaigns of the lab."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from galvanaut.campaigns.earlier import beliefs_of_earlier
from galvanaut.campaigns.planners.task import Belief
from galvanaut.core.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from galvanaut.campaigns.campaignfile import Campaign
    from galvanaut.campaigns.ledger import Ledger
    from galvanaut.campaigns.space import SearchSpace
    from galvanaut.flows.plan import Plan

    Array = NDArray[np.float64]

CONDUCTIVITY = "conductivity"


def beliefs(plan: Plan, ledger: Ledger) -> list[Belief]:
    """All that the campaign file asks for; `check_physics` has looked at the file before."""
    return [
        *physics_beliefs(plan.campaign, plan.space, is_synthetic=plan.bench.is_synthetic),
        *beliefs_of_earlier(plan.campaign, plan.space, ledger),
    ]


def check_physics(plan: Plan) -> None:
    """Refuse the law where it has nothing to say.

    Raises:
        InputError: no conductivity is asked for, or the law does not know a component.
    """
    from galvanaut.simulators.electrolyte.composition import COUNTED_AS_EC, SALT, SOLVENTS

    if not plan.campaign.planner.physics:
        return
    most = {**dict.fromkeys((*SOLVENTS, SALT), float("inf")), **COUNTED_AS_EC}
    foreign = [name for name, (_, high) in plan.campaign.components.bounds.items() if high > most.get(name, 0.0)]
    if foreign:
        amounts = " and ".join(f"{name} up to {100 * share:g} %" for name, share in COUNTED_AS_EC.items())
        text = f"the law knows {', '.join((*SOLVENTS, SALT))}, {amounts}; not {', '.join(foreign)}"
        raise InputError(plan.campaign_file, Problem("planner.physics", text))
    if not _names_of(CONDUCTIVITY, plan.campaign):
        text = "there is a law for the conductivity only, which this campaign does not ask for"
        raise InputError(plan.campaign_file, Problem("planner.physics", text))


def physics_beliefs(campaign: Campaign, space: SearchSpace, *, is_synthetic: bool) -> list[Belief]:
    """The law, if the campaign file asks for it; ``is_synthetic`` as in `conductivity_law`."""
    if not campaign.planner.physics:
        return []
    law = conductivity_law(space, campaign.procedure.conductivity.temperature_degC, is_synthetic=is_synthetic)
    return [Belief("physics", law, name) for name in _names_of(CONDUCTIVITY, campaign)]


def _names_of(quantity: str, campaign: Campaign) -> list[str]:
    """By which names the planner knows a quantity; none if it is not told of it."""
    alone = [""] if not campaign.quantities and campaign.objective.name == quantity else []
    return alone + [name for name in campaign.watched if name == quantity]


def conductivity_law(space: SearchSpace, temperature_degC: float, *, is_synthetic: bool) -> Callable[[Array], Array]:
    """The conductivity that published measurements let one expect, mS/cm, by points of a search space.

    Args:
        space: of EC, PC, DMC, EMC, LiPF6, VC and FEC.
        temperature_degC: of the measurement.
        is_synthetic: whether the bench is simulated. There the law fitted to all measurements is the truth, so one
            that was fitted to the papers alone takes its place: else the planner would know what it is to find out.
    """
    from galvanaut.simulators.electrolyte import ConductivityModel, prior_model
    from galvanaut.simulators.electrolyte.composition import COUNTED_AS_EC, MOLAR_MASSES_G_MOL, SALT, SOLVENTS

    model = prior_model() if is_synthetic else ConductivityModel()

    def expected(points: Array) -> Array:
        fractions = dict(zip(space.components, space.mass_fractions(points).T, strict=True))
        none = np.zeros(len(points))
        parts = np.column_stack([fractions.get(name, none) for name in SOLVENTS])
        parts[:, 0] += sum((fractions.get(name, none) for name in COUNTED_AS_EC), none)
        liquid = parts.sum(axis=1)
        molality = 1000.0 * fractions.get(SALT, none) / MOLAR_MASSES_G_MOL[SALT] / liquid
        return model.extrapolated_mS_cm(parts / liquid[:, None], molality, temperature_degC)

    return expected
