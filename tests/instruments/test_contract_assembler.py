"""The virtual assembler and its jobs against the simulated one: once, whatever message the host dies at."""

import asyncio
import contextlib

import pytest
import pyvisa

from contractlab import TRANSPORTS, contract_lab
from cyclinglab import ENVELOPE
from galvanaut.core.clock import at_work
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.holders import HolderPool
from galvanaut.instruments.jobs import AssembleCell, UnloadCell
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.simulators.bench import DEVICES, SimulatedBench

pytestmark = pytest.mark.skipif("virtual-assembler" not in DEVICES, reason="no simulated assembler yet")

ELECTROLYTE = {"EC": 0.2982, "DMC": 0.5518, "LiPF6": 0.15}
DESCRIPTION = {
    "name": "assembly",
    "visa": "simulated",
    "stocks": {"salty": {"composition": ELECTROLYTE, "density": "1.2 g/mL", "available": "1 L"}},
    "vessels": {"mixer": {"capacity": "40 mL"}},
    "holders": {"holder_1": {"envelope": ENVELOPE}, "holder_2": {}},
    "instruments": {
        "pump": {
            "driver": "new-era-ne-1000",
            "resource": "ASRL1::INSTR",
            "wiring": {"draws": "salty", "into": "mixer"},
            "settings": {"syringe_diameter": "26.59 mm", "rate": "10 mL/min"},
        },
        "assembler": {
            "driver": "virtual-assembler",
            "resource": "TCPIP::192.0.2.12::5025::SOCKET",
            "wiring": {"fills_from": "mixer", "loads": ["holder_1", "holder_2"]},
            "settings": {"failure_rate": "0 %"},
        },
        "smu": {
            "driver": "keithley-2450",
            "resource": "TCPIP::192.0.2.20::5025::SOCKET",
            "wiring": {"channel": "holder_1"},
        },
    },
}
CELL = AssembleCell("A-1", "holder_1", "mixer", 0.04, "", "assembler")
OUT = UnloadCell("A-1", "holder_1", "assembler")


def fill(connected, pass_time):
    """2 mL into the mixer."""
    connected.pump("pump").prepare(2.0)
    connected.pump("pump").start()
    pass_time(60)


@pytest.fixture(params=TRANSPORTS)
def lab(request, tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", request.param) as one:
        fill(one.connected, one.pass_time)
        yield one


def test_a_cell_from_the_vessel_into_its_holder_and_out_again(lab):
    one = lab.connected.assembler("assembler")
    assert (one.outcome("A-1"), one.cell_in("holder_1"), one.is_busy()) == (None, None, False)
    one.assemble("A-1", "holder_1", 0.04)
    assert one.is_busy()
    assert one.outcome("A-1").state == "busy"
    lab.pass_time(200)
    built = one.outcome("A-1")
    assert (built.state, built.holder) == ("built", "holder_1")
    assert built.electrolyte_g == pytest.approx(0.04 * 1.2, rel=0.3)
    assert one.cell_in("holder_1") == "A-1"
    one.unload("holder_1")
    assert one.cell_in("holder_1") is None
    lab.connected.close()
    lab.connected = lab.connect()
    assert lab.connected.assembler("assembler").outcome("A-1") == built


def test_what_it_declines(lab):
    one = lab.connected.assembler("assembler")
    one.assemble("A-1", "holder_1", 0.04)
    with pytest.raises(RefusedError, match="-221"):
        one.assemble("A-2", "holder_2", 0.04)
    lab.pass_time(200)
    for cell, holder, volume_mL, error in (
        ("A-1", "holder_2", 0.04, "-224"),
        ("A-2", "nowhere", 0.04, "-224"),
        ("A-2", "holder_1", 0.04, "-221"),
    ):
        with pytest.raises(RefusedError, match=error):
            one.assemble(cell, holder, volume_mL)
    with pytest.raises(RefusedError, match="-221"):
        one.unload("holder_2")
    assert one.outcome("A-2") is None


def test_a_failure_that_is_noticed_has_a_reason_and_leaves_the_holder_empty(tmp_path):
    instruments = DESCRIPTION["instruments"]
    clumsy = instruments["assembler"] | {"settings": {"failure_rate": "100 %"}}
    tree = DESCRIPTION | {"instruments": instruments | {"assembler": clumsy}}
    with contract_lab(tree, tmp_path / "world.db", "in-process") as lab:
        fill(lab.connected, lab.pass_time)
        one = lab.connected.assembler("assembler")
        for number in range(40):
            one.assemble(f"B-{number}", "holder_1", 0.04)
            lab.pass_time(200)
            if (found := one.outcome(f"B-{number}")).state == "failed":
                break
            one.unload("holder_1")
        assert found.reason
        assert one.cell_in("holder_1") is None


class HostDiedError(BaseException):
    """Stands for a killed host: no code of ours may catch it, and nothing more is sent."""


class Host:
    """One life of a program on the bench in a folder; dies at its n-th message."""

    def __init__(self, folder, dies_at=None):
        self.folder, self.dies_at, self.messages, self.is_counting = folder, dies_at, [], False
        self.is_first = not folder.exists()
        folder.mkdir(exist_ok=True)

    def trace(self, instrument, direction, data):
        if self.is_counting:
            self.messages.append((direction, bytes(data)))
            if self.dies_at is not None and len(self.messages) >= self.dies_at:
                raise HostDiedError

    def run(self, action, step="assemble"):
        with contextlib.ExitStack() as stack:
            world = SimulatedBench.open(DESCRIPTION, self.folder / "world.db", 1)
            stack.callback(world.close)
            manager = pyvisa.ResourceManager(world.visa_library())
            connected = ConnectedBench.open(Bench.model_validate(DESCRIPTION), manager, trace=self.trace)
            if self.is_first:
                fill(connected, world.clock.spend)
            engine = open_engine(self.folder / "station.db", durable=False)
            journal = Journal(EventLog(engine, "journal"), world.clock)
            self.station = Station(connected, journal, world.clock)
            self.found = self.station.reconcile()
            self.free = HolderPool.of(["holder_1", "holder_2"], connected, journal, world.clock).free()
            self.is_counting = True
            return asyncio.run(self._run(action, step))

    async def _run(self, action, step):
        with at_work(self.station.clock):
            return await self.station.run(JobKey("demo", 1, step), action)

    def die(self, action, step="assemble"):
        with contextlib.suppress(BaseException):
            self.run(action, step)
        assert len(self.messages) >= self.dies_at


def test_wherever_the_host_dies_one_cell_is_built(tmp_path):
    whole = Host(tmp_path / "whole")
    reference = whole.run(CELL)
    assert reference["assembled"]
    for n in range(1, len(whole.messages) + 1, 3):
        Host(tmp_path / f"dies-{n}", n).die(CELL)
        second = Host(tmp_path / f"dies-{n}")
        assert second.run(CELL) == reference, n
        assert {each.job for each in second.found} <= {"demo/0001/assemble/1"}
        assert second.free == ["holder_2"]
    third = Host(tmp_path / "whole")
    assert third.run(OUT, "unload") == {"cell": "A-1", "holder": "holder_1"}
    assert (third.found, third.free) == ([], ["holder_2"])


def test_wherever_the_host_dies_the_cell_is_taken_out_once(tmp_path):
    Host(tmp_path / "whole").run(CELL)
    whole = Host(tmp_path / "whole")
    whole.run(OUT, "unload")
    for n in range(1, len(whole.messages) + 1, 3):
        Host(tmp_path / f"dies-{n}").run(CELL)
        Host(tmp_path / f"dies-{n}", n).die(OUT, "unload")
        assert Host(tmp_path / f"dies-{n}").run(OUT, "unload") == {"cell": "A-1", "holder": "holder_1"}, n
