"""QCoDeS' own drivers, unchanged, on the simulated 2450 and E4980A, over TCP through pyvisa-py.

Runs where QCoDeS is installed: ``uv run --group interop pytest tests/interop``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pyvisa

from galvanaut.simulators.bench import SimulatedBench

pytest.importorskip("qcodes", reason="QCoDeS is in the dependency group interop")
pytestmark = pytest.mark.interop
NO_ERROR = '0,"No error;0;0 0"'


@pytest.fixture
def keithley(resources) -> Iterator[Any]:
    from qcodes.instrument_drivers.Keithley import Keithley2450

    meter = Keithley2450("keithley", resources["smu"], visalib="@py", terminator="\n")
    yield meter
    meter.close()


@pytest.fixture
def lcr(resources) -> Iterator[Any]:
    from qcodes.instrument_drivers.Keysight import KeysightE4980A

    meter = KeysightE4980A("lcr", resources["lcr"], visalib="@py", terminator="\n")
    yield meter
    meter.close()


def fill_the_flow_cell(bench: SimulatedBench) -> None:
    """With 5 mL from the bottle, more than it holds."""
    manager = pyvisa.ResourceManager(bench.visa_library())
    ends = {"write_termination": "\r", "read_termination": "\x03", "baud_rate": 19200}
    pump: Any = manager.open_resource(bench.spec.instruments["pump"].resource, **ends)
    for message in ("0", "0DIA26.59", "0VOLML", "0RAT10MM", "0DIRINF", "0VOL5", "0RUN"):
        assert "?" not in pump.query(message) or message == "0"  # the first reply is the alarm of its power-up
    pump.close()
    with bench.lock:
        bench.clock.spend(60)


def charge(keithley: Any) -> None:
    """As a voltage source of 4.2 V with a limit of 2 mA, which a cell below that draws in full."""
    keithley.source_function("voltage")
    keithley.sense_function("current")
    keithley.source.range(20)
    keithley.source.limit(2e-3)
    keithley.source.voltage(4.2)
    keithley.source.read_back_enabled(True)
    keithley.sense.four_wire_measurement(True)
    keithley.sense.auto_range(True)
    keithley.output_enabled(True)


def test_identify(keithley) -> None:
    found = keithley.get_idn()
    assert (found["vendor"], found["model"], found["serial"]) == ("KEITHLEY INSTRUMENTS", "2450", "SIMULATED")


def test_settings_read_back_as_set(keithley) -> None:
    charge(keithley)
    assert (keithley.source_function(), keithley.sense_function()) == ("voltage", "current")
    source, sense = keithley.source, keithley.sense
    assert (source.range(), source.limit(), source.voltage()) == (20, 2e-3, 4.2)
    assert source.read_back_enabled() is True
    assert sense.four_wire_measurement() is True
    assert sense.auto_range() is True
    assert keithley.output_enabled() is True
    assert keithley.line_frequency() == "50"
    assert keithley.ask(":SYST:ERR?") == NO_ERROR


def test_measure_the_current_of_a_charge(keithley) -> None:
    charge(keithley)
    assert keithley.sense.current() == 2e-3
    assert keithley.source.limit_tripped() is True
    keithley.output_enabled(False)
    assert keithley.output_enabled() is False
    assert keithley.ask(":SYST:ERR?") == NO_ERROR


def test_measure_the_voltage_of_a_cell_as_a_current_source(keithley) -> None:
    keithley.source_function("current")
    keithley.sense_function("voltage")
    keithley.source.limit(4.3)
    keithley.sense.four_wire_measurement(True)
    keithley.source.current(0)
    keithley.output_enabled(True)
    assert keithley.sense.voltage() == pytest.approx(3.63, abs=1e-3)
    assert keithley.ask(":SYST:ERR?") == NO_ERROR


def test_read_the_buffer(keithley) -> None:
    charge(keithley)
    buffer = keithley.buffer("defbuffer1")
    buffer.size(100)
    assert buffer.size() == 100
    read = [keithley.sense.current() for _ in range(3)]
    assert buffer.number_of_readings() == 3
    assert [float(value) for value in buffer.get_data(1, 3)] == read
    buffer.elements(["measurement", "relative_time", "source_value"])
    current_A, time_s, voltage_V = (float(value) for value in buffer.get_data(3, 3))
    assert (current_A, time_s > 0, 3.5 < voltage_V < 4.2) == (2e-3, True, True)
    assert float(buffer.get_last_reading().split(",")[0]) == 2e-3
    buffer.clear_buffer()
    assert buffer.number_of_readings() == 0
    assert keithley.ask(":SYST:ERR?") == NO_ERROR


def test_reset_switches_off(keithley) -> None:
    charge(keithley)
    keithley.reset()
    assert keithley.output_enabled() is False


def test_measure_an_impedance(bench, lcr) -> None:
    assert lcr.get_idn()["model"] == "E4980A"
    fill_the_flow_cell(bench)
    lcr.frequency(1e4)
    lcr.voltage_level(0.02)
    lcr.imp_autorange_enabled(True)
    lcr.averaging_rate(2)
    assert (lcr.frequency(), lcr.voltage_level(), lcr.imp_autorange_enabled()) == (1e4, 0.02, True)
    assert (lcr.meas_time_mode(), lcr.averaging_rate()) == ("medium", 2)
    lcr.write(":INIT:CONT ON")  # the driver asks for the newest value and leaves triggering to the user
    resistance_ohm, reactance_ohm = lcr.measure_impedance()
    assert resistance_ohm == pytest.approx(100, rel=0.2)  # 10 mS/cm at a cell constant near 1 /cm
    assert -20 < reactance_ohm < 0
    assert lcr.system_errors() == '+0,"No error"'
