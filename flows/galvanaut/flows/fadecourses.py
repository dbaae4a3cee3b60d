"""How the cells of a campaign fade, from the charges that their tests have written into the journal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.campaigns.analysis.accuracy import KEITHLEY_2450
from galvanaut.campaigns.analysis.fade import retention_of
from galvanaut.campaigns.analysis.figures import Figures
from galvanaut.campaigns.analysis.rates import RateClass
from galvanaut.campaigns.life import Course
from galvanaut.core.errors import InputError
from galvanaut.flows.curvefeatures import CurveFeatures, known_at
from galvanaut.flows.endoflife import end_of_life
from galvanaut.flows.plan import plan_of, readable
from galvanaut.flows.stepnames import CYCLING
from galvanaut.instruments.cycling.kinds import any_program, cycle_kinds, main_cycles
from galvanaut.instruments.cycling.plan import TestPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from galvanaut.campaigns.ledger import Ledger
    from galvanaut.core.identifiers import JobKey
    from galvanaut.flows.curvefeatures import RecordOf
    from galvanaut.instruments.cycling.program import Program
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.journal import JobRecord, Journal

_CYCLE = "cycle_"


class FadeCourses:
    """Reads the courses of cells that were cycled by a plan.

    Every complete cycle of the kind that the plan has most of counts; check-ups are left out. All but the feature of
    discharge curves rests on charges that are written down once and for good, so that what was known at a cycle can be
    read again later.

    Args:
        cycling: the plan.
        envelope: of a holder of the bench.
        journal: of its station.
        record_of: gives the readings of a test by its name and its cell; without it no feature is worked out.
    """

    def __init__(
        self,
        cycling: TestPlan,
        envelope: Envelope,
        journal: Journal,
        record_of: RecordOf | None = None,
    ) -> None:
        self._plan, self._envelope, self._journal = cycling, envelope, journal
        self._features = None if record_of is None else CurveFeatures(self._program, self._main, record_of)
        self._ends = end_of_life(cycling)

    @cached_property
    def _program(self) -> Program:
        return any_program(self._plan, self._envelope)

    @cached_property
    def _main(self) -> frozenset[int]:
        """Numbers of the cycles that count."""
        return main_cycles(self._program)

    @property
    def kinds(self) -> list[int]:
        """Of which kind each cycle of the plan is, see `cycle_kinds`."""
        return cycle_kinds(self._program)

    def feature(self, record: JobRecord) -> float | None:
        """Of a cell's discharge curves; None before it is known, or where no readings are given."""
        return None if self._features is None else self._features.of(record)

    def of(self, record: JobRecord, until: int | None = None, feature: float | None = None) -> Course | None:
        """Of one cell; None before its first cycle of the kind.

        Args:
            record: of its test.
            until: the last cycle that was known, by its number; all of them if None.
            feature: of its discharge curves, where that is known.
        """
        rows = sorted(row for name, row in record.notes.items() if name.startswith(_CYCLE))
        rows = [row for row in rows if int(row[0]) in self._main and row[2] > 0]
        rows = [row for row in rows if until is None or row[0] <= until]
        if not rows:
            return None
        discharged_Ah = np.array([row[2] for row in rows])
        charges = Figures(discharged_Ah, KEITHLEY_2450.current_gain * discharged_Ah)
        numbers = np.array([int(row[0]) for row in rows])
        retained = retention_of(numbers, charges, RateClass(np.nan, np.nan, np.arange(len(rows))))
        at = float(known_at(self._main) or 0)
        cell, (limit, in_a_row) = record.request["sample"], self._ends
        return Course.of(retained, limit, cell, _recipe(record.key), feature, at, in_a_row)

    def finished(self, ledger_of: Callable[[str], Ledger | None]) -> list[Course]:
        """Of all cells of the lab that came to their end under this plan, in whichever campaign.

        Only cells that count by the outcome of their trial: those badly built say nothing of how others age.

        Args:
            ledger_of: gives the ledger of a campaign.
        """
        plan, ledgers, found = self._plan.as_json(), dict[str, "Ledger | None"](), []
        for record in self._journal.records():
            key, request = record.key, record.request
            if key.step != CYCLING or record.state != "done" or request.get("plan") != plan:
                continue
            if key.campaign not in ledgers:
                ledgers[key.campaign] = ledger_of(key.campaign)
            if request["sample"] not in _counting(ledgers[key.campaign], key.trial):
                continue
            course = self.of(record, feature=self.feature(record))
            if course is not None and course.life is not None:
                found.append(course)
        return found

    def known(self, seen: Mapping[str, int | None], features: Mapping[str, float]) -> list[Course]:
        """Of some cells by name, each as far as it was known: until a cycle, or to its end; in the order given.

        Args:
            seen: the last cycle of each; None for all of them.
            features: of those whose discharge curves were known.
        """
        by_cell = {record.request["sample"]: record for record in self._journal.records() if record.key.step == CYCLING}
        courses = (self.of(by_cell[cell], until, features.get(cell)) for cell, until in seen.items() if cell in by_cell)
        return [course for course in courses if course is not None]


def fade_courses_of(stored: Mapping[str, Any], journal: Journal, record_of: RecordOf | None = None) -> FadeCourses:
    """For the plan of a campaign as its ledger keeps it; see `FadeCourses`.

    Raises:
        InputError: today's models refuse it, or the campaign cycles no cells.
    """
    if "tests" not in stored:
        raise InputError(f"campaign {stored['campaign']['name']}", "cycles no cells")
    with readable():
        cycling = TestPlan.model_validate(stored["tests"]["cycling"])
    envelope = next(entry.envelope for entry in plan_of(stored).bench.holders.values() if entry.envelope)
    return FadeCourses(cycling, envelope, journal, record_of)


def _recipe(key: JobKey) -> str:
    return f"{key.campaign}/{key.trial:04d}"


def _counting(ledger: Ledger | None, number: int) -> Iterator[str]:
    """Cells of a trial that ended, and that count."""
    trial = None if ledger is None else ledger.trials.get(number)
    if trial is not None and trial.outcome is not None:
        for cell in trial.outcome.details.get("cells", ()):
            if cell["verdict"]["status"] in ("ok", "disagree"):
                yield cell["cell"]
