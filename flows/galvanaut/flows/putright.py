"""Steps that have to succeed: while a person puts right what stops one, everything else goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from galvanaut.flows.lab import Lab
from galvanaut.flows.steps import key
from galvanaut.instruments.jobs import JobFailedError, PutRight
from galvanaut.instruments.journal import JobRecord


async def insisted(
    trial: int, name: str, attempt: Callable[[], Awaitable[None]], lab: Lab, *, what: str, then: str
) -> None:
    """Try a step, and after each failure again when a person has put right what stopped it.

    Args:
        trial: its number.
        name: of the step, for the key of the order.
        attempt: the step; each time a new attempt, with keys of its own.
        lab: the lab.
        what: a person has to put right, if it fails.
        then: what the program does after that.

    Raises:
        JobFailedError: nobody is there to be asked, or the person gives it up.
    """
    await open_order_of(trial, name, lab)
    while True:
        try:
            return await attempt()
        except JobFailedError as error:
            if not lab.bench.operators.settle_doubts:
                raise
            await ask(trial, name, PutRight(what, str(error), then), lab)


async def ask(trial: int, name: str, wrong: PutRight, lab: Lab) -> None:
    """Place an order and wait for its answer.

    Raises:
        JobFailedError: the person gives it up.
    """
    await lab.run(key(trial, _step(name), lab, len(orders_of(trial, name, lab)) + 1), wrong)


async def open_order_of(trial: int, name: str, lab: Lab) -> None:
    """Wait for the answer to an order that a dead run has placed, if there is one; errors as of `ask`."""
    for record in orders_of(trial, name, lab):
        if record.state == "intended":
            fields = {field: value for field, value in record.request.items() if field != "kind"}
            await lab.run(record.key, PutRight(**fields))


def is_open(trial: int, name: str, lab: Lab) -> bool:
    """Whether a dead run has left such an order unanswered."""
    return any(record.state == "intended" for record in orders_of(trial, name, lab))


def orders_of(trial: int, name: str, lab: Lab) -> list[JobRecord]:
    """All that were ever placed for a step."""
    return [
        record
        for record in lab.station.journal.records()
        if (record.key.campaign, record.key.trial, record.key.step) == (lab.campaign.name, trial, _step(name))
    ]


def _step(name: str) -> str:
    return f"put-right-{name}"
