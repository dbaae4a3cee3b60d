"""Prefect artifacts of a campaign: leaderboard, convergence, front, alarms, work orders, a card for each trial.

Best effort: never in a campaign's way.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from galvanaut.flows.lab import Lab
from galvanaut.flows.livetwins import kept_twins
from galvanaut.flows.orders import waiting
from galvanaut.flows.prefect_settings import noted_page
from galvanaut.flows.svg import convergence_of
from galvanaut.flows.trialcard import trial_markdown
from galvanaut.flows.twinpage import twins_markdown
from galvanaut.instruments.orders.paper import when

if TYPE_CHECKING:
    from galvanaut.campaigns.ledger import Outcome, TrialRecord

PERIOD_S = 30.0
"""Least time between two versions: Prefect keeps each one and lists it under the flow run."""
ROWS = 20

_log = logging.getLogger(__name__)


class Artifacts:
    """Publishes a campaign's artifacts from inside its flow run.

    Args:
        lab: with the campaign open.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._shown: tuple[object, ...] = ()
        self._had_orders = False

    @contextlib.asynccontextmanager
    async def kept_up_to_date(self) -> AsyncIterator[None]:
        """While inside, publish what is new now and then."""
        publishing = asyncio.create_task(self._now_and_then())
        try:
            yield
        finally:
            publishing.cancel()
            await asyncio.wait([publishing])

    async def _now_and_then(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            await self.publish()

    async def publish(self) -> None:
        """Publish now what the ledger says, unless it says nothing new."""
        book = self._lab.station.book
        orders = work_orders(self._lab)
        news = len(self._lab.ledger.ended()), len(book.told), len(book.open), tuple(row["order"] for row in orders)
        if news == self._shown:
            return
        self._shown = news
        key = key_of(self._lab)
        note = self._lab.simulated_note
        try:
            await acreate_table_artifact(leaderboard(self._lab), key=f"{key}-leaderboard", description=note or None)
            await acreate_markdown_artifact(convergence(self._lab), key=f"{key}-convergence")
            if rows := front(self._lab):
                said = self._lab.summary().front()
                told = " ".join(part for part in (said.text() if said else "", note) if part)
                await acreate_table_artifact(rows, key=f"{key}-front", description=told)
            if kept := kept_twins(self._lab.folder.path, self._lab.campaign.name):
                page = twins_markdown(kept, f"Twins of {self._lab.campaign.name}", note)
                await acreate_markdown_artifact(page, key=f"{key}-twins")
            if rows := alarms(self._lab):
                await acreate_table_artifact(rows, key=f"{key}-alarms", description=note or None)
            await self._publish_orders(orders, key, note)
        except Exception as error:  # a view of the campaign must not end it
            _log.warning("Prefect artifacts of campaign %s were not published: %s", self._lab.campaign.name, error)

    async def _publish_orders(self, orders: list[dict[str, Any]], key: str, note: str) -> None:
        """Once there was any, also that there is none left."""
        if orders or self._had_orders:
            self._had_orders = True
            what = "Answer one with `galvanaut answer`, or by its form among the runs." if orders else "Nothing to do."
            rows = orders or [{"order": "none"}]
            told = f"{what} {note}".rstrip()
            await acreate_table_artifact(rows, key=f"{key}-orders", description=told)


async def publish_card(trial: TrialRecord, outcome: Outcome, lab: Lab) -> None:
    """Show one trial, from inside its flow run."""
    try:
        page = trial_markdown(trial, outcome, lab)
        await acreate_markdown_artifact(page, key=f"{key_of(lab)}-trial-{trial.number:03d}")
    except Exception as error:  # a view of the trial must not end it
        _log.warning("the card of trial %d was not published: %s", trial.number, error)


def key_of(lab: Lab) -> str:
    """What the keys of a campaign's artifacts begin with: Prefect takes small letters, digits and dashes."""
    return lab.campaign.name.lower().replace("_", "-")


def work_orders(lab: Lab) -> list[dict[str, Any]]:
    """What people are asked to do and have not done, as table rows, the oldest first."""
    book = lab.station.orders
    return [
        {
            "order": each.order.job,
            "what": each.order.title,
            "since": when(each.at),
            "due": "-" if each.due_at is None else when(each.due_at),
        }
        for each in (waiting(book, lab.station.journal) if book is not None else ())
    ]


def leaderboard(lab: Lab) -> list[dict[str, Any]]:
    """Best trials first, as table rows."""
    summary = lab.summary()
    return [
        {
            "rank": rank,
            "trial": trial.number,
            summary.label: summary.text(trial),
            **({"of": parts} if (parts := summary.parts(trial)) else {}),
            **({"breaks": ", ".join(summary.broken(trial))} if summary.limits else {}),
            "recipe as made": trial.text,
        }
        for rank, trial in enumerate(summary.leaderboard(ROWS), start=1)
    ]


def front(lab: Lab) -> list[dict[str, Any]]:
    """What nothing beats among the results of several objectives, as table rows; none where there is one objective."""
    summary = lab.summary()
    found = summary.front()
    return [
        {
            "trial": trial.number,
            **{
                f"{each.name} / {each.unit}": f"{trial.outcome.values[each.name]:.4g}"
                for each in summary.quantities
                if trial.outcome is not None
            },
            "recipe as made": trial.text,
        }
        for trial in (found.trials if found is not None else ())
    ]


def alarms(lab: Lab) -> list[dict[str, Any]]:
    """Alarms of this run and open ones of earlier runs, as table rows."""
    book = lab.station.book
    earlier = [alarm for alarm in book.open.values() if alarm not in book.told]
    return [
        {
            "since": datetime.fromtimestamp(alarm.at, tz=UTC).strftime("%Y-%m-%d %H:%M"),
            "instrument": alarm.instrument,
            "cause": alarm.cause,
            "is": "open" if book.open.get(alarm.name) == alarm else "gone",
            "text": alarm.text,
        }
        for alarm in [*earlier, *book.told][-ROWS:]
    ]


def convergence(lab: Lab) -> str:
    """Markdown with an embedded plot of all values and the best one measured so far."""
    summary = lab.summary()
    data = base64.b64encode(convergence_of(summary).encode()).decode()
    best = summary.best()
    found = f"**Best: {summary.text(best, 2)} {summary.unit}** with {best.text}" if best else "No success yet."
    note = f"\n\n> Simulated: {lab.simulated_note}" if lab.simulated_note else ""
    page = noted_page(lab.folder.path)
    note += f"\n\n[Live on the lab page]({page}/#/campaign/{summary.name})" if page else ""
    return (
        f"### {summary.title or summary.name}\n\n{found} (trial {best.number if best else '-'}), "
        f"{len(summary.ended)} of {summary.budget} trials ended.\n\n"
        f"![convergence](data:image/svg+xml;base64,{data}){note}"
    )
