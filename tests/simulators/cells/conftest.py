"""A bench with cells and no liquids: a source meter, a power analyzer and a battery tester on one of the cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from galvanaut.simulators.bench import SimulatedBench


class NoChemistry:
    """There are no liquids."""

    def density_g_mL(self, composition: Mapping[str, float]) -> float:
        raise AssertionError("no liquids here")

    def conductivity_mS_cm(self, composition: Mapping[str, float], temperature_degC: float) -> float:
        raise AssertionError("no liquids here")

    def is_standard(self, composition: Mapping[str, float]) -> bool:
        raise AssertionError("no liquids here")

    def batch_factor(self, random: np.random.Generator) -> float:
        raise AssertionError("no liquids here")

    run_factor = reading_factor = batch_factor


EXACT = {
    "source_voltage_gain_sd": "0 %",
    "source_current_gain_sd": "0 %",
    "source_voltage_noise": "0 uV",
    "source_current_noise": "0 nA",
    "tester_resistance_noise": "0 %",
    "tester_voltage_noise": "0 uV",
}
"""Instruments without any error."""


def on(driver: str, number: int, holder: str, **settings: Any) -> dict[str, Any]:
    resource = f"TCPIP::192.0.2.{number}::5025::SOCKET"
    return {"driver": driver, "resource": resource, "wiring": {"channel": holder}, "settings": settings}


@pytest.fixture
def description() -> dict[str, Any]:
    return {
        "name": "cells",
        "holders": {
            "A": {"cell": {"capacity": "4 mAh", "state_of_charge": "30 %"}},
            "B": {"cell": {"capacity": "4 mAh", "state_of_charge": "30 %"}},
            "empty": {},
        },
        "instruments": {
            "smu": on("keithley-2450", 1, "A"),
            "tester": on("hioki-bt3562a", 2, "A"),
            "power": on("keysight-n6705c", 3, "B", output=2),
            "idle": on("hioki-bt3562a", 4, "empty"),
        },
        "simulation": EXACT,
    }


OpenBench = Callable[..., SimulatedBench]


@pytest.fixture
def open_bench(tmp_path: Path, description: dict[str, Any]) -> Iterator[OpenBench]:
    """Opens the bench; ``name`` is the world's file, which ``is_new`` begins anew."""
    benches = []

    def open_it(name: str = "world.db", is_new: bool = False, **changes: Any) -> SimulatedBench:
        if is_new:
            (tmp_path / name).unlink(missing_ok=True)
        bench = SimulatedBench.open({**description, **changes}, tmp_path / name, 1, NoChemistry())
        benches.append(bench)
        return bench

    yield open_it
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(open_bench: OpenBench) -> SimulatedBench:
    return open_bench()


class Lines:
    """Lines to the instruments of a bench, by name."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench
        self._manager = pyvisa.ResourceManager(bench.visa_library())
        self._open: dict[str, MessageBasedResource] = {}

    def __getitem__(self, name: str) -> MessageBasedResource:
        if name not in self._open:
            spec = self.bench.spec.instruments[name]
            end = "\r\n" if spec.driver == "hioki-bt3562a" else "\n"
            line = self._manager.open_resource(spec.resource, read_termination=end, write_termination=end)
            assert isinstance(line, MessageBasedResource)
            self._open[name] = line
        return self._open[name]


@pytest.fixture
def lines(bench: SimulatedBench) -> Lines:
    return Lines(bench)


@pytest.fixture
def connect() -> Callable[[SimulatedBench], Lines]:
    return Lines
