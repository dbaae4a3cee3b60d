"""What a lab's records say, for people and for machines: `galvanaut status` and `galvanaut report`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from galvanaut.campaigns.advice import advice
from galvanaut.campaigns.campaignfile import Campaign, load_campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.report import Summary, summarise, write_report
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.readonly import reading
from galvanaut.flows.alarms import alarms_text, open_in
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.folder import LabFolder, writing
from galvanaut.flows.incidents import incidents, injected_faults
from galvanaut.flows.labels import note
from galvanaut.flows.plan import plan_of
from galvanaut.flows.stationtables import StationTables


def lab_text(lab: Path) -> str:
    """One line per campaign, and one for each alarm that is open."""
    rows = [_line(summary) for summary in _summaries(lab)] or [f"{lab}: no campaign has begun yet"]
    return "\n".join([*rows, *([alarms_text(lab)] if open_in(lab) else [])])


def lab_json(lab: Path) -> list[dict[str, Any]]:
    """How each campaign stands, briefly."""
    return [_brief(summary) for summary in _summaries(lab)]


def campaign_text(lab: Path, campaign: str) -> str:
    """A campaign's standing and its leaderboard; of several objectives the front, and how limits are kept."""
    summary = _summary(lab, campaign)
    rows = [_line(summary)]
    if (front := summary.front()) is not None:
        rows.append(front.text())
    if summary.limits and (text := recommendation(lab, summary.name)):
        rows.append(text)
    for rank, trial in enumerate(summary.leaderboard(10), start=1):
        rows.append(
            f"{rank:4d}. trial {trial.number:3d} {summary.text(trial):>8} {summary.unit}  "
            f"{_in_brackets(summary.parts(trial))}{trial.text}{_breaks(summary.broken(trial))}"
        )
    rows += [
        f"      laboratory {batch.laboratory}: {len(batch.rows)} results on a form; the planner learns from them"
        for batch in summary.returned
    ]
    rows += [
        f"      trial {trial.number:3d} {trial.status.replace('_', ' ')}: {trial.outcome.reason}"
        for trial in summary.trials
        if trial.outcome is not None and trial.status != "ok"
    ]
    return "\n".join(rows)


def campaign_json(lab: Path, campaign: str) -> dict[str, Any]:
    """A campaign's whole record; on a simulated bench one seed gives the same bytes, whenever it ran."""
    summary = _summary(lab, campaign)
    return {"simulated": summary.is_synthetic, **summary.to_json()}


def write_campaign_report(lab: Path, campaign: str) -> Path:
    """Write the report anew from the records.

    Raises:
        InputError: no such campaign, or the report cannot be written.
    """
    summary = _summary(lab, campaign)
    asked = Campaign.kept(summary.plan["campaign"])
    label = note(is_synthetic=summary.is_synthetic, has_cells=asked.procedure.cells is not None)
    folder = LabFolder(lab)
    path = folder.report(summary.name)
    with StationTables.of(folder) as tables:
        went_wrong = incidents(tables.journal(), summary.name)
    with _log(lab) as log:
        plans = Ledger(log, summary.name, SystemClock()).plans
    with writing(path):
        told = recommendation(lab, summary.name)
        return write_report(summary, path, label, told, went_wrong, injected_faults(folder, plans))


def recommendation(lab: Path, campaign: str) -> str:
    """What the model holds for the best of the tested recipes, in words; empty before a success.

    Raises:
        InputError: there is no such lab.
    """
    with _log(lab) as log:
        ledger = Ledger(log, campaign, SystemClock())
        plan = plan_of(ledger.started or {})
        return advice(plan.campaign, ledger, plan.task(beliefs=beliefs(plan, ledger)))


def _breaks(limits: Sequence[str]) -> str:
    return f"  breaks {', '.join(limits)}" if limits else ""


def _in_brackets(text: str) -> str:
    return f"({text})  " if text else ""


def _line(summary: Summary) -> str:
    counts = Counter(trial.status for trial in summary.trials)
    states = (
        ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(counts.items())) or "none begun"
    )
    best = summary.best()
    found = f"best {summary.text(best)} {summary.unit} (trial {best.number})" if best is not None else "no result yet"
    kind = "simulated" if summary.is_synthetic else "real"
    return f"{summary.name} [{kind}]: {len(summary.ended)} of {summary.budget} trials ended ({states}); {found}"


def _brief(summary: Summary) -> dict[str, Any]:
    best = summary.best()
    return {
        "campaign": summary.name,
        "simulated": summary.is_synthetic,
        "budget": summary.budget,
        "ended": len(summary.ended),
        "trials": dict(Counter(trial.status for trial in summary.trials)),
        "best": {"trial": best.number, "value": summary.value(best), "unit": summary.unit}
        if best is not None
        else None,
    }


def _summaries(lab: Path) -> list[Summary]:
    with _log(lab) as log:
        return [_summary_of(log, name) for name in dict.fromkeys(event.topic for event in log.read())]


def _summary(lab: Path, campaign: str) -> Summary:
    with campaign_log(lab, campaign) as (log, name):
        return _summary_of(log, name)


def campaign_name(campaign: str) -> str:
    """Of a campaign that was given by its name or its file.

    Raises:
        InputError: the file has a problem.
    """
    return load_campaign(Path(campaign)).name if campaign.endswith((".yaml", ".yml")) else campaign


def campaigns_of(lab: Path) -> list[str]:
    """Names of those in a lab's ledger, by their beginning.

    Raises:
        InputError: there is no such lab.
    """
    with _log(lab) as log:
        return list(dict.fromkeys(event.topic for event in log.read()))


@contextmanager
def campaign_log(lab: Path, campaign: str, *, to_write: bool = False) -> Iterator[tuple[EventLog, str]]:
    """The table of a lab's ledger, and the name of a campaign in it.

    Args:
        lab: its folder.
        campaign: name, or the campaign's file.
        to_write: whether something is to be added to it; else nobody notices that it is read.

    Raises:
        InputError: no such lab, or no such campaign in it.
    """
    name = campaign_name(campaign)
    with _log(lab, to_write=to_write) as log:
        known = list(dict.fromkeys(event.topic for event in log.read()))
        if name not in known:
            there = ", ".join(known) or "none"
            raise InputError(f"campaign {name}", f"is not in the ledger of {lab}; there: {there}")
        yield log, name


def _summary_of(log: EventLog, name: str) -> Summary:
    ledger = Ledger(log, name, SystemClock())
    plan = ledger.started or {}
    try:
        campaign = Campaign.kept(plan["campaign"])
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InputError(f"campaign {name}", f"its record was written by a version that differs ({what})") from None
    return summarise(ledger, campaign)


@contextmanager
def _log(lab: Path, *, to_write: bool = False) -> Iterator[EventLog]:
    ledger = LabFolder.existing(lab).ledger
    with opened(ledger) if to_write else reading(ledger) as engine:
        yield EventLog(engine, "ledger")
