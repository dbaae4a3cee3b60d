"""Finish what a dead run has left of records: seal the tests whose jobs have ended, and let go of what is sealed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.telemetry.sealed import SealError, remark_in

if TYPE_CHECKING:
    from galvanaut.instruments.journal import JobRecord, Journal
    from galvanaut.instruments.telemetry.labrecorder import LabRecorder

_log = logging.getLogger(__name__)


def tidy(recorder: LabRecorder, journal: Journal) -> list[str]:
    """Seal and let go of every test whose job has an end in the journal. Tests of other jobs are left to those.

    Returns:
        What could not be sealed, in words; its readings stay in the hot store.
    """
    for test in recorder.store.leaving():
        recorder.store.forget(test)
    problems = []
    for hot in recorder.store.tests():
        job = _ended_job(journal, hot.test)
        if job is None:
            continue
        try:
            if recorder.has_problems(hot.test):
                continue
            if recorder.seal(hot.test, *_end_of(job)) is None:
                recorder.store.forget(hot.test)  # it never had a reading
            else:
                recorder.release(hot.test)
        except SealError as error:
            problems.append(str(error))
            _log.warning("left by an earlier run: %s", error)
    return problems


def _ended_job(journal: Journal, test: str) -> JobRecord | None:
    try:
        job = journal.find(JobKey.parse(test))
    except ValueError:  # no job's: somebody else's rows in our store
        return None
    return None if job is None or job.state == "intended" else job


def _end_of(job: JobRecord) -> tuple[str, str, str]:
    """Outcome, reason and remark, as the job would have sealed them."""
    remark = remark_in(job.notes)
    if "over" in job.notes:
        return job.notes["over"]["state"], job.notes["over"]["reason"], remark
    return "failed", job.reason, remark
