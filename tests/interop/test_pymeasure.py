"""pymeasure's own driver, unchanged, on the simulated 2450, in-process and over TCP.

Runs where pymeasure is installed: ``uv run --group interop pytest tests/interop``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pymeasure", reason="pymeasure is in the dependency group interop")
pytestmark = pytest.mark.interop
TRANSPORTS = ("in-process", "tcp")


@pytest.fixture(params=TRANSPORTS)
def keithley(request, bench) -> Iterator[Any]:
    from pymeasure.instruments.keithley import Keithley2450

    resource, library = bench.spec.instruments["smu"].resource, "@py"
    if request.param == "tcp":
        resource = request.getfixturevalue("resources")["smu"]
    else:
        library = bench.visa_library()
    meter = Keithley2450(resource, visa_library=library, read_termination="\n", write_termination="\n")
    yield meter
    meter.adapter.close()


def test_identify(keithley) -> None:
    assert keithley.id.startswith("KEITHLEY INSTRUMENTS,MODEL 2450")


def test_charge_a_cell_as_a_voltage_source(keithley) -> None:
    keithley.voltage_output_off_state = "HIMP"
    assert keithley.voltage_output_off_state == "HIMP"
    keithley.apply_voltage(voltage_range=20, compliance_current=2e-3)
    keithley.source_voltage = 4.2
    assert (keithley.source_mode, keithley.source_voltage) == ("voltage", 4.2)
    assert keithley.compliance_current == 2e-3
    keithley.measure_current(nplc=1)
    keithley.enable_source()
    assert keithley.source_enabled is True
    assert keithley.current == 2e-3
    keithley.disable_source()
    assert keithley.source_enabled is False
    assert keithley.check_errors() == []


def test_measure_the_voltage_of_a_cell_as_a_current_source(keithley) -> None:
    keithley.current_output_off_state = "HIMP"
    keithley.apply_current(current_range=0.01, compliance_voltage=4.3)
    keithley.source_current = 1e-3
    keithley.measure_voltage(nplc=0.1, voltage=20, auto_range=False)
    keithley.enable_source()
    assert keithley.voltage == pytest.approx(3.63 + 1e-3 * (8 + 0.2), abs=1e-4)
    assert keithley.compliance_voltage == 4.3
    assert keithley.check_errors() == []


def test_read_the_buffer(keithley) -> None:
    keithley.buffer_points = 100
    assert keithley.buffer_points == 100
    keithley.measure_current()
    keithley.enable_source()
    read = [keithley.current for _ in range(3)]
    assert keithley.ask(":TRAC:ACT?") == "3"
    assert keithley.values(':TRAC:DATA? 1,3,"defbuffer1",READ') == read


def test_shutdown_ramps_to_zero_and_switches_off(keithley) -> None:
    keithley.apply_voltage(compliance_current=2e-3)
    keithley.source_voltage = 3.0
    keithley.enable_source()
    keithley.ramp_to_voltage(1.0, steps=2, pause=0)
    keithley.shutdown()
    assert (keithley.source_voltage, keithley.source_enabled) == (0.0, False)
    assert keithley.check_errors() == []


def test_reset_sends_a_header_that_scpi_does_not_know(keithley) -> None:
    keithley.write(":SOUR:VOLT 1")
    keithley.reset()
    assert keithley.source_voltage == 0.0
    assert [code for code, _ in keithley.check_errors()] == [-113]  # it writes ":*CLS", a colon before a common command
