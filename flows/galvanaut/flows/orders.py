"""`galvanaut todo` and `galvanaut answer`: what people in a lab are asked to do, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.folder import LabFolder
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.orders import Answer, OrderBook, StandingOrder
from galvanaut.instruments.orders.paper import when


class LabOrders:
    """The work orders of a lab folder, for people; a campaign may be running there.

    Args:
        lab: the folder.

    Raises:
        InputError: it is no lab folder.
    """

    def __init__(self, lab: Path) -> None:
        self.lab = lab
        folder = LabFolder.existing(lab)
        engine = open_engine(folder.station)
        self.book = OrderBook(EventLog(engine, "orders"), folder.orders)
        self._journal = Journal(EventLog(engine, "journal"), SystemClock())

    def open(self) -> list[StandingOrder]:
        """Those for which a job waits, the oldest first."""
        return [each for each in self.book.all() if each.answer is None and self._waits(each.order.job)]

    def answer(self, job: str, texts: Mapping[str, str], failed: str | None) -> str:
        """Answer an order; what was answered, in words.

        Args:
            job: its key.
            texts: what was written down: quantities by name.
            failed: why it could not be done; None if it was.

        Raises:
            InputError: no such order is open, it was answered before, or the answer makes no sense. Nothing is written.
        """
        standing = self._standing(job)
        if failed is not None and not failed.strip():
            raise InputError("--fail", "says nothing; what went wrong?")
        try:
            values = {} if failed is not None else standing.order.values(texts)
        except ValueError as error:
            raise InputError(f"job {job}", str(error)) from None
        answer = Answer(SystemClock().now(), values, (failed or "").strip())
        self.book.answer(job, answer)
        return answer.text(standing.order)

    def _standing(self, job: str) -> StandingOrder:
        """An order that waits for its answer, or has one."""
        standing = self.book.find(job)
        if standing is None:
            known = ", ".join(each.order.job for each in self.open()) or "none"
            raise InputError(f"job {job}", f"has no work order in {self.lab}; open are: {known}")
        if standing.answer is None and not self._waits(job):
            raise InputError(f"job {job}", "has ended without an answer, so none is wanted any more")
        return standing

    def _waits(self, job: str) -> bool:
        record = self._journal.find(JobKey.parse(job))
        return record is not None and record.state == "intended"


def todo_text(lab: Path) -> str:
    """Every open order, with the command that answers it."""
    orders = LabOrders(lab)
    found = orders.open()
    if not found:
        return f"{lab}: nothing to do"
    parts = [f"{lab}: {len(found)} to do"]
    for each in found:
        facts = [f"  {name:<16} {text}" for name, text in each.order.facts.items()]
        asks = [f"  write down       {ask.name}, {ask.range()}" for ask in each.order.asks]
        page = f"  page             {orders.book.path(each.order.job)}"
        head = f"\n{each.order.title}  (since {when(each.at)})"
        parts += [head, *facts, *asks, page, f"  {each.order.command()}"]
    return "\n".join(parts)


def todo_json(lab: Path) -> list[dict[str, Any]]:
    """The same for machines."""
    found = LabOrders(lab).open()
    return [{"job": each.order.job, "placed_unix_time_s": each.at, **each.order.to_json()} for each in found]
