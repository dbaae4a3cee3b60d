"""`galvanaut export protocol`: the protocol of a test plan as a file for another cycler or model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import typer

from galvanaut.core.errors import InputError
from galvanaut.core.units import magnitude
from galvanaut.flows.folder import write_new
from galvanaut.instruments.cycling.foreign import SUFFIXES, foreign_protocol
from galvanaut.instruments.cycling.losses import Target
from galvanaut.instruments.cycling.plan import load_plan

if TYPE_CHECKING:
    from galvanaut.core.errors import Problem


def export_protocol(plan: Path, to: str, output: Path, capacity: str | None = None) -> tuple[Problem, ...]:
    """Write one new file, whole or not at all.

    Args:
        plan: file of the test plan.
        to: name of the target.
        output: ends as the target's files do.
        capacity: what C-rates refer to, with its unit; None for the plan's own.

    Returns:
        What of the plan the file does not say.

    Raises:
        InputError: an option or the plan cannot be used, or the file is there already or cannot be written.
    """
    if to not in get_args(Target):
        raise InputError("--to", f"is one of {', '.join(get_args(Target))}, found {to!r}")
    target = cast("Target", to)
    if output.suffix.lower() != SUFFIXES[target]:
        wanted = output.with_name(f"{output.stem}{SUFFIXES[target]}")
        raise InputError(output, f"a file for {target} ends in {SUFFIXES[target]}; call it {wanted.name}")
    capacity_Ah = None if capacity is None else _capacity_Ah(capacity)
    written = foreign_protocol(load_plan(plan), target, name=plan.stem, capacity_Ah=capacity_Ah, source=plan)
    write_new(output, written.content)
    return written.unsaid


def export_command(plan: Path, to: str, output: Path, capacity: str | None) -> None:
    """Export, print the file's name, and warn of what it does not say."""
    for problem in export_protocol(plan, to, output, capacity):
        typer.secho(f"warning: {problem}", fg=typer.colors.YELLOW, err=True)
    typer.echo(output)


def _capacity_Ah(text: str) -> float:
    try:
        capacity_Ah = magnitude(text, "Ah")
    except ValueError as error:
        raise InputError("--capacity", str(error)) from None
    if not 0 < capacity_Ah < float("inf"):
        raise InputError("--capacity", f"is a charge above zero, found {text!r}")
    return capacity_Ah
