"""What a person does for a job, and what must hold before hands or an assembler reach into a holder."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.orders import Answer, Order, StandingOrder
from galvanaut.instruments.orders.paper import span

POLL_S = 5.0
"""How often the book of orders is looked into."""
REMINDERS = 10
"""So often a person is reminded of one order; `galvanaut todo` goes on showing it. Simulated time may run for months
within a minute while somebody thinks (illustrative)."""


async def by_hand(job: Job, order: Order) -> Answer:
    """Ask a person, once, and wait as long as it takes; also a program started later waits for the same answer.

    Raises:
        JobFailedError: the station has no book of orders.
    """
    book = job.orders
    if book is None:
        raise JobFailedError(f"job {job.key}: needs a person ({order.title}), but this program has no work orders.")
    people = job.bench.bench.operators
    job.expects(None)  # nobody can tell how long a person takes, and the order has a deadline of its own
    book.place(
        replace(
            order,
            deadline_s=people.deadline_s,
            reminder_s=people.reminder_s,
            is_simulated=job.bench.is_simulated,
        ),
        job.now(),
    )
    while (known := book.find(order.job)) is None or known.answer is None:
        if known is not None:
            _remind(job, known)
        await job.sleep(POLL_S)
        await asyncio.sleep(0)  # on a virtual clock a lone sleeper wakes at once, and nobody else would have a turn
    return known.answer


def _remind(job: Job, standing: StandingOrder) -> None:
    """Once a period; what was reminded of is on disk, so that a program started anew does not begin again."""
    period_s = standing.order.reminder_s
    if period_s is None:
        return
    number = int((job.now() - standing.at) // period_s)
    if not job.notes.get("reminded", 0) < number <= REMINDERS:
        return
    job.note(reminded=number)
    waited, late = span(job.now() - standing.at), standing.lateness(job.now())
    text = f"work order waits for {waited}{late and f', {late}'}: {standing.order.title}; see `galvanaut todo`"
    job.alarm("operator", f"reminder {number} of {standing.order.job}", text)


async def switched_off(job: Job, holder: str) -> None:
    """Make sure that nothing drives the cell in a holder, or would drive one that comes into it.

    Raises:
        BenchError: what is wired to it could not be made safe.
        JobFailedError: an output is on all the same.
    """
    for name in job.bench.bench.drivers_at(holder):
        await job.call(job.bench.make_safe, {name})
        is_source = job.bench.bench.instruments[name].role == "source meter"
        if is_source and await job.ask(job.bench.source_meter(name).is_on):
            raise JobFailedError(
                f"job {job.key}: the output of {name} is on although it was made safe, so nobody reaches into "
                f"{holder}. Switch it off by hand, and see why."
            )
