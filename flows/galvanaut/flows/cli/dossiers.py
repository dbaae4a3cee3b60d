"""Commands about what is handed over: dossier, verify, replicate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from galvanaut.flows.cli.options import DEFAULT_LAB, AsJson, CampaignName, LabFolder

Dossier = Annotated[Path, typer.Argument(metavar="DOSSIER", help="Its folder, .zip or .eln.", show_default=False)]


def dossier(
    campaign: CampaignName,
    lab: LabFolder = DEFAULT_LAB,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER|FILE",
            help="New folder, .zip or .eln; else a folder below dossiers/ of the lab.",
            show_default=False,
        ),
    ] = None,
    spec: Annotated[
        list[str] | None,
        typer.Option(
            "--spec",
            metavar="TEXT",
            help="What the recipe has to keep to, e.g. 'conductivity >= 7 mS/cm'; may be repeated. Else the limits of "
            "the campaign file; without any, 5 % off what is expected of the recipe.",
            show_default=False,
        ),
    ] = None,
    probability: Annotated[
        float, typer.Option(metavar="P", help="With which the process window has to keep to it.")
    ] = 0.9,
    author: Annotated[
        list[str] | None,
        typer.Option("--author", metavar="NAME", help="Who hands it over; may be repeated.", show_default=False),
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", metavar="URL", help="Under which it may be used, as URL or in words.")
    ] = "",
    with_csv: Annotated[bool, typer.Option("--csv", help="Records of tests as CSV, too.")] = False,
) -> None:
    """Write the hand-over package of a campaign, an RO-Crate: a folder, a .zip for repositories, an .eln for notebooks.

    Inside are the recipe with its process window, the procedure as it was executed, test protocols for other cyclers,
    every result with failures and exclusions, the planner's model with its calibration, and where everything comes
    from. Begin with index.html in it. Nothing is written over, and nothing half made is left.
    """
    from rich.console import Console

    from galvanaut.campaigns.dossier.content import Asked
    from galvanaut.flows.dossier.write import Options, dossier_command

    options = Options(Asked(tuple(spec or ()), probability), tuple(author or ()), licence, with_csv)
    with Console(stderr=True).status("working it out ..."):
        text = dossier_command(lab, campaign, output, options)
    typer.echo(text)


def verify(
    source: Dossier,
    decisions: Annotated[
        bool, typer.Option(help="Ask the planner again for every recipe; without it only files are checked.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Check every file of a dossier, and ask its planner again for every recipe, byte for byte.

    Needs the dossier alone, no lab folder. Names each file that was changed, is missing or was added. The manifest is
    no signature: compare the fingerprint with the one that you were told by another way. Exit code 1 if
    anything differs.
    """
    from rich.console import Console

    from galvanaut.flows.dossier.verify import verify as verify_dossier

    with Console(stderr=True).status("checking ...") as status:
        found = verify_dossier(
            source, lambda done, total: status.update(f"asking again: {done} of {total}"), decisions=decisions
        )
    typer.echo(json.dumps(found.to_json(), indent=2) if as_json else found.text())
    if not found.is_good:
        raise typer.Exit(1)


def replicate(
    source: Dossier,
    form: Annotated[Path, typer.Argument(metavar="FORM", help="replication/form.csv, filled in.", show_default=False)],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="LAB",
            help="Write the results into the ledger of this lab, too; its planner then learns from them.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a replication form that came back: check it, and judge it against the dossier that it belongs to.

    The other laboratory has an unknown offset of its own; told are that offset and, where the reference electrolyte was
    made, too, whether the recipe is better there as well. Only with --into is anything written.
    """
    from galvanaut.flows.dossier.replicate import judgement_text
    from galvanaut.flows.dossier.replicate import replicate as judge
    from galvanaut.flows.dossier.takein import take_in

    found = judge(source, form)
    done = "" if into is None else take_in(found, into)
    rows = [judgement_text(found), *([done] if done else [])]
    typer.echo(json.dumps(found.judgement.to_json(), indent=2) if as_json else "\n".join(rows))
