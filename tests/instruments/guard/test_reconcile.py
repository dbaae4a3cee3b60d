"""What a dead run has left is found and told; what a job owns is left to it, everything else is made safe."""

import pytest

from cellsbench import DESCRIPTION, charging
from contractlab import contract_lab
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.errors import BenchError
from galvanaut.instruments.guard.reconcile import look, reconcile
from galvanaut.instruments.journal import Journal

DOSE = JobKey("demo", 1, "dose")
CYCLE = JobKey("demo", 1, "cycle")


@pytest.fixture
def lab(tmp_path):
    with contract_lab(DESCRIPTION, tmp_path / "world.db", "in-process") as one:
        yield one


@pytest.fixture
def journal(lab, tmp_path):
    return Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), lab.world.clock)


@pytest.fixture
def busy(lab):
    """A bench on which everything runs, seen by a host that has just connected."""
    charging(lab, "smu")
    charging(lab, "analyzer")
    pump, chamber = lab.connected.pump("pump"), lab.connected.chamber("chamber")
    pump.prepare(5.0)
    pump.start()
    chamber.set_temperature(40)
    chamber.run()
    lab.pass_time(10)
    lab.connected.close()
    lab.connected = lab.connect()
    return lab


def current_A(lab, holder):
    return lab.world.world.holders.at(holder, lab.world.clock.now()).current_A


def moves(lab):
    return lab.world.world.run("pump").is_moving(lab.world.clock.now())


def test_on_a_bench_at_rest_there_is_nothing_to_find(lab, journal):
    assert reconcile(lab.connected, journal) == []


def test_looking_changes_nothing(busy):
    found = {each.instrument: each.text for each in look(busy.connected)}
    assert list(found) == ["chamber", "pump", "analyzer", "smu"]
    assert found["pump"] == "is infusing"
    assert found["chamber"] == "holds 40 degC"
    assert found["smu"].startswith("output is on: 3.")
    assert found["smu"].endswith(" 2 mA")
    assert look(busy.connected)[0].action == "found"
    assert current_A(busy, "left") == pytest.approx(0.002, rel=0.01)
    assert moves(busy)


def test_what_nobody_waits_for_is_made_safe(busy, journal):
    found = reconcile(busy.connected, journal)
    assert {each.action for each in found} == {"made safe"}
    assert str(found[1]) == "pump: is infusing; made safe"
    assert current_A(busy, "left") == current_A(busy, "right") == 0
    assert not moves(busy)
    assert not busy.connected.chamber("chamber").is_running()
    assert reconcile(busy.connected, journal) == []


def test_what_an_unfinished_job_owns_is_left_to_it(busy, journal):
    journal.intend(DOSE, {"kind": "dose", "pump": "pump", "balance": "balance", "vessel": "beaker"})
    journal.intend(CYCLE, {"kind": "cycle test", "holder": "left"})
    found = {each.instrument: each for each in reconcile(busy.connected, journal)}
    assert str(found["pump"]) == f"pump: is infusing; left to its job {DOSE}"
    assert {name: each.job for name, each in found.items()} == {
        "chamber": str(CYCLE),
        "pump": str(DOSE),
        "analyzer": "",
        "smu": str(CYCLE),
    }
    assert moves(busy)
    assert current_A(busy, "left") == pytest.approx(0.002, rel=0.01)
    assert current_A(busy, "right") == 0


@pytest.mark.parametrize("end", ["done", "failed"])
def test_a_job_that_has_ended_owns_nothing(busy, journal, end):
    journal.intend(CYCLE, {"kind": "cycle test", "holder": "left"})
    journal.done(CYCLE, {}) if end == "done" else journal.failed(CYCLE, "broke off")
    assert all(not each.job for each in reconcile(busy.connected, journal))
    assert current_A(busy, "left") == 0


def test_what_cannot_be_asked_counts_as_running_and_stops_the_start(busy, journal):
    busy.world.devices["smu"].handle = lambda message: b""
    with pytest.raises(BenchError, match=r"be made safe after an earlier run\n  smu .*was found: cannot be asked"):
        reconcile(busy.connected, journal)
    assert current_A(busy, "right") == 0
    assert not moves(busy)


def test_a_watchdog_that_has_opened_the_circuit_is_told(busy, journal):
    busy.pass_time(60)
    found = {each.instrument: each.text for each in look(busy.connected, journal)}
    assert "protected against coupled protection or watchdog" in found["analyzer"]
