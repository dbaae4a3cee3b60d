"""The command that reads the exports of other people's cyclers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, LabFolder

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports of a cycler.", show_default=False)]


def import_(
    files: Files,
    lab: LabFolder = DEFAULT_LAB,
    campaign: Annotated[
        str | None,
        typer.Option("--campaign", metavar="NAME", help="Write records of this campaign.", show_default=False),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option("--cell", metavar="NAME", help="The cell, if the file does not name it.", show_default=False),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option("--test", metavar="NAME", help="Name of the record instead of the cell's.", show_default=False),
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="Of the cycler's computer, e.g. Europe/Berlin.")
    ] = "UTC",
    check: Annotated[bool, typer.Option("--check", help="Only say what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the files of a cycler, and with --campaign keep them as records in the lab folder.

    Each file is imported whole or not at all, and stays as it is. A damaged one is refused with the place and the
    reason, and so is one of no known kind. Exit code 2 if any was refused; the others are imported all the same.
    """
    from galvanaut.flows.imports import ImportOptions, import_command

    options = ImportOptions(lab, campaign, cell, test, time_zone, check)
    code = import_command(files, options, as_json=as_json)
    if code:
        raise typer.Exit(code)
