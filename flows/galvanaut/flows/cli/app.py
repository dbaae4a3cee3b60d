"""The `galvanaut` command: its subcommands, and how errors reach a person."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from galvanaut.core.errors import GalvanautError
from galvanaut.flows.cli import (
    alarms,
    benches,
    campaigns,
    dossiers,
    drills,
    exports,
    imports,
    judging,
    newcampaigns,
    orders,
    pages,
    quotes,
    servers,
    stations,
    twins,
)

app = typer.Typer(
    name="galvanaut",
    help="The self-driving battery lab: closed-loop electrolyte campaigns on simulated or real instruments.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("new")(newcampaigns.new)
app.command("check")(campaigns.check)
app.command("quote")(quotes.quote)
app.command("run")(campaigns.run)
app.command("pause")(campaigns.pause)
app.command("resume")(campaigns.resume)
app.command("stop")(campaigns.stop)
app.command("status")(campaigns.status)
app.command("alarms")(alarms.alarms)
app.command("report")(campaigns.report)
app.command("compare")(campaigns.compare)
app.command("dossier")(dossiers.dossier)
app.command("verify")(dossiers.verify)
app.command("replicate")(dossiers.replicate)
app.command("replay")(judging.replay)
app.command("fail")(judging.fail)
app.command("records")(exports.records)
app.command("twin")(twins.twin)
app.command("benchmark")(campaigns.benchmark)
app.command("schema")(campaigns.schema)
app.command("import")(imports.import_)
app.command("todo")(orders.todo)
app.command("answer")(orders.answer)
app.command("drill")(drills.drill)
app.command("up")(servers.up)
app.command("page")(pages.page)
app.add_typer(benches.app, name="bench")
app.add_typer(exports.app, name="export")
app.add_typer(stations.app, name="station")


def main() -> NoReturn:
    """Entry point. Exit codes: 0 ok, 1 failed, 2 bad input."""
    try:
        app(standalone_mode=True)
    except GalvanautError as error:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, missing permissions: nothing that a traceback would explain
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    sys.exit(0)
