"""How much the discharge curves of cells change early on, from the readings of their tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.campaigns.analysis.curves import half_curve, log_variance
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling.program import CurrentStep, VoltageStep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from galvanaut.campaigns.analysis.record import Record
    from galvanaut.instruments.cycling.program import Program
    from galvanaut.instruments.journal import JobRecord

    RecordOf = Callable[[str, str], Record]
    """Gives the readings of a test by its name and its cell."""

EARLY, LATE, KNOWN = 10, 28, 30
"""Of the cycles that count: the two whose discharges are compared, and the one after which that is done. Two cycles
later their readings are kept for sure, and by default nothing is decided earlier. Severson et al., Nature Energy 4
(2019) 383, compared 10 and 100, of cells that live longer."""


class CurveFeatures:
    """The discharge-curve feature of cells that were cycled by one plan; each is worked out once.

    Args:
        program: of the plan.
        cycles: numbers of those that count.
        record_of: gives readings.
    """

    def __init__(self, program: Program, cycles: Collection[int], record_of: RecordOf) -> None:
        ends_V = [each.voltage_V for each in program if isinstance(each, CurrentStep | VoltageStep)]
        self._voltages_V = min(ends_V, default=0.0), max(ends_V, default=0.0)
        self._cycles, self._record_of = sorted(cycles), record_of
        self._found: dict[str, float | None] = {}

    def of(self, test: JobRecord) -> float | None:
        """See `analysis.curves.log_variance`; None before it is known, and without readings."""
        if (at := known_at(self._cycles)) is None or f"cycle_{at}" not in test.notes:
            return None
        name = str(test.key)
        if name not in self._found:
            self._found[name] = self._worked_out(name, test.request["sample"])
        return self._found[name]

    def _worked_out(self, name: str, cell: str) -> float | None:
        try:
            record = self._record_of(name, cell)
            early, late = (half_curve(record, self._cycles[place - 1], "discharge") for place in (EARLY, LATE))
        except InputError:  # its readings are gone, or too few; its charges are known all the same
            return None
        return log_variance(early, late, *self._voltages_V)


def known_at(cycles: Collection[int]) -> int | None:
    """Number of the cycle after which the feature is known; None if a plan has too few."""
    return sorted(cycles)[KNOWN - 1] if len(cycles) >= KNOWN else None
