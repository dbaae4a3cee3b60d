"""What a dossier is made from, out of a lab folder: ledger, jobs, bottles, instruments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from galvanaut.campaigns.dossier.content import Sources
from galvanaut.campaigns.dossier.crate import Instrument
from galvanaut.campaigns.dossier.recipecard import Bottle
from galvanaut.campaigns.dossier.steps import Step
from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.clock import SystemClock
from galvanaut.core.eventlog import Event
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.labels import note
from galvanaut.flows.plan import Plan, plan_of
from galvanaut.flows.records import campaign_log
from galvanaut.flows.stationtables import StationTables
from galvanaut.flows.stepnames import CYCLING
from galvanaut.instruments.identities import IDENTIFIED
from galvanaut.instruments.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from galvanaut.instruments.bench import Bench


@dataclass(frozen=True)
class Gathered:
    """All of it.

    Attributes:
        folder: of the lab.
        plan: of the campaign's first bench.
        plans: stored plans of all its benches.
        sources: for the content.
        decisions: events of the campaign, and of earlier ones that it believed in.
        jobs: events of the campaign's jobs, of tests that its forecasts were calibrated on, and remarks of the bench.
        instruments: of all benches.
    """

    folder: LabFolder
    plan: Plan
    plans: list[Mapping[str, Any]]
    sources: Sources
    decisions: list[Event]
    jobs: list[Event]
    instruments: list[Instrument]


@contextmanager
def gathered(lab: Path, campaign: str) -> Iterator[Gathered]:
    """Read a lab; nothing in it is changed.

    Args:
        lab: its folder.
        campaign: name, or the campaign's file.

    Raises:
        InputError: no such lab or campaign, or a record of another version.
    """
    with campaign_log(lab, campaign) as (log, name):
        folder = LabFolder.existing(lab)
        ledger = Ledger(log, name, SystemClock())
        plan = plan_of(ledger.started or {})
        with StationTables.of(folder) as tables:
            station, journal = tables.log("journal"), tables.journal()
            others = _believed(ledger, journal)
            jobs = [
                event for event in station.read() if event.topic.startswith((f"{name}/", "/")) or event.topic in others
            ]
        benches = [plan_of(each).bench for each in ledger.plans]
        yield Gathered(
            folder,
            plan,
            ledger.plans,
            sources_of(ledger, plan, benches, _steps(journal, name)),
            [event for event in log.read() if event.topic in (name, *ledger.earlier)],
            jobs,
            [each for bench in benches for each in _instruments(bench, _identities(jobs))],
        )


def sources_of(ledger: Ledger, plan: Plan, benches: list[Bench], steps: list[Step]) -> Sources:
    """What the content is worked out from."""
    synthetic = {bench.name: bench.is_synthetic for bench in benches}
    return Sources(
        plan.campaign,
        ledger,
        plan.task(beliefs=beliefs(plan, ledger)),
        steps,
        {bench.name: _bottles(bench) for bench in benches},
        synthetic,
        note(is_synthetic=ledger.is_synthetic, has_cells=plan.campaign.procedure.cells is not None),
    )


def _steps(journal: Journal, campaign: str) -> list[Step]:
    return [
        Step(str(job.key), job.key.trial, job.request, job.result or {}, job.state, job.reason, job.began, job.ended)
        for job in journal.records()
        if job.key.campaign == campaign
    ]


def _believed(ledger: Ledger, journal: Journal) -> set[str]:
    """Tests of cells, also of other campaigns, by which forecasts were calibrated."""
    cells = {cell for trial in ledger.trials.values() for each in trial.weighed for cell in each["finished"]}
    jobs = (job for job in journal.records() if job.key.step == CYCLING)
    return {str(job.key) for job in jobs if job.request["sample"] in cells}


def _bottles(bench: Bench) -> dict[str, Bottle]:
    return {
        name: Bottle(name, stock.composition, stock.density_g_mL, stock.supplier, stock.grade)
        for name, stock in bench.stocks.items()
    }


def _identities(jobs: list[Event]) -> dict[str, Mapping[str, str]]:
    """Who answered last, by instrument."""
    return {event.topic.removeprefix("/"): event.data for event in jobs if event.kind == IDENTIFIED}


def _instruments(bench: Bench, identities: Mapping[str, Mapping[str, str]]) -> list[Instrument]:
    return [
        Instrument(name, entry.role, entry.driver, identities.get(name, {}), bench.is_synthetic)
        for name, entry in bench.instruments.items()
    ]
