"""A small bench with a chemistry that is easy to reckon with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.bench import SimulatedBench


class FakeChemistry:
    """Everything weighs 1.25 g/mL; 10 mS/cm at 25 degC and 2 % more per kelvin; with component X nothing is known."""

    def density_g_mL(self, composition: Mapping[str, float]) -> float:
        return 1.25

    def conductivity_mS_cm(self, composition: Mapping[str, float], temperature_degC: float) -> float:
        if composition.get("X", 0) > 0.01:
            raise UnsupportedError("X is outside the data")
        return 10.0 * (1 + 0.02 * (temperature_degC - 25))

    def is_standard(self, composition: Mapping[str, float]) -> bool:
        return composition.get("KCl", 0) > 0

    def batch_factor(self, random: np.random.Generator) -> float:
        return float(np.exp(0.06 * random.standard_normal()))

    def run_factor(self, random: np.random.Generator) -> float:
        return float(np.exp(0.02 * random.standard_normal()))

    def reading_factor(self, random: np.random.Generator) -> float:
        return float(np.exp(0.01 * random.standard_normal()))


def pump(number: int, draws: str, into: str) -> dict[str, Any]:
    return {
        "driver": "new-era-ne-1000",
        "resource": f"ASRL{number}::INSTR",
        "wiring": {"draws": draws, "into": into},
        "settings": {"syringe_diameter": "26.59 mm"},
    }


EXACT = {
    "pump_gain_sd": "0 %",
    "pump_scatter_sd": "0 %",
    "film": "0 mL",
    "balance_noise": "0 mg",
    "balance_drift": "0 mg",
    "air_offset_sd": "0 K",
    "cell_constant_sd": "0 %",
    "conductivity_noise": False,
}
"""A bench without any error."""


@pytest.fixture
def exact() -> dict[str, Any]:
    """Simulation parameters of a bench without any error."""
    return dict(EXACT)


@pytest.fixture
def description() -> dict[str, Any]:
    return {
        "name": "small",
        "stocks": {
            "salty": {"composition": {"DMC": 0.8, "LiPF6": 0.2}, "available": "500 mL", "density": "1.2 g/mL"},
            "strange": {"composition": {"X": 1}, "available": "100 mL"},
            "KCl": {"composition": {"H2O": 0.9926, "KCl": 0.0074}, "available": "8 mL"},
        },
        "vessels": {"mixer": {"capacity": "40 mL"}, "cell": {"capacity": "0.3 mL"}},
        "instruments": {
            "salt": pump(1, "salty", "mixer"),
            "odd": pump(2, "strange", "mixer"),
            "standard": pump(3, "KCl", "mixer"),
            "transfer": pump(4, "mixer", "cell"),
            "balance": {"driver": "mettler-mt-sics", "resource": "ASRL11::INSTR", "wiring": {"weighs": "mixer"}},
            "chamber": {
                "driver": "watlow-f4t",
                "resource": "TCPIP::192.0.2.10::5025::SOCKET",
                "wiring": {"houses": "cell"},
            },
            "lcr": {
                "driver": "keysight-e4980a",
                "resource": "TCPIP::192.0.2.11::5025::SOCKET",
                "wiring": {"connects": "cell"},
            },
        },
    }


@pytest.fixture
def chemistry() -> FakeChemistry:
    return FakeChemistry()


OpenBench = Callable[..., SimulatedBench]


@pytest.fixture
def open_bench(tmp_path: Path, description: dict[str, Any], chemistry: FakeChemistry) -> Iterator[OpenBench]:
    """Opens the small bench; keyword ``simulation`` overrides parameters, ``name`` is the world's file."""
    benches = []

    def open_it(name: str = "world.db", seed: int = 1, **changes: Any) -> SimulatedBench:
        bench = SimulatedBench.open({**description, **changes}, tmp_path / name, seed, chemistry)
        benches.append(bench)
        return bench

    yield open_it
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(open_bench: OpenBench) -> SimulatedBench:
    """The small bench without any error."""
    return open_bench(simulation=EXACT)


LINES = {
    "new-era-ne-1000": {"read_termination": "\x03", "write_termination": "\r", "baud_rate": 19200},
    "mettler-mt-sics": {"read_termination": "\r\n", "write_termination": "\r\n", "baud_rate": 9600, "timeout": 60_000},
    "sartorius-sbi": {"read_termination": "\r\n", "write_termination": "\r\n", "baud_rate": 9600, "timeout": 60_000},
    "espec-p300": {"read_termination": "\r\n", "write_termination": "\r\n"},
    "watlow-f4t": {"read_termination": "\n", "write_termination": "\n"},
    "keysight-e4980a": {"read_termination": "\n", "write_termination": "\n", "timeout": 10_000},
    "keithley-daq6510": {"read_termination": "\n", "write_termination": "\n", "timeout": 10_000},
    "keithley-2281s": {"read_termination": "\n", "write_termination": "\n", "timeout": 10_000},
    "keithley-2450": {"read_termination": "\n", "write_termination": "\n", "timeout": 10_000},
    "virtual-assembler": {"read_termination": "\n", "write_termination": "\n", "timeout": 10_000},
}

ACKNOWLEDGING = ("new-era-ne-1000", "mettler-mt-sics", "espec-p300")
"""Drivers whose instruments answer every message."""


class Lines:
    """Lines to the instruments of a bench, by name; a pump's power-up alarm is already read."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench
        self.manager = pyvisa.ResourceManager(bench.visa_library())
        self._open: dict[str, MessageBasedResource] = {}

    def __getitem__(self, name: str) -> MessageBasedResource:
        if name not in self._open:
            spec = self.bench.spec.instruments[name]
            line = self.manager.open_resource(spec.resource, **LINES[spec.driver])
            assert isinstance(line, MessageBasedResource)
            self._open[name] = line
            if spec.driver == "new-era-ne-1000":
                line.query("0")
        return self._open[name]

    def ask(self, name: str, *messages: str) -> str:
        """Send messages, read one reply to the last."""
        for message in messages[:-1]:
            if self.bench.spec.instruments[name].driver in ACKNOWLEDGING:
                self[name].query(message)
            else:
                self[name].write(message)
        return self[name].query(messages[-1])

    def dose(self, name: str, volume_mL: float, rate_mL_min: float = 10) -> None:
        """Set a pump up and let it run to its end."""
        reply = self.ask(
            name,
            "0DIA26.59",
            "0VOLML",
            f"0VOL{volume_mL:.4g}",
            f"0RAT{rate_mL_min:.4g}MM",
            "0DIRINF",
            "0RUN",
        )
        assert reply == "\x0200I"
        self.bench.clock.spend(volume_mL / rate_mL_min * 60 + 1e-3)
        assert self[name].query("0") == "\x0200S"


@pytest.fixture
def lines(bench: SimulatedBench) -> Lines:
    return Lines(bench)


@pytest.fixture
def connect() -> Callable[[SimulatedBench], Lines]:
    return Lines
