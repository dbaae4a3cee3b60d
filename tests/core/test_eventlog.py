"""The append-only log: order, JSON round trip, no changes, no half-made file."""

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import EventLog, open_engine


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(open_engine(tmp_path / "a.db"), "journal")


def test_events_come_back_in_the_order_written(log: EventLog) -> None:
    log.append(1.0, "c/1", "intended", {"volume_mL": 0.1})
    log.append(0.5, "c/2", "intended", {})
    log.append(2.0, "c/1", "done", {"nested": [1, {"a": None}]})
    assert [event.sequence for event in log.read()] == [1, 2, 3]
    assert [event.kind for event in log.read(topic="c/1")] == ["intended", "done"]
    assert log.read(topic="c/1")[1].data == {"nested": [1, {"a": None}]}


def test_a_prefix_is_taken_literally(log: EventLog) -> None:
    for topic in ("a_b/1", "aXb/1", "a_b/2"):
        log.append(0.0, topic, "k", {})
    assert [event.topic for event in log.read(prefix="a_b/")] == ["a_b/1", "a_b/2"]


def test_a_driver_that_is_not_installed_is_named_with_the_extra_that_brings_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"//me:\*\*\*@there/lab: cannot be opened .*galvanaut\[postgresql\]") as found:
        open_engine("postgresql+psycopg://me:secret@there/lab")
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("statement", ["UPDATE journal SET kind='x'", "DELETE FROM journal"])
def test_the_database_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    engine = open_engine(tmp_path / "a.db")
    EventLog(engine, "journal").append(0.0, "t", "k", {})
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_nan_is_not_a_record(log: EventLog) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append(0.0, "t", "k", {"value": float("nan")})
    assert log.read() == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened as a database"):
        open_engine(tmp_path / "no" / "such" / "a.db")


def _written(path: Path, events: int = 200) -> None:
    engine = open_engine(path)
    log = EventLog(engine, "journal")
    for number in range(events):
        log.append(float(number), "t", "k", {"text": "x" * 200})
    engine.dispose()


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("Dear diary, " * 500, "utf-8")
    with pytest.raises(InputError, match=r"a\.db: cannot be opened as a database \(file is not a database\)"):
        open_engine(tmp_path / "a.db")


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda whole: whole[:4096] + b"?" * 60000])
def test_a_damaged_database_is_named(tmp_path: Path, damage) -> None:
    path = tmp_path / "a.db"
    _written(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"a\.db: cannot be (used|opened).*malformed"):
        EventLog(open_engine(path), "journal").read()


def test_another_table_of_that_name_and_another_content_are_refused(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "a.db")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE journal (x INTEGER)"))
    with pytest.raises(InputError, match=r"a\.db: cannot be used \(no such column"):
        EventLog(engine, "journal").read()
    log = EventLog(engine, "ledger")
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO ledger (at, topic, kind, data) VALUES (0, 't', 'k', '{')"))
    with pytest.raises(InputError, match=r"a\.db: holds an event that is not JSON"):
        log.read()


def test_a_full_disk_is_said_so_and_what_was_written_stays(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "a.db")
    log = EventLog(engine, "journal")
    log.append(0.0, "t", "k", {})
    with engine.connect() as connection:
        connection.execute(sa.text("PRAGMA max_page_count = 5"))  # the file may not grow, as on a full disk
    with pytest.raises(GalvanautError, match=r"a\.db: cannot be written \(database or disk is full\)") as caught:
        log.append(1.0, "t", "k", {"text": "x" * 100_000})
    assert caught.value.exit_code == 1
    assert [event.at for event in log.read()] == [0.0]
