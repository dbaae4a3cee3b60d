"""Which cycles of a record are of one kind: check-ups at C/10 must not be mixed with ageing at 1C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.cycles import Cycles
from galvanaut.campaigns.analysis.figures import Array, Integers

RATE_RATIO = 1.3
"""Currents that differ by less belong together; a class may drift further, as a fading cell's charge current does."""


@dataclass(frozen=True)
class RateClass:
    """Complete cycles that were charged at one current and discharged at one current.

    Attributes:
        charge_A, discharge_A: medians.
        rows: which rows of `Cycles`, in their order.
    """

    charge_A: float
    discharge_A: float
    rows: Integers

    def to_json(self) -> dict[str, float | int]:
        """Currents and the number of cycles."""
        return {"charge_A": self.charge_A, "discharge_A": self.discharge_A, "cycles": len(self.rows)}


def rate_classes(cycles: Cycles, ratio: float = RATE_RATIO) -> list[RateClass]:
    """The classes of a record, the one with the most cycles first; incomplete cycles are in none.

    Currents are sorted, and a class ends where the next one is higher by ``ratio``.
    """
    rows = np.flatnonzero(cycles.is_complete)
    if not len(rows):
        return []
    kinds = np.stack([_chained(currents[rows], ratio) for currents in (cycles.charge_A, cycles.discharge_A)])
    classes = []
    for kind in np.unique(kinds, axis=1).T:
        members = rows[(kinds == kind[:, None]).all(axis=0)]
        charge_A, discharge_A = (float(np.median(column[members])) for column in (cycles.charge_A, cycles.discharge_A))
        classes.append(RateClass(charge_A, discharge_A, members))
    return sorted(classes, key=lambda found: (-len(found.rows), int(found.rows[0])))


def _chained(currents_A: Array, ratio: float) -> Integers:
    order = np.argsort(currents_A, kind="stable")
    is_higher = np.append(False, np.diff(np.log(currents_A[order])) > np.log(ratio))
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(is_higher)
    return labels
