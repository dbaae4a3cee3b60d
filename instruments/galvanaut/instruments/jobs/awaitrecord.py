"""Wait for the export of a cycler that a person operates, and make it the record of a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.core.bdf import SUFFIX
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.folderwatch import FILES, FolderWatch

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.filecycler import FileCycler
    from galvanaut.instruments.vendorfiles import Imported

_RESULT = ("imported_from", "format", "sha256", "rows", "duration_s", "cycles", "capacity_Ah", "notes")


@dataclass(frozen=True)
class AwaitRecord:
    """Wait until a complete file of one cell has come.

    The file is taken once it has stayed unchanged for two looks and reads without a problem. One that is refused is
    told of once, and waited on: a better export may follow. No file is taken for two tests. One that lies there at the
    deadline may still come to rest, also if this program was not running then.

    Attributes:
        cycler: its name among the bench's ``file_cyclers``.
        cell: that the test is of.
        test: names the record.
        records: folder that the record goes to; no part of the request.
        deadline_s: from the beginning of the wait, s, instead of the cycler's; no part of the request.
    """

    cycler: str
    cell: str
    test: str
    records: Path = field(compare=False, repr=False)
    deadline_s: float | None = field(default=None, compare=False)

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "await record", "cycler": self.cycler, "cell": self.cell, "test": self.test}

    def needs(self, bench: Bench) -> list[str]:
        """Nothing of the bench: the cycler has many channels, and is nobody's to reserve."""
        return []

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Tell a person what to do, then look into the folder until a file has become the record.

        Returns:
            ``record`` (file name), ``imported_from``, ``format``, ``sha256``, ``rows``, ``duration_s``, ``cycles``,
            ``capacity_Ah`` (largest discharge of a cycle), ``notes``.

        Raises:
            JobFailedError: no usable file came in time, or another record has this name.
        """
        cycler = job.bench.bench.file_cycler(self.cycler)
        if "since" not in job.notes:
            job.alarm(self.cycler, f"test {self.test}", cycler.instruction(self.cycler, self.cell, self.test))
            job.note(since=job.now())
        kept = await job.call(FILES.kept, self._record)
        if "sha256" in job.notes and kept.get("sha256") == job.notes["sha256"]:
            return self._result(kept)
        deadline = job.notes["since"] + (self.deadline_s or cycler.deadline_s)
        found = await self._arrival(job, cycler, deadline)
        job.note(sha256=found.sha256, file=found.path.name)
        facts = found.metadata(cell=self.cell, test=self.test, campaign=job.key.campaign, job=str(job.key))
        await self._keep(job, found, facts, cycler, deadline)
        return self._result(facts)

    async def _arrival(self, job: Job, cycler: FileCycler, deadline: float) -> Imported:
        watch = FolderWatch(job, self, cycler)
        while True:
            found = await watch.look()
            if found is not None:
                return found
            if watch.is_over(deadline):
                raise JobFailedError(f"job {job.key}: {watch.complaint()}")
            await job.sleep(cycler.period_s)

    async def _keep(
        self, job: Job, found: Imported, facts: Mapping[str, Any], cycler: FileCycler, deadline: float
    ) -> None:
        """Write the record; a full disk is waited for like a file."""
        while True:
            try:
                return await job.call(FILES.keep, self._record, found, facts)
            except InputError:
                raise
            except GalvanautError as error:
                if job.now() >= deadline:
                    raise
                job.alarm(self.cycler, f"record of {self.test}", f"{error}. It is tried again; make room")
            await job.sleep(cycler.period_s)

    @property
    def _record(self) -> Path:
        return self.records / f"{self.test}{SUFFIX}"

    def _result(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"record": self._record.name, **{name: facts[name] for name in _RESULT}}
