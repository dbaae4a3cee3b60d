"""A simulated bench for drivers of others: a source meter on a cell and an impedance meter on a flow cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.server import serve
from plainchemistry import PlainChemistry

EXACT = {
    "source_voltage_gain_sd": "0 %",
    "source_current_gain_sd": "0 %",
    "source_voltage_noise": "0 uV",
    "source_current_noise": "0 nA",
}
DESCRIPTION: dict[str, Any] = {
    "name": "interop",
    "visa": "simulated",
    "holders": {"A": {"cell": {"capacity": "4 mAh", "state_of_charge": "30 %"}}},
    "stocks": {"KCl": {"composition": {"H2O": 0.9926, "KCl": 0.0074}, "density": "1.002 g/mL", "available": "1 L"}},
    "vessels": {"flow_cell": {"capacity": "0.3 mL"}},
    "instruments": {
        "smu": {
            "driver": "keithley-2450",
            "resource": "TCPIP::192.0.2.1::5025::SOCKET",
            "wiring": {"channel": "A"},
            "settings": {"terminals": "front"},
        },
        "lcr": {
            "driver": "keysight-e4980a",
            "resource": "TCPIP::192.0.2.2::5025::SOCKET",
            "wiring": {"connects": "flow_cell"},
        },
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL1::INSTR",
            "wiring": {"draws": "KCl", "into": "flow_cell"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"},
        },
    },
    "simulation": EXACT,
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SimulatedBench]:
    """A world of its own."""
    world = SimulatedBench.open(DESCRIPTION, tmp_path / "world.db", 1, PlainChemistry())
    yield world
    world.close()


@pytest.fixture
def resources(bench: SimulatedBench) -> Iterator[dict[str, str]]:
    """Where its instruments listen on the loopback interface."""
    with serve(bench) as listening:
        yield listening
