"""Commands that keep running."""

from __future__ import annotations

from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, LabFolder
from galvanaut.flows.prefect_settings import DEFAULT_PORT, HOST


def up(
    lab: LabFolder = DEFAULT_LAB,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI and its API.")] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; not this computer alone: see above.")
    ] = HOST,
    page_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the lab page; by default the next one.", show_default=False),
    ] = None,
    page_host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address of the lab page; beyond this computer it wants a token.")
    ] = HOST,
) -> None:
    """Start the Prefect UI and the lab page; campaigns run meanwhile appear there live. Ctrl-C ends both.

    Both answer this computer alone, and ask for no password. For Prefect any other address is refused unless the
    environment variable PREFECT_SERVER_API_AUTH_STRING holds `user:password`, the password of at least 12 characters.
    Campaigns and workers on other computers need PREFECT_API_URL and, with the same text, PREFECT_API_AUTH_STRING.
    Nothing of it is written to a file. The lab page wants a token instead, which is printed once. Connections are not
    encrypted: put a TLS proxy in front, see docs/how-to/two-benches.md.

    Set the variable on a computer that several people use, too: it protects this computer's own address as well.
    """
    from galvanaut.flows.page.serve import PageAt
    from galvanaut.flows.server import serve

    page = PageAt(
        page_host, page_port or next_port(port), lambda address: typer.secho(f"lab page:   {address}", bold=True)
    )

    def ready(address: str) -> None:
        typer.secho(f"Prefect UI: {address}", bold=True)
        typer.echo(f"Now run a campaign in another terminal:  galvanaut run campaigns/conductivity.yaml --lab {lab}")
        typer.echo("Ctrl-C ends the UI; campaigns go on without it.")

    typer.echo(f"starting the Prefect server for lab {lab} (the first time takes some 20 s) ...")
    serve(lab, port, ready, host, page)


def next_port(port: int) -> int:
    """Where the lab page is if nobody says; the last port has no next one."""
    return port + 1 if port < 65535 else port - 1
