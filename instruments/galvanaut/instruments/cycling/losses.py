"""What is lost when a protocol is written for another program: what must be refused, and what has to be told.

unicycler's exporters raise where a step has no counterpart. What follows here they pass over in silence; each was found
by reading aurora-unicycler 0.4.6 and is pinned by a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from aurora_unicycler import ConstantCurrent, ConstantVoltage, CyclingProtocol, ImpedanceSpectroscopy, Tag

from galvanaut.core.errors import Problem

if TYPE_CHECKING:
    from aurora_unicycler import Step

    from galvanaut.instruments.cycling.plan import TestPlan

Target = Literal["neware", "biologic", "tomato", "pybamm", "unicycler"]

_IN_AMPERES = ("neware", "biologic", "tomato")
"""Targets whose files hold currents, so that a C-rate needs a capacity; the others keep C-rates."""
_TOMATO_MAX_MA, _TOMATO_MAX_V = 10.0, 5.0
"""Ranges that the exporter writes into every step for tomato, whatever the step asks for."""
_BIOLOGIC_MIN_HZ = 1e-3
"""A lower frequency is left empty in the file for EC-Lab."""
_BIOLOGIC_MIN_UNTIL_MA = 5e-4
"""A lower current at the end of a hold is rounded to zero there."""


def refused(protocol: CyclingProtocol, target: Target) -> Iterator[Problem]:
    """What would be another protocol in the target's file.

    Args:
        protocol: made plain: nothing set to zero but voltages, no current beside a C-rate.
        target: whose file.
    """
    yield from _without_capacity(protocol, target)
    if target == "biologic" and not _is_cp1252(protocol.sample.name):
        yield Problem("protocol.sample.name", f"{protocol.sample.name!r} has characters that EC-Lab cannot read")
    capacity_mAh = protocol.sample.capacity_mAh or 0.0
    before: Step | None = None
    for number, step in enumerate(protocol.method):
        where = f"protocol.method.{number}"
        yield from _meaningless(step, where)
        if target == "tomato":
            yield from _beyond_tomato(step, capacity_mAh, where)
        elif target == "biologic":
            yield from _beyond_biologic(step, capacity_mAh, where)
        elif target == "neware" and isinstance(step, ConstantVoltage):
            yield from _aimless_hold(step, before, where)
        before = before if isinstance(step, Tag) else step


def _meaningless(step: Step, where: str) -> Iterator[Problem]:
    for field in ("voltage_V", "until_voltage_V"):
        if getattr(step, field, None) == 0:
            yield Problem(f"{where}.{field}", "0 V counts as not set in unicycler; give a voltage above zero")
    time_s = getattr(step, "until_time_s", None)
    if time_s is not None and not 0 < time_s < float("inf"):
        yield Problem(f"{where}.until_time_s", f"{time_s:g} s is not a time above zero")


def _without_capacity(protocol: CyclingProtocol, target: Target) -> Iterator[Problem]:
    if target not in _IN_AMPERES or protocol.sample.capacity_mAh:
        return
    for number, step in enumerate(protocol.method):
        for field in ("rate_C", "until_rate_C"):
            if getattr(step, field, None) is not None:
                text = f"a C-rate needs a capacity for {target}; give nominal_capacity, or --capacity such as '4 mAh'"
                yield Problem(f"protocol.method.{number}.{field}", text)
                return  # once is enough: one capacity mends them all


def _is_cp1252(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _beyond_tomato(step: Step, capacity_mAh: float, where: str) -> Iterator[Problem]:
    if isinstance(step, ConstantVoltage) and step.until_current_mA is not None:
        text = "is not written for tomato, which ends a hold by C-rate or time; give until_rate_C"
        yield Problem(f"{where}.until_current_mA", text)
    if isinstance(step, ConstantCurrent):
        current_mA = _mA(step.rate_C, step.current_mA, capacity_mAh)
        if abs(current_mA) > _TOMATO_MAX_MA:
            yield Problem(where, f"{current_mA:g} mA is more than the range of {_TOMATO_MAX_MA:g} mA in tomato's file")
    for field in ("voltage_V", "until_voltage_V"):
        voltage_V = getattr(step, field, None)
        if voltage_V is not None and abs(voltage_V) > _TOMATO_MAX_V:
            text = f"{voltage_V:g} V is more than the range of {_TOMATO_MAX_V:g} V in tomato's file"
            yield Problem(f"{where}.{field}", text)


def _beyond_biologic(step: Step, capacity_mAh: float, where: str) -> Iterator[Problem]:
    if isinstance(step, ConstantVoltage):
        until_mA = abs(_mA(step.until_rate_C, step.until_current_mA, capacity_mAh))
        if 0 < until_mA < _BIOLOGIC_MIN_UNTIL_MA:
            yield Problem(where, f"ends at {until_mA:g} mA, which EC-Lab's file rounds to zero: it would never end")
    elif isinstance(step, ImpedanceSpectroscopy):
        lowest_Hz = min(step.start_frequency_Hz, step.end_frequency_Hz)
        if lowest_Hz < _BIOLOGIC_MIN_HZ:
            yield Problem(where, f"{lowest_Hz:g} Hz is below the {_BIOLOGIC_MIN_HZ:g} Hz that EC-Lab's file can say")


def _mA(rate_C: float | None, current_mA: float | None, capacity_mAh: float) -> float:
    return rate_C * capacity_mAh if rate_C is not None else current_mA or 0.0


def _aimless_hold(step: ConstantVoltage, before: Step | None, where: str) -> Iterator[Problem]:
    """Neware knows a hold that charges and one that discharges; without a last current it is written as a charge."""
    if step.until_rate_C is None and step.until_current_mA is None and not _follows(step, before, charge=True):
        text = "gives no last current, and Neware's file takes its sign for the direction; give until_rate_C"
        yield Problem(where, text)


def _follows(step: ConstantVoltage, before: Step | None, charge: bool | None = None) -> bool:
    """Whether a current to the same voltage comes before a hold, so that its own current is the largest of both."""
    if not isinstance(before, ConstantCurrent) or before.until_voltage_V != step.voltage_V:
        return False
    return charge is None or ((before.rate_C or before.current_mA or 0) > 0) == charge


def unsaid(plan: TestPlan, protocol: CyclingProtocol, target: Target) -> Iterator[Problem]:
    """What of a plan the target's file does not say.

    Args:
        plan: as written.
        protocol: as written into the file.
        target: whose file.
    """
    written = plan.as_json()
    for name, field in type(plan).model_fields.items():
        place = str(field.alias or name)
        if name not in plan.model_fields_set or place not in written or name in ("protocol", "nominal_capacity_Ah"):
            continue
        value = written[place]
        what = "its values are" if isinstance(value, dict) else f"{value} is"
        yield Problem(place, f"{what} not in the file")
    if target == "unicycler":
        return
    yield from _unsaid_safety(protocol, target)
    before: Step | None = None
    for number, step in enumerate(protocol.method):
        if isinstance(step, ConstantVoltage) and not _follows(step, before):
            text = "follows no current to the same voltage: the largest current of this hold is not in the file"
            yield Problem(f"protocol.method.{number}", text)
        before = before if isinstance(step, Tag) else step
    if target == "pybamm":
        yield from _unsaid_pybamm(protocol)


def _unsaid_safety(protocol: CyclingProtocol, target: Target) -> Iterator[Problem]:
    limits = protocol.safety.model_dump(exclude_none=True)
    if target == "neware":
        return
    if target == "biologic":
        limits = {name: value for name, value in limits.items() if name == "max_capacity_mAh"}
    if limits:
        listed = ", ".join(f"{name} {value:g}" for name, value in limits.items())
        yield Problem("protocol.safety", f"not in the file: {listed}")


def _unsaid_pybamm(protocol: CyclingProtocol) -> Iterator[Problem]:
    yield Problem("protocol.record", "is not in the file; PyBaMM has a period of its own")
    steps = protocol.method
    if any(getattr(step, name, None) is not None for step in steps for name in ("rate_C", "until_rate_C")):
        yield Problem("nominal_capacity", "PyBaMM's C-rates refer to the nominal capacity of its parameters")
    driven = [step for step in steps if isinstance(step, ConstantCurrent | ConstantVoltage)]
    if any(step.until_time_s is None for step in driven):
        yield Problem("protocol.method", "steps without until_time_s end in PyBaMM after its own longest time, 24 h")
