"""A small bench with cells on it, for tests of what guards them."""

from typing import Any

from contractlab import ContractLab
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.guard.places import places_of
from galvanaut.instruments.guard.supervision import PERIOD_S, Supervisor
from galvanaut.instruments.roles import Scan

LIMITS = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "10 mA",
    "maximum_discharge_current": "10 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 mAh",
    "maximum_time": "30 h",
}
ENVELOPE = Envelope.model_validate(LIMITS)
HOLDER = {"cell": {"capacity": "4 mAh", "state_of_charge": "50 %"}, "envelope": LIMITS}
DESCRIPTION: dict[str, Any] = {
    "name": "cells",
    "visa": "simulated",
    "vessels": {"mixer": {"capacity": "40 mL"}, "beaker": {"capacity": "1 L"}},
    "holders": {"left": HOLDER, "right": HOLDER},
    "instruments": {
        "watch": {
            "driver": "keithley-daq6510",
            "resource": "TCPIP::192.0.2.22::5025::SOCKET",
            "wiring": {},
            "settings": {
                "temperatures": {"left": 101, "chamber": 102, "room": 103},
                "voltages": {"left": 111, "right": 112},
            },
        },
        "chamber": {
            "driver": "espec-p300",
            "resource": "ASRL3::INSTR",
            "wiring": {"houses": "left"},
            "settings": {"minimum": "-20 degC", "maximum": "80 degC", "low_limit": "-25 degC", "high_limit": "85 degC"},
        },
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL2::INSTR",
            "wiring": {"draws": "mixer", "into": "beaker"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "1 mL/min"},
        },
        "analyzer": {
            "driver": "keysight-n6705c",
            "resource": "TCPIP::192.0.2.21::5025::SOCKET",
            "wiring": {"channel": "right"},
            "settings": {"output": 2, "watchdog": "30 s"},
        },
        "smu": {
            "driver": "keithley-2450",
            "resource": "TCPIP::192.0.2.20::5025::SOCKET",
            "wiring": {"channel": "left"},
        },
    },
}
"""Five instruments; the two source meters stand last and have a cell each, one of them in the chamber."""


def charging(lab: ContractLab, name: str, voltage_V: float = 4.1, current_A: float = 0.002) -> None:
    """Let a source meter of the bench charge its cell."""
    meter = lab.connected.source_meter(name)
    meter.set_limits(ENVELOPE)
    meter.configure(voltage_V, current_A)
    meter.output(True)


def supervisor(lab, alarms):
    """What the station makes of the bench's thermometer; alarms go to a list."""
    connected = lab.connected
    return Supervisor(
        "watch",
        connected.thermometer("watch"),
        places_of(connected.bench, "watch"),
        connected.make_safe,
        alarms.append,
        lab.world.clock,
        {"chamber": connected.chamber("chamber")},
        lambda: connected.reopen("watch"),
    )


def looks(one, lab, count):
    """So many looks, at their distance."""
    for _ in range(count):
        one.look()
        lab.pass_time(PERIOD_S)


def current_A(lab, holder):
    """Into the cell, as the world knows it."""
    return lab.world.world.holders.at(holder, lab.world.clock.now()).current_A


def showing(lab, monkeypatch, **places):
    """The thermometer shows other values at some places; a list is a value for each scan, the last one for ever."""
    watch = lab.connected.driver("watch")
    scan = watch.scan

    def changed():
        true = scan()
        shown = {key: value.pop(0) if len(value) > 1 else value[0] for key, value in places.items()}
        temperatures = {k: shown.get(f"T_{k}", v) for k, v in true.temperatures_degC.items()}
        return Scan(temperatures, {k: shown.get(f"V_{k}", v) for k, v in true.voltages_V.items()})

    monkeypatch.setattr(watch, "scan", changed)
