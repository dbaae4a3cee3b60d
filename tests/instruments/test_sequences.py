"""Any sequence of calls to any driver: no instrument is left with an unread error, nothing is left on by a bench.

The truth is asked of the simulated instruments and cells themselves, not of the drivers.
"""

import contextlib
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contractlab import contract_lab
from galvanaut.instruments.drivers import driver_names
from galvanaut.instruments.envelope import Envelope
from galvanaut.instruments.errors import InstrumentError
from galvanaut.simulators.bench import DEVICES
from replysubjects import COIN, DESCRIPTION, calls_of

WIDE = Envelope.model_validate(COIN | {"minimum_voltage": "-3 V", "maximum_voltage": "500 V"})
NO_NUMBERS = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-12, 1e12)
BAD = {
    "pump": [*(lambda d, x=x: d.prepare(x) for x in NO_NUMBERS), lambda d: d.start()],
    "balance": [],
    "chamber": [lambda d, x=x: d.set_temperature(x) for x in (math.nan, math.inf, -math.inf, 1e12, -300.0, 61.0)],
    "impedance meter": [
        *(lambda d, x=x: d.impedance(x) for x in NO_NUMBERS),
        *(lambda d, x=x: d.configure(x, "MED", 1) for x in (math.nan, math.inf, -1.0, 1e12)),
        *(lambda d, x=x: d.configure(0.02, x, 1) for x in ("", "med", "LONG,9;*RST")),
        *(lambda d, x=x: d.configure(0.02, "MED", x) for x in (0, -1, 257, 10**9)),
    ],
    "source meter": [
        *(lambda d, x=x: d.configure(x, 0.002) for x in NO_NUMBERS),
        *(lambda d, x=x: d.configure(3.9, x) for x in NO_NUMBERS),
        lambda d: d.configure(4.3, 0.002),
        lambda d: d.set_limits(WIDE),
        lambda d: d.output(True),
    ],
    "battery tester": [],
    "thermometer": [],
    "assembler": [
        *(lambda d, x=x: d.assemble("A-1", "spare", x) for x in (*NO_NUMBERS, 0.04, 1.0)),
        *(lambda d, x=x: d.assemble(x, "spare", 0.04) for x in ("", "A B", 'A","spare', "A-2")),
        *(lambda d, x=x: d.unload(x) for x in ("", "spare", "nowhere")),
    ],
}
DRIVERS = {name: entry["driver"] for name, entry in DESCRIPTION["instruments"].items()}


class AnySequence(RuleBasedStateMachine):
    """One instrument at a time is called; all of them are looked at."""

    subject = ""

    @initialize()
    def open_the_bench(self):
        self.stack = contextlib.ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.lab = self.stack.enter_context(contract_lab(DESCRIPTION, folder / "world.db", "in-process"))

    @property
    def driver(self):
        return self.lab.connected._drivers[self.subject]

    @rule(data=st.data(), is_prepared=st.booleans())
    def call(self, data, is_prepared):
        calls = {each.name: each for each in calls_of(DRIVERS[self.subject])}
        call = calls[data.draw(st.sampled_from(sorted(calls)))]
        with contextlib.suppress(InstrumentError):
            for act in call.before if is_prepared else ():
                act(self.driver)
            assert call.accepts(call.act(self.driver))

    @precondition(lambda self: BAD[self.driver.role])
    @rule(data=st.data())
    def call_with_a_bad_argument(self, data):
        act = data.draw(st.sampled_from(BAD[self.driver.role]))
        with contextlib.suppress(InstrumentError):
            act(self.driver)

    @rule(times=st.integers(1, 3))
    def make_safe(self, times):
        for _ in range(times):
            self.driver.make_safe()
        self.look_that_all_is_off()

    @rule(seconds=st.sampled_from([0.5, 40, 4000]))
    def pass_time(self, seconds):
        self.lab.pass_time(seconds)

    @rule()
    def come_back_later(self):
        self.lab.connected.close()
        self.lab.connected = self.lab.connect()

    @invariant()
    def no_error_is_unread(self):
        if not hasattr(self, "lab"):
            return
        for name, device in self.lab.world.devices.items():
            assert getattr(getattr(device, "status", None), "errors", []) == [], name

    def look_that_all_is_off(self):
        """Of the present instrument."""
        now = self.lab.world.clock.now()
        holder = DESCRIPTION["instruments"][self.subject]["wiring"].get("channel")
        if holder is not None and self.driver.role == "source meter":
            assert self.lab.world.world.holders.at(holder, now).mode == "open"

    def teardown(self):
        if not hasattr(self, "lab"):
            return
        with self.stack:
            with self.lab.connected:
                pass
            self.look_that_all_is_off()
            self.lab.connected = self.lab.connect()
            if self.driver.role == "pump":
                assert self.driver.state() == "stopped"
            if self.driver.role == "chamber":
                assert not self.driver.is_running()
                assert self.driver.setpoint_degC() == 25


def test_every_driver_is_called():
    assert set(DRIVERS.values()) == set(driver_names()) & DEVICES.keys()


@pytest.mark.parametrize("subject", DRIVERS)
def test_no_sequence_leaves_an_unread_error_or_anything_on(subject):
    machine = type("AnySequence", (AnySequence,), {"subject": subject})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))
