"""The command about alarms."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, LabFolder


def alarms(
    lab: LabFolder = DEFAULT_LAB,
    as_json: AsJson = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message through every hook of the lab's alarms.yaml.")
    ] = False,
) -> None:
    """Show the alarms of a lab whose cause is not gone, or try the hooks that tell people of them."""
    from galvanaut.flows.alarms import alarms_json, alarms_text, try_hooks

    if not test:
        typer.echo(json.dumps(alarms_json(lab), indent=2) if as_json else alarms_text(lab))
        return
    found = try_hooks(lab)
    if as_json:
        typer.echo(json.dumps([{"hook": hook, "error": error} for hook, error in found], indent=2))
    else:
        lines = [f"{hook}: {f'FAILED: {error}' if error else 'took it'}" for hook, error in found]
        typer.echo("\n".join(lines) or f"{lab / 'alarms.yaml'} names no hooks")
    if any(error for _, error in found):
        raise typer.Exit(1)
