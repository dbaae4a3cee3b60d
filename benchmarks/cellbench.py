"""A simulated bench of many cells on charge, one source meter each, with the real drivers connected in-process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import pyvisa

from galvanaut.instruments.drivers.registry import driver_class
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.link import Link
from galvanaut.instruments.roles import SourceMeter
from galvanaut.simulators.bench import SimulatedBench

DRIVER_SETTINGS: dict[str, dict[str, Any]] = {
    "keithley-2450": {"integration_cycles": 0.1},  # 2 ms a reading, so that 256 of them fit into one second
    "keysight-n6705c": {"watchdog": "120 s"},
}
ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "10 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "30 h",
    }
)


class Meter(SourceMeter, Protocol):
    """A source meter's driver, with its link."""

    link: Link


def describe(driver: str, channels: int) -> dict[str, Any]:
    """A bench file: as many cells as channels, a meter of one kind on each."""
    cell = {"capacity": "4 mAh", "state_of_charge": "20 %"}
    return {
        "name": "cells",
        "visa": "simulated",
        "holders": {f"cell_{number}": {"cell": cell} for number in range(channels)},
        "instruments": {
            f"meter_{number}": {
                "driver": driver,
                "resource": resource_of(number),
                "wiring": {"channel": f"cell_{number}"},
                "settings": DRIVER_SETTINGS[driver],
            }
            for number in range(channels)
        },
    }


def resource_of(number: int) -> str:
    """A resource of its own for each meter."""
    return f"TCPIP0::192.0.2.1::{5025 + number}::SOCKET"


def connect(manager: pyvisa.ResourceManager, driver: str, channels: int) -> list[Meter]:
    """Open, identify and set up all meters; what they do goes on undisturbed."""
    return [connect_one(manager, driver, number) for number in range(channels)]


def connect_one(manager: pyvisa.ResourceManager, driver: str, number: int) -> Meter:
    """Open, identify and set up one meter."""
    kind = driver_class(driver)
    settings = kind.Settings.model_validate(DRIVER_SETTINGS[driver])
    link = Link.open(manager, resource_of(number), kind.framing(settings), f"meter_{number}", kind.model)
    meter = kind(link, settings)
    meter.identify()
    meter.set_up()
    return cast("Meter", meter)


def charge(meters: Sequence[SourceMeter]) -> None:
    """Charge every cell with 1 mA up to 4.15 V: three hours at constant current, from then on at constant voltage."""
    for meter in meters:
        meter.set_limits(ENVELOPE)
        meter.configure(4.15, 1e-3)
        meter.output(True)


@contextmanager
def charging(driver: str, channels: int, state: Path) -> Iterator[tuple[SimulatedBench, list[Meter]]]:
    """The bench with all its cells on charge, and its drivers; the cells are let go at the end."""
    bench = SimulatedBench.open(describe(driver, channels), state, seed=1)
    try:
        meters = connect(pyvisa.ResourceManager(bench.visa_library()), driver, channels)
        charge(meters)
        yield bench, meters
        for meter in meters:
            meter.make_safe()
            meter.link.close()
    finally:
        bench.close()
