"""Commands about the resident station: run one, see how it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from galvanaut.flows.cli.options import DEFAULT_LAB, Arm, AsJson, Database, LabFolder, Record

if TYPE_CHECKING:
    from galvanaut.flows.resident import Ready


class _BenchFirst(TyperGroup):
    """``galvanaut station BENCH`` is short for ``galvanaut station run BENCH``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # click types its context otherwise
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_BenchFirst,
    no_args_is_help=True,
    help="The owner of a bench as a resident process: `galvanaut station BENCH`, and how it stands.",
)


@app.command("run")
def run(
    bench: Annotated[Path, typer.Argument(metavar="BENCH", help="YAML file of a bench.", show_default=False)],
    lab: LabFolder = DEFAULT_LAB,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Of a simulated bench, 1 if not given; campaigns have to have the same one.",
            show_default=False,
        ),
    ] = None,
    arm: Arm = False,
    record: Record = None,
    database: Database = None,
) -> None:
    """Work a bench until Ctrl-C. Campaigns of this lab folder reach it from other processes.

    `galvanaut station BENCH` is short for it. Flows may die, restart or run elsewhere while cells go on and are
    guarded. When the station ends, it makes everything on the bench safe. On a simulated bench time stands still while
    a campaign computes, and passes as on a wall clock while none is there.
    """
    from galvanaut.flows.resident import station_command

    station_command(bench, lab, 1 if seed is None else seed, _say, arm=arm, record=record, database=database)


@app.command("status")
def status(lab: LabFolder = DEFAULT_LAB, as_json: AsJson = False) -> None:
    """Who works the bench of a lab: channels, open jobs, age of the last sample, alarms."""
    from galvanaut.flows.stationstatus import status_json, status_text

    typer.echo(json.dumps(status_json(lab), indent=2) if as_json else status_text(lab))


def _say(ready: Ready) -> None:
    kind = "simulated" if ready.bench.is_synthetic else "REAL"
    typer.echo(f"station of bench {ready.bench.name} ({kind}) is up; end it with Ctrl-C")
    for text in ready.found:
        typer.echo(f"left by an earlier run: {text}")
