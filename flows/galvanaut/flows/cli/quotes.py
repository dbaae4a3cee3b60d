"""The command quote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, BenchFile, CampaignFile, LabFolder


def quote(
    campaign: CampaignFile,
    bench: BenchFile = None,
    lab: LabFolder = DEFAULT_LAB,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Prices; else prices.yaml of the lab folder, if it is there."),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option("--target", metavar="VALUE", help="How probably is the number that decides this good?"),
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, max=1000, help="Simulated campaigns.")] = 12,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the simulated campaigns.")] = 1,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at a time; one for each core by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a campaign will take, before anything moves.

    The campaign is simulated many times, with its own planner and rules, on what its bench can do: wall-clock,
    channel-days, volumes and cost of every stock, hours of people's work, the quality to be expected, each with an 80 %
    interval, and which limit binds. Touches no instrument, also where the bench is a real one. Costs need your prices.
    """
    from galvanaut.flows.quote.command import Wishes, quote_command

    quote_command(campaign, bench, lab, prices, Wishes(draws, seed, jobs, target), as_json)
