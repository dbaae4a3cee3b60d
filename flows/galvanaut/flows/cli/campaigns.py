"""Commands about campaigns: check, run, pause, resume, stop, status, report, benchmark, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from galvanaut.flows.cli.options import (
    DEFAULT_LAB,
    Arm,
    AsJson,
    BenchFile,
    CampaignFile,
    CampaignName,
    Database,
    Join,
    LabFolder,
    Record,
    Seed,
)
from galvanaut.flows.sweep import Place

StoppedAs = Literal["forecast", "censored"]


def check(campaign: CampaignFile, bench: BenchFile = None, as_json: AsJson = False) -> None:
    """Check a campaign and its bench without touching anything.

    Says what would be done, whether the bench has every instrument and stock for it, how much of the search space it
    can make, and, on a simulated bench, where the electrolyte model rests on measurements.
    """
    from galvanaut.flows.check import check_campaign

    found = check_campaign(campaign, bench)
    typer.echo(json.dumps(found.to_json(), indent=2) if as_json else found.text())


def run(
    campaign: CampaignFile,
    lab: LabFolder = DEFAULT_LAB,
    bench: BenchFile = None,
    seed: Seed = None,
    max_trials: Annotated[
        int | None,
        typer.Option("--max-trials", min=1, help="End this run at so many trials in all.", show_default=False),
    ] = None,
    prefect: Annotated[
        bool, typer.Option(help="Show the campaign in Prefect; without it nothing else changes.")
    ] = True,
    arm: Arm = False,
    record: Record = None,
    database: Database = None,
    join: Join = None,
) -> None:
    """Run a campaign, or carry on with one that was interrupted.

    Needs no server. If `galvanaut up` is running, the campaign appears there live.
    """
    from galvanaut.flows.run import run_command

    run_command(
        campaign, lab, bench, seed, max_trials, prefect=prefect, arm=arm, record=record, database=database, join=join
    )


def status(
    campaign: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Name of a campaign, or its file.", show_default=False)
    ] = None,
    lab: LabFolder = DEFAULT_LAB,
    as_json: AsJson = False,
) -> None:
    """Show how the campaigns of a lab stand; with --json, one campaign's whole record."""
    from galvanaut.flows.records import campaign_json, campaign_text, lab_json, lab_text

    if as_json:
        found = lab_json(lab) if campaign is None else campaign_json(lab, campaign)
        typer.echo(json.dumps(found, indent=2, sort_keys=True))
    else:
        typer.echo(lab_text(lab) if campaign is None else campaign_text(lab, campaign))


def report(
    campaign: CampaignName,
    lab: LabFolder = DEFAULT_LAB,
) -> None:
    """Write a campaign's report, one HTML file that opens offline, and print where it is."""
    from galvanaut.flows.records import write_campaign_report

    typer.echo(write_campaign_report(lab, campaign))


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Name of a campaign, or its file.", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="B", help="Name of another one.", show_default=False)],
    lab: LabFolder = DEFAULT_LAB,
    other_lab: Annotated[
        Path | None,
        typer.Option("--other-lab", metavar="DIR", help="Lab folder of B, if it is another.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two campaigns: what differed in their plans, what each found, and how soon; as text and an HTML page."""
    from galvanaut.flows.comparing import compare as compared

    found, page = compared(lab, first, second, other_lab)
    typer.echo(json.dumps(found.to_json() | {"page": str(page)}, indent=2) if as_json else f"{found.text()}\n{page}")


def benchmark(
    campaign: CampaignFile,
    planners: Annotated[
        str, typer.Option(metavar="A,B,...", help="Planners to compare; the first against each of the others.")
    ] = "bayes,sobol,random",
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 10,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Experiments per run instead of the campaign's.", show_default=False)
    ] = None,
    first_seed: Annotated[int, typer.Option(min=0, help="Seeds count up from here.")] = 1,
    parallel: Annotated[
        int | None,
        typer.Option("--async", min=1, help="Trials under way instead of the campaign's number.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="SVG file to draw the runs to.", show_default=False, dir_okay=False)
    ] = None,
    on: Annotated[
        Place, typer.Option(help="Where it is computed; dask and ray need the extra of that name.")
    ] = "processes",
    address: Annotated[
        str | None,
        typer.Option(help="Of a Dask scheduler or Ray cluster that runs already.", show_default=False),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(metavar="A,B", help="Compare policies instead: none, early_stop; for campaigns with cells."),
    ] = "",
    life_only: Annotated[bool, typer.Option("--life-only", help="With --policy: cycle life alone decides.")] = False,
    full_physics: Annotated[
        bool, typer.Option("--full-physics", help="With --policy: cells by the full physics, not by its fade law.")
    ] = False,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=12_000,
            help="With --policy: random recipes that tell how rare good ones are.",
            show_default=False,
        ),
    ] = None,
    told: Annotated[StoppedAs, typer.Option(help="With --policy: what planners hear of stopped recipes.")] = "forecast",
    as_json: AsJson = False,
) -> None:
    """Compare planners, or policies of early stopping, on a campaign's own problem in simulation, truth known."""
    if policy:
        from galvanaut.flows.policy_benchmark import PolicyExtent, policy_command

        names, runs = policy.split(","), range(first_seed, first_seed + seeds)
        wanted = PolicyExtent(names, planners.split(","), runs, budget, parallel, life_only, full_physics, told, draws)
        policy_command(campaign, wanted, as_json, on, address)
        return
    _refuse_without_policy(life_only=life_only, full_physics=full_physics, draws=draws, told=told != "forecast")
    from galvanaut.flows.planner_benchmark import Extent, benchmark_command

    extent = Extent(planners.split(","), range(first_seed, first_seed + seeds), budget, parallel)
    benchmark_command(campaign, extent, as_json, plot, on, address)


def _refuse_without_policy(**given: object) -> None:
    """Options that would change nothing, as if they had."""
    from galvanaut.core.errors import InputError

    for name, value in given.items():
        if value:
            raise InputError(f"--{name.replace('_', '-')}", "goes with --policy only; name the policies to compare")


def schema(
    kind: Annotated[
        str, typer.Argument(metavar="campaign|bench|alarms|prices", help="Which kind of file.")
    ] = "campaign",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write instead of printing.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of campaign, bench, alarms or prices files, for editors."""
    from galvanaut.flows.schemas import schema_text

    text = schema_text(kind)
    if output is None:
        typer.echo(text)
    else:
        from galvanaut.flows.folder import writing

        with writing(output):
            output.write_text(text + "\n", encoding="utf-8")


def pause(campaign: CampaignName, lab: LabFolder = DEFAULT_LAB) -> None:
    """Let tests that run finish, and start nothing new. `galvanaut resume` takes it back."""
    from galvanaut.flows import saying

    typer.echo(saying.pause(lab, campaign))


def resume(campaign: CampaignName, lab: LabFolder = DEFAULT_LAB) -> None:
    """Take back a pause, or a stop that was not confirmed."""
    from galvanaut.flows import saying

    typer.echo(saying.resume(lab, campaign))


def stop(
    campaign: CampaignName,
    lab: LabFolder = DEFAULT_LAB,
    confirm: Annotated[bool, typer.Option("--confirm", help="End a stopped campaign for good.")] = False,
) -> None:
    """Bring a campaign's cells to their safe state and end its process; reversible until confirmed.

    `galvanaut resume` takes it back: the next run goes on where it was. With --confirm its open trials are closed and
    the readings of its tests are sealed; then it cannot go on any more.
    """
    from galvanaut.flows import saying

    typer.echo(saying.stop(lab, campaign, confirm=confirm))
