"""`galvanaut run`: open the lab, show progress, run the campaign with or without Prefect, write the report."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from rich.console import Console

from galvanaut.campaigns.report import write_report
from galvanaut.core.errors import GalvanautError
from galvanaut.flows import prefect_settings
from galvanaut.flows.campaign_loop import Observer, run_campaign
from galvanaut.flows.lab import Lab, open_lab
from galvanaut.flows.progress import best, shown


def run_command(
    campaign: Path,
    lab_folder: Path,
    bench: Path | None,
    seed: int | None,
    max_trials: int | None,
    *,
    prefect: bool,
    arm: bool,
) -> None:
    """Run a campaign to its end and say what came of it.

    Raises:
        GalvanautError: bad input, or the bench cannot go on.
    """
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM):  # both end a run alike: instruments are made safe
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    with open_lab(campaign, lab_folder, bench, seed, max_trials, arm=arm) as lab:
        _greet(lab, console)
        try:
            with shown(lab, console) as observer:
                if prefect:
                    _with_prefect(lab, observer, console)
                else:
                    asyncio.run(run_campaign(lab, observer=observer))
        finally:
            report = write_report(
                lab.summary(), lab.folder.report(lab.campaign.name), lab.simulated_note, lab.recommendation()
            )
        _say_result(lab, console, time.monotonic() - began)
        console.print(f"report: {report}", soft_wrap=True, highlight=False)


def _with_prefect(lab: Lab, observer: Observer, console: Console) -> None:
    observer.stage("starting Prefect")
    server = prefect_settings.find_server(lab.folder.path)
    prefect_settings.apply(prefect_settings.client_settings(lab.folder.path.resolve()))
    if server is not None:
        prefect_settings.apply({"PREFECT_API_URL": server})
        console.print(f"live in the Prefect UI: {server.removesuffix('/api')}", highlight=False)
    try:
        from galvanaut.flows.prefect_flows import run_with_prefect

        asyncio.run(run_with_prefect(lab, observer))
    except GalvanautError:
        raise
    except Exception as error:  # Prefect shows the campaign; it must not be able to end it
        console.print(f"[yellow]Prefect failed, going on without it:[/] {error!r}", highlight=False, soft_wrap=True)
        asyncio.run(run_campaign(lab, observer=observer))


def _greet(lab: Lab, console: Console) -> None:
    kind = "simulated" if lab.bench.is_simulated else "[bold red]REAL[/]"
    ended = len(lab.ledger.ended())
    going_on = f", going on after {ended} trials" if lab.ledger.trials else ""
    console.print(f"[bold]{lab.campaign.title or lab.campaign.name}[/]")
    console.print(
        f"bench {lab.bench.name} ({kind}), {lab.budget} trials, planner {lab.campaign.planner.name}, "
        f"seed {lab.plan.seed}{going_on}; lab {lab.folder.path}",
        highlight=False,
    )


def _say_result(lab: Lab, console: Console, seconds: float) -> None:
    ended = lab.ledger.ended()
    failed = sum(trial.status != "ok" for trial in ended)
    first = min((record.began for record in lab.station.journal.records()), default=lab.clock.now())
    hours = (lab.clock.now() - first) / 3600
    took = f"{hours:.0f} h on the bench's clock in {seconds:.0f} s" if lab.clock.is_virtual else f"{hours:.1f} h"
    console.print(f"{len(ended)} trials ended, {failed} failed, {took}", highlight=False)
    console.print(f"best measured: [bold]{best(lab)}[/]", highlight=False)
    top = lab.best()
    if top is not None:
        console.print(f"  {top.tested.text()}", highlight=False)
    if lab.simulated_note:
        console.print("[yellow]simulated:[/] nothing here was measured on hardware", highlight=False)
