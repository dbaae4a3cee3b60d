"""`galvanaut station status`: who works the bench of a lab, what is under way, and since when nothing was heard."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from galvanaut.core.errors import InputError
from galvanaut.core.readonly import has_table, reading
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.stationtables import StationTables
from galvanaut.flows.tables import table_text
from galvanaut.instruments.guard.alarmbook import open_alarms
from galvanaut.instruments.journal import JobRecord
from galvanaut.instruments.mailbox.letters import CLIENTS, STATIONS
from galvanaut.instruments.orders.paper import span, when
from galvanaut.instruments.telemetry.store import HotStore, HotTest


def status_json(lab: Path) -> dict[str, Any]:
    """The state of a lab's bench.

    Returns:
        ``station`` (bench, about, now; None without one), ``campaigns`` (who is connected), ``channels`` (tests that
        run, with the age of their last sample), ``jobs`` (all that are open), ``alarms`` (those that are open).

    Raises:
        InputError: no station has ever worked there.
    """
    folder = LabFolder(lab)
    with StationTables.of(folder) as tables:
        if not tables.is_begun:
            raise InputError(f"--lab {lab}", "has no station and never had one; `galvanaut station BENCH` starts one")
        stations = tables.leases(STATIONS)
        now = float(stations[0].facts["now"]) if stations else None
        jobs = [record for record in tables.journal().records() if record.state == "intended"]
        tests = _tests(folder)
        return {
            "station": _station(stations[0].name, stations[0].about, now) if stations else None,
            "campaigns": [lease.about for lease in tables.leases(CLIENTS)],
            "channels": [_channel(test, now) for test in tests],
            "jobs": [_job(record, now) for record in jobs],
            "alarms": [asdict(alarm) for alarm in open_alarms(tables.log("journal").read(prefix="/")).values()],
        }


def status_text(lab: Path) -> str:
    """The same for people."""
    found = status_json(lab)
    station = found["station"]
    parts = [
        f"{lab}: no station is resident"
        if station is None
        else f"{lab}: station of bench {station['bench']}, {station['about']}; its clock says {when(station['now'])}"
    ]
    parts += [f"campaign connected: {about}" for about in found["campaigns"]]
    for title, rows in (("channels", found["channels"]), ("open jobs", found["jobs"])):
        if rows:
            parts.append(table_text(f"{len(rows)} {title}", [_texts(row) for row in rows]))
    parts += [f"alarm {when(each['at'])}, {each['instrument']}: {each['text']}" for each in found["alarms"]]
    if station is not None and not found["jobs"]:
        parts.append("nothing is under way")
    return "\n".join(parts)


def _tests(folder: LabFolder) -> list[HotTest]:
    if not folder.has("telemetry"):
        return []
    with reading(folder.telemetry) as engine:
        return HotStore(engine).tests() if has_table(engine, "readings") else []


def _station(name: str, about: str, now: float | None) -> dict[str, Any]:
    return {"bench": name.removeprefix(STATIONS), "about": about, "now": now}


def _channel(test: HotTest, now: float | None) -> dict[str, Any]:
    row = test.newest
    age_s = None if row is None or now is None else max(0.0, now - row.unix_time_s)
    return {
        "holder": test.facts.get("holder", ""),
        "cell": test.facts.get("cell", ""),
        "test": test.test,
        "cycle": None if row is None else row.cycle,
        "voltage_V": None if row is None else row.voltage_V,
        "current_A": None if row is None else row.current_A,
        "last_sample_age_s": age_s,
    }


def _job(record: JobRecord, now: float | None) -> dict[str, Any]:
    open_s = None if now is None else max(0.0, now - record.began)
    return {
        "job": str(record.key),
        "kind": record.request["kind"],
        "began": record.began,
        "open_s": open_s,
        "attempts": record.attempts,
    }


def _texts(row: dict[str, Any]) -> dict[str, str]:
    """Durations and numbers as people read them."""
    texts = {}
    for name, value in row.items():
        if name == "began":
            texts[name] = when(value)
        elif name.endswith("_s"):
            texts[name.removesuffix("_s").replace("_", " ")] = "" if value is None else span(value)
        else:
            texts[name.replace("_", " ")] = (
                "" if value is None else f"{value:.5g}" if isinstance(value, float) else value
            )
    return texts
