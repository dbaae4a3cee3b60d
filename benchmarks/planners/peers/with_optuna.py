"""Optuna: its tree-structured Parzen estimator or its Gaussian process.

The former is multivariate, as its guide suggests for related parameters. Both take several aims and categories, and
know neither mixtures nor told variances; recipes are encoded as `encoding` says. Failures are told as failed trials,
which is what Optuna makes of a trial that returns no number; its samplers do not look at them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from galvanaut.campaigns.planners import Task
from peers.encoding import SALT, Encoding
from peers.peer import Peer, Seen

Array = NDArray[np.float64]


class Optuna(Peer):
    """Optuna.

    Args:
        task: the problem.
        name: ``optuna-tpe`` or ``optuna-gp``.
    """

    def __init__(self, task: Task, name: str) -> None:
        super().__init__(task)
        self.name = name

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """Its suggestion, moved into the space."""
        encoding = Encoding(self.space)
        space: dict[str, BaseDistribution] = {name: FloatDistribution(*ends) for name, ends in encoding.ranges.items()}
        if encoding.salts:
            space[SALT] = CategoricalDistribution(encoding.salts)
        study = optuna.create_study(directions=["maximize"] * seen.values.shape[1], sampler=self._sampler(seed))
        for point, values in zip(seen.points, seen.values, strict=True):
            study.add_trial(
                create_trial(params=encoding.parameters(point), distributions=space, values=values.tolist())
            )
        for state, points in ((TrialState.FAIL, seen.failed), (TrialState.RUNNING, pending)):
            for point in points:
                study.add_trial(create_trial(state=state, params=encoding.parameters(point), distributions=space))
        return encoding.point(study.ask(space).params)

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some of these arguments are called experimental
            if self.name == "optuna-gp":
                return optuna.samplers.GPSampler(seed=seed, n_startup_trials=self.task.initial)
            return optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=self.task.initial
            )
