"""What a person does for a job, and what must hold before hands or an assembler reach into a holder."""

from __future__ import annotations

import asyncio

from galvanaut.instruments.jobs.action import Job, JobFailedError
from galvanaut.instruments.orders import Answer, Order

POLL_S = 5.0
"""How often the book of orders is looked into."""


async def by_hand(job: Job, order: Order) -> Answer:
    """Ask a person, once, and wait as long as it takes; also a program started later waits for the same answer.

    Raises:
        JobFailedError: the station has no book of orders.
    """
    book = job.orders
    if book is None:
        raise JobFailedError(f"job {job.key}: needs a person ({order.title}), but this program has no work orders.")
    book.place(order, job.now())
    while (known := book.find(order.job)) is None or known.answer is None:
        await job.sleep(POLL_S)
        await asyncio.sleep(0)  # on a virtual clock a lone sleeper wakes at once, and nobody else would have a turn
    return known.answer


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
