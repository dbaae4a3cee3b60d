"""A made-up cycler that takes its steps by itself: it lives on while nobody looks, and keeps its readings."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fakemeter import FakeClock
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import check_plan
from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.roles import Identity, Row, RunHandle, RunState, RunStatus

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "10 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "20 mAh",
        "maximum_time": "30 h",
    }
)
REST = {"step": "open_circuit_voltage", "until_time_s": 100}
HOLD = {"step": "constant_voltage", "voltage_V": 3.8, "until_time_s": 100}


def plan(*method: Mapping[str, Any]) -> TestPlan:
    return TestPlan.model_validate({"protocol": {"record": {"time_s": 10}, "method": list(method)}})


class Box:
    """The instrument: eight channels that live on without a host."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.jobs: dict[str, dict[str, Any]] = {}

    def look(self, channel: str) -> None:
        job = self.jobs[channel]
        while job["state"] == "running" and job["at_s"] + 10 <= self.clock.now():
            job["at_s"] += 10
            elapsed = job["at_s"] - job["began_s"]
            step = int(elapsed // 100)
            if step >= job["steps"]:
                job["state"] = "ended"
            else:
                row = (len(job["rows"]), elapsed, job["at_s"], 3.6, 0.0 if step == 0 else 1e-3, 25.0, step, step + 1, 1)
                job["rows"].append(Row(*row))


class AutonomousCycler:
    """The driver: sends a plan as a whole, and asks how far it is."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._kept: dict[str, int] = {}

    def identify(self) -> Identity:
        return Identity("made up", "box of eight")

    def make_safe(self) -> None:
        for channel in self.box.jobs:
            self._end(channel, "stopped", "made safe")

    def channels(self) -> Sequence[str]:
        return ("1-1", "1-2")

    def check(self, plan: TestPlan, envelope: Envelope) -> None:
        if problems := check_plan(plan, envelope):
            raise InputError("test plan", problems)

    def start(self, channel: str, plan: TestPlan, envelope: Envelope, sample: str, test: str = "") -> RunHandle:
        self.check(plan, envelope)
        if channel not in self.channels():
            raise InputError(f"channel {channel}", "there is none")
        if self.box.jobs.get(channel, {}).get("state") == "running":
            raise RefusedError("channel is busy", instrument="box")
        now_s = self.box.clock.now()
        steps = len(plan.protocol.method)
        job = {"test": test, "began_s": now_s, "at_s": now_s, "steps": steps, "rows": [], "state": "running", "why": ""}
        self.box.jobs[channel] = job
        return RunHandle(channel, test, sample)

    def attach(
        self, run: RunHandle, plan: TestPlan, envelope: Envelope, state: Mapping[str, Any], rows: Sequence[Row] = ()
    ) -> RunStatus:
        self._job(run)
        return self.poll(run)

    def resume(self, run: RunHandle) -> RunStatus:
        raise RefusedError("goes on by itself", instrument="box")

    def state(self, run: RunHandle) -> Mapping[str, Any]:
        return {}

    def poll(self, run: RunHandle) -> RunStatus:
        job = self._job(run)
        self.box.look(run.channel)
        last = job["rows"][-1] if job["rows"] else None
        step = 1 if last is None else last.step + 1
        return RunStatus(job["state"], last, step, 1, 30.0, job["why"])

    def rows(self, run: RunHandle, since: int = 0) -> Sequence[Row]:
        job = self._job(run)
        self.box.look(run.channel)
        self._kept[run.test] = max(since, self._kept.get(run.test, 0))
        return tuple(job["rows"][self._kept[run.test] :])

    def records(self, run: RunHandle, since: int = 0) -> pd.DataFrame:
        return pd.DataFrame(self.rows(run, since), columns=list(Row._fields)).set_index("number")

    def stop(self, run: RunHandle, reason: str) -> RunStatus:
        self._job(run)
        self._end(run.channel, "stopped", reason)
        return self.poll(run)

    def _end(self, channel: str, state: RunState, why: str) -> None:
        self.box.look(channel)
        if self.box.jobs[channel]["state"] == "running":
            self.box.jobs[channel] |= {"state": state, "why": why}

    def _job(self, run: RunHandle) -> dict[str, Any]:
        job = self.box.jobs.get(run.channel)
        if job is None or job["test"] != run.test:
            raise InputError(f"test {run.test}", "does not run here")
        return job
