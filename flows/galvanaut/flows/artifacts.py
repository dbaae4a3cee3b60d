"""Prefect artifacts of a campaign: leaderboard, convergence, front, alarms. Best effort: never in a campaign's way."""

from __future__ import annotations

import base64
import logging
import time
from datetime import UTC, datetime
from typing import Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from galvanaut.flows.lab import Lab
from galvanaut.flows.livetwins import kept_twins
from galvanaut.flows.prefect_settings import noted_page
from galvanaut.flows.svg import convergence_svg
from galvanaut.flows.twinpage import twins_markdown

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
        self._last = time.monotonic()
        self._shown = (-1, -1, -1)

    async def publish_at_a_sane_rate(self) -> None:
        """Publish if the last version is old enough."""
        if time.monotonic() - self._last >= PERIOD_S:
            await self.publish()

    async def publish(self) -> None:
        """Publish now what the ledger says, unless it says nothing new."""
        book = self._lab.station.book
        news = len(self._lab.ledger.ended()), len(book.told), len(book.open)
        if news == self._shown:
            return
        self._last, self._shown = time.monotonic(), news
        key = self._lab.campaign.name.lower().replace("_", "-")
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
        except Exception as error:  # a view of the campaign must not end it
            _log.warning("Prefect artifacts of campaign %s were not published: %s", self._lab.campaign.name, error)


def leaderboard(lab: Lab) -> list[dict[str, Any]]:
    """Best trials first, as table rows."""
    summary = lab.summary()
    return [
        {
            "rank": rank,
            "trial": trial.number,
            summary.label: f"{summary.value(trial):.3f}",
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
    """Markdown with an embedded plot of all measured values and the best so far."""
    summary = lab.summary()
    values = [summary.value(trial) for trial in summary.ended]
    svg = convergence_svg(values, summary.best_so_far(), summary.label)
    data = base64.b64encode(svg.encode()).decode()
    best = summary.best()
    found = f"**Best: {summary.value(best):.2f} {summary.unit}** with {best.text}" if best else "No success yet."
    note = f"\n\n> Simulated: {lab.simulated_note}" if lab.simulated_note else ""
    page = noted_page(lab.folder.path)
    note += f"\n\n[Live on the lab page]({page}/#/campaign/{summary.name})" if page else ""
    return (
        f"### {summary.title or summary.name}\n\n{found} (trial {best.number if best else '-'}), "
        f"{len(values)} of {summary.budget} trials ended.\n\n![convergence](data:image/svg+xml;base64,{data}){note}"
    )
