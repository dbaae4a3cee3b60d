"""The replicates of one recipe as one value with its uncertainty, and what was left out of it and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, isfinite, sqrt
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.fade import Life
from galvanaut.campaigns.analysis.figures import Figure, json_number
from galvanaut.campaigns.analysis.verdict import Verdict
from galvanaut.core.errors import InputError

PRIOR_WEIGHT = 2.0
"""The known spread counts as much as so many degrees of freedom: two or three cells that happen to agree do not make
it vanish, ten cells outweigh it. A choice, not a measurement."""


@dataclass(frozen=True)
class Quantity:
    """What is averaged over the replicates.

    Attributes:
        name: such as ``life``.
        unit: of the value.
        is_logarithmic: whether replicates are averaged as logarithms.
        spread: standard deviation between sound replicates, of the logarithm if ``is_logarithmic``.
        source: where ``spread`` comes from.
    """

    name: str
    unit: str
    is_logarithmic: bool
    spread: float
    source: str


LIFE = Quantity(
    "life", "cycles", True, 0.13, "sd of ln life within a protocol, 9 protocols x 5 LFP cells (Attia et al.)"
)
"""Lives scatter in proportion to themselves: what makes one cell age a tenth faster takes a tenth off a life of 100 as
of 1000. On the logarithm the scatter is the same everywhere and symmetric, no single long life carries the mean, and a
planner may take one noise for all recipes."""


@dataclass(frozen=True)
class Replicate:
    """One cell's result.

    Attributes:
        verdict: whether it counts, and the cell's name.
        figure: value and the uncertainty of its own measurement; None if there is none.
        is_censored: whether the true value is known to be larger.
    """

    verdict: Verdict
    figure: Figure | None
    is_censored: bool = False

    @classmethod
    def of_life(cls, verdict: Verdict, life: Life) -> Replicate:
        """With the life of a cell."""
        return cls(verdict, Figure(life.cycles, life.sd), life.is_censored)


@dataclass(frozen=True)
class TrialSummary:
    """What a trial tells the planner.

    Attributes:
        quantity: which.
        figure: value and standard deviation of the mean; None if no replicate counts. A logarithmic quantity's value is
            the geometric mean.
        log_sd: standard deviation of the mean's logarithm; NaN if not logarithmic.
        is_censored: at least one replicate was not over: the true value is larger.
        cells: that were averaged.
        excluded: reason by cell, of those that were not.
        notes: what else a person should know.
        reason: why there is no value; empty if there is one.
    """

    quantity: Quantity
    figure: Figure | None
    log_sd: float
    is_censored: bool
    cells: tuple[str, ...]
    excluded: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {
            "quantity": self.quantity.name,
            "unit": self.quantity.unit,
            "value": self.figure.to_json() if self.figure is not None else None,
            "log_sd": json_number(self.log_sd),
            "censored": self.is_censored,
            "cells": list(self.cells),
            "excluded": dict(self.excluded),
            "notes": list(self.notes),
            "reason": self.reason,
        }


def summarise_trial(replicates: Sequence[Replicate], quantity: Quantity = LIFE) -> TrialSummary:
    """Average the replicates that count.

    The scatter between the cells is joined with the known spread; the uncertainty of the cells' own measurements is its
    floor. A censored replicate enters with what it reached, so that the value is a bound.

    Raises:
        InputError: a value of a logarithmic quantity is not positive.
    """
    used, excluded = [], {}
    for each in replicates:
        why = _why_not(each)
        if why:
            excluded[each.verdict.cell] = why
        else:
            used.append(each)
    figures = [each.figure for each in used if each.figure is not None]
    if not figures:
        reasons = "; ".join(f"{cell}: {why}" for cell, why in excluded.items()) or "no cell was made"
        return TrialSummary(quantity, None, np.nan, False, (), excluded, reason=f"no cell counts ({reasons})")
    mean, sd = _mean(figures, quantity, [each.verdict.cell for each in used])
    figure, log_sd = (Figure(exp(mean), exp(mean) * sd), sd) if quantity.is_logarithmic else (Figure(mean, sd), np.nan)
    is_censored = any(each.is_censored for each in used)
    cells = tuple(each.verdict.cell for each in used)
    return TrialSummary(quantity, figure, log_sd, is_censored, cells, excluded, _notes(used, quantity))


def _why_not(replicate: Replicate) -> str:
    verdict, figure = replicate.verdict, replicate.figure
    if not verdict.counts:
        return f"{verdict.status}: {verdict.reason}"
    return "" if figure is not None and isfinite(figure.value) else "sound, but without a result"


def _mean(figures: Sequence[Figure], quantity: Quantity, cells: Sequence[str]) -> tuple[float, float]:
    """Mean and its standard deviation, of logarithms if the quantity is logarithmic."""
    values, sds = np.array([figure.value for figure in figures]), np.array([figure.sd for figure in figures])
    if quantity.is_logarithmic:
        bad = [cell for cell, value in zip(cells, values.tolist(), strict=True) if value <= 0]
        if bad:
            raise InputError(
                bad[0], f"{quantity.name} must be above zero to be averaged as a logarithm; check the record"
            )
        values, sds = np.log(values), sds / values
    squares = float(((values - values.mean()) ** 2).sum())
    degrees = PRIOR_WEIGHT + len(values) - 1
    between = sqrt((PRIOR_WEIGHT * quantity.spread**2 + squares) / degrees / len(values))
    known = sds[~np.isnan(sds)]  # of a censored value none is known
    within = float(np.sqrt((known**2).sum())) / len(values)
    return float(values.mean()), max(between, within)


def _notes(used: Sequence[Replicate], quantity: Quantity) -> tuple[str, ...]:
    notes = []
    if len(used) == 1:
        notes.append(f"one replicate only: its uncertainty is the usual spread {quantity.spread:g} ({quantity.source})")
    if any(each.is_censored for each in used):
        notes.append("not all cells came to their end: the value is a lower bound")
    notes += [f"{each.verdict.cell}: {each.verdict.reason}" for each in used if each.verdict.status == "disagree"]
    return tuple(notes)
