"""Commands about work orders: todo, answer."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, LabFolder


def todo(lab: LabFolder = DEFAULT_LAB, as_json: AsJson = False) -> None:
    """Show the work orders for which a campaign waits, how late they are, and how each of them is answered."""
    from galvanaut.flows.orders import todo_json, todo_text

    typer.echo(json.dumps(todo_json(lab), indent=2) if as_json else todo_text(lab))


def answer(
    job: Annotated[str, typer.Argument(metavar="JOB", help="As `galvanaut todo` shows it.", show_default=False)],
    electrolyte: Annotated[
        str | None,
        typer.Option("--electrolyte", metavar="MASS", help='Filled into the cell, e.g. "49 mg".', show_default=False),
    ] = None,
    mass: Annotated[
        str | None,
        typer.Option("--mass", metavar="MASS", help='Found to have been moved, e.g. "3.9 g".', show_default=False),
    ] = None,
    choice: Annotated[
        str | None,
        typer.Option("--choice", metavar="NAME", help="One of the answers that the order offers.", show_default=False),
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="It is done; nothing was to be written down.")] = False,
    fail: Annotated[
        str | None, typer.Option("--fail", metavar="REASON", help="It could not be done.", show_default=False)
    ] = None,
    lab: LabFolder = DEFAULT_LAB,
) -> None:
    """Answer a work order. The campaign that waits for it goes on within seconds; the first answer stands."""
    from galvanaut.core.errors import InputError
    from galvanaut.flows.orders import LabOrders

    given = {"electrolyte": electrolyte, "mass": mass}
    texts = {name: text for name, text in given.items() if text is not None}
    if (bool(texts or choice) + done + (fail is not None)) != 1:
        raise InputError(
            "answer",
            "takes exactly one of --electrolyte, --choice (some with --mass), --done and --fail",
        )
    with LabOrders.opened(lab) as orders:
        typer.echo(f"{job}: {orders.answer(job, texts, fail, choice or '')}")
