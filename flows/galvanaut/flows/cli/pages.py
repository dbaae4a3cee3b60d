"""The lab page by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, LabFolder
from galvanaut.flows.prefect_settings import HOST

DEFAULT_PORT = 4201


def page(
    lab: LabFolder = DEFAULT_LAB,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; not this computer alone: see above.")
    ] = HOST,
) -> None:
    """Serve the lab page: bench, campaigns, trials and cells, live and read-only. Ctrl-C ends it.

    It needs no Prefect, writes nothing into the lab, and shows a campaign whoever runs it. It answers this computer
    alone. At any other address it wants a token, which is new each time and printed once. The connection is not
    encrypted: put a TLS proxy in front.
    """
    from galvanaut.flows.page.serve import serve_page

    def ready(address: str) -> None:
        typer.secho(f"lab page: {address}", bold=True)
        typer.echo("Ctrl-C ends it; campaigns go on without it.")

    serve_page(lab, port, host, ready)
