"""A cycler made of a source meter, through bytes, on simulated cells."""

import json
import time
import timeit
from contextlib import ExitStack

import pytest

from contractlab import ContractLab
from cyclinglab import CELL, CYCLE, DESCRIPTION, ENVELOPE, HOLDERS, plan
from galvanaut.core.errors import InputError
from galvanaut.instruments.cycling import HostCycler
from galvanaut.instruments.cycling.interlock import FROZEN_READINGS
from galvanaut.instruments.errors import RefusedError
from galvanaut.instruments.roles import Reading, SourceLimits
from galvanaut.simulators.faults import parse_fault


@pytest.fixture
def lab(tmp_path):
    with ExitStack() as stack:
        yield ContractLab(DESCRIPTION, tmp_path / "world.db", "in-process", stack)


def cycler(lab, holder):
    return lab.connected.cycler_at(holder, lab.world.clock.now)


def run(lab, one, handle, status=None, until=lambda status: False, limit=20_000):
    for _ in range(limit):
        status = one.poll(handle)
        if status.state != "running" or until(status):
            return status
        lab.pass_time(status.next_s)
    raise AssertionError(f"still running: {status}")


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_cell_is_cycled_within_its_plan(lab, holder):
    one = cycler(lab, holder)
    handle = one.start(holder, plan(), one.envelope, "cell-1")
    status = run(lab, one, handle)
    assert (status.state, status.alarm) == ("ended", "")
    assert lab.world.world.holders.at(holder, lab.world.clock.now()).mode == "open"
    cycle, charged_Ah, discharged_Ah = status.finished
    assert cycle == 2
    assert charged_Ah == pytest.approx(discharged_Ah, rel=0.01)
    assert 3e-3 < charged_Ah < 4e-3
    table = one.records(handle)
    assert table.index.is_monotonic_increasing
    driven = table[table.current_A.abs() > 1e-4]
    assert driven.voltage_V.between(2.995, 4.105).all()
    assert driven.current_A.abs().max() < 2.05e-3
    assert sorted(table.cycle.unique()) == [1, 2]


def truth(lab, holder):
    return lab.world.world.holders.at(holder, lab.world.clock.now())


def charging(lab, holder):
    one = cycler(lab, holder)
    handle = one.start(holder, plan(CYCLE[2:6]), one.envelope, "cell-1", "test-1")
    status = run(lab, one, handle, until=lambda status: status.row.number == 5)
    assert status.row.current_A == pytest.approx(2e-3, rel=1e-2)
    return one, handle


def polled(lab, one, handle, times):
    for _ in range(times):
        lab.pass_time(10)
        status = one.poll(handle)
    return status


def test_over_a_socket_too(tmp_path):
    with ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path / "world.db", "tcp", stack)
        for holder in HOLDERS:
            one, handle = charging(lab, holder)
            assert one.stop(handle, "enough").state == "stopped"
            assert truth(lab, holder).mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(
    "kind", ["dropped reply", "late reply", "garbled reply", "truncated reply", "duplicated reply", "sentinel"]
)
@pytest.mark.parametrize("message", [1, 2])
def test_a_spoilt_reply_stops_no_test(lab, holder, kind, message):
    one, handle = charging(lab, holder)
    name = str(one.meter)
    lab.world.inject(parse_fault(f"{kind} on {name} at message {message}"))
    status = polled(lab, one, handle, 4)
    assert (status.state, status.alarm) == ("running", "")
    assert truth(lab, holder).current_A == pytest.approx(2e-3, rel=1e-3)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(
    ("fault", "polls"),
    [("power cut", 2), ("over-voltage trip", 2), ("stuck reading", FROZEN_READINGS), ("sentinel", 2)],
)
def test_a_lasting_fault_leaves_the_cell_safe(lab, holder, fault, polls):
    one, handle = charging(lab, holder)
    lasts = " for 1 h" if fault == "sentinel" else ""
    lab.world.inject(parse_fault(f"{fault} on {one.meter}{lasts}"))
    status = polled(lab, one, handle, polls)
    assert status.state in ("tripped", "unknown")
    assert status.alarm
    assert truth(lab, holder).current_A == 0
    assert truth(lab, holder).mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_dead_meter_is_never_assumed_off(lab, holder):
    one, handle = charging(lab, holder)
    lab.world.inject(parse_fault(f"dead peer on {one.meter}"))
    status = polled(lab, one, handle, 1)
    assert status.state == "unknown"
    assert "whether the output is off is not known" in status.alarm
    lab.pass_time(120)
    sight = truth(lab, holder)
    if holder == "left":
        assert (sight.mode, sight.current_A) == ("charge limit", pytest.approx(2e-3))
    else:
        assert (sight.mode, sight.trip) == ("open", "silence")
    lab.world.clear_faults()
    status = polled(lab, one, handle, 1)
    assert status.state == "tripped"
    assert "when it answered again, its output was found or switched off" in status.alarm
    assert "not known" not in status.alarm
    assert truth(lab, holder).mode == "open"


@pytest.mark.parametrize("holder", HOLDERS)
def test_another_instrument_at_the_resource_is_never_commanded(lab, holder):
    one, handle = charging(lab, holder)
    lab.world.inject(parse_fault(f"wrong instrument on {one.meter}"))
    lab.world.inject(parse_fault(f"dropped reply on {one.meter}"))
    status = polled(lab, one, handle, 1)
    assert status.state == "unknown"
    assert truth(lab, holder).current_A == pytest.approx(2e-3)
    lab.world.clear_faults()
    assert polled(lab, one, handle, 1).state == "tripped"


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_relay_that_sticks_is_told_and_the_current_made_small(lab, holder):
    one, handle = charging(lab, holder)
    lab.world.inject(parse_fault(f"relay stuck closed on {one.meter}"))
    status = one.stop(handle, "enough")
    assert "disconnect the cell by hand" in status.alarm
    assert abs(truth(lab, holder).current_A) <= 1.01e-4


def test_a_test_goes_on_in_another_process(tmp_path):
    with ExitStack() as stack:
        lab = ContractLab(DESCRIPTION, tmp_path / "world.db", "in-process", stack)
        one, handle = charging(lab, "left")
        state = json.loads(json.dumps(one.state(handle)))
        rows = one.rows(handle)
        lab.connected.close()
        lab.connected = lab.connect()
        lab.pass_time(300)
        other = cycler(lab, "left")
        assert other is not one
        status = other.attach(handle, plan(CYCLE[2:6]), other.envelope, state, rows)
        assert (status.state, status.step_number, status.row.number) == ("running", 1, 5)
        status = run(lab, other, handle, until=lambda status: status.step_number == 2)
        assert status.row.voltage_V == pytest.approx(4.1, abs=5e-3)
        assert other.rows(handle)[0].number == 6


def test_no_envelope_no_current(tmp_path):
    bare = DESCRIPTION | {"holders": {"left": {"cell": CELL["cell"]}, "right": CELL}}
    with ExitStack() as stack:
        lab = ContractLab(bare, tmp_path / "world.db", "in-process", stack)
        with pytest.raises(InputError, match=r"holders\.left\.envelope: is missing"):
            cycler(lab, "left")
        with pytest.raises(InputError, match="has no holder middle"):
            cycler(lab, "middle")


def test_an_empty_holder_and_a_foreign_output_are_refused(tmp_path):
    empty = DESCRIPTION | {"holders": {"left": {"envelope": ENVELOPE}, "right": {"envelope": ENVELOPE}}}
    with ExitStack() as stack:
        lab = ContractLab(empty, tmp_path / "world.db", "in-process", stack)
        for holder in HOLDERS:
            one = cycler(lab, holder)
            with pytest.raises(RefusedError, match="no cell"):
                one.start(holder, plan(), one.envelope, "cell-1")
            assert not one.meter.is_on()


def test_a_bench_that_stood_still_can_be_used(lab):
    """The watchdog has tripped meanwhile, and harmed nothing: the output was off."""
    lab.pass_time(3600)
    one, handle = charging(lab, "right")
    lab.pass_time(3600)
    status = polled(lab, one, handle, 2)
    assert (status.state, truth(lab, "right").mode) == ("tripped", "open")
    assert "coupled protection or watchdog" in status.alarm


def test_a_poll_costs_little_beside_the_reading(lab):
    """256 cells at 1 Hz have to fit into a small part of one core; in CPU time, which other programs do not take."""
    one = HostCycler(Still(), "left", cycler(lab, "left").envelope, SourceLimits(0, 20, 1, 1e-9), now=Still.now)
    handle = one.start("left", plan([{"step": "open_circuit_voltage", "until_time_s": 1e5}]), one.envelope, "cell-1")
    one.poll(handle)
    best_s = min(timeit.repeat(lambda: one.poll(handle), timer=time.process_time, number=2000, repeat=5)) / 2000
    assert best_s < 40e-6
    assert one.poll(handle).state == "running"


class Still:
    """A meter that costs nothing, on a cell that stands still; its clock goes a millisecond per look."""

    at_s = 0.0
    on = False

    @classmethod
    def now(cls):
        cls.at_s += 1e-3
        return cls.at_s

    def measure(self):
        return Reading(3.7, 0.0, Still.at_s)

    def is_on(self):
        return self.on

    def set_limits(self, envelope):
        pass

    def configure(self, voltage_V, current_A):
        pass

    def output(self, on):
        self.on = on

    def forget_silence(self):
        pass


def test_a_charger_charges_a_pouch_cell(tmp_path):
    wide = {
        "maximum_charge_current": "2 A",
        "maximum_discharge_current": "2 A",
        "maximum_capacity": "4 Ah",
    }
    cell = {"capacity": "3 Ah", "state_of_charge": "30 %", "series_resistance": "10 mohm", "pair_resistance": "15 mohm"}
    charger = {
        "driver": "keithley-2281s",
        "resource": "TCPIP::192.0.2.22::5025::SOCKET",
        "wiring": {"channel": "pouch"},
    }
    pouch = {"cell": cell, "envelope": ENVELOPE | wide}
    description = {
        "name": "pouches",
        "visa": "simulated",
        "holders": {"pouch": pouch},
        "instruments": {"charger": charger},
    }
    method = [
        {"step": "constant_current", "current_mA": 1000, "until_voltage_V": 4.1},
        {"step": "constant_voltage", "voltage_V": 4.1, "until_current_mA": 300},
    ]
    with ExitStack() as stack:
        lab = ContractLab(description, tmp_path / "world.db", "in-process", stack)
        one = cycler(lab, "pouch")
        handle = one.start("pouch", plan(method, nominal_capacity="3 Ah"), one.envelope, "pouch-1")
        status = run(lab, one, handle)
        assert status.state == "ended"
        assert status.current_cycle[1] > 1
        assert truth(lab, "pouch").mode == "open"
