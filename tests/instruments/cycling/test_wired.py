"""Which cycler stands at a holder, and the temperature that its cells share."""

from contextlib import ExitStack
from math import isnan
from threading import Event, Thread

from contractlab import ContractLab
from cyclinglab import CELL, DESCRIPTION, plan
from fakemeter import FakeClock, silence
from galvanaut.instruments.cycling.wired import SharedTemperature


def test_one_reading_serves_all_for_a_while():
    clock, asked = FakeClock(), []
    shared = SharedTemperature(lambda: asked.append(clock.now()) or 25.0, clock.now)
    for seconds in (0, 4, 9, 10, 15, 19.9, 20):
        clock.at_s = 1000.0 + seconds
        assert shared() == 25.0
    assert asked == [1000.0, 1010.0, 1020.0]


def test_what_is_not_known_any_more_is_no_number_and_asked_for_again():
    clock, replies = FakeClock(), [25.0, silence(), silence(), 26.0]

    def read():
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    shared, found = SharedTemperature(read, clock.now), []
    for seconds in (0, 10, 15, 20, 25, 30):
        clock.at_s = 1000.0 + seconds
        found.append(shared())
    assert found[:3] == [25.0, 25.0, 25.0]
    assert isnan(found[3])
    assert isnan(found[4])
    assert found[5] == 26.0


def test_an_instrument_that_hangs_holds_up_nobody_when_it_is_asked_apart():
    clock, is_asked, may_answer = FakeClock(), Event(), Event()

    def hang():
        is_asked.set()
        may_answer.wait(10)
        return 25.0

    shared = SharedTemperature(hang, clock.now, apart=True)
    assert isnan(shared())
    assert is_asked.wait(10)
    clock.at_s += 60
    assert isnan(shared())
    may_answer.set()


def test_an_instrument_that_hangs_holds_up_one_only():
    clock, is_asked, may_answer = FakeClock(), Event(), Event()

    def hang():
        is_asked.set()
        may_answer.wait(10)
        return 25.0

    shared = SharedTemperature(hang, clock.now)
    first = Thread(target=shared)
    first.start()
    assert is_asked.wait(10)
    clock.at_s += 60
    assert isnan(shared())
    may_answer.set()
    first.join()


def test_a_chamber_measures_for_its_holders_and_a_cell_without_one_has_no_temperature(tmp_path):
    chamber = {
        "driver": "espec-p300",
        "resource": "ASRL22::INSTR",
        "wiring": {"houses": "left"},
        "settings": {"minimum": "5 degC", "maximum": "40 degC", "low_limit": "0 degC", "high_limit": "45 degC"},
    }
    housed = DESCRIPTION | {
        "holders": {"left": CELL, "right": CELL},
        "instruments": DESCRIPTION["instruments"] | {"chamber": chamber},
    }
    method = [{"step": "open_circuit_voltage", "until_time_s": 60}]
    with ExitStack() as stack:
        lab = ContractLab(housed, tmp_path / "world.db", "in-process", stack)
        for holder, is_known in (("left", True), ("right", False)):
            one = lab.connected.cycler_at(holder, lab.world.clock.now)
            assert lab.connected.cycler_at(holder, lab.world.clock.now) is one
            run = one.start(holder, plan(method), one.envelope, "cell-1")
            degC = one.poll(run).row.temperature_degC
            assert isnan(degC) != is_known
            assert not is_known or 10 < degC < 35


def test_only_the_cyclers_of_what_was_made_safe_are_made_anew(tmp_path):
    with ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path / "world.db", "in-process", stack)
        lab.connected.forget_tests({"smu"})  # before any was made
        left, right = (lab.connected.cycler_at(holder, lab.world.clock.now) for holder in ("left", "right"))
        lab.connected.forget_tests({"smu", "some pump"})
        assert lab.connected.cycler_at("right", lab.world.clock.now) is right
        assert lab.connected.cycler_at("left", lab.world.clock.now) is not left
