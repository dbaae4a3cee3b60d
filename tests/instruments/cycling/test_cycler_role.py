"""One suite for everything that plays the role of a cycler: run by this program, or by the instrument itself.

The autonomous one is made up, see `autonomousbox`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from autonomousbox import ENVELOPE, HOLD, REST, AutonomousCycler, Box, plan
from fakemeter import FakeClock, FakeMeter
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import HostCycler
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.roles import Cycler, Row, RunHandle, RunStatus, SourceLimits


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
