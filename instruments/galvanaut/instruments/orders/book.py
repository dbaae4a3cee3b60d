"""The book of orders: an append-only table through which a station and the people in the lab tell each other.

The station places an order, any process on the same database answers it. The first answer stands.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from galvanaut.core.errors import InputError
from galvanaut.core.wholefile import write_whole
from galvanaut.instruments.orders.order import Answer, Order
from galvanaut.instruments.orders.paper import page, span, when

if TYPE_CHECKING:
    from galvanaut.core.eventlog import Event, EventLog

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StandingOrder:
    """An order in the book.

    Attributes:
        order: what is asked.
        at: when it was placed, seconds since the epoch.
        answer: the first one; None as long as there is none.
    """

    order: Order
    at: float
    answer: Answer | None = None

    @property
    def due_at(self) -> float | None:
        """When it should be answered, seconds since the epoch; None if it has no deadline."""
        return None if self.order.deadline_s is None else self.at + self.order.deadline_s

    def lateness(self, now: float) -> str:
        """How late it is at ``now``, in words; empty without a deadline."""
        if self.due_at is None:
            return ""
        left_s = self.due_at - now
        return f"due in {span(left_s)}" if left_s >= 0 else f"LATE by {span(-left_s)}"


class OrderBook:
    """All orders of a station. Every question reads the table anew: other processes write to it.

    Args:
        log: table of the station's database.
        folder: where each order is written as a page; made when the first one is placed.
    """

    def __init__(self, log: EventLog, folder: Path) -> None:
        self._log = log
        self._folder = folder

    def place(self, order: Order, at: float) -> None:
        """Ask for something to be done; an order that stands already is only told again."""
        known = self.find(order.job)
        if known is None:
            self._log.append(at, order.job, "ordered", order.to_json())
            known = StandingOrder(order, at)
        path = self._write(known)
        if known.answer is not None:
            return
        facts = ", ".join(f"{name}: {text}" for name, text in order.facts.items())
        _log.warning("WORK ORDER %s: %s (%s); see %s; then: %s", order.job, order.title, facts, path, order.command())

    def find(self, job: str) -> StandingOrder | None:
        """The order of a job, if there is one."""
        return _standing(self._log.read(topic=job)).get(job)

    def all(self) -> list[StandingOrder]:
        """Every order ever placed, in this order."""
        return list(_standing(self._log.read()).values())

    def answer(self, job: str, answer: Answer) -> None:
        """Answer an order.

        Raises:
            InputError: there is no such order, or it was answered before; says what and when.
        """
        known = self.find(job)
        if known is None:
            raise InputError(f"job {job}", "has no work order")
        if known.answer is None:
            given = {"values": dict(answer.values), "failed": answer.failed, "choice": answer.choice}
            event = self._log.append(answer.at, job, "answered", given)
            first = _first_answer(self._log.read(topic=job))
            if first is not None and first.sequence == event.sequence:
                self._write(replace(known, answer=answer))
                return
            known = self.find(job) or known
        if known.answer is not None:
            text = known.answer.text(known.order)
            raise InputError(f"job {job}", f"was answered already, {when(known.answer.at)} ({text}); that stands")

    def path(self, job: str) -> Path:
        """The page of a job's order. No name in a key has a dot in it, so no two share one."""
        return self._folder / f"{job.replace('/', '.')}.md"

    def _write(self, standing: StandingOrder) -> Path:
        """The page; the table is what counts, so one that cannot be written holds nothing up."""
        path = self.path(standing.order.job)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, page(standing.order, standing.at, standing.answer).encode())
        except OSError as error:
            _log.warning("%s cannot be written (%s); `galvanaut todo` shows the order all the same", path, error)
        return path


def _standing(events: list[Event]) -> dict[str, StandingOrder]:
    found: dict[str, StandingOrder] = {}
    for event in events:
        known = found.get(event.topic)
        if event.kind == "ordered":
            found.setdefault(event.topic, StandingOrder(Order.from_json(event.topic, event.data), event.at))
        elif known is not None and known.answer is None:
            data = event.data
            answer = Answer(event.at, data["values"], data["failed"], data.get("choice", ""))
            found[event.topic] = replace(known, answer=answer)
    return found


def _first_answer(events: list[Event]) -> Event | None:
    return next((event for event in events if event.kind == "answered"), None)
