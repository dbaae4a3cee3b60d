"""What every job has in common: a request, the instruments it needs, and facts written down as it goes.

An action is written so that it can be taken up again after the host died: before each step that cannot be undone it
notes on disk that the step comes now, and on resuming it asks the instruments what became of it. It never repeats a
physical step because it does not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from galvanaut.core.errors import GalvanautError
from galvanaut.instruments.errors import BadReadingError, NoReplyError
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.vitals import Vitals

if TYPE_CHECKING:
    from galvanaut.core.identifiers import JobKey
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.connect import ConnectedBench
    from galvanaut.instruments.journal import JobRecord, Journal
    from galvanaut.instruments.orders import OrderBook

P = ParamSpec("P")
T = TypeVar("T")


class JobFailedError(GalvanautError):
    """A job ended without its result, for a reason that is known; the text names the job."""


class InDoubtError(JobFailedError):
    """After a crash nobody can tell what became of a physical step: the evidence contradicts itself."""


class PostponedError(GalvanautError):
    """A job cannot be closed now. Nothing is left running, nothing is lost, and the next run closes it."""


class UnfinishedError(GalvanautError):
    """A fault of the program ended the work on a job. It may have acted; it stays open and is taken up where it stands.

    As after a death of the host: what it has done already is asked of the instruments or of a person, never done again.
    """


class Action(Protocol):
    """A kind of job: plain data that says what to do, and the coroutine that does it.

    Attributes:
        expires: whether a new host does it again although the journal holds it as done: a temperature that was held
            before the host died is not held now.
    """

    @property
    def expires(self) -> bool:
        """See the class."""
        ...

    def request(self) -> Mapping[str, Any]:
        """What is to be done, as JSON; goes to the journal before anything happens."""
        ...

    def needs(self, bench: Bench) -> list[str]:
        """Names of the instruments and vessels that this job alone may use while it runs."""
        ...

    async def perform(self, job: Job) -> Mapping[str, Any]:
        """Do it, or carry on after a crash, and return the result as JSON.

        Raises:
            JobFailedError: it could not be done; nothing is left running.
            PostponedError: it stays open for the next run; nothing is left running.
        """
        ...


class Job:
    """One action under way: its key, its notes, its bench.

    Args:
        record: from the journal.
        journal: where notes go.
        bench: the connected bench.
        call: runs an instrument's blocking method (inline or in the instrument's own thread).
        sleep: waits on the bench's clock.
        now: the present instant on it.
        tell: takes alarms.
        orders: where people are asked to do something; None where nobody is.
        vitals: where its signs of life go.

    Attributes:
        began: when it was first intended, s since the epoch.
        afterwards: what is to be done once the job's end is in the journal: method and arguments.
    """

    def __init__(
        self,
        record: JobRecord,
        journal: Journal,
        bench: ConnectedBench,
        call: Callable[..., Awaitable[Any]],
        sleep: Callable[[float], Awaitable[None]],
        now: Callable[[], float],
        tell: Callable[[Alarm], None],
        orders: OrderBook | None = None,
        vitals: Vitals | None = None,
    ) -> None:
        self.key: JobKey = record.key
        self.began = record.began
        self.bench = bench
        self.notes = record.notes
        self._journal = journal
        self._call = call
        self.sleep = sleep
        self.now = now
        self._tell = tell
        self.afterwards: list[tuple[Callable[..., object], *tuple[Any, ...]]] = []
        self.orders = orders
        self._vitals = vitals or Vitals()

    async def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a driver's method without holding up the other instruments."""
        result: T = await self._call(method, *args, **kwargs)
        return result

    async def ask(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`call` a method that may be called twice, and call it again if its answer was lost or garbled.

        The link has made sure of the instrument by then, so one lost reply does not spoil what took hours.
        """
        try:
            return await self.call(method, *args, **kwargs)
        except (NoReplyError, BadReadingError):
            return await self.call(method, *args, **kwargs)

    def note(self, **facts: Any) -> None:
        """Write facts to disk before going on."""
        self._journal.note(self.key, **facts)

    def note_on(self, other: JobRecord, **facts: Any) -> None:
        """Write down facts of another job that nobody works on now; it finds them when it is taken up again."""
        self._journal.note(other.key, **facts)

    def others(self) -> list[JobRecord]:
        """All other jobs of the journal, in the order in which they were intended."""
        return [record for record in self._journal.records() if record.key != self.key]

    def elsewhere(self, name: str) -> dict[Any, str]:
        """By the value that they have noted under ``name``, the keys of all other jobs that have not failed."""
        return {
            each.notes[name]: str(each.key) for each in self.others() if each.state != "failed" and name in each.notes
        }

    def alarm(self, instrument: str, cause: str, text: str) -> None:
        """Let a person know now, not only when the job ends; once per instrument and cause, see `Alarm`."""
        self._tell(Alarm(f"job {self.key}: {text}", self.now(), instrument, cause, str(self.key)))

    def expects(self, seconds: float | None, since: float | None = None) -> None:
        """Say how long it may take; one that takes much longer is told of, see `AlarmLimits`.

        Args:
            seconds: a generous estimate; None if nobody can tell.
            since: from when on, s since the epoch; from now by default.
        """
        self._vitals.since = self.now() if since is None else since
        self._vitals.expected_s = seconds

    def sampled(self, number: int, sampling_s: float, pause_s: float = 0.0) -> None:
        """Say which sample is the newest; when no new one comes for long it is told of, see `AlarmLimits`.

        Args:
            number: of the sample, rising; the same one again is no new one.
            sampling_s: time between two samples, s.
            pause_s: until nobody asks for another one, s.
        """
        self._vitals.sampled(self.now(), number, sampling_s, pause_s)

    async def once(self, name: str, method: Callable[[], T]) -> T:
        """The noted value of ``name``; measured and noted if this is the first attempt to get here."""
        if name not in self.notes:
            self.note(**{name: await self.ask(method)})
        value: T = self.notes[name]
        return value
