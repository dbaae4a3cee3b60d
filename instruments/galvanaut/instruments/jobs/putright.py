"""Have a person put right what stops a step that has to succeed, so that it can be begun anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.jobs.byhand import by_hand
from galvanaut.instruments.orders import Order

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench


@dataclass(frozen=True)
class PutRight:
    """What is wrong. It uses nothing: whoever waits for it keeps what must not be used meanwhile.

    Attributes:
        what: has to be put right, for the order's title.
        why: it has; the error.
        then: what the program does next.
    """

    what: str
    why: str
    then: str

    expires: ClassVar[bool] = False

    def request(self) -> Mapping[str, Any]:
        """Plain JSON."""
        return {"kind": "put right", **asdict(self)}

    def needs(self, bench: Bench) -> list[str]:
        """Nothing."""
        return []

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Wait until a person says that it is done.

        Returns:
            ``at``, the instant.

        Raises:
            JobFailedError: the person gives it up.
        """
        steps = ("See what is wrong, and put it right.", f"Answer. Then the program {self.then}.")
        answer = await by_hand(job, Order(str(job.key), f"Put right: {self.what}", {"why": self.why}, steps))
        if answer.failed:
            raise JobFailedError(f"job {job.key}: {self.what} was not put right: {answer.failed}. {self.why}")
        return {"at": job.now()}
