"""What nobody can tell after a crash is asked of a person, with all that is known; the person's word settles the job.

Nothing physical is repeated, whatever the answer. That a job is in doubt is on disk before anybody is asked, so that a
later start, to which the evidence may look better than it is, asks the same person the same question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galvanaut.instruments.jobs.action import InDoubtError, JobFailedError
from galvanaut.instruments.jobs.byhand import by_hand
from galvanaut.instruments.orders import Order

if TYPE_CHECKING:
    from galvanaut.instruments.jobs.action import Job
    from galvanaut.instruments.orders import Answer, Choice

NOTE = "in_doubt"
"""Under this name the doubt stands in the job's notes."""


@dataclass(frozen=True)
class Question:
    """What a person is asked about a step in doubt.

    Attributes:
        title: one sentence.
        steps: what to look at, in this order.
        choices: what may be found.
    """

    title: str
    steps: tuple[str, ...]
    choices: tuple[Choice, ...]


async def settled(job: Job, question: Question, why: str, facts: Mapping[str, str]) -> Answer:
    """The answer of a person; also of one who was asked by a program that is dead.

    Args:
        job: in doubt.
        question: about it.
        why: nobody can tell.
        facts: what is known, by a word for each.

    Raises:
        InDoubtError: nobody is there to be asked.
        JobFailedError: the person could not tell, either.
    """
    if NOTE not in job.notes:
        job.note(**{NOTE: {"why": why, **facts}})
    known: Mapping[str, str] = job.notes[NOTE]
    if job.orders is None or not job.bench.bench.operators.settle_doubts:
        raise InDoubtError(f"job {job.key}: in doubt: {known['why']}. Nothing is done again; the batch is given up.")
    answer = await by_hand(job, Order(str(job.key), question.title, known, question.steps, choices=question.choices))
    if answer.failed:
        raise JobFailedError(f"job {job.key}: was in doubt, and could not be settled by hand: {answer.failed}")
    return answer
