"""BayBE: its standard Bayesian recommender on a continuous space with its own mixture and cardinality constraints.

All variables are parameters; the sum of the solvents is an equality, and "exactly one" and "at most two" are its
cardinality constraints. Several aims are its Pareto objective. It takes no variances. Its documentation names no way to
tell a failure, so failures count as the worst value so far. What comes out is moved into the space, as its equality
holds to some digits only.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from baybe import Campaign
from baybe.constraints import ContinuousCardinalityConstraint, ContinuousLinearConstraint
from baybe.objectives import ParetoObjective
from baybe.parameters import NumericalContinuousParameter
from baybe.recommenders import BotorchRecommender
from baybe.searchspace import SearchSpace as BaybeSpace
from baybe.settings import Settings
from baybe.targets import NumericalTarget
from numpy.typing import NDArray

from galvanaut.campaigns.components import component
from peers.encoding import counts, linear, nearest
from peers.peer import Peer, Seen

Array = NDArray[np.float64]


class BayBE(Peer):
    """BayBE."""

    name = "baybe"

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """Its recommendation, moved into the space."""
        names = list(self.space.names)
        with warnings.catch_warnings(), Settings(random_seed=seed):
            warnings.simplefilter("ignore")
            campaign = Campaign(self._space(), self._objective(), BotorchRecommender())
            campaign.add_measurements(self._table(seen))
            waiting = pd.DataFrame(np.array(pending), columns=names) if len(pending) else None
            found = campaign.recommend(1, pending_experiments=waiting)
        return nearest(self.space, found[names].to_numpy(dtype=np.float64)[0])

    def _space(self) -> BaybeSpace:
        space, names = self.space, list(self.space.names)
        bounds = {name: self._bounds(name) for name in names}
        parameters = [NumericalContinuousParameter(name, bounds[name]) for name in names]
        solvents = [name for name in names if component(name).is_solvent]
        constraints: list[object] = [ContinuousLinearConstraint(solvents, "=", [1.0] * len(solvents), 1.0)]
        for each in linear(space):
            factors = list(each.coefficients.values())
            constraints.append(ContinuousLinearConstraint(list(each.coefficients), "<=", factors, each.bound))
        for count in counts(space):
            constraints.append(ContinuousCardinalityConstraint(list(count.names), count.least, count.most))
            least = min(space.bounds[name].low for name in count.names)
            if count.least == count.most == 1:  # a present one has a least amount
                factors = [1.0] * len(count.names)
                constraints.append(ContinuousLinearConstraint(list(count.names), ">=", factors, least))
        return BaybeSpace.from_product(parameters, constraints)

    def _bounds(self, name: str) -> tuple[float, float]:
        low, high = self.space.bounds[name]
        counted = any(name in count.names for count in counts(self.space))
        return 0.0 if counted else float(low), float(high)

    def _objective(self) -> object:
        if self.task.aims:
            return ParetoObjective([NumericalTarget(aim.name) for aim in self.task.aims])
        return NumericalTarget("value").to_objective()

    def _table(self, seen: Seen) -> pd.DataFrame:
        names = [aim.name for aim in self.task.aims] or ["value"]
        worst = np.repeat(seen.values.min(axis=0)[None, :], len(seen.failed), axis=0)
        points = np.vstack([seen.points, seen.failed])
        return pd.DataFrame(np.hstack([points, np.vstack([seen.values, worst])]), columns=[*self.space.names, *names])
