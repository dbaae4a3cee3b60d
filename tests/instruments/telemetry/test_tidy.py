"""What a dead run has left of records is finished by the next one, whatever the moment of its death."""

import pytest

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry import list_records, read_record
from galvanaut.instruments.telemetry.tidy import tidy
from madereadings import FACTS, TEST, readings, recorder

KEY = JobKey.parse(TEST)
OVER = {"state": "tripped", "reason": "too hot", "text": "the test was tripped", "cycles": []}


@pytest.fixture
def journal(tmp_path):
    engine = open_engine(tmp_path / "station.db", durable=False)
    book = Journal(EventLog(engine, "journal"), VirtualClock(100.0))
    book.intend(KEY, {"kind": "cycle"})
    yield book
    engine.dispose()


@pytest.fixture
def lab(tmp_path):
    with recorder(tmp_path) as one:
        one.begin(TEST, FACTS)
        one.append(TEST, readings(60))
        yield one


def states(lab):
    return [(info.state, info.outcome) for info in list_records(lab.lab)]


def test_a_test_under_way_is_left_to_its_job(lab, journal):
    assert tidy(lab, journal) == []
    assert states(lab) == [("live", "")]


def test_what_was_sealed_and_not_let_go_is_let_go(lab, journal):
    sealed = lab.seal(TEST, "ended")
    journal.done(KEY, {"record": sealed.to_json()})
    assert tidy(lab, journal) == []
    assert lab.store.tests() == []
    assert states(lab) == [("sealed", "ended")]


@pytest.mark.parametrize(("notes", "outcome"), [({"over": OVER}, "tripped"), ({}, "failed")])
def test_what_a_failed_job_could_not_seal_is_sealed(lab, journal, notes, outcome):
    journal.note(KEY, **notes)
    journal.failed(KEY, "the disk was full")
    assert tidy(lab, journal) == []
    assert states(lab) == [("sealed", outcome)]
    assert lab.store.tests() == []


@pytest.mark.parametrize(
    ("notes", "remark"),
    [
        ({"run": {"remarks": ["a gap", "another"]}}, "a gap; another"),
        ({"run": {"remarks": []}, "over": OVER | {"words": {"remark": "a gap"}}}, "a gap"),
        ({"run": {}}, ""),
    ],
)
def test_what_a_reader_has_to_know_stands_in_the_record(lab, journal, notes, remark):
    journal.note(KEY, **notes)
    journal.failed(KEY, "the disk was full")
    assert tidy(lab, journal) == []
    assert read_record(lab.lab, TEST).attrs.get("remark", "") == remark


def test_a_test_that_never_began_leaves_nothing(lab, journal):
    other = JobKey("demo", 2, "cycle")
    lab.begin(str(other), FACTS)
    journal.intend(other, {"kind": "cycle"})
    journal.failed(other, "no cell")
    assert tidy(lab, journal) == []
    assert [hot.test for hot in lab.store.tests()] == [TEST]


def test_what_cannot_be_sealed_is_told_and_stays(lab, journal, tmp_path):
    journal.failed(KEY, "the disk was full")
    (tmp_path / "records" / "demo").mkdir(parents=True)
    (tmp_path / "records" / "demo" / "0001-cycle-1.bdf.parquet").write_bytes(b"somebody's")
    (problem,) = tidy(lab, journal)
    assert "is no record" in problem
    assert len(lab.rows(TEST)) == 60


def test_readings_that_stay_for_their_problems_are_not_looked_at_at_every_start(lab, journal, monkeypatch):
    lab.append(TEST, readings(1, first=70))
    lab.seal(TEST, "ended")
    journal.done(KEY, {})
    monkeypatch.setattr(lab.store, "chunks", lambda test: pytest.fail("was read"))
    assert tidy(lab, journal) == []
    assert len(lab.store.tests()) == 1


def test_what_was_half_forgotten_is_forgotten(lab, journal, monkeypatch):
    sealed = lab.seal(TEST, "ended")
    journal.done(KEY, {"record": sealed.to_json()})
    with lab.store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tests SET is_leaving = 1")
        connection.exec_driver_sql("DELETE FROM readings WHERE rowid % 2 = 0")
    assert tidy(lab, journal) == []
    assert (lab.store.leaving(), lab.rows(TEST)) == ([], [])
    assert states(lab) == [("sealed", "ended")]


def test_rows_that_belong_to_no_job_are_left_alone(lab, journal):
    lab.store.append_many({"by hand": readings(3)})
    assert tidy(lab, journal) == []
    assert len(lab.rows("by hand")) == 3
