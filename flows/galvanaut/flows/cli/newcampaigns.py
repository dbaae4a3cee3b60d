"""The command that begins a campaign file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def new(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="New campaign file; else its name here.", show_default=False),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="conductivity, cycle-life, fast-charge or low-temperature.", show_default=False),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the campaign.", show_default=False)] = None,
    solvents: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="To search among; some of the template's.", show_default=False),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(metavar="DEGC", help="Of the conductivity measurement, degC.", show_default=False),
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, max=10_000, help="In all.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of a simulated campaign.")] = 1,
    bench: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Bench file instead of the simulated one.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: the usual answers for what is open.")] = False,
) -> None:
    """Write a commented campaign file from a few questions. What is given as an option is not asked.

    The file passes `galvanaut check`, and nothing is written over. Without a terminal nothing is asked either.
    """
    from galvanaut.flows.newcampaign import Given, new_campaign

    asks = not yes and sys.stdin.isatty()
    given = Given(template, name, solvents, temperature, trials, seed, bench)

    def ask(question: str, usual: str) -> str:
        return str(typer.prompt(question, default=usual)) if asks else usual

    typer.echo(new_campaign(file, given, ask))
