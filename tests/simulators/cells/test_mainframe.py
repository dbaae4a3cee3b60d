"""One N6705C with several outputs on cells: channel lists, one watchdog, one memory."""

from __future__ import annotations

import pytest
import pyvisa

from galvanaut.core.errors import InputError
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry

FRAME = "TCPIP::192.0.2.21::5025::SOCKET"


def output(number: int) -> dict[str, object]:
    wiring = {"channel": f"cell_{number}"}
    return {"driver": "keysight-n6705c", "resource": FRAME, "wiring": wiring, "settings": {"output": number}}


DESCRIPTION = {
    "name": "mainframe",
    "visa": "simulated",
    "holders": {f"cell_{n}": {"cell": {"state_of_charge": f"{20 * n} %"}} for n in (1, 3)},
    "instruments": {"a": output(3), "b": output(1)},
}


@pytest.fixture
def open_bench(tmp_path):
    opened = []

    def make():
        for one in opened:
            one.close()
        opened.append(SimulatedBench.open(DESCRIPTION, tmp_path / "world.db", seed=1, chemistry=PlainChemistry()))
        return opened[-1]

    yield make
    opened[-1].close()


def line(bench):
    resource = pyvisa.ResourceManager(bench.visa_library()).open_resource(FRAME)
    resource.write_termination = resource.read_termination = "\n"
    return resource


def current_A(bench, number: int) -> float:
    return bench.world.holders.at(f"cell_{number}", bench.clock.now()).current_A


def charge(frame) -> None:
    frame.write(":VOLT 4.2,(@1,3);:CURR:LIM 0.001,(@1);:CURR:LIM 0.002,(@3);:OUTP ON,(@1,3)")


def test_one_device_stands_for_all_entries_of_a_resource(open_bench) -> None:
    bench = open_bench()
    assert bench.devices["a"] is bench.devices["b"]
    assert line(bench).query("*IDN?").startswith("Keysight Technologies,N6705C")


def test_lists_of_channels_reach_the_cells_of_their_outputs(open_bench) -> None:
    bench = open_bench()
    frame = line(bench)
    charge(frame)
    assert frame.query(":OUTP? (@1:4)") == "1,0,1,0"
    assert [current_A(bench, number) for number in (1, 3)] == pytest.approx([0.001, 0.002])
    measured = [float(part) for part in frame.query(":MEAS:CURR? (@3,1,2)").split(",")]
    assert measured == pytest.approx([0.002, 0.001, 0], rel=1e-2, abs=1e-6)
    frame.write(":OUTP OFF,(@3)")
    assert [current_A(bench, number) for number in (1, 3)] == pytest.approx([0.001, 0])


def test_the_watchdog_opens_all_at_one_instant_and_the_host_may_be_another_one_by_then(open_bench) -> None:
    bench = open_bench()
    frame = line(bench)
    charge(frame)
    frame.query(":OUTP:PROT:WDOG:DEL 10;:OUTP:PROT:WDOG ON;*OPC?")
    bench.clock.spend(9)
    bench = open_bench()
    assert [current_A(bench, number) for number in (1, 3)] == pytest.approx([0.001, 0.002])
    bench.clock.spend(2)
    assert [current_A(bench, number) for number in (1, 3)] == [0, 0]
    sights = [bench.world.holders.at(f"cell_{number}", bench.clock.now()) for number in (1, 3)]
    assert sights[0].trip == sights[1].trip == "silence"
    assert sights[0].tripped_at == sights[1].tripped_at
    assert line(bench).query(":STAT:QUES:COND? (@1,3)") == "2048,2048"


def test_two_cells_cannot_be_on_one_output(tmp_path) -> None:
    twice = output(3) | {"settings": {"output": 1}}
    description = DESCRIPTION | {"instruments": {"a": twice, "b": output(1)}}
    with pytest.raises(InputError, match=r"instruments\.b\.resource: TCPIP\S+ is already a's"):
        SimulatedBench.open(description, tmp_path / "world.db", seed=1, chemistry=PlainChemistry())
