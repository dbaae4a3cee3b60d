"""Drivers of source meters and battery testers against simulated ones, over both transports.

The simulated instruments were written from the same tables by other hands. The contract is about words and bytes, and
about a cell being charged, held, discharged and let go; not about electrochemistry.
"""

import contextlib

import numpy as np
import pytest
import pyvisa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galvanaut.instruments import scpi
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import BadReadingError, InstrumentError, RefusedError
from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from plainchemistry import PlainChemistry

CELL = {"cell": {"capacity": "4 mAh", "state_of_charge": "50 %"}}
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
            "settings": {"output": 2, "watchdog": "30 s"},
        },
        "tester": {"driver": "hioki-bt3562a", "resource": "ASRL1::INSTR", "wiring": {"channel": "left"}},
    },
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
SOURCES = ("smu", "analyzer")


class Lab:
    """One simulated world and the drivers connected to it."""

    def __init__(self, state, transport, stack, description=DESCRIPTION):
        self.world = SimulatedBench.open(description, state, seed=1, chemistry=PlainChemistry())
        stack.callback(self.world.close)
        self.manager = pyvisa.ResourceManager(self.world.visa_library() if transport == "in-process" else "@py")
        if transport == "tcp":
            resources = stack.enter_context(serve(self.world))
            parts = description["instruments"].items()
            instruments = {name: part | {"resource": resources[name]} for name, part in parts}
            description = description | {"instruments": instruments}
        self.bench = Bench.model_validate(description)
        self.connected = self.connect()
        stack.callback(lambda: self.connected.close())

    def connect(self):
        return ConnectedBench.open(self.bench, self.manager)

    def pass_time(self, seconds):
        with self.world.lock:
            self.world.clock.spend(seconds)

    def poll(self, meter, seconds, every_s=10):
        """Let time pass with a measurement now and then, as a host does; the last one."""
        for _ in range(int(seconds / every_s)):
            self.pass_time(every_s)
            reading = meter.measure()
        return reading


@pytest.fixture(params=["in-process", "tcp"])
def lab(request, tmp_path):
    with contextlib.ExitStack() as stack:
        yield Lab(tmp_path / "world.db", request.param, stack)


@pytest.fixture(params=SOURCES)
def meter(lab, request):
    return lab.connected.source_meter(request.param)


@pytest.fixture
def tester(lab):
    return lab.connected.battery_tester("tester")


def test_everybody_is_who_the_bench_file_says(lab):
    models = {name: identity.model for name, identity in lab.connected.identities.items()}
    assert "2450" in models["smu"]
    assert "N6705" in models["analyzer"]
    assert "BT3562A" in models["tester"]


def test_a_cell_is_charged_and_let_go(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    assert not meter.is_on()
    meter.output(True)
    assert meter.is_on()
    reading = lab.poll(meter, 60)
    assert reading.current_A == pytest.approx(0.002, rel=1e-2)
    assert 3 < reading.voltage_V < 4.2
    assert meter.is_clamping()
    assert meter.protections() == []
    meter.output(False)
    assert not meter.is_on()


def test_at_its_voltage_the_cell_takes_less(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(4.0, 0.01)
    meter.output(True)
    reading = lab.poll(meter, 3 * 3600, every_s=20)
    assert reading.voltage_V == pytest.approx(4.0, abs=2e-3)
    assert abs(reading.current_A) < 0.005
    assert not meter.is_clamping()


def test_below_its_voltage_the_cell_is_discharged(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(2.5, 0.004)
    meter.output(True)
    reading = lab.poll(meter, 60)
    assert reading.current_A == pytest.approx(-0.004, rel=1e-2)
    assert meter.is_clamping()
    meter.configure(4.2, 0.001)
    assert lab.poll(meter, 20).current_A == pytest.approx(0.001, rel=1e-2)


def test_a_setting_outside_the_envelope_changes_nothing(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(4.1, 0.001)
    with pytest.raises(RefusedError, match=r"4\.3 V is outside the envelope"):
        meter.configure(4.3, 0.001)
    meter.output(True)
    assert lab.poll(meter, 20).voltage_V < 4.1001


def test_no_output_without_limits(meter):
    with pytest.raises(RefusedError, match="configure comes first"):
        meter.output(True)
    with pytest.raises(RefusedError, match="set_limits comes first"):
        meter.configure(4.2, 0.001)
    assert not meter.is_on()


def test_a_running_cell_is_found_again_after_a_restart(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    lab.connected.close()
    lab.connected = lab.connect()
    again = lab.connected.source_meter(str(meter))
    assert again.is_on()
    assert again.configured() == pytest.approx((4.2, 0.002), rel=1e-4)
    again.set_limits(ENVELOPE)
    again.configure(4.2, 0.001)
    assert lab.poll(again, 20).current_A == pytest.approx(0.001, rel=1e-2)
    again.make_safe()
    again.make_safe()
    assert not again.is_on()


def test_limits_of_another_cell_are_noticed_after_a_restart(lab, meter):
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    other = ENVELOPE.model_copy(update={"voltage_max_V": 5.5})
    with pytest.raises(InstrumentError, match="over-voltage protection should be"):
        meter.set_limits(other)
    meter.make_safe()
    meter.set_limits(other)


def test_the_cell_rests_when_the_output_is_off(lab, tester):
    meter = lab.connected.source_meter("smu")
    before = tester.measure()
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    lab.pass_time(3600)
    assert tester.measure()[1] == pytest.approx(before[1], abs=1e-4)
    meter.output(True)
    lab.poll(meter, 1800, every_s=60)
    meter.output(False)
    lab.pass_time(3600)
    rested_V = tester.measure()[1]
    assert rested_V > before[1] + 1e-3
    lab.pass_time(24 * 3600)
    assert tester.measure()[1] == pytest.approx(rested_V, abs=1e-3)


def test_the_tester_and_the_meter_see_one_cell(lab, tester):
    meter = lab.connected.source_meter("smu")
    meter.set_limits(ENVELOPE)
    rest_V = tester.measure()[1]
    meter.configure(rest_V, 0.001)
    meter.output(True)
    resistance_ohm, voltage_V = tester.measure()
    assert voltage_V == pytest.approx(meter.measure().voltage_V, abs=5e-3)
    assert 1 < resistance_ohm < 30


def test_readings_are_kept_by_the_meter(lab):
    meter = lab.connected.source_meter("smu")
    meter.clear_readings()
    assert meter.count_readings() == 0
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    seen = []
    for _ in range(30):
        lab.pass_time(10)
        seen.append(meter.measure())
    rows = meter.readings()
    assert rows.shape == (30, 3)
    np.testing.assert_allclose(rows, seen, rtol=1e-5)
    np.testing.assert_allclose(meter.readings(since=28), seen[28:], rtol=1e-5)
    np.testing.assert_allclose(np.diff(rows[:, 2]), 10, atol=0.5)
    meter.clear_readings()
    with pytest.raises(RefusedError, match="they were cleared"):
        meter.readings(since=30)


def test_a_silent_host_trips_the_watchdog(lab):
    meter = lab.connected.source_meter("analyzer")
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    lab.poll(meter, 120, every_s=20)
    assert meter.protections() == []
    lab.pass_time(40)
    assert meter.protections() == ["coupled protection or watchdog"]
    assert abs(meter.measure().current_A) < 1e-4
    with pytest.raises(RefusedError, match=r"is protected \(coupled protection or watchdog"):
        meter.output(True)
    meter.clear_protection()
    assert not meter.is_on()
    assert meter.protections() == []
    with pytest.raises(RefusedError, match="configure comes first"):
        meter.output(True)
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.001)
    meter.output(True)
    assert lab.poll(meter, 20).current_A == pytest.approx(0.001, rel=1e-2)


def test_an_over_voltage_stays_until_it_is_cleared(lab):
    meter = lab.connected.source_meter("analyzer")
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    scpi.apply(meter.link, ":VOLT:PROT 3,(@2)")
    assert meter.is_overvoltage()
    assert meter.protections() == ["over-voltage"]
    with pytest.raises(InstrumentError, match=r"over-voltage protection should be 4\.3 V but reads back 3 V"):
        meter.output(True)
    meter.clear_protection()
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    meter.output(True)
    assert lab.poll(meter, 20).current_A == pytest.approx(0.002, rel=1e-2)


@pytest.mark.parametrize(
    ("source", "command", "words"),
    [
        ("smu", ":OUTP:SMOD NORM", "output-off state should be HIMP but reads back NORM"),
        ("smu", ":SOUR:VOLT:PROT NONE", "over-voltage protection should be PROT5 but reads back NONE"),
        ("smu", ":SOUR:VOLT 4.4", r"voltage should be 4\.2 V but reads back 4\.4 V"),
        ("smu", ":SOUR:VOLT:ILIM 0.5", r"current limit should be 0\.002 A but reads back 0\.5 A"),
        ("smu", ":SENS:CURR:RSEN OFF", "remote sense should be True"),
        ("smu", "*RST", "output-off state should be HIMP"),
        ("analyzer", ":OUTP:PROT:WDOG OFF", "watchdog should be True"),
        ("analyzer", ":CURR:LIM 1,(@2)", r"current limit should be 0\.002 A but reads back 1 A"),
        ("analyzer", ":CURR:LIM:COUP OFF,(@2)", "tracking of the negative current limit should be True"),
        ("analyzer", "*RST", "should be"),
    ],
)
def test_what_somebody_changed_at_the_panel_is_noticed_before_the_output_goes_on(lab, source, command, words):
    meter = lab.connected.source_meter(source)
    meter.set_limits(ENVELOPE)
    meter.configure(4.2, 0.002)
    scpi.apply(meter.link, command)
    with pytest.raises(InstrumentError, match=words):
        meter.output(True)
    assert not meter.is_on()


def test_the_tester_tells_what_it_cannot_measure(tmp_path):
    parts = DESCRIPTION["instruments"]
    changed = {
        "tester": parts["tester"] | {"settings": {"resistance_range": "30 mohm"}},
        "empty": parts["tester"] | {"resource": "ASRL2::INSTR", "wiring": {"channel": "nothing"}},
    }
    description = DESCRIPTION | {"holders": DESCRIPTION["holders"] | {"nothing": {}}, "instruments": parts | changed}
    with contextlib.ExitStack() as stack:
        connected = Lab(tmp_path / "world.db", "in-process", stack, description).connected
        with pytest.raises(BadReadingError, match=r"resistance is beyond its range.*0\.03 ohm"):
            connected.battery_tester("tester").measure()
        with pytest.raises(BadReadingError, match=r"resistance could not be measured.*check leads"):
            connected.battery_tester("empty").measure()
        with pytest.raises(RefusedError, match="too far from zero"):
            connected.battery_tester("empty").zero()


@pytest.mark.parametrize(
    "settings",
    [
        {"resistance_range": range_, "rate": rate, "mains": mains}
        for range_, rate, mains in zip(
            ("3 mohm", "300 mohm", "3 ohm", "30 ohm", "300 ohm", "3 kohm"),
            ("extra fast", "fast", "medium", "slow", "slow", "slow"),
            ("auto", "50 Hz", "60 Hz", "auto", "auto", "auto"),
            strict=True,
        )
    ],
)
def test_the_tester_takes_every_setting(tmp_path, settings):
    tester = DESCRIPTION["instruments"]["tester"] | {"settings": settings}
    with contextlib.ExitStack() as stack:
        Lab(tmp_path / "world.db", "in-process", stack, DESCRIPTION | {"instruments": {"tester": tester}})


@pytest.mark.parametrize(("model", "current_A"), [("2450", 1.0), ("2460", 4.0), ("2461", 4.0), ("2470", 1.0)])
def test_the_whole_family_takes_its_limits(tmp_path, model, current_A):
    part = DESCRIPTION["instruments"]["smu"] | {"settings": {"model": model, "four_wire": False, "terminals": "front"}}
    wide = ENVELOPE.model_copy(update={"charge_max_A": 10.0, "discharge_max_A": 10.0})
    with contextlib.ExitStack() as stack:
        lab = Lab(tmp_path / "world.db", "in-process", stack, DESCRIPTION | {"instruments": {"smu": part}})
        assert model in lab.connected.identities["smu"].model
        meter = lab.connected.source_meter("smu")
        meter.set_limits(wide)
        meter.configure(4.2, current_A)
        meter.configure(2.5, 1e-5)
        with pytest.raises(RefusedError, match="only up to"):
            meter.configure(4.2, 8)


ACTIONS = {
    "limits": lambda meter: meter.set_limits(ENVELOPE),
    "charge": lambda meter: meter.configure(4.2, 0.002),
    "discharge": lambda meter: meter.configure(2.5, 0.01),
    "too high": lambda meter: meter.configure(4.3, 0.002),
    "on": lambda meter: meter.output(True),
    "off": lambda meter: meter.output(False),
    "measure": lambda meter: meter.measure(),
    "set up": lambda meter: meter.set_up(),
    "safe": lambda meter: meter.make_safe(),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(ACTIONS)), max_size=12), source=st.sampled_from(SOURCES))
def test_whatever_is_called_no_error_is_left_and_the_output_is_off_at_the_end(tmp_path_factory, names, source):
    with contextlib.ExitStack() as stack:
        one = Lab(tmp_path_factory.mktemp("world") / "world.db", "in-process", stack)
        meter = one.connected.source_meter(source)
        with one.connected:
            for name in names:
                with contextlib.suppress(RefusedError):
                    ACTIONS[name](meter)
            assert scpi.read_errors(meter.link) == []
        one.connected = one.connect()
        meter = one.connected.source_meter(source)
        assert not meter.is_on()
        assert scpi.read_errors(meter.link) == []
