"""Commands about benches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import Arm, AsJson

app = typer.Typer(help="Look at a bench and its instruments.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Bench file (YAML).", show_default=False)]


@app.callback()
def bench() -> None:
    """Look at a bench and its instruments."""


@app.command()
def check(file: File, arm: Arm = False, as_json: AsJson = False) -> None:
    """Connect to every instrument of a bench, identify it, and show what it is wired to.

    Moves no liquid and changes no temperature.
    """
    from galvanaut.flows.bench_check import bench_rows, bench_text

    rows = bench_rows(file, arm)
    typer.echo(json.dumps(rows, indent=2) if as_json else bench_text(file, rows))
