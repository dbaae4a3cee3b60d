"""`galvanaut run`: open the lab, show progress, run the campaign with or without Prefect, write the report."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from galvanaut.campaigns.report import write_report
from galvanaut.core.errors import InputError
from galvanaut.flows import prefect_settings
from galvanaut.flows.campaign_loop import Observer, run_campaign
from galvanaut.flows.console import PatientConsole
from galvanaut.flows.folder import writing
from galvanaut.flows.incidents import incidents, injected_faults
from galvanaut.flows.lab import Lab, open_lab
from galvanaut.flows.makespan import DAY_S, Makespan, makespan
from galvanaut.flows.prefect_access import CLIENT_AUTH, lets_us_in
from galvanaut.flows.progress import best, shown
from galvanaut.flows.signals import interruptible
from galvanaut.flows.through_prefect import PrefectFailedError


def run_command(
    campaign: Path,
    lab_folder: Path,
    bench: Path | None,
    seed: int | None,
    max_trials: int | None,
    *,
    prefect: bool,
    arm: bool,
    record: Path | None = None,
    database: str | None = None,
    join: str | None = None,
) -> None:
    """Run a campaign to its end and say what came of it.

    Raises:
        GalvanautError: bad input, or the bench cannot go on.
        SystemExit: with 1, the run was interrupted.
    """
    console = PatientConsole()
    with interruptible():
        try:
            with open_lab(
                campaign, lab_folder, bench, seed, max_trials, arm=arm, record=record, database=database, join=join
            ) as lab:
                _run(lab, console, prefect=prefect)
        except (KeyboardInterrupt, asyncio.CancelledError):
            Console(stderr=True).print("interrupted; run the same command again to continue", style="yellow")
            sys.exit(1)


def _run(lab: Lab, console: Console, *, prefect: bool) -> None:
    began = time.monotonic()
    _greet(lab, console)
    try:
        with shown(lab, console) as observer:
            if prefect and (lab.may_propose() or lab.ledger.pending()):
                _with_prefect(lab, observer, console)
            else:
                asyncio.run(run_campaign(lab, observer=observer))
    except BaseException:
        _report_in_passing(lab, console)
        raise
    _say_result(lab, console, time.monotonic() - began)
    console.print(f"report: {escape(str(_report(lab)))}", soft_wrap=True, highlight=False)


def _report(lab: Lab) -> Path:
    """Write the report.

    Raises:
        InputError: it cannot be written.
    """
    path = lab.folder.report(lab.campaign.name)
    with writing(path):
        what = incidents(lab.station.journal, lab.campaign.name), injected_faults(lab.folder, lab.ledger.plans)
        return write_report(lab.summary(), path, lab.simulated_note, lab.recommendation(), *what)


def _report_in_passing(lab: Lab, console: Console) -> None:
    """Write the report of a campaign that is about to end otherwise; why it ends is the greater news."""
    try:
        _report(lab)
    except InputError as error:
        console.print(f"[yellow]no report:[/] {escape(str(error))}", soft_wrap=True, highlight=False)


def _with_prefect(lab: Lab, observer: Observer, console: Console) -> None:
    observer.guarded().stage("starting Prefect")
    folder = lab.folder.path.resolve()
    server = prefect_settings.find_server(folder)
    prefect_settings.apply(prefect_settings.client_settings(folder))
    if server is not None:
        prefect_settings.apply({"PREFECT_API_URL": server})
        console.print(f"live in the Prefect UI: {escape(server.removesuffix('/api'))}", highlight=False)
    try:
        if server is not None and not lets_us_in(server):
            raise PrefectFailedError(f"{server} asks for a password; set {CLIENT_AUTH}=user:password")
        _start_prefect()
        from galvanaut.flows.prefect_flows import run_with_prefect

        asyncio.run(run_with_prefect(lab, observer))
    except PrefectFailedError as error:  # Prefect shows the campaign; it must not be able to end it
        message = f"[yellow]Prefect failed, going on without it:[/] {escape(str(error))}"
        console.print(message, highlight=False, soft_wrap=True)
        asyncio.run(run_campaign(lab, observer=observer))


def _start_prefect() -> None:
    """Import Prefect, and start a server if none is running.

    Raises:
        PrefectFailedError: it is not to be had.
    """
    try:
        from galvanaut.flows.temporary_server import start_temporary_server

        if "PREFECT_API_URL" not in os.environ:
            start_temporary_server()
    except Exception as error:  # whatever Prefect's start runs into, from settings that do not suit it to a full disk
        raise PrefectFailedError(f"{type(error).__name__}: {error}") from error


def _greet(lab: Lab, console: Console) -> None:
    kind = "simulated" if lab.bench.is_synthetic else "[bold red]REAL[/]"
    ended = len(lab.ledger.ended())
    going_on = f", going on after {ended} trials" if lab.ledger.trials else ""
    console.print(f"[bold]{escape(lab.campaign.title or lab.campaign.name)}[/]")
    console.print(
        f"bench {escape(lab.bench.name)} ({kind}), {lab.budget} trials, planner {escape(lab.campaign.planner.name)}, "
        f"seed {lab.plan.seed}{going_on}; lab {escape(str(lab.folder.path))}",
        highlight=False,
    )
    for found in lab.found:
        console.print(f"[yellow]left by an earlier run:[/] {escape(found)}", highlight=False, soft_wrap=True)


def _say_result(lab: Lab, console: Console, seconds: float) -> None:
    ended = lab.ledger.ended()
    failed = sum(trial.status != "ok" for trial in ended)
    jobs = [record.began for record in lab.station.journal.records() if record.key.campaign == lab.campaign.name]
    hours = (max((trial.ended_at or 0.0 for trial in ended), default=0.0) - min(jobs, default=0.0)) / 3600
    took = f"{hours:.0f} h on the bench's clock in {seconds:.0f} s" if lab.clock.is_virtual else f"{hours:.1f} h"
    console.print(f"{len(ended)} trials ended, {failed} failed, {took}", highlight=False)
    console.print(f"best measured: [bold]{escape(best(lab))}[/]", highlight=False)
    top = lab.best()
    if top is not None:
        console.print(f"  {top.text}", highlight=False, markup=False)
    if model := lab.recommendation():
        console.print(model, highlight=False, markup=False, soft_wrap=True)
    _say_effort(lab, console)
    _say_alarms(lab, console)
    if lab.simulated_note:
        console.print("[yellow]simulated:[/] nothing here was measured on hardware", highlight=False)


def _say_alarms(lab: Lab, console: Console) -> None:
    """All of this run, and what is open from earlier ones."""
    book = lab.station.book
    earlier = [alarm for alarm in book.open.values() if alarm not in book.told]
    for alarm in [*earlier, *book.told]:
        is_open = book.open.get(alarm.name) == alarm
        head = "[bold red]alarm:[/]" if is_open else "[yellow]alarm, gone meanwhile:[/]"
        console.print(f"{head} {escape(str(alarm))}", highlight=False, soft_wrap=True)


def _makespan(lab: Lab) -> Makespan | None:
    trials = [trial for _, trial in sorted(lab.ledger.trials.items())]
    began_at = dict[int, float]()
    for job in lab.station.journal.records():
        if job.key.campaign == lab.campaign.name:
            began_at[job.key.trial] = min(job.began, began_at.get(job.key.trial, job.began))
    return makespan(trials, lab.on_test, began_at)


def _say_effort(lab: Lab, console: Console) -> None:
    """How long trials took, and what went over the wires, where cells were cycled."""
    if lab.plan.cells is None:
        return
    if not lab.ledger.joined and (span := _makespan(lab)) is not None:  # other benches have clocks of their own
        console.print(span.text(), highlight=False, soft_wrap=True)
    jobs = [job for job in lab.station.journal.records() if job.key.campaign == lab.campaign.name]
    tests = [job.result or {} for job in jobs if job.request["kind"] == "cycle"]
    days, rows = sum(test.get("time_s", 0.0) for test in tests) / DAY_S, sum(test.get("readings", 0) for test in tests)
    traffic = lab.station.traffic
    console.print(
        f"{len(tests)} tests, {days:.0f} channel-days, {rows} readings kept; in this run {traffic.messages} messages "
        f"({(traffic.sent_bytes + traffic.received_bytes) / 1e6:.0f} MB) went over the wires",
        highlight=False,
        soft_wrap=True,
    )
