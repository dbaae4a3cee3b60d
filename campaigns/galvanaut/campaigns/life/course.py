"""The fade of one cell so far, as the life model takes it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, Self

import numpy as np

from galvanaut.campaigns.analysis.fade import END_OF_LIFE, IN_A_ROW, Retention
from galvanaut.campaigns.analysis.fade import life as life_of
from galvanaut.campaigns.analysis.figures import Array
from galvanaut.core.errors import InputError

LEAST_CYCLES = 5
"""Fewer say nothing about a trend."""


@dataclass(frozen=True)
class Course:
    """Retention of one cell, cycle by cycle.

    Attributes:
        cell: its name.
        cycle: numbers of the cycles, rising, (n,).
        share: capacity over that of the first cycle, (n,).
        noise: standard deviation of one share about its smooth course.
        limit: share at which the life ends.
        life: in cycles, once it has ended; None before.
        feature: log10 of the variance of the difference of two discharge curves, see `analysis.curves.log_variance`, of
            the same two cycles for all cells; None where unknown.
        feature_at: the cycle after which the feature was known.
        group: cells of one group, as of one recipe, are left out together when the model judges itself.

    Raises:
        ValueError: shapes differ, a number is not finite, cycles do not rise, or the limit is not a share.
    """

    cell: str
    cycle: Array
    share: Array
    noise: float
    limit: float = END_OF_LIFE
    life: float | None = None
    feature: float | None = None
    group: str = ""
    feature_at: float = 0.0

    def __post_init__(self) -> None:
        cycle, share = (np.asarray(each, dtype=np.float64) for each in (self.cycle, self.share))
        object.__setattr__(self, "cycle", cycle)
        object.__setattr__(self, "share", share)
        if cycle.ndim != 1 or cycle.shape != share.shape or not len(cycle):
            raise ValueError(f"{self.cell}: cycles {cycle.shape} and shares {share.shape} must be two equal columns")
        if not (np.isfinite(cycle).all() and np.isfinite(share).all() and (np.diff(cycle) > 0).all()):
            raise ValueError(f"{self.cell}: cycles must rise and shares be numbers")
        if not (0.0 < self.limit < 1.0 and isfinite(self.noise) and self.noise >= 0.0):
            raise ValueError(f"{self.cell}: limit {self.limit:g} or noise {self.noise:g} cannot be")

    @classmethod
    def of(
        cls,
        retained: Retention,
        limit: float = END_OF_LIFE,
        cell: str = "",
        group: str = "",
        feature: float | None = None,
        feature_at: float = 0.0,
        in_a_row: int = IN_A_ROW,
    ) -> Self:
        """From the analysis of a record.

        Args:
            retained: see `analysis.fade.retention`.
            limit: share at which the life ends.
            cell: its name.
            group: its recipe.
            feature: see the class; infinite counts as unknown.
            feature_at: see there, too.
            in_a_row: cycles below the limit that end a life.

        Raises:
            InputError: the cell began below the limit.
        """
        ended = life_of(retained, limit, in_a_row)
        known = feature if feature is not None and isfinite(feature) else None
        noise = retained.noise_Ah / retained.reference_Ah.value
        cycle, share = retained.cycle.astype(np.float64), retained.share.values
        if not np.isfinite(noise):
            raise InputError(cell or "retention", "the scatter of its capacity is not known")
        life = None if ended.is_censored else ended.cycles
        return cls(cell, cycle, share, noise, limit, life, known, group, feature_at)

    @property
    def cycles(self) -> float:
        """The last cycle seen; the life where that has ended."""
        return float(self.cycle[-1]) if self.life is None else self.life

    def until(self, cycle: float) -> Course:
        """The same cell as it was after a cycle, when its life had not ended."""
        seen = max(1, int(np.searchsorted(self.cycle, cycle, side="right")))
        known = (self.cell, self.cycle[:seen], self.share[:seen], self.noise, self.limit)
        feature = self.feature if cycle >= self.feature_at else None
        return Course(*known, None, feature, self.group, self.feature_at)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "cell": self.cell,
            "cycle": self.cycle.tolist(),
            "share": self.share.tolist(),
            "noise": self.noise,
            "limit": self.limit,
            "life": self.life,
            "feature": self.feature,
            "group": self.group,
            **({} if self.feature is None else {"feature_at": self.feature_at}),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `to_json`, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()
