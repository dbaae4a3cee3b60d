"""A simulated chamber tempers everything that it houses; each flow cell keeps a liquid of its own."""

import pytest
import pyvisa

from galvanaut.core.errors import InputError
from galvanaut.simulators.bench import SimulatedBench
from plainchemistry import PlainChemistry


def pump(number, into):
    return {
        "driver": "new-era-ne-1000",
        "resource": f"ASRL{number}::INSTR",
        "wiring": {"draws": "DMC", "into": into},
        "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"},
    }


def lcr(number, cell):
    return {"driver": "keysight-e4980a", "resource": f"ASRL{number}::INSTR", "wiring": {"connects": cell}}


DESCRIPTION = {
    "name": "many",
    "visa": "simulated",
    "stocks": {"DMC": {"composition": {"DMC": 1}, "density": "1.06 g/mL", "available": "1 L"}},
    "vessels": {"left": {"capacity": "0.3 mL"}, "right": {"capacity": "0.3 mL"}},
    "holders": {"cell_1": {}, "cell_2": {}},
    "instruments": {
        "pump_left": pump(1, "left"),
        "pump_right": pump(2, "right"),
        "lcr_left": lcr(3, "left"),
        "lcr_right": lcr(4, "right"),
        "oven": {
            "driver": "watlow-f4t",
            "resource": "TCPIP::192.0.2.10::5025::SOCKET",
            "wiring": {"houses": ["left", "cell_1", "right", "cell_2"]},
        },
        "watch": {
            "driver": "keithley-daq6510",
            "resource": "TCPIP::192.0.2.12::5025::SOCKET",
            "wiring": {},
            "settings": {"temperatures": {"cell_1": 101, "cell_2": 102}},
        },
    },
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


def heat(bench):
    bench.world.control("oven", 60.0, 1.0, 90.0)
    bench.clock.spend(4 * 3600)


def temperatures(bench):
    now = bench.clock.now()
    return {place: bench.world.liquid_degC(place, now) for place in ("left", "cell_1", "right", "cell_2")}


def test_everything_inside_gets_warm(open_bench):
    bench = open_bench()
    heat(bench)
    assert temperatures(bench) == pytest.approx(dict.fromkeys(("left", "cell_1", "right", "cell_2"), 60), abs=0.1)


def test_flushing_one_flow_cell_leaves_the_other_one_warm(open_bench):
    bench = open_bench()
    heat(bench)
    bench.world.start("pump_left", "DMC", "left", 1.0, 3.0, 1.0)
    bench.clock.spend(3.0)
    found = temperatures(bench)
    assert found["left"] < 30
    assert found["right"] == pytest.approx(60, abs=0.1)


def test_all_of_it_outlives_the_host(open_bench):
    bench = open_bench()
    line = pyvisa.ResourceManager(bench.visa_library()).open_resource("TCPIP::192.0.2.10::5025::SOCKET")
    line.write_termination = line.read_termination = "\n"
    heat(bench)
    bench.world.start("pump_right", "DMC", "right", 1.0, 3.0, 1.0)
    bench.clock.spend(3.0)
    line.query("*IDN?")
    before = temperatures(bench)
    again = open_bench()
    assert temperatures(again) == pytest.approx(before)


def test_a_chamber_that_houses_nothing_on_the_bench(tmp_path):
    oven = DESCRIPTION["instruments"]["oven"] | {"wiring": {"houses": ["left", "pot"]}}
    description = DESCRIPTION | {"instruments": {"oven": oven}}
    with pytest.raises(InputError, match=r"instruments\.oven\.wiring\.houses: there is no vessel or holder 'pot'"):
        SimulatedBench.open(description, tmp_path / "world.db", seed=1, chemistry=PlainChemistry())


def test_what_a_chamber_houses_does_not_change_under_a_world(tmp_path):
    SimulatedBench.open(DESCRIPTION, tmp_path / "world.db", seed=1, chemistry=PlainChemistry()).close()
    oven = DESCRIPTION["instruments"]["oven"] | {"wiring": {"houses": ["left", "cell_1"]}}
    description = DESCRIPTION | {"instruments": DESCRIPTION["instruments"] | {"oven": oven}}
    with pytest.raises(InputError, match=r"begun with other instruments \(oven changed"):
        SimulatedBench.open(description, tmp_path / "world.db", seed=1, chemistry=PlainChemistry())
