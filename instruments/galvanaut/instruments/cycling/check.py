"""A plan, a cell and an instrument held against each other before anything is opened: everything wrong at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from galvanaut.core.errors import Problem
from galvanaut.instruments.cycling.program import (
    CurrentStep,
    LoopStep,
    Program,
    RestStep,
    VoltageStep,
    compile_program,
)

if TYPE_CHECKING:
    from galvanaut.instruments.cycling.plan import TestPlan
    from galvanaut.instruments.envelope import Envelope
    from galvanaut.instruments.roles import SourceLimits

PERIOD_MIN_S = 0.5
"""A host does not poll faster than this: one reading takes tens of milliseconds."""
WATCHDOG_PERIODS = 3
"""A watchdog that trips within this many polls would stop a test that is well."""

_SAFETY = {
    "max_voltage_V": ("voltage_max_V", 1.0),
    "min_voltage_V": ("voltage_min_V", 1.0),
    "max_current_mA": ("charge_max_A", 1e-3),
    "min_current_mA": ("discharge_max_A", -1e-3),
    "max_capacity_mAh": ("capacity_max_Ah", 1e-3),
}


def check_plan(plan: TestPlan, envelope: Envelope, source: SourceLimits | None = None) -> list[Problem]:
    """Everything that is wrong with a plan for one holder and one instrument; empty if nothing.

    Args:
        plan: as written.
        envelope: of the holder.
        source: what the source meter can do; None for a cycler that runs the steps by itself.
    """
    narrow, problems = narrowed_envelope(plan, envelope)
    program, untranslated = compile_program(plan, narrow, source)
    problems += untranslated
    problems += _plan_problems(plan, narrow, source)
    for step in program:
        if isinstance(step, CurrentStep):
            problems += _current_problems(step, plan, narrow, source)
        elif isinstance(step, VoltageStep):
            problems += _voltage_problems(step, narrow, source)
        elif isinstance(step, RestStep):
            problems += _rest_problems(step, narrow, source)
        if source is not None and source.records and isinstance(step, CurrentStep | VoltageStep):
            problems += _sampling_problems(step, plan)
    if not untranslated:
        problems += _direction_problems(program)
    return problems


def narrowed_envelope(plan: TestPlan, envelope: Envelope) -> tuple[Envelope, list[Problem]]:
    """The envelope in force: the holder's, narrowed by the plan's own and by its protocol's ``safety``.

    Where the two ask for more than the holder allows, that is a problem, and the holder's limit stays.
    """
    problems: list[Problem] = []
    if plan.envelope is not None:
        wider = plan.envelope.wider_than(envelope)
        problems += [Problem(f"envelope.{name}", text) for name, text in wider.items()]
        envelope = _narrowed(envelope, plan.envelope, "envelope", problems)
    limits: dict[str, float] = {}
    for name, (limit, factor) in _SAFETY.items():
        value = getattr(plan.protocol.safety, name)
        if value is None:
            continue
        where, wanted = f"protocol.safety.{name}", float(value) * factor
        if limit not in ("voltage_min_V", "voltage_max_V") and not wanted > 0:
            problems.append(Problem(where, f"{value:g} leaves nothing that a test could do"))
            continue
        limits[limit] = wanted
        known = getattr(envelope, limit)
        if wanted < known if limit == "voltage_min_V" else wanted > known:
            unit = limit.rpartition("_")[2]
            problems.append(
                Problem(where, f"{wanted:g} {unit} lies outside the envelope, which ends at {known:g} {unit}")
            )
    return _narrowed(envelope, envelope.model_copy(update=limits), "protocol.safety", problems), problems


def _narrowed(envelope: Envelope, other: Envelope, where: str, problems: list[Problem]) -> Envelope:
    try:
        return envelope.narrowed(other)
    except ValueError as error:
        problems.append(Problem(where, str(error)))
        return envelope


def _plan_problems(plan: TestPlan, envelope: Envelope, source: SourceLimits | None) -> Iterator[Problem]:
    yield from _outside(envelope, "", temperature_degC=plan.temperature_degC)
    capacity_Ah = plan.capacity_Ah
    if capacity_Ah is not None and envelope.violations(capacity_Ah=capacity_Ah):
        text = f"a full charge of {capacity_Ah:g} Ah is more than the {envelope.capacity_max_Ah:g} Ah of the envelope"
        yield Problem("nominal_capacity", text)
    if source is None:
        return
    yield from _recording_problems(plan, source) if source.records else _polling_problems(plan, source)


def _polling_problems(plan: TestPlan, source: SourceLimits) -> Iterator[Problem]:
    if plan.period_s < PERIOD_MIN_S:
        yield Problem("poll_period", f"{plan.period_s:g} s is faster than a host polls, {PERIOD_MIN_S:g} s")
    yield from _watchdog_problems(source, plan.period_s, "poll_period")


def _recording_problems(plan: TestPlan, source: SourceLimits) -> Iterator[Problem]:
    most_s = source.recording_max_s or 0.0
    if not PERIOD_MIN_S <= plan.sampling_s <= most_s:
        span = f"{PERIOD_MIN_S:g} to {most_s:g} s"
        yield Problem("protocol.record.time_s", f"the source meter records every {span}, not {plan.sampling_s:g} s")
    if plan.poll_s is not None and plan.poll_s != plan.sampling_s:
        text = f"the source meter records by itself, every {plan.sampling_s:g} s as protocol.record says"
        yield Problem("poll_period", f"{text}; leave this out, and see look_period")
    yield from _watchdog_problems(source, plan.looking_s, "look_period")


def _watchdog_problems(source: SourceLimits, period_s: float, where: str) -> Iterator[Problem]:
    if source.watchdog_s is not None and source.watchdog_s < WATCHDOG_PERIODS * period_s:
        text = f"the watchdog of {source.watchdog_s:g} s trips within {WATCHDOG_PERIODS} polls of {period_s:g} s"
        yield Problem(where, f"{text}; poll more often or set the watchdog later")


def _current_problems(
    step: CurrentStep, plan: TestPlan, envelope: Envelope, source: SourceLimits | None
) -> Iterator[Problem]:
    where, current_A = step.where, step.current_A
    method = plan.protocol.method[int(where.rpartition(".")[2])]
    yield from _outside(envelope, where, until_voltage_V=step.voltage_V, until_time_s=step.time_s)
    own_V: float | None = getattr(method, "until_voltage_V", None)
    if current_A > 0 and own_V is None:
        yield Problem(f"{where}.until_voltage_V", "is missing: a charge needs a voltage at which it ends")
    found = envelope.violations(current_A=current_A)
    yield from (Problem(where, text) for text in found)
    if step.time_s is not None and own_V is None:  # else the time may be a cap that is never reached
        moved_Ah = abs(current_A) * step.time_s / 3600
        yield from (Problem(where, f"may move {text}") for text in envelope.violations(capacity_Ah=moved_Ah))
    if source is not None:
        yield from _source_problems(source, where, abs(current_A), step.voltage_V)
        if not found and envelope.violations(current_A=-current_A):
            yield Problem(where, f"{abs(current_A):g} A suits one direction only: a source meter's limit acts in both")
        if current_A < 0 and not source.discharges:
            yield Problem(where, "the source meter cannot draw a current from the cell")


def _voltage_problems(step: VoltageStep, envelope: Envelope, source: SourceLimits | None) -> Iterator[Problem]:
    yield from _outside(envelope, step.where, voltage_V=step.voltage_V, until_time_s=step.time_s)
    if step.until_A is not None and step.until_A >= step.limit_A:
        text = f"ends at {step.until_A:g} A, but no more than {step.limit_A:g} A flows from the beginning"
        yield Problem(step.where, text)
    if source is not None:
        yield from _source_problems(source, step.where, step.limit_A, step.voltage_V)


def _rest_problems(step: RestStep, envelope: Envelope, source: SourceLimits | None) -> Iterator[Problem]:
    yield from _outside(envelope, step.where, until_time_s=step.time_s)
    if source is not None and not source.discharges:
        yield Problem(step.where, "the source meter sees nothing of a cell at rest; it only charges")


def _sampling_problems(step: CurrentStep | VoltageStep, plan: TestPlan) -> Iterator[Problem]:
    """A step between two readings would leave no trace."""
    if step.time_s is not None and step.time_s < plan.sampling_s:
        text = f"{step.time_s:g} s are shorter than the {plan.sampling_s:g} s between two readings"
        yield Problem(f"{step.where}.until_time_s", f"{text}; change protocol.record.time_s")


def _source_problems(source: SourceLimits, where: str, current_A: float, voltage_V: float) -> Iterator[Problem]:
    if not source.current_min_A <= current_A <= source.current_max_A:
        span = f"{source.current_min_A:g} to {source.current_max_A:g} A"
        yield Problem(where, f"{current_A:g} A is outside of what the source meter can do, {span}")
    if not source.voltage_min_V <= voltage_V <= source.voltage_max_V:
        span = f"{source.voltage_min_V:g} to {source.voltage_max_V:g} V"
        yield Problem(where, f"{voltage_V:g} V is outside of what the source meter can do, {span}")


def _outside(
    envelope: Envelope,
    where: str,
    *,
    voltage_V: float | None = None,
    until_voltage_V: float | None = None,
    until_time_s: float | None = None,
    temperature_degC: float | None = None,
) -> Iterator[Problem]:
    places = {
        "voltage_V": envelope.violations(voltage_V=voltage_V),
        "until_voltage_V": envelope.violations(voltage_V=until_voltage_V),
        "until_time_s": envelope.violations(time_s=until_time_s),
        "temperature": envelope.violations(temperature_degC=temperature_degC),
    }
    for name, texts in places.items():
        yield from (Problem(f"{where}.{name}" if where else name, text) for text in texts)


def _direction_problems(program: Program) -> Iterator[Problem]:
    """A charge that ends below where the cell stands already, or a discharge above: most likely a wrong sign.

    Where the cell stands is known after a step that ends by voltage alone, and after a rest still on the same side. A
    current that time may end leads no further than to its voltage.
    """
    known_V: float | None = None
    bound_V: float | None = None  # where the last current leads
    came_up: bool | None = None  # to where it stands; None if that is not known
    for step in program:
        if isinstance(step, CurrentStep):
            up = step.current_A > 0
            if known_V is not None:
                backwards = step.voltage_V < known_V if up else step.voltage_V > known_V
                if backwards or (step.voltage_V == known_V and came_up is not None and up != came_up):
                    word = "charge" if up else "discharge"
                    text = (
                        f"a {word} to {step.voltage_V:g} V cannot follow {known_V:g} V; check the sign of the current"
                    )
                    yield Problem(f"{step.where}.until_voltage_V", text)
            known_V, bound_V, came_up = (step.voltage_V if step.time_s is None else None), step.voltage_V, up
        elif isinstance(step, VoltageStep):
            came_up = _comes_up(step.voltage_V, known_V, bound_V, came_up)
            known_V = bound_V = step.voltage_V
        elif isinstance(step, LoopStep):
            known_V = bound_V = came_up = None


def _comes_up(voltage_V: float, known_V: float | None, bound_V: float | None, came_up: bool | None) -> bool | None:
    """Whether a cell has to be charged to be held at a voltage; None if nobody can tell.

    Args:
        voltage_V: at which it is held.
        known_V: where it stands, if that is known.
        bound_V: where the current before leads, V; a charge ends no higher, a discharge no lower.
        came_up: whether that current charges.
    """
    if known_V is not None:
        return came_up if voltage_V == known_V else voltage_V > known_V
    if bound_V is None or came_up is None:
        return None
    is_beyond = voltage_V >= bound_V if came_up else voltage_V <= bound_V
    return came_up if is_beyond else None
