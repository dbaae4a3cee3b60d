"""Does a campaign on a simulated bench stay where the simulated chemistry rests on measurements?"""

from __future__ import annotations

from collections import Counter

import numpy as np

from galvanaut.campaigns.space import SearchSpace
from galvanaut.core.errors import InputError, Problem, UnsupportedError
from galvanaut.core.identifiers import generator
from galvanaut.flows.plan import Plan

SAMPLE = 400
"""Recipes looked at: half in the volume of the search space, half on its faces, edges and corners."""


def trust(plan: Plan) -> dict[str, float]:
    """Share of the search space in each region of the electrolyte model (see its `support`); empty on a real bench.

    Raises:
        InputError: the campaign reaches outside all regions; says where and what to change.
    """
    if not plan.bench.is_simulated:
        return {}
    from galvanaut.simulators.electrolyte.composition import without_additives
    from galvanaut.simulators.electrolyte.support import region

    temperature = plan.campaign.procedure.conductivity.temperature_degC
    counts: Counter[str] = Counter()
    for row in _sample(plan.space):
        composition = without_additives(plan.space.recipe(row).mass_fractions)
        try:
            counts[region(composition, temperature, margin=1e-6)] += 1
        except (UnsupportedError, ValueError) as error:
            raise InputError(
                plan.campaign_file,
                Problem(
                    "components",
                    f"the search reaches recipes that the simulated bench cannot measure, e.g. "
                    f"{plan.space.recipe(row).text()} at {temperature:g} degC: {error}. "
                    "Narrow the bounds, add a constraint, or use a real bench.",
                ),
            ) from None
    return {name: count / SAMPLE for name, count in sorted(counts.items())}


def _sample(space: SearchSpace) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return space.sample(SAMPLE, generator(0, "support"))
