"""Holders in a bench file, and one world of cells seen by several instruments, in process and over TCP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pyvisa

from galvanaut.core.errors import InputError
from galvanaut.simulators.cells import Drive
from galvanaut.simulators.cells.spec import build_cell
from galvanaut.simulators.server import serve

A_CELL = ("holders", "A", "cell")


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("instruments", "smu", "wiring"), {}, "instruments.smu.wiring.channel: is missing"),
        (("instruments", "smu", "wiring", "channel"), "C", "instruments.smu.wiring.channel: there is no holder 'C'"),
        (("instruments", "power", "wiring", "channel"), "A", "smu already drives the cell in A"),
        (("vessels",), {"A": {"capacity": "1 mL"}}, "A: one name for a holder and a vessel"),
        (A_CELL, {"capacity": "4"}, "holders.A.cell.capacity"),
        (A_CELL, {"capacity": "0 mAh"}, "capacity must be positive"),
        (A_CELL, {"state_of_charge": "101 %"}, "state_of_charge must lie between 0 % and 100 %"),
        (A_CELL, {"colour": "red"}, "holders.A.cell.colour"),
    ],
)
def test_bad_descriptions_are_refused(open_bench, description, place, value: Any, expected: str) -> None:
    node = description
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    with pytest.raises(InputError) as error:
        open_bench()
    assert expected in str(error.value)


def test_two_meters_may_look_at_one_cell(open_bench, description, connect) -> None:
    description["instruments"]["idle"]["wiring"]["channel"] = "A"
    lines = connect(open_bench())
    assert lines["idle"].query(":FETC?") == lines["tester"].query(":FETC?")


def test_a_chamber_may_house_a_holder(open_bench, description, connect) -> None:
    resource = "TCPIP::192.0.2.9::5025::SOCKET"
    description["instruments"]["chamber"] = {"driver": "watlow-f4t", "resource": resource, "wiring": {"houses": "A"}}
    assert connect(open_bench())["chamber"].query("*IDN?")


def test_the_cell_of_a_world_cannot_be_swapped(open_bench, description) -> None:
    open_bench().close()
    description["holders"]["A"]["cell"]["capacity"] = "5 mAh"
    with pytest.raises(InputError, match=r"begun with other holders \(A changed"):
        open_bench()


PARTICLE = {"physics": "single particle", "state_of_charge": "50 %", "electrolyte": "EC:DMC", "salt": "1.2 mol/L"}


def test_a_bench_file_may_ask_for_the_single_particle_model(open_bench, description, connect) -> None:
    description["holders"]["A"]["cell"] = PARTICLE
    bench = open_bench()
    line = connect(bench)["smu"]
    line.query(":OUTP:SMOD HIMP;:ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON;:READ?")
    bench.clock.spend(1800)
    assert float(line.query(":READ?")) == pytest.approx(2e-3, rel=1e-6)
    seen = bench.world.holders.at("A", bench.clock.now())
    kept = seen.state
    bench.close()
    bench = open_bench()
    again = bench.world.holders.at("A", bench.clock.now())
    assert (again, again.state) == (seen, kept)
    bench.close()
    description["holders"]["A"]["cell"] = {**PARTICLE, "salt": "1 mol/L"}
    with pytest.raises(InputError, match=r"begun with other holders \(A changed"):
        open_bench()


def test_a_cell_that_came_later_outlives_the_host(open_bench) -> None:
    bench = open_bench()
    now = bench.clock.now()
    bench.world.holders.put("empty", build_cell(PARTICLE), now)
    bench.world.holders.take("A", now)
    bench.exchange(bench.devices["idle"], b"*IDN?\r\n")  # whatever is said next keeps what has changed
    seen = bench.world.holders.at("empty", now + 100)
    bench.close()
    holders = open_bench().world.holders
    assert (holders.at("empty", now + 100), holders.at("empty", now + 100).state) == (seen, seen.state)
    assert holders.cell("A") is None


def test_a_holder_has_the_temperature_of_its_chamber(open_bench, description, connect) -> None:
    resource = "TCPIP::192.0.2.9::5025::SOCKET"
    description["instruments"]["chamber"] = {"driver": "watlow-f4t", "resource": resource, "wiring": {"houses": "A"}}
    description["holders"]["A"]["cell"] = description["holders"]["B"]["cell"] = PARTICLE
    bench = open_bench(simulation={"ambient": "22 degC"})
    bench.world.control("chamber", 5.0, 1.0, 50.0)
    bench.clock.spend(3600)
    now, drive = bench.clock.now(), Drive("x", 4.2, -2e-3, 2e-3)
    for holder in ("A", "B"):
        bench.world.impose(holder, drive, now)
    assert bench.world.holder_degC("A", now) == pytest.approx(5.0, abs=0.01)
    rows = bench.world.holders.rows()
    assert rows["A"]["temperature_K"] == pytest.approx(278.15, abs=0.01)
    assert rows["B"]["temperature_K"] == pytest.approx(295.15)
    cold_V, warm_V = (bench.world.holders.at(holder, now + 60).voltage_V for holder in ("A", "B"))
    assert cold_V > warm_V + 0.02


def test_one_seed_gives_the_same_errors_of_reading_for_ever(open_bench, connect) -> None:
    ask = ":ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON;:READ?"
    bench = open_bench(simulation={})
    first = float(connect(bench)["smu"].query(ask))
    second = float(connect(bench)["smu"].query(":READ?"))
    assert first != second
    assert first == pytest.approx(2e-3, rel=1e-3)
    assert second == pytest.approx(2e-3, rel=1e-3)


def test_the_same_cells_over_tcp(bench) -> None:
    manager = pyvisa.ResourceManager("@py")
    with serve(bench) as resources:
        ends = {"smu": "\n", "power": "\n", "tester": "\r\n"}
        lines = {
            name: manager.open_resource(resources[name], read_termination=end, write_termination=end)
            for name, end in ends.items()
        }
        assert lines["power"].query("MEAS:VOLT? (@2)") == "+3.630000E+00"
        lines["smu"].write(":ROUT:TERM REAR;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON")
        assert lines["smu"].query(":OUTP?") == "1"
        assert float(lines["tester"].query(":FETC?").split(",")[1]) > 3.64
        for line in lines.values():
            line.close()
    manager.close()


_HOST = """
import json, os, sys, pyvisa
from pathlib import Path
from galvanaut.simulators.bench import SimulatedBench
bench = SimulatedBench.open(json.loads(sys.argv[2]), Path(sys.argv[1]), 1)
line = pyvisa.ResourceManager(bench.visa_library()).open_resource(
    "TCPIP::192.0.2.1::5025::SOCKET", read_termination="\\n", write_termination="\\n")
line.query(":OUTP:SMOD HIMP;:ROUT:TERM REAR;:SENS:CURR:RSEN ON;:SOUR:VOLT 4.2;:SOUR:VOLT:ILIM 2E-3;:OUTP ON;:READ?")
bench.clock.spend(100)
line.query(":READ?")
os.kill(os.getpid(), 9)
"""


def test_a_killed_host_leaves_the_cell_on_charge(tmp_path: Path, open_bench, description, connect) -> None:
    arguments = [sys.executable, "-c", _HOST, str(tmp_path / "world.db"), json.dumps(description)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    bench = open_bench()
    bench.clock.spend(100)
    line = connect(bench)["smu"]
    assert line.query(":OUTP?;:TRAC:ACT?") == "1;2"
    charge_C = bench.world.holders.at("A", bench.clock.now()).state.charge_C
    assert charge_C == pytest.approx(0.3 * 14.4 + 200 * 2e-3, abs=1e-4)
