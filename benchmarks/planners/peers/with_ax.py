"""Ax: its client with its standard ("fast") way of choosing candidates.

Its client refuses equalities, so the last solvent is left out (`encoding`) and the linear constraints are given as
inequalities over the others; the salt is its choice parameter. It has no cardinality: of the additives suggested the
largest are kept, and it is told of the recipe that was made. Several aims are its multi-objective, with the worst
values as thresholds. Variances are told as standard errors. Failed recipes are marked abandoned, which its
documentation says keeps them from being suggested again (trials marked failed may come again).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from numpy.typing import NDArray

from peers.encoding import SALT, Encoding, Row
from peers.peer import Peer, Seen

Array = NDArray[np.float64]


class Ax(Peer):
    """Ax."""

    name = "ax"

    def suggest(self, seen: Seen, pending: Sequence[Array], seed: int) -> Array:
        """Its next trial, moved into the space."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            encoding = Encoding(self.space)
            client = self._told(encoding, seen, pending, seed)
            (found,) = client.get_next_trials(1).values()
        return encoding.point(dict(found))

    def _told(self, encoding: Encoding, seen: Seen, pending: Sequence[Array], seed: int) -> Client:
        logging.disable(logging.INFO)
        client = Client(random_seed=seed)
        client.configure_experiment(
            _parameters(encoding), [_text(row) for row in encoding.rows if len(row.factors) > 1]
        )
        names = [aim.name for aim in self.task.aims] or ["value"]
        thresholds = [f"{aim.name} >= {aim.worst}" for aim in self.task.aims]
        client.configure_optimization(", ".join(names), thresholds or None)
        client.configure_generation_strategy("fast", initialization_budget=0)  # the initial design is made
        for point, values, variances in zip(seen.points, seen.values, seen.variances, strict=True):
            trial = client.attach_trial(encoding.parameters(point))
            rows = zip(names, values.tolist(), variances.tolist(), strict=True)
            client.complete_trial(trial, {name: _result(value, variance) for name, value, variance in rows})
        for point in seen.failed:
            client.mark_trial_abandoned(client.attach_trial(encoding.parameters(point)))
        for point in pending:
            client.attach_trial(encoding.parameters(point))
        return client


def _parameters(encoding: Encoding) -> list[Any]:
    found: list[Any] = [
        RangeParameterConfig(name=name, bounds=(float(low), float(high)), parameter_type="float")
        for name, (low, high) in encoding.ranges.items()
    ]
    if encoding.salts:
        found.append(
            ChoiceParameterConfig(name=SALT, values=list(encoding.salts), parameter_type="str", is_ordered=False)
        )
    return found


def _text(row: Row) -> str:
    return " + ".join(f"{factor:.9g} * {name}" for name, factor in row.factors.items()) + f" <= {row.bound:.9g}"


def _result(value: float, variance: float) -> float | tuple[float, float]:
    return value if np.isnan(variance) else (value, float(np.sqrt(variance)))
