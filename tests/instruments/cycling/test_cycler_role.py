"""One suite for everything that plays the role of a cycler: run by this program, or by the instrument itself.

The autonomous one is made up: it holds its plan as a whole, runs on while nobody looks, and gives its readings as a
table to be fetched.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from fakemeter import FakeClock, FakeMeter
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import HostCycler, check_plan
from galvanaut.instruments.cycling.plan import TestPlan
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.roles import Cycler, Identity, Row, RunHandle, RunState, RunStatus, SourceLimits

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


class Setting:
    """A cycler, its time, and how a later process would come to it."""

    def __init__(self, kind: str) -> None:
        clock = FakeClock()
        self.clock = clock
        make: Callable[[], Cycler]
        if kind == "autonomous":
            box = Box(clock)
            make = lambda: AutonomousCycler(box)  # noqa: E731  # reads better on one line
            self.live: Callable[[float], object] = lambda seconds: setattr(clock, "at_s", clock.at_s + seconds)
        else:
            meter = FakeMeter(clock)
            limits = SourceLimits(0.0, 20.0, 1.05, 1e-9)
            make = lambda: HostCycler(meter, "1-1", ENVELOPE, limits, now=clock.now)  # noqa: E731
            self.live = meter.pass_time
        self.make = make
        self.one: Cycler = make()

    def start(self, *method: Mapping[str, Any], test: str = "test-1") -> RunHandle:
        return self.one.start(self.one.channels()[0], plan(*method), ENVELOPE, "cell-1", test)

    def until_over(self, run: RunHandle) -> RunStatus:
        for _ in range(200):
            self.live(10)
            status = self.one.poll(run)
            if status.state != "running":
                return status
        raise AssertionError("still running")


@pytest.fixture(params=["host", "autonomous"])
def setting(request: pytest.FixtureRequest) -> Setting:
    return Setting(request.param)


def test_a_test_runs_to_its_end(setting: Setting) -> None:
    run = setting.start(REST, HOLD)
    status = setting.until_over(run)
    assert (status.state, status.alarm) == ("ended", "")
    assert status.row is not None
    assert status.row.step == 1


def test_it_says_who_it_is_and_what_it_has(setting: Setting) -> None:
    assert str(setting.one.identify())
    assert len(setting.one.channels()) >= 1


def test_a_plan_outside_of_the_envelope_is_refused(setting: Setting) -> None:
    with pytest.raises(InputError, match=r"protocol\.method\.0\.voltage_V: 4\.3 V is outside"):
        setting.start(HOLD | {"voltage_V": 4.3})
    with pytest.raises(InputError, match=r"4\.3 V is outside"):
        setting.one.check(plan(HOLD | {"voltage_V": 4.3}), ENVELOPE)


def test_a_channel_serves_one_test_at_a_time(setting: Setting) -> None:
    run = setting.start(REST)
    with pytest.raises(RefusedError, match="busy"):
        setting.start(REST, test="test-2")
    setting.one.stop(run, "enough")
    setting.start(REST, test="test-3")


def test_readings_are_numbered_and_may_be_fetched_again(setting: Setting) -> None:
    run = setting.start(REST, HOLD)
    for _ in range(8):
        setting.live(10)
        setting.one.poll(run)
    first = setting.one.rows(run)
    assert [row.number for row in first] == list(range(8))
    assert list(setting.one.rows(run)) == list(first)
    assert [row.number for row in setting.one.rows(run, 5)] == [5, 6, 7]
    table = setting.one.records(run, 6)
    assert table.index.tolist() == [6, 7]
    assert list(table.columns) == list(Row._fields[1:])


def test_stopping_ends_it_for_good(setting: Setting) -> None:
    run = setting.start(REST, HOLD)
    status = setting.one.stop(run, "enough")
    assert (status.state, status.alarm) == ("stopped", "enough")
    setting.live(500)
    assert setting.one.poll(run).state == "stopped"
    assert setting.one.stop(run, "again").alarm == "enough"


def test_making_safe_may_be_repeated(setting: Setting) -> None:
    setting.one.make_safe()
    run = setting.start(REST, HOLD)
    setting.one.make_safe()
    setting.one.make_safe()
    assert setting.one.poll(run).state == "stopped"


def test_a_later_process_takes_it_up(setting: Setting) -> None:
    run = setting.start(REST, HOLD)
    for _ in range(3):
        setting.live(10)
        setting.one.poll(run)
    rows = setting.one.rows(run)
    state = json.loads(json.dumps(dict(setting.one.state(run))))
    setting.one = setting.make()
    assert setting.one.attach(run, plan(REST, HOLD), ENVELOPE, state, rows).state == "running"
    assert setting.until_over(run).state == "ended"


def test_a_test_that_nobody_started_is_not_known(setting: Setting) -> None:
    with pytest.raises(InputError, match="test-9"):
        setting.one.poll(RunHandle(setting.one.channels()[0], "test-9", "cell-9"))


def test_what_is_not_interrupted_is_not_resumed(setting: Setting) -> None:
    run = setting.start(REST)
    with pytest.raises(RefusedError):
        setting.one.resume(run)
