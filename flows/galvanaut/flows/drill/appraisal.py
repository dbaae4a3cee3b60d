"""From the course of one scenario to its verdict: what was safe when, who noticed, what is lost, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from galvanaut.flows.drill import judge
from galvanaut.flows.drill.judge import Fault, Knowledge, Told
from galvanaut.flows.drill.losses import dose_losses, unended
from galvanaut.flows.drill.matrix import DEATHS
from galvanaut.flows.drill.verdict import Verdict
from galvanaut.instruments.guard.shutdown import silence_s

if TYPE_CHECKING:
    from galvanaut.flows.drill.course import Course
    from galvanaut.flows.drill.matrix import Scenario
    from galvanaut.instruments.bench import Bench

CUT_OFF = ("dead peer", "power cut", "wrong instrument")
"""Faults after which an instrument cannot be reached: it is safe when its own watchdog has made it so."""
GO_AND_LOOK = ("unknown", "not known", "NOT", "go and look", "by hand", "in doubt")
"""Words by which the host says that it does not know, and that a person has to see to it."""


def appraise(bench: Bench, scenario: Scenario, course: Course, period_s: float) -> Verdict:
    """The verdict on one scenario."""
    found = judge.safety(list(_faults(bench, course, period_s)), course.onset, course.ended)
    noticed = sorted(_noticed(course))
    losses = (*course.forgotten, *unended(course.on_disk), *_dose_losses(bench, course))
    return Verdict(
        instrument=scenario.instrument,
        fault=scenario.fault,
        moment=scenario.moment,
        outcome=_outcome(course, is_noticed=bool(noticed)),
        noticed_s=noticed[0][0] - course.onset if noticed else None,
        safe_s=found.after_s,
        limit_s=limit_s(bench, scenario, period_s),
        unsafe=found.reason,
        lost=losses,
        false_readings=sum(_false_readings(bench, course)),
        said=noticed[0][1] if noticed else "",
    )


def limit_s(bench: Bench, scenario: Scenario, period_s: float) -> float:
    """What is allowed: two polls where the host can know, the instrument's watchdog where it cannot."""
    polls_s = judge.POLLS * period_s
    if scenario.fault in DEATHS:
        return max(polls_s, *(silence_s(bench, name) or 0.0 for name in bench.instruments))
    if scenario.fault in CUT_OFF:
        return max(polls_s, silence_s(bench, scenario.instrument) or 0.0)
    return polls_s


def _faults(bench: Bench, course: Course, period_s: float) -> Iterator[Fault]:
    for holder, truths in course.truth.cells.items():
        envelope = bench.holders[holder].envelope
        if envelope is not None:
            yield from judge.cell_faults(truths, envelope, knowledge(bench, course, holder), period_s)
    yield from _liquid_faults(bench, course)
    for chamber, airs in course.truth.airs.items():
        settings: Any = bench.instruments[chamber].parsed_settings()
        yield from judge.air_faults(airs, settings.minimum_degC, settings.maximum_degC)


def knowledge(bench: Bench, course: Course, holder: str) -> Knowledge:
    """What the host knew of the cell in a holder."""
    told = [Told(at, _claim(text), text) for at, text in _told_of(bench, course, holder)]
    absent = (course.died_at, course.revived_at) if course.died_at < inf else None
    own, sources = f"cycle-{holder}", _sources(bench, holder)
    held_up = [
        (wait.began, wait.ended) for wait in course.waits if wait.doing != own and wait.instrument not in sources
    ]
    return Knowledge(_rows(course, holder), sorted(told, key=lambda each: each.at), absent, held_up)


def _sources(bench: Bench, holder: str) -> set[str]:
    """What drives a cell, with all parts of its mainframe: they wait for one another."""
    entries = bench.instruments.items()
    lines = {entry.resource.upper() for _, entry in entries if entry.wiring.channel == holder}
    return {name for name, entry in entries if entry.resource.upper() in lines}


def _told_of(bench: Bench, course: Course, holder: str) -> Iterator[tuple[float, str]]:
    """What was said about a cell: by its test when it ended, by alarms of the instrument that drives it."""
    for record in course.known:
        is_test = record.request["kind"] == "cycle" and record.request["holder"] == holder
        if is_test and record.ended is not None:
            yield record.ended, record.reason
    sources = [name for name, entry in bench.instruments.items() if entry.wiring.channel == holder]
    yield from ((alarm.at, alarm.text) for alarm in course.alarms if alarm.instrument in sources)


def _rows(course: Course, holder: str) -> list[judge.Row]:
    return sorted(course.rows.get(holder, {}).values(), key=lambda row: row.at)


def _claim(text: str) -> judge.Claim:
    return "unknown" if _asks_for_help(text) else "off"


def _asks_for_help(text: str) -> bool:
    return any(words in text for words in GO_AND_LOOK)


def _liquid_faults(bench: Bench, course: Course) -> Iterator[Fault]:
    records = course.known

    def asked_g(pump: str, at: float) -> float:
        doses = (each.request for each in records if each.request["kind"] == "dose" and each.began <= at)
        return sum(float(dose["expected_g"]) for dose in doses if dose["pump"] == pump)

    def is_minded(pump: str, at: float) -> bool:
        mine = [each for each in records if each.request.get("pump") == pump]
        if any(each.began <= at and (each.ended is None or at <= each.ended) for each in mine):
            return True
        told = [each.reason for each in mine if each.ended is not None and each.ended <= at]
        told += [alarm.text for alarm in course.alarms if alarm.instrument == pump and alarm.at <= at]
        return any(_asks_for_help(text) for text in told)

    capacities_mL = {
        name: vessel.capacity_mL for name, vessel in bench.vessels.items() if name not in _flow_cells(bench)
    }
    yield from judge.liquid_faults(course.truth.liquids, asked_g, is_minded, bottles(bench), capacities_mL)


def bottles(bench: Bench) -> dict[str, str]:
    """Bottle by pump that draws from one."""
    pumps = ((name, entry.wiring.draws) for name, entry in bench.instruments.items() if entry.role == "pump")
    return {name: source for name, source in pumps if source in bench.stocks}


def _flow_cells(bench: Bench) -> set[str | None]:
    """Vessels that are always full: what is pumped in pushes out what was there."""
    return {entry.wiring.connects for entry in bench.instruments.values()}


def _noticed(course: Course) -> Iterator[tuple[float, str]]:
    """Everything that a host which was there said after the fault, with its instant."""
    if course.died_at < inf:
        return
    for record in course.known:
        if record.state == "failed" and record.ended is not None and record.ended >= course.onset:
            yield record.ended, record.reason
    yield from ((alarm.at, alarm.text) for alarm in course.alarms if alarm.at >= course.onset)


def _dose_losses(bench: Bench, course: Course) -> Iterator[str]:
    if course.truth.liquids:
        yield from dose_losses(course.on_disk, course.truth.liquids, bottles(bench))


def _false_readings(bench: Bench, course: Course) -> Iterator[int]:
    for holder in course.rows:
        envelope, rows = bench.holders[holder].envelope, _rows(course, holder)
        if envelope is not None:
            yield len(rows) - len(judge.true_rows(rows, course.truth.cells[holder], envelope))


def _outcome(course: Course, *, is_noticed: bool) -> str:
    """What happened, in words."""
    text = _end(course, is_noticed=is_noticed)
    if course.died_at < inf:
        text = f"left alone for an hour; next host: {text}"
    if course.unwritten:
        text += f"; {course.unwritten} readings not yet written went with the host"
    return text


def _end(course: Course, *, is_noticed: bool) -> str:
    last = {holder: truths[-1] for holder, truths in course.truth.cells.items()}
    held = [f"{holder} {judge.bounded_by(truth)}" for holder, truth in last.items() if not judge.is_idle(truth)]
    if held:
        return f"bounded by the instrument: {'; '.join(held)}"
    failed = [record for record in course.known if record.state == "failed"]
    texts = [*(each.reason for each in failed), *(alarm.text for alarm in course.alarms)]
    asks = ", asks for help" if any(_asks_for_help(text) for text in texts) else ""
    if failed:
        return f"stopped{asks or ' safely'}, {len(failed)} of {len(course.known)} jobs failed"
    was_taken_up = any(record.attempts > 1 for record in course.known)
    return f"{'recovered' if is_noticed or was_taken_up else 'went on'}{asks}"
