"""Which cycler stands at a holder, and the temperature that its cells share."""

from contextlib import ExitStack
from math import isnan
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from contractlab import ContractLab
from cyclinglab import CELL, DESCRIPTION, plan
from fakemeter import FakeClock, silence
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.cycling.wired import SharedTemperature

CHAMBER = {
    "driver": "espec-p300",
    "resource": "ASRL22::INSTR",
    "wiring": {"houses": "left"},
    "settings": {"minimum": "5 degC", "maximum": "40 degC", "low_limit": "0 degC", "high_limit": "45 degC"},
}


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


def test_who_comes_seldom_waits_for_the_answer_where_nothing_newer_is_known():
    clock, asked = FakeClock(), []

    def read():
        sleep(0.03)
        asked.append(clock.now())
        return 25.0

    shared = SharedTemperature(read, clock.now, apart=True)
    for _ in range(3):
        assert shared(30.0) == 25.0
        clock.at_s += 60
    assert asked == [1000.0, 1060.0, 1120.0]


def test_who_has_no_patience_does_not_wait():
    clock, may_answer = FakeClock(), Event()
    shared = SharedTemperature(lambda: may_answer.wait(10) and 25.0, clock.now, apart=True)
    assert isnan(shared())
    may_answer.set()
    assert shared(30.0) == 25.0


def test_one_question_is_waited_for_once_by_all_and_none_while_it_stays_unanswered():
    clock, may_answer, asked = FakeClock(), Event(), []

    def hang():
        asked.append(clock.now())
        may_answer.wait(30)
        return 25.0

    shared, began_s = SharedTemperature(hang, clock.now, apart=True), monotonic()
    both = [Thread(target=shared, args=(0.3,)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert 0.3 <= monotonic() - began_s < 5
    began_s = monotonic()
    for _ in range(20):
        clock.at_s += 60
        assert isnan(shared(0.3))
    assert monotonic() - began_s < 0.3  # all of them together
    assert asked == [1000.0]
    may_answer.set()


def test_two_cells_that_come_at_one_instant_wait_for_one_answer():
    clock, is_asked, may_answer, found = FakeClock(), Event(), Event(), []

    def read():
        is_asked.set()
        may_answer.wait(10)
        return 25.0

    shared = SharedTemperature(read, clock.now, apart=True)
    both = [Thread(target=lambda: found.append(shared(30.0))) for _ in range(2)]
    for each in both:
        each.start()
    assert is_asked.wait(10)
    may_answer.set()
    for each in both:
        each.join()
    assert found == [25.0, 25.0]


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
    housed = DESCRIPTION | {
        "holders": {"left": CELL, "right": CELL},
        "instruments": DESCRIPTION["instruments"] | {"chamber": CHAMBER},
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


@pytest.fixture
def apart(monkeypatch):
    """A lab whose chamber is asked in a thread of its own, as on a real or a served bench, and answers in 0.2 s."""

    def begun(tmp_path, records, stack):
        smu = DESCRIPTION["instruments"]["smu"] | {"settings": {"records": records}}
        housed = DESCRIPTION | {"holders": {"left": CELL}, "instruments": {"smu": smu, "chamber": CHAMBER}}
        lab = ContractLab(housed, tmp_path / "world.db", "tcp", stack)
        monkeypatch.setattr(ConnectedBench, "is_simulated", False)
        chamber = lab.connected.chamber("chamber")
        read = chamber.temperature_degC
        monkeypatch.setattr(type(chamber), "temperature_degC", lambda _: sleep(0.2) or read())
        cycler = lab.connected.cycler_at("left", lab.world.clock.now)
        method = [{"step": "open_circuit_voltage", "until_time_s": 3600}]
        test_plan = plan(method, record_s=60 if records else 10)
        return lab, cycler, cycler.start("left", test_plan, cycler.envelope, "cell-1")

    return begun


def test_a_meter_that_records_knows_the_temperature_at_each_of_its_rare_looks(tmp_path, apart):
    with ExitStack() as stack:
        lab, one, run = apart(tmp_path, True, stack)
        for _ in range(6):
            status = one.poll(run)
            lab.pass_time(max(60.0, status.next_s))
            assert status.state == "running", status.alarm
        assert not any(isnan(row.temperature_degC) for row in one.rows(run))
        one.make_safe()


def test_a_meter_that_is_polled_waits_for_no_chamber(tmp_path, apart):
    with ExitStack() as stack:
        _, one, run = apart(tmp_path, False, stack)
        assert isnan(one.poll(run).row.temperature_degC)
        one.make_safe()


def test_only_the_cyclers_of_what_was_made_safe_are_made_anew(tmp_path):
    with ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path / "world.db", "in-process", stack)
        lab.connected.forget_tests({"smu"})  # before any was made
        left, right = (lab.connected.cycler_at(holder, lab.world.clock.now) for holder in ("left", "right"))
        lab.connected.forget_tests({"smu", "some pump"})
        assert lab.connected.cycler_at("right", lab.world.clock.now) is right
        assert lab.connected.cycler_at("left", lab.world.clock.now) is not left
