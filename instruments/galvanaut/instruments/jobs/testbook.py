"""What is written down of a test as it goes on, so that a later process finds it where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from galvanaut.instruments.runs import Row, RunHandle, RunStatus

if TYPE_CHECKING:
    from galvanaut.instruments.jobs.action import Job
    from galvanaut.instruments.roles import Cycler
    from galvanaut.instruments.telemetry.recorder import Recorder

KEPT_S = 600.0
"""Where the instrument keeps its readings they are fetched into memory and wait so long for the disk: nothing is lost
then, unless host and instrument fail together. Elsewhere they wait as the recorder says."""
_CYCLE = "cycle_"


class TestBook:
    """What is written down as a test goes on: readings with each step, and now and then the place they lead to.

    From a noted place the readings since are lived through again, and lead to where the test is. So the place is noted
    only when a cycle is complete, when something else than readings has decided, or when the cycler asks for it.
    """

    def __init__(self, recorder: Recorder, job: Job, cycler: Cycler, run: RunHandle) -> None:
        self._recorder = recorder
        self._job = job
        self._cycler = cycler
        self._run = run
        self._kept = 0
        self._flushed_s = job.now()
        self._step = 0
        self._noted: tuple[Any, ...] = ()

    def begin(self, status: RunStatus, kept: int = 0) -> None:
        """Take up the test as it stands.

        Args:
            status: of the test.
            kept: readings before this number are on record.
        """
        self._kept = kept
        self._step = status.step_number
        if status.is_due or (status.finished is not None and _cycle(status.finished) not in self._job.notes):
            self.close(status)
        self._noted = _decisions(status)

    def keep(self, status: RunStatus) -> None:
        """Readings first, then the place they lead to."""
        is_new = status.is_due or _decisions(status) != self._noted
        if is_new or status.step_number != self._step:
            self.flush()
        elif not status.is_kept or self._job.now() - self._flushed_s >= KEPT_S:
            self._recorder.put(self._run.test, self._new_rows())
        if is_new:
            self._note(status)
        self._step = status.step_number

    def close(self, status: RunStatus, **facts: Any) -> None:
        """The last readings and the last place, with other facts of the same moment."""
        self.flush()
        if facts or status.is_due or _decisions(status) != self._noted:
            self._note(status, **facts)

    def cycles(self) -> list[tuple[int, float, float]]:
        """Number and charge in and out of every complete cycle, Ah."""
        found = {name: row for name, row in self._job.notes.items() if name.startswith(_CYCLE)}
        return sorted((int(row[0]), row[1], row[2]) for row in found.values())

    def flush(self) -> None:
        """Readings to disk."""
        self._recorder.append(self._run.test, self._new_rows())

    def _new_rows(self) -> Sequence[Row]:
        rows = self._cycler.rows(self._run, self._kept)
        self._kept = rows[-1].number + 1 if rows else self._kept
        self._flushed_s = self._job.now()
        return rows

    def _note(self, status: RunStatus, **facts: Any) -> None:
        facts["run"] = dict(self._cycler.state(self._run))
        if status.finished is not None:
            facts[_cycle(status.finished)] = list(status.finished)
        self._job.note(**facts)
        self._noted = _decisions(status)


def _cycle(finished: tuple[int, float, float]) -> str:
    return f"{_CYCLE}{finished[0]}"


def _decisions(status: RunStatus) -> tuple[Any, ...]:
    """What is noted at once."""
    return status.state, status.alarm, status.remark, status.finished
