"""Commands about what leaves the lab as files: records, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, LabFolder

app = typer.Typer(help="Write files for other programs.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write files for other programs."""


@app.command()
def protocol(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Test plan (YAML).", show_default=False)],
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="neware, biologic, tomato, pybamm or unicycler.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New file.")],
    capacity: Annotated[
        str | None,
        typer.Option(
            metavar='"4 mAh"', help="What C-rates refer to, instead of the plan's nominal capacity.", show_default=False
        ),
    ] = None,
) -> None:
    """Write the protocol of a test plan for another cycler or model.

    Written are `.xml` for Neware, `.mps` for BioLogic's EC-Lab, and `.json` for tomato, PyBaMM (a list of its strings)
    and unicycler. What the file does not say is told, such as the temperature or the envelope: set that by hand.
    No file was tried on a cycler; compare it there with the plan.
    """
    from galvanaut.flows.protocol_export import export_command

    export_command(plan, to, output, capacity)


@app.command()
def record(
    test: Annotated[str, typer.Argument(metavar="TEST", help="As `galvanaut records` names it.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New file, .csv or .parquet.")],
    lab: LabFolder = DEFAULT_LAB,
) -> None:
    """Write the record of a test in the Battery Data Format, of one that still runs, too, as far as it got.

    Parquet carries the facts about the test inside; beside a CSV file there will be one that ends in `.metadata.json`.
    """
    from galvanaut.flows.testrecords import export_command

    typer.echo(export_command(lab, test, output))


@app.command()
def twin(
    test: Annotated[str, typer.Argument(metavar="TEST", help="As `galvanaut records` names it.", show_default=False)],
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="bpx or battwin; each needs its extra.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New file.")],
    lab: LabFolder = DEFAULT_LAB,
) -> None:
    """Write the digital twin of a cell for other programs: parameters as BPX, or all as a Battery Twin Envelope.

    What a format has no place for, such as uncertainties, stands in the part that it leaves to its users.
    """
    from galvanaut.flows.twinview import export_command

    typer.echo(export_command(lab, test, to, output))


def records(
    campaign: Annotated[
        str | None,
        typer.Argument(metavar="[CAMPAIGN]", help="Only of this campaign: its name, or its file.", show_default=False),
    ] = None,
    lab: LabFolder = DEFAULT_LAB,
    as_json: AsJson = False,
) -> None:
    """List what was recorded of tests: cell, number of readings, whether it is live or sealed, and in which file."""
    from galvanaut.flows.testrecords import records_json, records_text

    typer.echo(json.dumps(records_json(lab, campaign), indent=2) if as_json else records_text(lab, campaign))
