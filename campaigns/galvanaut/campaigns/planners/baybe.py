"""BayBE as a planner: its Bayesian recommender, choosing among recipes that can be made.

Needs the extra ``baybe`` (Merck KGaA, Apache-2.0), which brings torch. BayBE is shown some fifteen hundred feasible
recipes as a discrete search space, so that counts, choices and what the bench can make hold as for every other planner.
Several objectives are its Pareto objective. Failures count as the worst value so far; variances, limits, beliefs and
groups are left out of account; but what is recommended keeps the limits, as measured.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from galvanaut.campaigns.planners.baseline import best_measured, coordinates
from galvanaut.campaigns.planners.candidates import CandidateSearch
from galvanaut.campaigns.planners.extras import need
from galvanaut.campaigns.planners.learning import LearningPlanner
from galvanaut.campaigns.planners.protocol import Array, Observation, Proposal, Recommendation, data_hash
from galvanaut.campaigns.planners.task import Task
from galvanaut.core.identifiers import generator


class BaybePlanner(LearningPlanner):
    """See the module.

    Args:
        task: what it is set to.

    Raises:
        InputError: the extra is not installed.
    """

    def __init__(self, task: Task) -> None:
        need("baybe")
        super().__init__(task)

    def _learnt(self, index: int, ordered: list[Observation], pending: Sequence[Array]) -> Proposal:
        task, seed = self._task, int(generator(self._task.seed, "baybe", index).integers(2**31))
        told = [seen for seen in ordered if seen.status != "failed_instrument"]
        tried = np.array([seen.point for seen in told])
        under_way = np.array(sorted(np.asarray(point).tolist() for point in pending)).reshape(-1, tried.shape[1])
        values = self._values(told)
        best_first = tried[np.argsort(-values[:, 0], kind="stable")]
        search = CandidateSearch(self.space, task.maker, best_first, under_way, generator(seed, "candidates"))
        wanted = self._recommended(tried, values, under_way, search.some(), seed)

        def near(points: Array, roughly: bool = False) -> Array:
            apart = self.space.features(points) - self.space.features(wanted)
            return np.asarray(-np.linalg.norm(apart, axis=1))

        choice = search.best(near)
        recipe = self.space.recipe(choice.point)
        explanation = {
            "model": "BayBE, BotorchRecommender",
            "data": data_hash(self.space, ordered, pending),
            "seed": task.seed,
            "index": index,
        }
        return Proposal(
            index,
            coordinates(self.space, recipe, choice.point),
            recipe,
            "recommended by BayBE",
            explanation=explanation,
        )

    def _best(self, ordered: list[Observation]) -> Recommendation:
        """The best measured one: BayBE itself recommends none of those tested."""
        best = best_measured(ordered, self._task.maximise, self._task.limits)
        if best is None:
            raise ValueError("nothing was measured")
        return best

    def _values(self, told: Sequence[Observation]) -> Array:
        """Of each objective, larger being better, failures as bad as the worst success; (n, objectives)."""
        signs = {aim.name: 1.0 if aim.maximise else -1.0 for aim in self._task.aims}
        signs = signs or {"": 1.0 if self._task.maximise else -1.0}
        columns = []
        for name, sign in signs.items():
            measured = [seen.measured(name) for seen in told]
            known = [sign * each.value for each in measured if each is not None]
            columns.append([min(known) if each is None else sign * each.value for each in measured])
        return np.array(columns, dtype=np.float64).T

    def _recommended(self, points: Array, values: Array, under_way: Array, candidates: Array, seed: int) -> Array:
        """One of the candidates."""
        import pandas as pd
        from baybe import Campaign
        from baybe.recommenders import BotorchRecommender
        from baybe.searchspace import SearchSpace
        from baybe.settings import Settings

        names = [f"x{column}" for column in range(self.space.features(points).shape[1])]
        known = np.vstack([candidates, points, under_way])
        frame = pd.DataFrame(self.space.features(known), columns=names).round(9)
        shown = frame.drop_duplicates().reset_index(drop=True)
        tested = frame.iloc[len(candidates) : len(candidates) + len(points)].reset_index(drop=True)
        table = tested.assign(**{f"y{column}": values[:, column] for column in range(values.shape[1])})
        waiting = frame.iloc[len(candidates) + len(points) :] if len(under_way) else None
        with warnings.catch_warnings(), Settings(random_seed=seed):
            warnings.simplefilter("ignore")
            campaign = Campaign(
                SearchSpace.from_dataframe(shown, _parameters(shown)), _objective(values.shape[1]), BotorchRecommender()
            )
            campaign.add_measurements(table, numerical_measurements_must_be_within_tolerance=False)
            found = campaign.recommend(1, pending_experiments=waiting)
        row = found[names].to_numpy(dtype=np.float64)[0]
        return np.asarray(known[int(np.argmin(np.abs(frame.to_numpy() - row).max(axis=1)))])


def _parameters(shown: Any) -> list[Any]:
    from baybe.parameters import NumericalDiscreteParameter

    return [NumericalDiscreteParameter(name, sorted(set(shown[name]))) for name in shown.columns]


def _objective(count: int) -> Any:
    from baybe.objectives import ParetoObjective
    from baybe.targets import NumericalTarget

    targets = [NumericalTarget(f"y{column}") for column in range(count)]
    return ParetoObjective(targets) if count > 1 else targets[0].to_objective()
