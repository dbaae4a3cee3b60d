"""A bench with one instrument of each kind, and lines to them as a host has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pyvisa
from pyvisa.errors import VisaIOError
from pyvisa.resources import MessageBasedResource

from galvanaut.simulators.bench import SimulatedBench
from galvanaut.simulators.faults import parse_fault
from plainchemistry import PlainChemistry

EXACT = {
    "pump_gain_sd": "0 %",
    "pump_scatter_sd": "0 %",
    "film": "0 mL",
    "balance_noise": "0 mg",
    "balance_drift": "0 mg",
    "air_offset_sd": "0 K",
    "source_voltage_gain_sd": "0 %",
    "source_current_gain_sd": "0 %",
    "source_voltage_noise": "0 uV",
    "source_current_noise": "0 nA",
    "tester_resistance_noise": "0 %",
    "tester_voltage_noise": "0 uV",
    "meter_voltage_sd": "0 %",
    "thermocouple_sd": "0 K",
    "thermocouple_noise": "0 K",
}
SERIAL = {
    "new-era-ne-1000": {"read_termination": "\x03", "write_termination": "\r", "baud_rate": 19200},
    "mettler-mt-sics": {"baud_rate": 9600},
    "sartorius-sbi": {"baud_rate": 9600, "parity": pyvisa.constants.Parity.odd},
}
ENDS = {"keithley": "\n", "keysight": "\n", "watlow": "\n", "virtual": "\n"}


def _entry(driver: str, number: int, wiring: dict[str, Any], **settings: Any) -> dict[str, Any]:
    resource = f"ASRL{number}::INSTR" if driver in SERIAL else f"TCPIP::192.0.2.{number}::5025::SOCKET"
    return {"driver": driver, "resource": resource, "wiring": wiring, "settings": settings}


def power(number: int, holder: str) -> dict[str, Any]:
    return _entry("keysight-n6705c", 6, {"channel": holder}, output=number)


@pytest.fixture
def description() -> dict[str, Any]:
    cell = {"cell": {"capacity": "4 mAh", "state_of_charge": "30 %"}}
    return {
        "name": "faulty",
        "stocks": {"salty": {"composition": {"DMC": 0.85, "LiPF6": 0.15}, "available": "500 mL"}},
        "vessels": {"mixer": {"capacity": "40 mL"}, "flow": {"capacity": "0.3 mL"}},
        "holders": {**dict.fromkeys("ABCD", cell), "E": {}},
        "instruments": {
            "pump": _entry("new-era-ne-1000", 1, {"draws": "salty", "into": "mixer"}, syringe_diameter="26.59 mm"),
            "filler": _entry("new-era-ne-1000", 12, {"draws": "salty", "into": "flow"}, syringe_diameter="26.59 mm"),
            "balance": _entry("mettler-mt-sics", 2, {"weighs": "mixer"}),
            "other_balance": _entry("sartorius-sbi", 3, {"weighs": "mixer"}),
            "chamber": _entry("watlow-f4t", 4, {"houses": "flow"}),
            "smu": _entry("keithley-2450", 5, {"channel": "A"}, terminals="front"),
            "power_1": power(1, "B"),
            "power_2": power(2, "C"),
            "charger": _entry("keithley-2281s", 7, {"channel": "D"}),
            "tester": _entry("hioki-bt3562a", 8, {"channel": "A"}),
            "daq": _entry("keithley-daq6510", 9, {}, voltages={"A": 101}, temperatures={"chamber": 102}),
            "lcr": _entry("keysight-e4980a", 10, {"connects": "flow"}),
            "espec": _entry("espec-p300", 11, {"houses": "D"}),
            "assembler": _entry("virtual-assembler", 13, {"fills_from": "salty", "loads": ["E"]}),
        },
        "simulation": EXACT,
    }


class Host:
    """A bench and lines to its instruments; a pump's power-up alarm is read already."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench
        self.world = bench.world
        self._manager = pyvisa.ResourceManager(bench.visa_library())
        self._lines: dict[str, MessageBasedResource] = {}

    def __getitem__(self, name: str) -> MessageBasedResource:
        if name not in self._lines:
            part = self.bench.spec.instruments[name]
            end = ENDS.get(part.driver.split("-")[0], "\r\n")
            options = {"read_termination": end, "write_termination": end, **SERIAL.get(part.driver, {})}
            line = self._manager.open_resource(part.resource, timeout=5000, **options)
            assert isinstance(line, MessageBasedResource)
            self._lines[name] = line
        return self._lines[name]

    def inject(self, sentence: str) -> None:
        self.bench.inject(parse_fault(sentence))

    def ask(self, name: str, message: str) -> str | None:
        """The reply; None for silence."""
        try:
            return self[name].query(message)
        except VisaIOError:
            return None

    def tell(self, name: str, *messages: str) -> None:
        """Send commands that have no reply."""
        for message in messages:
            self[name].write(message)

    def pass_time(self, seconds: float) -> None:
        self.bench.clock.spend(seconds)

    def voltage_V(self, holder: str) -> float:
        return self.world.holders.at(holder, self.bench.clock.now()).voltage_V

    def current_A(self, holder: str) -> float:
        return self.world.holders.at(holder, self.bench.clock.now()).current_A


OpenHost = Callable[..., Host]


@pytest.fixture
def open_host(tmp_path: Path, description: dict[str, Any]) -> Iterator[OpenHost]:
    """Opens the bench; ``faults`` go into its file, ``name`` is the world's."""
    benches = []

    def open_it(name: str = "world", seed: int = 1, faults: list[Any] | None = None) -> Host:
        simulation = {**description["simulation"], "faults": faults or []}
        bench = SimulatedBench.open({**description, "simulation": simulation}, tmp_path / name, seed, PlainChemistry())
        benches.append(bench)
        return Host(bench)

    yield open_it
    for bench in benches:
        bench.close()


@pytest.fixture
def host(open_host: OpenHost) -> Host:
    return open_host()
