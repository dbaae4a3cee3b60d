"""Look after a folder into which a cycler's exports are put: which of them is the one that a test waits for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError

if TYPE_CHECKING:
    from galvanaut.instruments.filecycler import FileCycler
    from galvanaut.instruments.jobs.action import Job
    from galvanaut.instruments.jobs.awaitrecord import AwaitRecord
    from galvanaut.instruments.vendorfiles import Imported

State = tuple[int, int]
"""What changes while a file is written: its size in bytes and its date in ns."""
EARLY_S = 86400.0
"""A test that began so long before anybody asked for it is another one; the clocks may differ by a time zone."""
REFUSED = "refused "
"""Begins the notes on files that were refused."""


class FolderWatch:
    """What has been seen in a folder, and what was said about it.

    Args:
        job: that waits.
        action: says for which cell and test.
        cycler: whose folder it is.
    """

    def __init__(self, job: Job, action: AwaitRecord, cycler: FileCycler) -> None:
        self._job = job
        self._cycler = cycler
        self._cell = action.cell
        self._test = action.test
        self._name = action.cycler
        self._states: dict[Path, tuple[State, float]] = {}  # of each file, and since when it is in it
        self._judgements: dict[tuple[Path, State], Imported | None] = {}
        self._present_at_first: set[Path] | None = None
        self._coming: set[Path] = set()  # files that are not at rest
        self._looks = 0
        self._last_call_s: float | None = None  # what lies there then came in time

    async def look(self) -> Imported | None:
        """The one file that can be taken, if there is one now."""
        self._looks += 1
        at_rest = await self._survey()
        good = [each for path, state in at_rest.items() if (each := await self._judged(path, state)) is not None]
        good = [each for each in good if each.sha256 not in self._job.elsewhere("sha256")]
        if len(good) > 1:
            names = " and ".join(self._cycler.called(each.path) for each in good)
            self._tell(names, f"{names} could both be test {self._test}; leave only one of them in the folder")
            return None
        return good[0] if good else None

    def is_over(self, deadline_s: float) -> bool:
        """Whether there is nothing left to wait for: the deadline has passed, and what came in time is at rest.

        The first look of a process tells little: it may have been away over the deadline, and only the second one shows
        whether a file grows. What changes after that came too late; else backups were waited for without end.

        Args:
            deadline_s: s since the epoch.
        """
        now_s, cycler = self._job.now(), self._cycler
        if now_s < deadline_s or self._looks < 2:
            return False
        if self._last_call_s is None:
            self._last_call_s = now_s
        if now_s > self._last_call_s + cycler.unchanged_s + 2 * cycler.period_s:  # the folder may be gone
            return True
        return all(self._states[path][1] > self._last_call_s for path in self._coming)

    def complaint(self) -> str:
        """Why nothing was taken in all that time."""
        notes = self._job.notes.items()
        refused = [f"{name.removeprefix(REFUSED)} ({why})" for name, why in notes if name.startswith(REFUSED)]
        text = f"no usable file of cell {self._cell} came into {self._cycler.folder} in time"
        seen = f"; refused were {', '.join(refused)}" if refused else ""
        return f"{text}{seen}. Put one there and give the test a new name"

    async def _survey(self) -> dict[Path, State]:
        """Files at rest."""
        now = self._job.now()
        try:
            found = await self._job.call(FILES.survey, self._cycler, self._cell)
        except OSError as error:
            self._tell("folder", f"{self._cycler.folder} cannot be read ({error.strerror or error}); is it connected?")
            return {}
        if self._present_at_first is None:
            self._present_at_first = set(found)
        before = self._states
        self._states = {
            path: before[path] if path in before and before[path][0] == state else (state, now)
            for path, state in found.items()
        }
        at_rest = {
            path: state
            for path, (state, since) in self._states.items()
            if path in before and before[path][0] == state and now - since >= self._cycler.unchanged_s
        }
        self._coming = self._states.keys() - at_rest.keys()
        return at_rest

    async def _judged(self, path: Path, state: State) -> Imported | None:
        """The readings in a file if it is of this test; each state of a file is read and told of once."""
        if (path, state) not in self._judgements:
            try:
                found = await self._job.call(FILES.read, path, self._cycler)
            except OSError as error:  # its writer may still have it locked: no judgement, it is tried again
                name = self._cycler.called(path)
                self._tell(f"{name} cannot be opened", f"{name} cannot be opened ({error.strerror or error})")
                return None
            reason = found if isinstance(found, str) else self._objection(path, found)
            if reason:
                self._refuse(path, reason)
            self._judgements[path, state] = None if isinstance(found, str) or reason is not None else found
        return self._judgements[path, state]

    def _objection(self, path: Path, found: Imported) -> str | None:
        """Why a file that reads well is not of this test; empty if nobody needs to know, None if it is."""
        owner = self._job.elsewhere("sha256").get(found.sha256)
        by_name = self._cycler.names_cells
        is_vague = self._cycler.may_be_another(self._cell, path)
        if not found.cell and not by_name:
            return "does not say which cell it is of; let its name say it: `pattern` in the bench file"
        if found.cell and found.cell != self._cell:
            is_clash = by_name and not is_vague
            return f"is of cell {found.cell} by what stands inside, of {self._cell} by its name" if is_clash else ""
        if owner is not None:
            is_left_over = path in (self._present_at_first or ()) or (is_vague and not found.cell)
            return "" if is_left_over else f"is the record of job {owner} already, and is not taken for a second test"
        if is_vague and not found.cell:
            return f"has a hyphen beside {self._cell}: of another cell? If it is of this one, write _ in its place"
        if found.started_s is not None and found.started_s < self._job.notes["since"] - EARLY_S:
            return f"began more than a day before test {self._test} was asked for: an earlier test?"
        return None

    def _refuse(self, path: Path, why: str) -> None:
        """Once per file and reason, also for a later process."""
        called = self._cycler.called(path)
        name = REFUSED + called
        if self._job.notes.get(name) != why:
            self._job.note(**{name: why})
            self._tell(f"{called}: {why}", f"{called} cannot be taken, a better one is waited for: {why}")

    def _tell(self, cause: str, text: str) -> None:
        self._job.alarm(self._name, cause, text)


class _Files:
    """What is done with files, which may lie on a slow disk far away: in one thread for all jobs of a station."""

    def survey(self, cycler: FileCycler, cell: str) -> dict[Path, State]:
        """See `FileCycler.files`."""
        return cycler.files(cell)

    def read(self, path: Path, cycler: FileCycler) -> Imported | str:
        """What is in a file, or why it is refused.

        Raises:
            OSError: it cannot be opened now.
        """
        from galvanaut.instruments.vendorfiles import read_file

        with path.open("rb"):
            pass
        try:
            return read_file(path, cycler.zone)
        except InputError as error:
            return "; ".join(str(problem) for problem in error.problems)

    def kept(self, path: Path) -> Mapping[str, Any]:
        """The facts of a record that is there already; none if it is not."""
        from galvanaut.instruments.vendorfiles import read_metadata

        return read_metadata(path) if path.exists() else {}

    def keep(self, path: Path, found: Imported, facts: Mapping[str, Any]) -> None:
        """See `write_record`."""
        from galvanaut.instruments.vendorfiles import write_record

        write_record(path, found.frame, facts)


FILES = _Files()
