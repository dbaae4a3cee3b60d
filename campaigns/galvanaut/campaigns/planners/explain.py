"""Why a recipe was proposed, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from galvanaut.campaigns.space import SearchSpace

if TYPE_CHECKING:
    from galvanaut.campaigns.planners.engine import Decision

Array = NDArray[np.float64]

_UNSURE = 1.5
"""How many times less sure than of the best tested recipe the model must be for a proposal to count as exploring."""
_SAYING_MUCH = 0.5
"""From this weight on a belief is named."""


def reason(space: SearchSpace, decision: Decision, tested: Array) -> str:
    """One sentence: what is done and where it goes, what is expected, and what that rests on.

    Args:
        space: search space.
        decision: what was chosen.
        tested: points so far, (n, variables).
    """
    beliefs = [name for name, weight in decision.beliefs.items() if name and weight >= _SAYING_MUCH]
    rest = f"; believes in {beliefs[0]}" if beliefs else ""
    if decision.quantities:
        several = ", ".join(f"{name} {mean:.3g} ± {sd:.2g}" for name, (mean, sd) in decision.quantities.items())
        return f"moves the Pareto front with {_where(space, decision.choice.point, tested)}: expects {several}{rest}"
    expected = (
        f"expects {decision.mean:.3g} ± {decision.sd:.2g}, {_best(decision)}, "
        f"expected improvement {decision.improvement:.2g}{rest}"
    )
    if decision.replicates:
        return f"measures the recipe of trial {decision.replicates} again: {expected}"
    if decision.sd > _UNSURE * decision.best_sd:
        return f"explores {_where(space, decision.choice.point, tested)}: {expected}"
    return f"refines the best: {expected}"


def _best(decision: Decision) -> str:
    """What a proposal is measured by; where limits are set, whether that keeps them."""
    within = " within the limits" if decision.within else ""
    beyond = " (none keeps the limits)" if decision.within is False else ""
    return f"best tested so far{within} {decision.best_mean:.3g}{beyond}"


def _where(space: SearchSpace, point: Array, tested: Array) -> str:
    """The variable in which ``point`` is most remote from its nearest tested neighbour, with the direction."""
    here, others = space.features(point)[0], space.features(tested)
    nearest = others[int(np.argmin(np.linalg.norm(others - here, axis=1)))]
    variable = int(np.argmax(np.abs(here - nearest)))
    name = space.feature_names[variable]
    if name not in space.bounds:
        choice, _, _ = name.partition("=")
        return f"{choice} {space.settings(point)[choice]}"
    direction = "more" if here[variable] > nearest[variable] else "less"
    return f"{direction} {name} ({point[space.names.index(name)]:.3g})"
