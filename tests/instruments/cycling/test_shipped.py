"""The plan of formation that is shipped, hastened, on the bench of cells that is shipped: all its cells at once."""

import asyncio
from contextlib import ExitStack

from contractlab import ContractLab
from galvanaut.core import bdf
from galvanaut.core.clock import at_work, spawn
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.cycling import plan as plans
from galvanaut.instruments.jobs import CycleTest
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.station import Station
from galvanaut.instruments.telemetry import LabRecorder, read_record


def hastened(plan):
    tree = plan.as_json()
    for step in tree["protocol"]["method"]:
        if abs(step.get("rate_C", 1)) < 0.1:  # the slow first cycle is only begun
            step["until_time_s"] = 900
        step |= {name: 5 * step[name] for name in ("rate_C", "until_rate_C") if name in step}
        if step["step"] == "loop":
            step["cycle_count"] = 1
    return plans.TestPlan.model_validate(tree)


async def test_every_cell_of_the_bench_is_formed(tmp_path, request):
    room = request.config.rootpath / "instruments"
    bench = load_bench(room / "benches/simulated-cells.yaml")
    plan = hastened(plans.load_plan(room / "plans/formation.yaml"))
    with ExitStack() as stack:
        lab = ContractLab(
            bench.model_dump(mode="json", by_alias=True, exclude_none=True), tmp_path / "world.db", "in-process", stack
        )
        clock = lab.world.clock
        engine = open_engine(tmp_path / "station.db", durable=False)
        stack.callback(engine.dispose)
        station = Station(lab.connected, Journal(EventLog(engine, "journal"), clock), clock)
        recorder = stack.enter_context(LabRecorder.opened(tmp_path))
        chamber = lab.connected.names("chamber")[0]
        lab.connected.chamber(chamber).set_temperature(25.0)
        lab.connected.chamber(chamber).run()
        holders = sorted(bench.holders)
        with at_work(clock):
            jobs = [
                spawn(clock, station.run(JobKey("demo", 1, "cycle", n), CycleTest(holder, plan, holder, recorder)))
                for n, holder in enumerate(holders, start=1)
            ]
            await clock.sleep(0.0)
        results = await asyncio.gather(*jobs)
        for number, result in enumerate(results, start=1):
            assert result["state"] == "ended"
            assert [cycle for cycle, _, _ in result["cycles"]] == [1, 2]
            frame = read_record(tmp_path, str(JobKey("demo", 1, "cycle", number)))
            assert len(frame) == result["readings"] == result["record"]["rows"]
            assert frame[bdf.AMBIENT_TEMPERATURE].between(20, 30).all()
            assert result["record"]["problems"] == []
