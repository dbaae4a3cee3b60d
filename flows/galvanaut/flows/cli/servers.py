"""Commands that keep running."""

from __future__ import annotations

from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, LabFolder
from galvanaut.flows.prefect_settings import DEFAULT_PORT


def up(
    lab: LabFolder = DEFAULT_LAB,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI and its API.")] = DEFAULT_PORT,
) -> None:
    """Start the Prefect UI for a lab; campaigns run meanwhile appear there live. Ctrl-C ends it."""
    from galvanaut.flows.server import serve

    def ready(address: str) -> None:
        typer.secho(f"Prefect UI: {address}", bold=True)
        typer.echo(f"Now run a campaign in another terminal:  galvanaut run campaigns/conductivity.yaml --lab {lab}")
        typer.echo("Ctrl-C ends the UI; campaigns go on without it.")

    typer.echo(f"starting the Prefect server for lab {lab} (the first time takes some 20 s) ...")
    serve(lab, port, ready)
