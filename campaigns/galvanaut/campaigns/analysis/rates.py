"""Which cycles of a record are of one kind: check-ups at C/10 must not be mixed with ageing at 1C."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galvanaut.campaigns.analysis.cycles import Cycles
from galvanaut.campaigns.analysis.figures import Array, Integers

RATE_RATIO = 1.3
"""Currents that differ by less belong together; a class may drift further, as a fading cell's charge current does."""


@dataclass(frozen=True)
class RateClass:
    """Complete cycles of one kind: charged at one current and discharged at one current.

    Attributes:
        charge_A, discharge_A: medians of the largest charging and the mean discharging current.
        rows: which rows of `Cycles`, in their order.
    """

    charge_A: float
    discharge_A: float
    rows: Integers

    @classmethod
    def of(cls, cycles: Cycles, rows: Integers) -> RateClass:
        """Of these rows of a record."""
        charge_A, discharge_A = (
            float(np.median(column[rows])) for column in (cycles.highest_charge_A, cycles.discharge_A)
        )
        return cls(charge_A, discharge_A, rows)

    def to_json(self) -> dict[str, float | int]:
        """Currents and the number of cycles."""
        return {"charge_A": self.charge_A, "discharge_A": self.discharge_A, "cycles": len(self.rows)}


def rate_classes(cycles: Cycles, ratio: float = RATE_RATIO) -> list[RateClass]:
    """The classes of a record, the one with the most cycles first; incomplete cycles are in none.

    Currents are sorted, and a class ends where the next one is higher by ``ratio``. Of a charge it is the largest one
    that counts: the worse a cell's contacts, the more of its charge runs in the held voltage, and the less its mean. A
    cell so bad that it is held from the beginning has no such current any more: where the plan of a test is known,
    `planned_class` goes by that.
    """
    rows = np.flatnonzero(cycles.is_complete)
    if not len(rows):
        return []
    kinds = np.stack([_chained(currents[rows], ratio) for currents in (cycles.highest_charge_A, cycles.discharge_A)])
    members = [rows[(kinds == kind[:, None]).all(axis=0)] for kind in np.unique(kinds, axis=1).T]
    classes = [RateClass.of(cycles, each) for each in members]
    return sorted(classes, key=lambda found: (-len(found.rows), int(found.rows[0])))


def planned_class(cycles: Cycles, kinds: Sequence[int]) -> RateClass | None:
    """Of the kind that a plan has most of; where none of it is complete, of the next. None if there is none at all.

    Args:
        cycles: of a record that counts them as its plan does, from 1.
        kinds: of each cycle of the plan.
    """
    rows = np.flatnonzero(cycles.is_complete & (cycles.number >= 1) & (cycles.number <= len(kinds)))
    found = np.asarray(kinds, dtype=np.int64)[cycles.number[rows] - 1]
    for kind, _ in Counter(kinds).most_common():
        if (found == kind).any():
            return RateClass.of(cycles, rows[found == kind])
    return None


def _chained(currents_A: Array, ratio: float) -> Integers:
    order = np.argsort(currents_A, kind="stable")
    is_higher = np.append(False, np.diff(np.log(currents_A[order])) > np.log(ratio))
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(is_higher)
    return labels
