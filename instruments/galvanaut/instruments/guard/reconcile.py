"""What a dead run has left behind: found at the start, before anything else, and either left to its job or made safe.

A host that was killed switches nothing off. Outputs may be on, pumps may run, chambers may hold a temperature. What
belongs to a job that the journal holds as unfinished is left as it is: the job takes it up again and asks the
instruments itself. Everything else nobody waits for, so it is made safe. An instrument that cannot be asked counts as
one that runs. A cycler that runs tests by itself is not asked: it guards its cells itself, and its job takes it up.

An assembler that is building a cell harms nobody and cannot be stopped; what it was begun for, it ends. If what it says
of its holders is not what the journal says, this is told, and nobody is given such a holder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from galvanaut.instruments.errors import BenchError, InstrumentError
from galvanaut.instruments.loading import survey

if TYPE_CHECKING:
    from galvanaut.instruments.connect import ConnectedBench
    from galvanaut.instruments.journal import Journal
    from galvanaut.instruments.roles import Assembler, Chamber, Pump, SourceMeter

SETPOINT_K = 0.1
"""A chamber this close to its safe set point is where `make_safe` would send it."""

What = Literal["found", "left to its job", "made safe", "left to end by itself", "not given out until it agrees"]


@dataclass(frozen=True)
class Finding:
    """One instrument that is not at rest.

    Attributes:
        instrument: its name.
        text: what it does, e.g. ``output is on: 4.1 V, 2 mA``.
        job: key of the unfinished job that it belongs to; empty if to none.
        action: what was done about it.
    """

    instrument: str
    text: str
    job: str = ""
    action: What = "found"

    def __str__(self) -> str:
        return f"{self.instrument}: {self.text}; {self.action}{f' {self.job}' if self.job else ''}"


def look(connected: ConnectedBench, journal: Journal | None = None) -> list[Finding]:
    """Every instrument that is not at rest, in the order of the bench file. Nothing is changed.

    Args:
        connected: the bench.
        journal: for the jobs that they belong to.
    """
    found = []
    for name in connected.bench.instruments:
        try:
            text = _activity(connected, name)
        except InstrumentError as error:
            text = f"cannot be asked what it does ({error})"
        if text:
            found.append(Finding(name, text, _owner(connected, journal, name)))
    return found


def reconcile(connected: ConnectedBench, journal: Journal | None = None) -> list[Finding]:
    """Find what a dead run has left, and make safe what no unfinished job owns.

    Args:
        connected: the bench, just connected; no job runs yet.
        journal: of the station.

    Returns:
        What was found, and what was done about it.

    Raises:
        BenchError: something could not be made safe, or an assembler does not tell what it holds; nothing must be
            started on this bench.
    """
    found = look(connected, journal)
    try:
        connected.make_safe({finding.instrument for finding in found if not finding.job})
    except BenchError as error:
        was = {finding.instrument: finding.text for finding in found}
        raise BenchError(connected.bench.name, "be made safe after an earlier run", _told(error, was)) from error
    acted = [replace(each, action=_action(connected, each)) for each in found]
    return [*acted, *_contradictions(connected, journal)]


def _action(connected: ConnectedBench, finding: Finding) -> What:
    if finding.job:
        return "left to its job"
    is_assembler = connected.driver(finding.instrument).role == "assembler"
    return "left to end by itself" if is_assembler else "made safe"


def _contradictions(connected: ConnectedBench, journal: Journal | None) -> Iterator[Finding]:
    """Holders in which an assembler has something else than the journal."""
    if journal is None:
        return
    try:
        seen = survey(connected, journal.records())
    except InstrumentError as error:
        raise BenchError(connected.bench.name, "tell what its holders hold", [error]) from error
    for name, text in seen.contradictions.values():
        yield Finding(name, text, action="not given out until it agrees")


def _told(error: BenchError, was: dict[str, str]) -> list[InstrumentError]:
    """The errors, each with what was found before."""
    return [
        type(each)(
            f"was found: {was[each.instrument]}; {each.problem}" if each.instrument in was else each.problem,
            instrument=each.instrument,
            model=each.model,
            resource=each.resource,
            command=each.command,
            reply=each.reply,
            advice=each.advice,
        )
        for each in error.errors
    ]


def _activity(connected: ConnectedBench, name: str) -> str:
    """What an instrument does that it should not do unattended; empty if nothing."""
    driver: Any = connected.driver(name)
    if driver.role == "source meter":
        return _of_source_meter(cast("SourceMeter", driver))
    if driver.role == "pump":
        state = cast("Pump", driver).state()
        return "" if state == "stopped" else f"is {state}"
    if driver.role == "chamber":
        return _of_chamber(cast("Chamber", driver), getattr(driver.settings, "safe_degC", None))
    if driver.role == "assembler":
        return "is building a cell" if cast("Assembler", driver).is_busy() else ""
    return ""


def _of_source_meter(meter: SourceMeter) -> str:
    if not meter.is_on():
        return ""
    reading = meter.measure()
    text = f"output is on: {reading.voltage_V:.4g} V, {1000 * reading.current_A:.4g} mA"
    protections = meter.protections()
    return f"{text}, protected against {' and '.join(protections)}" if protections else text


def _of_chamber(chamber: Chamber, safe_degC: float | None) -> str:
    """A chamber that cannot say whether it runs counts as running unless it stands at its safe set point."""
    is_running, setpoint_degC = chamber.is_running(), chamber.setpoint_degC()
    if is_running is None:
        is_running = safe_degC is None or abs(setpoint_degC - safe_degC) > SETPOINT_K
    return f"holds {setpoint_degC:.4g} degC" if is_running else ""


def _owner(connected: ConnectedBench, journal: Journal | None, name: str) -> str:
    """Key of the unfinished job whose request names the instrument, or the cell that it drives or houses."""
    wiring = connected.bench.instruments[name].wiring
    names = {name, *([wiring.channel] if wiring.channel is not None else []), *wiring.housed}
    for record in journal.records() if journal is not None else []:
        if record.state == "intended" and not names.isdisjoint(_words(record.request)):
            return str(record.key)
    return ""


def _words(value: Any) -> Iterator[str]:
    """Every text in a request, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)
