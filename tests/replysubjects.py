"""Which instruments, which of their methods, and which results they may return, for fuzzing their replies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from galvanaut.instruments.drivers import driver_class
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.roles import Identity
from galvanaut.simulators.bench import DEVICES

Act = Callable[[Any], object]
Accepts = Callable[[Any], bool]


@dataclass(frozen=True)
class Call:
    """One method of one driver.

    Attributes:
        name: of the case.
        act: makes the call.
        accepts: whether a result is one that the instrument can have meant.
        before: calls that bring the driver to the state in which this one makes sense.
    """

    name: str
    act: Act
    accepts: Accepts
    before: tuple[Act, ...] = ()


def _part(driver: str, number: int, wiring: dict[str, Any], **fields: Any) -> dict[str, Any]:
    serial = driver.startswith(("new-era", "mettler", "sartorius", "espec", "hioki"))
    resource = f"ASRL{number}::INSTR" if serial else f"TCPIP::192.0.2.{number}::5025::SOCKET"
    return {"driver": driver, "resource": resource, "wiring": wiring, "settings": fields}


PUMP = {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"}
CHAMBER = {"minimum": "-20 degC", "maximum": "60 degC"}
CELL = {"cell": {"capacity": "4 mAh", "state_of_charge": "50 %"}}
DESCRIPTION: dict[str, Any] = {
    "name": "fuzz",
    "visa": "simulated",
    "stocks": {"KCl": {"composition": {"H2O": 0.9926, "KCl": 0.0074}, "density": "1.002 g/mL", "available": "2 L"}},
    "vessels": {"mixer": {"capacity": "40 mL"}, "cell": {"capacity": "0.3 mL"}},
    "holders": {"left": CELL, "right": CELL, "middle": {"cell": {"capacity": "3 Ah", "state_of_charge": "50 %"}}},
    "instruments": {
        "pump": _part("new-era-ne-1000", 1, {"draws": "KCl", "into": "cell"}, **PUMP),
        "guarded_pump": _part("new-era-ne-1000", 2, {"draws": "KCl", "into": "mixer"}, **PUMP, safe_mode="30 s"),
        "mettler": _part("mettler-mt-sics", 3, {"weighs": "mixer"}),
        "sartorius": _part("sartorius-sbi", 4, {"weighs": "mixer"}, stable_timeout="3 s"),
        "watlow": _part("watlow-f4t", 5, {"houses": "cell"}, **CHAMBER, enable_output=1),
        "espec": _part("espec-p300", 6, {"houses": "mixer"}, **CHAMBER, low_limit="-25 degC", high_limit="65 degC"),
        "lcr": _part("keysight-e4980a", 7, {"connects": "cell"}),
        "lcr_list": _part("keysight-e4980a", 13, {"connects": "cell"}, experimental=True),
        "smu": _part("keithley-2450", 8, {"channel": "left"}),
        "analyzer": _part("keysight-n6705c", 9, {"channel": "right"}),
        "charger": _part("keithley-2281s", 12, {"channel": "middle"}),
        "tester": _part("hioki-bt3562a", 10, {"channel": "left"}),
        "watch": _part("keithley-daq6510", 11, {}, temperatures={"left": 101, "right": 102}, voltages={"left": 111}),
    },
}  # fmt: skip
if "virtual-assembler" in DEVICES:
    DESCRIPTION["holders"]["spare"] = {}
    wired = {"fills_from": "mixer", "loads": ["spare"]}
    DESCRIPTION["instruments"]["assembler"] = _part("virtual-assembler", 14, wired)
COIN = {
    "minimum_voltage": "2.5 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "10 mA",
    "maximum_discharge_current": "10 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "5 mAh",
    "maximum_time": "30 h",
}
POUCH = COIN | {"maximum_charge_current": "2 A", "maximum_discharge_current": "2 A", "maximum_capacity": "5 Ah"}
_COIN, _POUCH = Envelope.model_validate(COIN), Envelope.model_validate(POUCH)


def _between(low: float, high: float) -> Accepts:
    return lambda value: isinstance(value, float) and math.isfinite(value) and low <= value <= high


def _nothing(value: Any) -> bool:
    return value is None


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word for word in value)


def _name_or_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(value))


def _identity(value: Any) -> bool:
    return isinstance(value, Identity) and bool(value.model)


def _impedance(value: Any) -> bool:
    return all(abs(complex(one)) < 2e12 for one in np.atleast_1d(value))


def _current_and_voltage(value: Any) -> bool:
    time_ok = value.time_s is None or 0 <= value.time_s < 1e10
    return abs(value.voltage_V) <= 21 and abs(value.current_A) <= 21 and time_ok


def _rows(value: Any) -> bool:
    is_none = np.isnan(value[:, :2]).all(axis=1)  # marked as no measurement, as a whole
    within = (np.isfinite(value) & (np.abs(value) <= [21, 21, 1e9])).all(axis=1)
    return bool((is_none | within).all() and value.shape[1] == 3)


def _tester(value: Any) -> bool:
    return abs(value[0]) <= 3.2e3 and abs(value[1]) <= 300


def _scan(value: Any) -> bool:
    temperatures = all(-273.15 <= one <= 2000 for one in value.temperatures_degC.values())
    return temperatures and all(abs(one) <= 1000 for one in value.voltages_V.values())


def _prepare(pump: Any) -> None:
    pump.stop()
    pump.prepare(2.5)


def _is_for_pouches(meter: Any) -> bool:
    return "2281S" in str(meter.model)


def _limits(meter: Any) -> None:
    meter.output(False)
    meter.set_limits(_POUCH if _is_for_pouches(meter) else _COIN)


def _configure(meter: Any) -> None:
    meter.configure(4.2, 0.5 if _is_for_pouches(meter) else 0.002)


def _on(meter: Any) -> None:
    meter.output(True)


def _measure(meter: Any) -> object:
    return meter.measure()


_COMMON = (
    Call("identify", lambda d: d.identify(), _identity),
    Call("set_up", lambda d: d.set_up(), _nothing),
    Call("make_safe", lambda d: d.make_safe(), _nothing),
)
_RUNNING = (_limits, _configure, _on)
_STATES = ("infusing", "withdrawing", "stopped", "paused", "waiting", "purging")
_ROLES: dict[str, tuple[Call, ...]] = {
    "pump": (
        Call("prepare", lambda d: d.prepare(1.5), _between(1.5, 1.5)),
        Call("start", lambda d: d.start(), _nothing, (_prepare,)),
        Call("state", lambda d: d.state(), lambda value: value in _STATES, (_prepare, lambda d: d.start())),
        Call("dispensed", lambda d: d.dispensed_mL(), _between(0, 1e5), (_prepare, lambda d: d.start())),
        Call("stop", lambda d: d.stop(), _nothing, (_prepare, lambda d: d.start())),
        Call("make_safe running", lambda d: d.make_safe(), _nothing, (_prepare, lambda d: d.start())),
    ),
    "balance": (
        Call("weigh", lambda d: d.weigh_g(), _between(-1e6, 1e6)),
        Call("immediate", lambda d: d.immediate_g(), _between(-1e6, 1e6)),
        Call("tare", lambda d: d.tare(), _nothing),
        Call("zero", lambda d: d.zero(), _nothing),
    ),
    "chamber": (
        Call("set_temperature", lambda d: d.set_temperature(30.0), _nothing),
        Call("temperature", lambda d: d.temperature_degC(), _between(-273.15, 1000)),
        Call("setpoint", lambda d: d.setpoint_degC(), _between(-273.15, 1000)),
        Call("run", lambda d: d.run(), _nothing),
        Call("is_running", lambda d: d.is_running(), _truth, (lambda d: d.run(),)),
        Call("make_safe running", lambda d: d.make_safe(), _nothing, (lambda d: d.run(),)),
    ),
    "impedance meter": (
        Call("configure", lambda d: d.configure(0.02, "LONG", 2), _nothing),
        Call("impedance", lambda d: d.impedance(1e4), _impedance),
        Call("sweep", lambda d: d.sweep([1e3, 1e4, 1e5]), lambda value: value.shape == (3,) and _impedance(value)),
    ),
    "source meter": (
        Call("set_limits", _limits, _nothing),
        Call("configure", _configure, _nothing, (_limits,)),
        Call("output on", _on, _nothing, (_limits, _configure)),
        Call("output off", lambda d: d.output(False), _nothing, _RUNNING),
        Call("is_on", lambda d: d.is_on(), _truth, _RUNNING),
        Call("measure", _measure, _current_and_voltage, _RUNNING),
        Call("is_clamping", lambda d: d.is_clamping(), _truth, _RUNNING),
        Call("is_overvoltage", lambda d: d.is_overvoltage(), _truth, _RUNNING),
        Call("protections", lambda d: d.protections(), _words, _RUNNING),
        Call("make_safe running", lambda d: d.make_safe(), _nothing, _RUNNING),
    ),
    "battery tester": (
        Call("measure", lambda d: d.measure(), _tester),
        Call("zero", lambda d: d.zero(), _nothing),
    ),
    "thermometer": (Call("scan", lambda d: d.scan(), _scan),),
    "assembler": (
        Call("is_busy", lambda d: d.is_busy(), _truth),
        Call("outcome", lambda d: d.outcome("nobody"), _nothing),
        Call("cell_in", lambda d: d.cell_in("spare"), _name_or_nothing),
    ),
}
_MORE: dict[str, tuple[Call, ...]] = {
    "espec-p300": (
        Call("alarms", lambda d: d.alarms(), lambda value: all(0 <= code < 10**6 for code in value)),
        Call("mode", lambda d: d.mode(), lambda value: value in ("OFF", "STANDBY", "CONSTANT", "RUN")),
    ),
    "keithley-2450": (
        Call("count_readings", lambda d: d.count_readings(), lambda value: value >= 0, (*_RUNNING, _measure)),
        Call("readings", lambda d: d.readings(), _rows, (*_RUNNING, _measure, _measure, _measure)),
        Call("clear_readings", lambda d: d.clear_readings(), _nothing),
    ),
    "keysight-n6705c": (Call("clear_protection", lambda d: d.clear_protection(), _nothing, (_limits,)),),
}


def calls_of(driver: str) -> tuple[Call, ...]:
    """Every method of a driver's role, and those that are its own."""
    return (*_COMMON, *_ROLES[driver_class(driver).role], *_MORE.get(driver, ()))
