"""What went wrong during a campaign, from the lab's own records, for its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from galvanaut.campaigns.report import Incident, InjectedFault
from galvanaut.flows.folder import LabFolder
from galvanaut.instruments.guard.alarmbook import CLEARED, RAISED, alarm_history
from galvanaut.instruments.journal import Journal


def incidents(journal: Journal, campaign: str) -> list[Incident]:
    """Alarms of the bench since the campaign's first job, and jobs of the campaign that failed, the oldest first."""
    jobs = [record for record in journal.records() if record.key.campaign == campaign]
    since = min((record.began for record in jobs), default=0.0)
    alarms = [
        Incident(alarm.at, cleared_at, "alarm", alarm.instrument, alarm.text.removeprefix(f"job {alarm.job}: "))
        for alarm, cleared_at in alarm_history(journal.remarks(RAISED, CLEARED))
        if alarm.at >= since
    ]
    failed = [
        Incident(
            record.ended,
            None,
            "job failed",
            str(record.key).removeprefix(f"{campaign}/"),
            record.reason.removeprefix(f"job {record.key}: "),
        )
        for record in jobs
        if record.state == "failed" and record.ended is not None
    ]
    return sorted([*alarms, *failed], key=lambda each: each.at)


def injected_faults(folder: LabFolder, plans: Iterable[Mapping[str, Any]]) -> list[InjectedFault]:
    """What bench files let go wrong on the simulated benches of a lab.

    Args:
        folder: of the lab.
        plans: of a campaign, one for each of its benches, from its ledger; other labs' benches are passed over.

    Raises:
        InputError: the file of the simulated world cannot be read.
    """
    from galvanaut.simulators.faults.history import occurrences

    benches = [plan.get("bench", {}) for plan in plans]
    worlds = [folder.world(bench["name"]) for bench in benches if bench.get("simulation", {}).get("faults")]
    return [
        InjectedFault(str(each.fault), each.fault.instrument, each.begun_at, each.ended_at, each.hits)
        for world in worlds
        if world.exists()
        for each in occurrences(world)
    ]
