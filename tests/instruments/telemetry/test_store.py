"""The store of readings: each once, several tests in one commit, the newest at hand, and gone when told so."""

import threading
from math import isnan

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry import store as stores
from galvanaut.instruments.telemetry.sealed import HOT_FILE
from galvanaut.instruments.telemetry.store import HotStore
from madereadings import FACTS, TEST, hot_store, readings


@pytest.fixture
def store(tmp_path):
    with hot_store(tmp_path) as one:
        yield one


def same(found, expected):
    return [tuple(map(repr, row)) for row in found] == [tuple(map(repr, row)) for row in expected]


def test_rows_come_back_as_they_were_in_a_later_process(tmp_path, store):
    rows = readings(30)
    store.append_many({TEST: rows})
    with hot_store(tmp_path) as later:
        assert same(later.rows(TEST), rows)
        assert isnan(later.rows(TEST)[0].temperature_degC)
        assert same(later.rows(TEST, 28), rows[28:])
        assert later.rows("unknown") == []


def test_rows_are_kept_once_however_often_they_are_handed_over(store):
    rows = readings(12)
    for batch in (rows[:5], rows[3:9], rows, [rows[2]._replace(voltage_V=1.0)]):
        store.append_many({TEST: batch})
    assert same(store.rows(TEST), rows)


def test_many_tests_share_one_commit(store):
    batch = {f"demo/{trial:04d}/cycle/1": readings(3) for trial in range(1, 17)}
    for test in batch:
        store.begin(test, FACTS)
    commits = []
    sa.event.listen(store._engine, "commit", lambda connection: commits.append(1))
    store.append_many(batch)
    assert len(commits) == 1
    assert all(same(store.rows(test), rows) for test, rows in batch.items())


def test_the_newest_reading_of_every_test_is_found_without_reading_the_others(store):
    store.append_many({"a": readings(5), "b": readings(20)})
    store.append_many({"a": readings(2, first=5)})
    store.begin("c", FACTS)
    found = {test: newest for test, _, newest in store.tests()}
    assert (found["a"], found["b"], found["c"]) == (readings(7)[-1], readings(20)[-1], None)
    plan = []
    sa.event.listen(
        store._engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, parameters, context, many: plan.extend(
            row[3] for row in connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ),
    )
    store.tests()
    assert not [line for line in plan if line.startswith("SCAN") and "tests" not in line]


def test_facts_are_those_of_the_beginning(store):
    store.begin(TEST, FACTS)
    store.begin(TEST, {"cell": "another"})
    assert store.facts(TEST) == FACTS
    store.append_many({"late": readings(1)})
    store.begin("late", FACTS)
    assert store.facts("late") == FACTS
    assert store.facts("unknown") == {}


def test_forgetting_one_test_leaves_the_others(store, monkeypatch):
    monkeypatch.setattr(stores, "_CHUNK", 7)
    store.append_many({"a": readings(10), "b": readings(50), "c": readings(10)})
    store.forget("b")
    assert [hot.test for hot in store.tests()] == ["a", "c"]
    assert store.rows("b") == []
    assert same(store.rows("c"), readings(10))
    assert _count(store) == 20
    store.forget("b")


def test_a_test_of_the_same_name_finds_nothing_of_the_one_before(store):
    store.append_many({"a": readings(10)})
    store.forget("a")
    store.append_many({"a": readings(2)})
    assert len(store.rows("a")) == 2


def test_what_is_half_forgotten_is_known_and_not_listed(tmp_path, store, monkeypatch):
    monkeypatch.setattr(stores, "_CHUNK", 7)
    store.append_many({"a": readings(20)})
    deletes = []

    def die(connection, cursor, statement, parameters, context, many):
        deletes.append(statement)
        if sum("DELETE FROM readings" in each for each in deletes) == 2:
            raise KeyboardInterrupt

    sa.event.listen(store._engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        store.forget("a")
    with hot_store(tmp_path) as later:
        assert (later.tests(), later.leaving()) == ([], ["a"])
        assert 0 < _count(later) < 20
        later.forget("a")
        assert (_count(later), later.leaving()) == (0, [])


def test_what_begins_anew_does_not_leave_with_what_was_half_forgotten(tmp_path, store):
    store.append_many({"a": readings(20)})
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tests SET is_leaving = 1")
    with hot_store(tmp_path) as later:
        assert later.rows("a") == []
        later.append_many({"a": readings(3)})
        assert (later.leaving(), len(later.rows("a")), _count(later)) == ([], 3, 3)


def test_one_thread_forgets_while_another_one_writes(store, monkeypatch):
    monkeypatch.setattr(stores, "_CHUNK", 50)
    store.append_many({"old": readings(2000), "new": readings(1)})
    leaving = threading.Thread(target=lambda: store.forget("old"))
    leaving.start()
    for number in range(1, 101):
        store.append_many({"new": readings(1, first=number)})
    leaving.join()
    assert len(store.rows("new")) == _count(store) == 101


def test_a_full_disk_gives_one_message_and_keeps_nothing_of_the_batch(store):
    store.append_many({"a": readings(10), "b": readings(10)})
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    sa.event.listen(
        store._engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    )
    with pytest.raises(
        GalvanautError, match=r"test a and 1 others: .* \(database or disk is full\); all that was"
    ) as info:
        store.append_many({"a": readings(5000, first=10), "b": readings(5000, first=10)})
    assert "\n" not in str(info.value)
    assert same(store.rows("a"), readings(10))
    assert same(store.rows("b"), readings(10))


def test_one_thread_reads_while_another_one_writes(store):
    store.append_many({"a": readings(100)})
    found = []
    chunks = store.chunks("a")
    first = next(chunks)
    writing = threading.Thread(target=lambda: store.append_many({"a": readings(5, first=100), "b": readings(5)}))
    writing.start()
    writing.join()
    found = [*first, *(row for chunk in chunks for row in chunk)]
    assert len(found) == 100
    assert len(store.rows("a")) == 105


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / HOT_FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match=HOT_FILE):
        HotStore(open_engine(tmp_path / HOT_FILE, durable=False))


def test_a_table_of_somebody_else_is_refused(tmp_path):
    engine = open_engine(tmp_path / HOT_FILE, durable=False)
    EventLog(engine, "readings")
    with pytest.raises(GalvanautError, match=r"test a: readings cannot be recorded"):
        HotStore(engine).append_many({"a": readings(1)})
    engine.dispose()


def test_the_keys_are_large_enough_on_postgresql(store):
    text = str(sa.schema.CreateTable(store._readings).compile(dialect=postgresql.dialect()))
    assert "key BIGINT NOT NULL" in text
    assert text.count("DOUBLE PRECISION") == 6


def _count(store):
    with store._engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM readings").scalar()


def test_a_row_has_the_columns_of_the_table(store):
    assert [column.name for column in store._readings.c] == ["key", *Row._fields[1:]]


def test_a_database_of_an_earlier_version_goes_on_without_the_times_that_it_never_had(tmp_path):
    with hot_store(tmp_path) as store:
        store.append_many({TEST: readings(3)})
    engine = open_engine(tmp_path / HOT_FILE, durable=False)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE readings DROP COLUMN step_time_s")
    engine.dispose()
    with hot_store(tmp_path) as store:
        store.append_many({TEST: readings(2, 3)})
        times_s = [row.step_time_s for row in store.rows(TEST)]
    assert [isnan(each) for each in times_s] == [True] * 3 + [False] * 2
