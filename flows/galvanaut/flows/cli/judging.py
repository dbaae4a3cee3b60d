"""Commands that look back at trials: replay, fail."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, CampaignName, LabFolder


def replay(campaign: CampaignName, lab: LabFolder = DEFAULT_LAB, as_json: AsJson = False) -> None:
    """Ask the planner again for each recipe of a campaign, with what was known then, and compare to the last byte.

    Where cells are stopped early, those decisions are made again, too. Touches nothing. Names the first proposal that
    comes out otherwise, what differs in it, and which packages have other versions than then. Exit code 1 if any does.
    """
    from rich.console import Console

    from galvanaut.flows.replay import replay_campaign

    with Console(stderr=True).status("asking again ...") as status:
        found = replay_campaign(lab, campaign, lambda done, total: status.update(f"asking again: {done} of {total}"))
    typer.echo(json.dumps(found.to_json(), indent=2) if as_json else found.text())
    if not found.is_same:
        raise typer.Exit(1)


def fail(
    campaign: CampaignName,
    trial: Annotated[int, typer.Argument(metavar="TRIAL", min=1, help="Its number.", show_default=False)],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help='What was seen, e.g. "it gelled".', show_default=False)
    ],
    lab: LabFolder = DEFAULT_LAB,
) -> None:
    """Say that the recipe of a trial failed where no instrument could see it; the planner keeps away from its like.

    A trial that has ended is corrected, and the ledger keeps what it was before. One that has not goes on to its end
    and counts as failed then.
    """
    from galvanaut.flows.condemn import condemn

    typer.echo(condemn(lab, campaign, trial, reason))
