"""The command that breaks the simulated copy of a bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import AsJson

Kinds = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="KIND", help="Only this kind of fault; may be repeated.", show_default=False),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--instrument", metavar="NAME", help="Only this instrument; may be repeated.", show_default=False),
]


def drill(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="Bench file (YAML).", show_default=False)],
    fault: Kinds = None,
    instrument: Names = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same drill.")] = 1,
    moments: Annotated[int, typer.Option(min=1, help="At how many moments each fault is tried.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Find out whether a bench may be left alone: break its simulated copy in every way, and watch.

    Nothing real is opened, also when the file describes a real bench. Every kind of fault is tried on every instrument
    to which it applies, and at each the host is let die, while the bench is busy with short jobs. The table says what
    happened, how long it took until everything was safe, and whether anything was lost. Exit code 0 only if all of it
    was safe in time and nothing was lost.
    """
    from galvanaut.flows.drill.command import drill_command

    if not drill_command(bench, fault or [], instrument or [], seed, moments, as_json=as_json):
        raise typer.Exit(1)
