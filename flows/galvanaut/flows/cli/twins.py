"""The command that looks at the twin of a cell."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, LabFolder


def twin(
    test: Annotated[str, typer.Argument(metavar="TEST", help="As `galvanaut records` names it.", show_default=False)],
    lab: LabFolder = DEFAULT_LAB,
    cycles: Annotated[int, typer.Option(min=1, max=2000, help="How many cycles to look ahead.")] = 50,
    temperature: Annotated[
        str | None,
        typer.Option(metavar='"45 degC"', help="What if the cell were at this temperature.", show_default=False),
    ] = None,
    charge: Annotated[
        str | None, typer.Option(metavar='"2 mA"', help="What if it were charged like this.", show_default=False)
    ] = None,
    discharge: Annotated[
        str | None, typer.Option(metavar='"2 mA"', help="What if it were discharged like this.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the digital twin of a cell: its state, how far model and measurement are apart, and what comes next.

    Made from the readings on record and a nominal cell alone, while the test runs and after it. The forecast rests on
    the cycles of this cell, and on illustrative assumptions about temperature and current; the life rests on the cells
    of the lab that came to their end.
    """
    from galvanaut.flows.twinview import Asked, view

    asked = Asked.read(cycles, charge, discharge, temperature)
    found = view(lab, test, asked)
    typer.echo(json.dumps(found.to_json()) if as_json else found.text())
