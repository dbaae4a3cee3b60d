"""A host that runs test jobs on a bench of two cells, and may die and be followed by another one."""

import asyncio

from contractlab import ContractLab
from cyclinglab import DESCRIPTION
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.folder import LabFolder
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.jobs import CycleTest
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry import LabRecorder
from galvanaut.instruments.telemetry.store import HotStore

KEY = JobKey("demo", 1, "cycle", 1)
METHOD = [
    {"step": "open_circuit_voltage", "until_time_s": 120},
    {"step": "constant_current", "rate_C": "C/2", "until_voltage_V": 4.0},
    {"step": "constant_voltage", "voltage_V": 4.0, "until_rate_C": "C/5"},
    {"step": "constant_current", "rate_C": "D/2", "until_voltage_V": 3.5},
    {"step": "loop", "loop_to": 2, "cycle_count": 2},
]


def plan(method=METHOD, **more):
    tree = {"nominal_capacity": "4 mAh", "protocol": {"record": {"time_s": 10}, "method": method}, **more}
    return plans.TestPlan.model_validate(tree)


class Host:
    """One process: what it has in memory dies with it, the world and the files do not."""

    def __init__(self, folder, stack, earlier=None, description=DESCRIPTION):
        self.lab = earlier or ContractLab(description, folder / "world.db", "in-process", stack)
        if earlier is not None:
            self.lab.connected.close()
            self.lab.connected = self.lab.connect()
        self.clock = self.lab.world.clock
        self.engine = open_engine(LabFolder(folder).station, durable=False)
        stack.callback(self.engine.dispose)
        self.folder = folder
        hot = open_engine(LabFolder(folder).telemetry, durable=False)
        stack.callback(hot.dispose)
        self.recorder = LabRecorder(folder, HotStore(hot))
        self.journal = Journal(EventLog(self.engine, "journal"), self.clock)
        self.station = Station(self.lab.connected, self.journal, self.clock)

    def action(self, holder, method=METHOD, **more):
        return CycleTest(holder, plan(method, **more), "cell-1", self.recorder)

    async def run(self, holder, **more):
        with at_work(self.clock):
            return await self.station.run(KEY, self.action(holder, **more))

    async def run_and_die(self, holder, after_s, **more):
        """Run for a while, then forget everything without a word to any instrument."""
        with at_work(self.clock):
            job = spawn(self.clock, self.station.run(KEY, self.action(holder, **more)))
            await self.clock.sleep(after_s)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(job, return_exceptions=True)

    def truth(self, holder):
        return self.lab.world.world.holders.at(holder, self.clock.now())
