"""A bench with two cells, each under another kind of source meter, for tests of cycling."""

from galvanaut.instruments.cycling import plan as plans

ENVELOPE = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "10 mA",
    "maximum_discharge_current": "10 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 mAh",
    "maximum_time": "30 h",
}
CELL = {"cell": {"capacity": "4 mAh", "state_of_charge": "50 %"}, "envelope": ENVELOPE}
DESCRIPTION = {
    "name": "cells",
    "visa": "simulated",
    "holders": {"left": CELL, "right": CELL},
    "instruments": {
        "smu": {
            "driver": "keithley-2450",
            "resource": "TCPIP::192.0.2.20::5025::SOCKET",
            "wiring": {"channel": "left"},
        },
        "analyzer": {
            "driver": "keysight-n6705c",
            "resource": "TCPIP::192.0.2.21::5025::SOCKET",
            "wiring": {"channel": "right"},
            "settings": {"output": 2, "watchdog": "60 s"},
        },
    },
}
HOLDERS = ("left", "right")
CYCLE = [
    {"step": "open_circuit_voltage", "until_time_s": 600},
    {"step": "tag", "tag": "again"},
    {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.1},
    {"step": "constant_voltage", "voltage_V": 4.1, "until_rate_C": "C/20"},
    {"step": "open_circuit_voltage", "until_time_s": 600},
    {"step": "constant_current", "rate_C": "D/2", "until_voltage_V": 3.0},
    {"step": "open_circuit_voltage", "until_time_s": 600},
    {"step": "loop", "loop_to": "again", "cycle_count": 2},
]


def plan(method=CYCLE, record_s=10, **more):
    protocol = {"record": {"time_s": record_s}, "method": method, **more.pop("protocol", {})}
    return plans.TestPlan.model_validate({"nominal_capacity": "4 mAh", "protocol": protocol, **more})
