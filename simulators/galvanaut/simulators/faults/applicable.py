"""Which faults an instrument can have, and in what their sizes are measured. All default sizes are illustrative."""

from __future__ import annotations

from galvanaut.core.errors import Problem
from galvanaut.core.units import magnitude
from galvanaut.simulators.faults.fault import KINDS, Fault

PUMPS = ("new-era-ne-1000",)
BALANCES = ("mettler-mt-sics", "sartorius-sbi")
CHAMBERS = ("watlow-f4t", "espec-p300")
SOURCES = ("keithley-2450", "keysight-n6705c", "keithley-2281s")
TESTERS = ("hioki-bt3562a",)
SCANNERS = ("keithley-daq6510",)
LCR_METERS = ("keysight-e4980a",)
ASSEMBLERS = ("virtual-assembler",)

_METERS = (*BALANCES, *CHAMBERS, *SOURCES, *TESTERS, *SCANNERS, *LCR_METERS)
_EVERY = (*PUMPS, *ASSEMBLERS, *_METERS)
_ONLY: dict[str, tuple[str, ...]] = {
    "sentinel": _METERS,
    "stuck reading": _METERS,
    "sensor drift": (*BALANCES, *CHAMBERS, *SOURCES, *TESTERS, *SCANNERS),
    "relay stuck closed": SOURCES,
    "over-voltage trip": SOURCES,
    "door open": CHAMBERS,
    "pump stall": PUMPS,
    "pump power cycle": PUMPS,
    "balance overload": BALANCES,
}
"""Kinds that not every instrument can have."""

_LATE_S, _LATE_BALANCE_S = "8 s", "70 s"  # longer than a host waits; for a stable weight it waits longer
_DRIFTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(BALANCES, ("10 mg/h",)),
    **dict.fromkeys(CHAMBERS, ("1 K/h",)),
    **dict.fromkeys((*SOURCES, *TESTERS), ("10 mV/h",)),
    **dict.fromkeys(SCANNERS, ("10 mV/h", "1 K/h")),
}
_BASE_UNITS = {"mg/h": "g/h", "mV/h": "V/h"}


def applicable(driver: str) -> tuple[str, ...]:
    """The kinds of fault that an instrument of this driver can have; none of an unknown driver."""
    return tuple(kind for kind in KINDS if driver in _ONLY.get(kind, _EVERY))


def size_of(fault: Fault, driver: str) -> tuple[float, str]:
    """The size of a fault and its unit (s, g/h, K/h or V/h); the unit is empty for a kind that has no size.

    Raises:
        ValueError: a size that this kind of fault cannot have.
    """
    usual = _usual_sizes(fault.fault, driver)
    if not usual:
        if fault.size is not None:
            raise ValueError(f"{fault.fault} has no size; leave it away")
        return 0.0, ""
    units = [_BASE_UNITS.get(unit, unit) for unit in (each.split()[1] for each in usual)]
    written = usual[0] if fault.size is None else fault.size
    for unit in units:
        try:
            value = magnitude(written, unit)
        except ValueError:
            continue
        if unit == "s" and value <= 0:
            raise ValueError(f"{written!r} is not a positive time")
        return value, unit
    raise ValueError(f"{written!r} is not the size of a {fault.fault}; expected something like {' or '.join(usual)}")


def problem_with(fault: Fault, drivers: dict[str, str]) -> Problem | None:
    """What makes a fault impossible on a bench.

    Args:
        fault: asked for.
        drivers: by instrument.
    """
    driver = drivers.get(fault.instrument)
    if driver is None:
        names = ", ".join(sorted(drivers)) or "none"
        return Problem("instrument", f"there is no instrument {fault.instrument!r}; there are {names}")
    if fault.fault not in applicable(driver):
        kinds = ", ".join(applicable(driver))
        message = f"{fault.instrument} ({driver}) cannot have the fault {fault.fault!r}; it can have: {kinds}"
        return Problem("instrument", message)
    try:
        size_of(fault, driver)
    except ValueError as error:
        return Problem("size", str(error))
    return None


def _usual_sizes(kind: str, driver: str) -> tuple[str, ...]:
    """What may be written, by unit; the first one is the default."""
    if kind == "late reply":
        return (_LATE_BALANCE_S if driver in BALANCES else _LATE_S,)
    if kind == "sensor drift":
        return _DRIFTS[driver]
    return {"power cut": ("2 s",), "door open": ("45 s",)}.get(kind, ())
