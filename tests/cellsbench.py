"""A small bench with cells on it, for tests of what guards them."""

from typing import Any

from contractlab import ContractLab
from galvanaut.instruments.envelope import Envelope

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
