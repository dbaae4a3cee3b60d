"""`galvanaut todo` and `galvanaut answer`: what people in a lab are asked to do, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.stationtables import StationTables
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.orders import Choice, OrderBook, StandingOrder
from galvanaut.instruments.orders.paper import when


def waiting(book: OrderBook, journal: Journal) -> list[StandingOrder]:
    """The orders for which a job waits, the oldest first."""
    return [each for each in book.all() if each.answer is None and _waits(journal, each.order.job)]


def _waits(journal: Journal, job: str) -> bool:
    record = journal.find(JobKey.parse(job))
    return record is not None and record.state == "intended"


class LabOrders:
    """The work orders of a lab folder, for people; a campaign may be running there.

    Args:
        folder: of the lab.
        orders, jobs: logs of its station.
    """

    def __init__(self, folder: LabFolder, orders: EventLog, jobs: EventLog) -> None:
        self.lab = folder.path
        self.book = OrderBook(orders, folder.orders)
        self._log = jobs
        self._journal = Journal(jobs, SystemClock())

    @classmethod
    @contextmanager
    def opened(cls, lab: Path) -> Iterator[Self]:
        """Those of a lab, to be answered.

        Raises:
            InputError: it is no lab folder, or cannot be written.
        """
        folder = LabFolder.existing(lab)
        with opened(folder.station) as engine:
            yield cls(folder, EventLog(engine, "orders"), EventLog(engine, "journal"))

    @classmethod
    @contextmanager
    def shown(cls, lab: Path) -> Iterator[Self]:
        """Those of a lab, only to be looked at.

        Raises:
            InputError: it is no lab folder.
        """
        folder = LabFolder.existing(lab)
        with StationTables.of(folder) as tables:
            yield cls(folder, tables.log("orders"), tables.log("journal"))

    def open(self) -> list[StandingOrder]:
        """Those for which a job waits, the oldest first."""
        return waiting(self.book, self._journal)

    def now(self, standing: StandingOrder) -> float:
        """The present instant by the clock of an order's bench, as far as it can be known from outside.

        That of a simulated bench is known from what was last written down by it.
        """
        if not standing.order.is_simulated:
            return SystemClock().now()
        return max((event.at for event in self._log.read()), default=standing.at)

    def answer(self, job: str, texts: Mapping[str, str], failed: str | None, choice: str = "") -> str:
        """Answer an order; what was answered, in words.

        Args:
            job: its key.
            texts: what was written down: quantities by name.
            failed: why it could not be done; None if it was.
            choice: name of the choice; empty where there is none.

        Raises:
            InputError: no such order is open, it was answered before, or the answer makes no sense. Nothing is written.
        """
        standing = self._standing(job)
        if failed is not None and not failed.strip():
            raise InputError("--fail", "says nothing; what went wrong?")
        try:
            answer = standing.order.reply(SystemClock().now(), texts, choice, failed)
        except ValueError as error:
            raise InputError(f"job {job}", str(error)) from None
        self.book.answer(job, answer)
        return answer.text(standing.order)

    def _standing(self, job: str) -> StandingOrder:
        """An order that waits for its answer, or has one."""
        standing = self.book.find(job)
        if standing is None:
            known = ", ".join(each.order.job for each in self.open()) or "none"
            raise InputError(f"job {job}", f"has no work order in {self.lab}; open are: {known}")
        if standing.answer is None and not _waits(self._journal, job):
            raise InputError(f"job {job}", "has ended without an answer, so none is wanted any more")
        return standing


def todo_text(lab: Path) -> str:
    """Every open order, how late it is, and the commands that answer it."""
    with LabOrders.shown(lab) as orders:
        found = orders.open()
        if not found:
            return f"{lab}: nothing to do"
        return "\n".join([f"{lab}: {len(found)} to do", *(line for each in found for line in _lines(each, orders))])


def _lines(standing: StandingOrder, orders: LabOrders) -> list[str]:
    order = standing.order
    late = standing.lateness(orders.now(standing))
    clock = " by the simulated bench's clock" if order.is_simulated else ""
    return [
        f"\n{order.title}  (since {when(standing.at)}{late and f', {late}'}{clock})",
        *(f"  {name:<16} {text}" for name, text in order.facts.items()),
        *(f"  write down       {ask.name}, {ask.range()}" for ask in order.asks),
        *(_choice_line(choice) for choice in order.choices),
        f"  page             {orders.book.path(order.job)}",
        *(f"  {command}" for command in order.commands()),
    ]


def _choice_line(choice: Choice) -> str:
    asks = "".join(f"; write down {ask.name}, {ask.range()}" for ask in choice.asks)
    return f"  answer {choice.name:<9} {choice.text}{asks}"


def todo_json(lab: Path) -> list[dict[str, Any]]:
    """The same for machines."""
    with LabOrders.shown(lab) as orders:
        return [
            {
                "job": each.order.job,
                "placed_unix_time_s": each.at,
                "due_unix_time_s": each.due_at,
                "late_s": None if each.due_at is None else max(0.0, orders.now(each) - each.due_at),
                **each.order.to_json(),
            }
            for each in orders.open()
        ]
