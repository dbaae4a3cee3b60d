"""What a page shows of one cell: its readings thinned out, how its capacity fades, dQ/dV of some of its cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from galvanaut.campaigns.analysis.curves import Direction, half_curve
from galvanaut.campaigns.analysis.cycles import Cycles, per_cycle
from galvanaut.campaigns.analysis.fade import Retention, retention
from galvanaut.campaigns.analysis.figures import Array, Integers, json_number
from galvanaut.campaigns.analysis.incremental import incremental_capacity
from galvanaut.campaigns.analysis.rates import planned_class
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core.errors import GalvanautError, InputError

POINTS = 1200
"""Readings of a trace at most: more than a screen has columns."""
CURVES = 3
"""Cycles whose dQ/dV is shown: the first, one in the middle, the last."""


@dataclass(frozen=True)
class CellCurves:
    """See the module.

    Attributes:
        record: of the cell.
        cycles: its figures by cycle.
        retained: capacity against its reference; None before a complete cycle.
    """

    record: Record
    cycles: Cycles
    retained: Retention | None

    @classmethod
    def of(cls, record: Record, kinds: Sequence[int] = (), *, is_finished: bool) -> CellCurves:
        """From a record.

        Args:
            record: of the cell.
            kinds: of each cycle of its plan, see `planned_class`; where they are not known, currents tell.
            is_finished: its test came to its end.
        """
        cycles = per_cycle(record, is_finished=is_finished)
        try:
            return cls(record, cycles, retention(cycles, planned_class(cycles, kinds), source=record.source))
        except InputError:
            return cls(record, cycles, None)

    def to_json(self) -> dict[str, Any]:
        """All of it in JSON types."""
        return {
            "trace": self.trace(),
            "capacity": self._capacity(),
            "retention": None if self.retained is None else self.retained.to_json(),
            "incremental": [*self._incremental("charge"), *self._incremental("discharge")],
        }

    def trace(self, cycles: int = 2) -> dict[str, list[float | None]]:
        """The readings of the last ``cycles`` cycles that have begun: time in s, voltage in V, current in A."""
        last = int(self.record.cycle[-1])
        rows = np.flatnonzero(self.record.cycle > last - cycles)
        rows = rows[thinned(self.record.voltage_V[rows])]
        columns = {"time_s": self.record.time_s, "voltage_V": self.record.voltage_V, "current_A": self.record.current_A}
        return {name: [json_number(value) for value in values[rows].tolist()] for name, values in columns.items()}

    def _capacity(self) -> dict[str, list[float | None]]:
        """Complete cycles: charge out in Ah and its standard deviation, coulombic efficiency."""
        whole = self.cycles.is_complete
        columns = {
            "cycle": self.cycles.number.astype(float),
            "discharged_Ah": self.cycles.discharged_Ah.values,
            "discharged_sd_Ah": self.cycles.discharged_Ah.sds,
            "efficiency": self.cycles.coulombic_efficiency.values,
        }
        return {name: [json_number(value) for value in values[whole].tolist()] for name, values in columns.items()}

    def _incremental(self, direction: Direction) -> list[dict[str, Any]]:
        """Of some cycles of the usual kind; those whose curve is too short have none."""
        if self.retained is None:
            return []
        found = []
        for cycle in some_of(self.retained.cycle):
            try:
                curve = incremental_capacity(half_curve(self.record, cycle, direction))
            except GalvanautError:
                continue
            found.append(
                {
                    "cycle": cycle,
                    "direction": direction,
                    "voltage_V": curve.voltage_V.tolist(),
                    "slope_Ah_V": curve.slope_Ah_V.tolist(),
                    "resolution_V": curve.resolution_V,
                }
            )
        return found


def some_of(cycles: Integers, count: int = CURVES) -> list[int]:
    """The first, the last, and as many between them; each once."""
    places = np.linspace(0, len(cycles) - 1, min(count, len(cycles))).round().astype(int)
    return [int(cycle) for cycle in dict.fromkeys(cycles[places].tolist())]


def thinned(values: Array, points: int = POINTS) -> Integers:
    """Rows that show the same picture: of each of equal pieces its first, lowest and highest reading, and the last."""
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), points // 3 + 1).astype(int)
    rows = [len(values) - 1]
    for low, high in pairwise(edges.tolist()):
        piece = np.nan_to_num(values[low:high], nan=float(np.nanmean(values)))
        rows += [low, low + int(np.argmin(piece)), low + int(np.argmax(piece))]
    return np.unique(rows)
