"""Thousands of polls, with links opened again and again: nothing grows. Millions of them: `benchmarks/soak.py`."""

import gc
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from contractlab import ContractLab
from galvanaut.instruments.envelope import Envelope
from galvanaut.simulators import store

METERS = ("keithley-2450", "keysight-n6705c", "hioki-bt3562a")
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
DESCRIPTION = {
    "name": "soak",
    "visa": "simulated",
    "holders": {f"at-{driver}": {"cell": {"capacity": "4 mAh", "state_of_charge": "50 %"}} for driver in METERS},
    "instruments": {
        driver: {
            "driver": driver,
            "resource": f"TCPIP0::192.0.2.{number}::5025::SOCKET",
            "wiring": {"channel": f"at-{driver}"},
            "settings": {"integration_cycles": 0.1} if driver == "keithley-2450" else {},
        }
        for number, driver in enumerate(METERS, start=1)
    },
}
ROUNDS, REOPENINGS = 1500, 4
SPARE_BYTES = 200_000
LEAK_BLOCKS = 200
"""In each part of the run; one object kept of each round would be seven times as many."""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_SPARE_BYTES", SPARE_BYTES)
    with ExitStack() as stack:
        yield ContractLab(DESCRIPTION, tmp_path / "world", "in-process", stack)


def poll(lab: ContractLab) -> None:
    """One part of the run: charge or discharge, poll all meters, connect again."""
    connected = lab.connected
    for name in METERS[:2]:
        meter = connected.source_meter(name)
        meter.set_limits(Envelope.model_validate(ENVELOPE))
        meter.configure(4.15 if lab.world.clock.now() % 2 < 1 else 3.2, 1e-3)
        meter.output(True)
    for _ in range(ROUNDS):
        for name in METERS[:2]:
            connected.source_meter(name).measure()
        connected.battery_tester(METERS[2]).measure()
        lab.world.clock.spend(1.0)
    connected.close()
    lab.connected = lab.connect()


def standing(lab: ContractLab) -> dict[str, int]:
    lab.world.world._draw.cache_clear()  # it is bounded, but not full yet
    gc.collect()
    return {
        "handles": len(list(Path("/proc/self/fd").iterdir())),
        "sessions": len(lab.manager.visalib._sessions),
        "blocks": sys.getallocatedblocks(),
    }


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux' list of open files")
def test_nothing_grows(lab, tmp_path):
    lab.connected.source_meter(METERS[0]).link.write(':TRAC:POIN 500,"defbuffer1"')
    poll(lab)
    poll(lab)
    before, longest = standing(lab), 0
    for _ in range(REOPENINGS):
        poll(lab)
        longest = max(longest, (tmp_path / "world").stat().st_size)
    after = standing(lab)
    assert after["handles"] == before["handles"]
    assert after["sessions"] == before["sessions"] == len(METERS)
    assert after["blocks"] - before["blocks"] < REOPENINGS * LEAK_BLOCKS
    assert longest < 2 * SPARE_BYTES
