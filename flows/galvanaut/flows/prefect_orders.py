"""Open work orders as forms in the Prefect UI: each one a small paused run beside the trials, answered by its form.

The order book stays the truth. A form is one more way to answer, checked like `galvanaut answer`: Prefect's own
validation loses the bounds of numbers, so a quantity is a text with its unit here, and `Order.reply` reads it. An
answer that makes no sense is asked again, with the reason. One that comes from elsewhere ends the pause. Whatever
Prefect does, the order can be answered without it, and the campaign does not notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from prefect import State, flow, get_client, tags
from prefect.client.schemas.filters import FlowRunFilter
from prefect.flow_runs import apause_flow_run
from prefect.states import Cancelled, Completed

from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import GalvanautError
from galvanaut.flows.labidentity import identity
from galvanaut.flows.orderform import Form
from galvanaut.flows.orders import waiting

if TYPE_CHECKING:
    from galvanaut.flows.lab import Lab
    from galvanaut.instruments.journal import Journal
    from galvanaut.instruments.orders import OrderBook, StandingOrder

LOOK_S = 2.0
"""How often the order book is looked into, in real time."""
POLL_S = 5
"""How often Prefect's server is asked whether a form was sent."""
PATIENCE_S = 90 * 86400
"""A pause must end some day; then the order is shown anew."""
AGAIN_S = 60.0
"""So long after Prefect has failed to show an order it is tried again."""
LEAVING_S = 15.0
"""So long the runs may take to end when the campaign does."""
GONE = "The program that asked has ended. The order stands: the next run asks again, and `galvanaut answer` works now."

_log = logging.getLogger(__name__)
_desk: ContextVar[Desk] = ContextVar("desk")


def has_ui() -> bool:
    """Whether this run talks to a server that lives on, with a UI, and not to a temporary one of its own."""
    return bool(os.environ.get("PREFECT_API_URL"))


@contextlib.asynccontextmanager
async def forms(lab: Lab) -> AsyncIterator[None]:
    """While inside a flow, show the open orders of a lab as forms, where there is a UI."""
    book = lab.station.orders
    if book is None or not has_ui():
        yield
        return
    desk = Desk(book, lab.station.journal, f"orders-{identity(lab.folder.path)}")
    token = _desk.set(desk)
    showing = asyncio.create_task(desk.show())
    try:
        yield
    finally:
        _desk.reset(token)
        await desk.close(showing)


class Desk:
    """The open orders of one lab, and a run for each of them.

    Args:
        book: of orders.
        journal: says which jobs still wait.
        tag: of the runs, by which those of a dead program are known.
    """

    def __init__(self, book: OrderBook, journal: Journal, tag: str) -> None:
        self.book = book
        self.is_closed = False
        self._journal = journal
        self._tag = tag
        self._runs: dict[str, asyncio.Task[None]] = {}

    async def show(self) -> None:
        """Keep a run for each open order."""
        try:
            await _end_forsaken(self._tag)
        except Exception as error:
            _log.info("runs of former work orders could not be ended: %r", error)
        while True:
            try:
                self._begin()
            except GalvanautError as error:
                _log.info("the order book could not be read: %s", error)
            await asyncio.sleep(LOOK_S)

    def _begin(self) -> None:
        self._runs = {job: run for job, run in self._runs.items() if not run.done()}
        for standing in waiting(self.book, self._journal):
            job = standing.order.job
            if job not in self._runs:
                self._runs[job] = asyncio.create_task(self._run(job))

    async def _run(self, job: str) -> None:
        try:
            with tags(self._tag):
                await order_flow(job, return_state=True)
        except Exception as error:  # whatever Prefect runs into; the order stands in the book
            _log.info("Prefect does not show the work order of job %s: %r", job, error)
        if self.is_wanted(job):
            await asyncio.sleep(AGAIN_S)

    def standing(self, job: str) -> StandingOrder:
        """An order that was placed."""
        found = self.book.find(job)
        if found is None:
            raise GalvanautError(f"job {job} has no work order")
        return found

    def is_wanted(self, job: str) -> bool:
        """Whether an answer is still wanted, and this program there to hear it."""
        return not self.is_closed and any(each.order.job == job for each in waiting(self.book, self._journal))

    def take(self, form: Form, given: Any) -> str:
        """Write an answer from a form into the book; why that cannot be, in words, or nothing."""
        try:
            self.book.answer(form.order.job, form.answer(SystemClock().now(), given))
        except (ValueError, GalvanautError) as error:
            return str(error).partition("; answer with:")[0].removeprefix("--")
        return ""

    async def close(self, showing: asyncio.Task[None]) -> None:
        """Let the runs end in a way that shows why; not for ever."""
        self.is_closed = True
        showing.cancel()
        left = [showing, *self._runs.values()]
        _, late = await asyncio.wait(left, timeout=LEAVING_S)
        for each in late:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@flow(name="work order", flow_run_name="order {job}", persist_result=False, validate_parameters=False)
async def order_flow(job: str) -> State[Any]:
    """One work order, until it is answered: here, or anywhere."""
    desk = _desk.get()
    form, complaint = Form(desk.standing(job).order), ""
    while desk.is_wanted(job):
        try:
            given = await _asked(desk, form, complaint)
        except ValueError as error:  # what was sent is none of the form's; a run that failed would not ask again
            complaint = str(error)
            continue
        if given is not None:
            complaint = desk.take(form, given)
    standing = desk.standing(job)
    if standing.answer is None:
        return Cancelled(message=GONE)
    return Completed(message=f"Answered: {standing.answer.text(standing.order)}")


async def _asked(desk: Desk, form: Form, complaint: str) -> Any | None:
    """What was sent with the form; None if no answer is wanted any more."""
    pause = asyncio.create_task(
        apause_flow_run(wait_for_input=form.model(complaint), timeout=PATIENCE_S, poll_interval=POLL_S)
    )
    try:
        while desk.is_wanted(form.order.job):
            await asyncio.wait([pause], timeout=LOOK_S)
            if pause.done():
                return pause.result()
        return None
    finally:
        pause.cancel()
        await asyncio.wait([pause])


async def _end_forsaken(tag: str) -> None:
    """Cancel what a dead program has left paused: nobody would hear its answer."""
    wanted = FlowRunFilter.model_validate(
        {"tags": {"all_": [tag]}, "state": {"type": {"any_": ["PAUSED", "RUNNING", "PENDING"]}}}
    )
    async with get_client() as client:
        for run in await client.read_flow_runs(flow_run_filter=wanted):
            await client.set_flow_run_state(run.id, Cancelled(message=GONE), force=True)
