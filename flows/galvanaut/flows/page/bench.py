"""The bench view as data: channels with their last sample, alarms, what people have to do, who works the bench."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from galvanaut.core.clock import SystemClock
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.page.plain import number, when
from galvanaut.instruments.orders.paper import span
from galvanaut.instruments.telemetry.store import HotTest

if TYPE_CHECKING:
    from galvanaut.core.leases import Lease
    from galvanaut.flows.page.source import LabSource
    from galvanaut.instruments.journal import JobRecord
    from galvanaut.instruments.orders import StandingOrder

REST_A = 1e-6
"""Below this current nothing flows."""
DOING = {
    "assemble": "being built",
    "unload": "being unloaded",
    "resistance": "resistance measured",
    "await record": "waits for a record",
    "cycle": "test begins",
}
"""What happens to a holder whose test has no reading, by the kind of its job."""


class Now(NamedTuple):
    """The present instant, s since the epoch: on the clock of simulated benches, and on that of everything real."""

    simulated: float
    real: float

    def of(self, is_simulated: bool) -> float:
        """By the clock of what is simulated or not: silence of a real cell must not stop the clock that tells it."""
        return self.simulated if is_simulated else self.real


def bench_view(source: LabSource) -> dict[str, Any]:
    """All of it. Rows of ``channels`` have a ``key`` that stays, so that a page can change them one by one."""
    tests = source.tests()  # first: the job of a test is written down before its first reading is
    with source.reading():
        station = source.station()
        holders = source.plan_holders()
        kinds = {bool(test.facts.get("simulated")) for test in tests} | {bool(each) for each in holders.values()}
        kinds |= {source.is_simulated(name) for name in source.versions}
        now = Now(source.bench_now(tests, station), SystemClock().now())
        shown = now.of(kinds == {True})
        jobs = [] if source.journal is None else source.journal.records()
        open_jobs = [job for job in jobs if job.state == "intended"]
        return {
            "simulated": kinds == {True},
            "mixed": len(kinds) > 1,
            "now": when(shown) if shown else None,
            "station": _station(source, station, bool(open_jobs)),
            "channels": _channels(tests, holders, open_jobs, now),
            "alarms": [{**asdict(alarm), "since": when(alarm.at)} for alarm in source.alarms()],
            "orders": [_order(each, now.of(each.order.is_simulated)) for each in source.orders()],
            "jobs": [
                _job(job, now.of(_is_simulated(job, source))) for job in open_jobs if job.request["kind"] != "cycle"
            ],
        }


def _is_simulated(job: JobRecord, source: LabSource) -> bool:
    name = job.key.campaign
    return name in source.versions and source.is_simulated(name)


def _station(source: LabSource, lease: Lease | None, is_busy: bool) -> dict[str, Any]:
    if lease is not None:
        return {"works": True, "text": f"resident station of {lease.name.partition('/')[2]}: {lease.about}"}
    owner = _owner(source)
    if owner:
        return {"works": True, "text": f"process {owner} works the bench"}
    left = "; jobs are open and go on when the campaign is run again" if is_busy else ""
    return {"works": False, "text": f"nobody works the bench now{left}"}


def _owner(source: LabSource) -> str:
    """The living process that noted itself in the lock of the bench; the lock itself is left alone."""
    if sys.platform == "win32":  # there is no harmless way to ask for a process
        return ""
    with suppress(OSError, ValueError):
        holder, _, _ = source.folder.station_lock.read_text(encoding="utf-8", errors="replace").partition("\n")
        number, _, command = holder.strip().partition(" ")
        with suppress(PermissionError):  # it lives, and is somebody else's
            os.kill(int(number), 0)
        words = command.strip("()").split()[:2]
        return f"{number} ({' '.join(words)})".replace(" ()", "") if _is_still(number, words[1:]) else ""
    return ""


def _is_still(process: str, words: list[str]) -> bool:
    """Whether a process was started with these words, where the system tells; numbers of dead ones are used again."""
    try:
        started_as = Path("/proc", process, "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return True
    return all(word in started_as for word in words)


def _channels(
    tests: list[HotTest], holders: Mapping[str, bool], jobs: list[JobRecord], now: Now
) -> list[dict[str, Any]]:
    """One row a holder, those of running tests and all others of the benches."""
    rows = {name: _empty(name, is_simulated) for name, is_simulated in holders.items()}
    for job in jobs:
        name = job.request.get("holder")
        if name is not None:
            begun = {"state": DOING.get(job.request["kind"], job.request["kind"]), "cell": _cell(job)}
            rows[name] = {**rows.get(name, _empty(name, bool(holders.get(name)))), **begun, **_place(str(job.key))}
    for test in tests:
        name = str(test.facts.get("holder", test.test))
        is_open = any(str(job.key) == test.test for job in jobs)
        rows[name] = _running(name, test, now.of(bool(test.facts.get("simulated"))), is_open=is_open)
    return [rows[name] for name in sorted(rows)]


def _empty(name: str, is_simulated: bool) -> dict[str, Any]:
    fields = (
        "cell",
        "test",
        "campaign",
        "trial",
        "step",
        "cycle",
        "voltage_V",
        "current_A",
        "temperature_degC",
        "age_s",
    )
    return {"key": name, "state": "free", **dict.fromkeys(fields), "simulated": is_simulated}


def _running(name: str, test: HotTest, now: float, *, is_open: bool) -> dict[str, Any]:
    row, facts = test.newest, test.facts
    known = {"cell": facts.get("cell", ""), "simulated": bool(facts.get("simulated")), **_place(test.test)}
    if row is None:
        return {**_empty(name, False), **known, "state": "test begins" if is_open else "test over"}
    flows = "charging" if row.current_A > REST_A else "discharging" if row.current_A < -REST_A else "at rest"
    return {
        "key": name,
        **known,
        "state": flows if is_open else "test over",
        "cycle": row.cycle,
        "voltage_V": number(row.voltage_V, 4),
        "current_A": number(row.current_A, 7),
        "temperature_degC": number(row.temperature_degC, 2),
        "age_s": number(max(0.0, now - row.unix_time_s), 0),
    }


def _place(test: str) -> dict[str, Any]:
    try:
        key = JobKey.parse(test)
    except ValueError:
        return {"test": test, "campaign": None, "trial": None, "step": None}
    return {"test": test, "campaign": key.campaign, "trial": key.trial, "step": key.step}


def _cell(job: JobRecord) -> str:
    return str(job.request.get("cell") or job.request.get("sample") or "")


def _order(standing: StandingOrder, now: float) -> dict[str, Any]:
    order = standing.order
    return {
        "job": order.job,
        "title": order.title,
        "since": when(standing.at),
        "late": standing.lateness(now),
        "is_late": standing.due_at is not None and now > standing.due_at,
        "facts": dict(order.facts),
        "steps": list(order.steps),
        "commands": order.commands(),
        "simulated": order.is_simulated,
    }


def _job(job: JobRecord, now: float) -> dict[str, Any]:
    return {
        "key": str(job.key),
        "kind": job.request["kind"],
        "since": when(job.began),
        "open": span(max(0.0, now - job.began)),
        "attempts": job.attempts,
        "campaign": job.key.campaign,
        "trial": job.key.trial,
    }
