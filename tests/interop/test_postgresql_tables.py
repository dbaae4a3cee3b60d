"""Logs and leases on a real PostgreSQL server: order, refusals, labs apart, and a server that goes away."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.core.leases import LeaseKeeper, Leases, UnavailableError
from galvanaut.core.postgresql import has_table
from galvanaut.instruments.telemetry.store import HotStore
from postgresqlserver import lab_url

pytestmark = pytest.mark.interop
psycopg = pytest.importorskip("psycopg", reason="psycopg is in the dependency group postgresql")


@pytest.fixture
def url(postgresql):
    return lab_url(postgresql.url)


@pytest.fixture
def engine(url):
    with opened(url) as one:
        yield one


def test_events_come_back_in_the_order_written_and_labs_are_apart(engine, postgresql):
    log = EventLog(engine, "journal")
    for number, topic in enumerate(["a_b/1", "aXb/1", "a_b/2"]):
        log.append(float(number), topic, "k", {"nested": [1, {"a": None}]})
    assert [event.sequence for event in EventLog(engine, "journal").read()] == [1, 2, 3]
    assert [event.topic for event in log.read(prefix="a_b/")] == ["a_b/1", "a_b/2"]
    assert [event.at for event in log.read(after=1)] == [1.0, 2.0]
    with opened(lab_url(postgresql.url)) as other:
        assert not has_table(other, "journal")
        assert EventLog(other, "journal").read() == []


@pytest.mark.parametrize("statement", ["UPDATE journal SET kind='x'", "DELETE FROM journal", "TRUNCATE journal"])
def test_the_database_itself_refuses_changes(engine, statement):
    EventLog(engine, "journal").append(0.0, "t", "k", {})
    with pytest.raises(sa.exc.IntegrityError, match="journal is append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_tables_that_many_make_at_once_are_made_once(url):
    def make(_):
        with opened(url) as one:
            EventLog(one, "journal").append(0.0, "t", "k", {})
            HotStore(one)
            Leases(one)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    with opened(url) as one:
        assert len(EventLog(one, "journal").read()) == 8


def test_a_row_that_is_committed_late_is_not_passed(engine, url):
    """Also one that somebody writes by hand: the order is the database's business."""
    log = EventLog(engine, "journal")
    with opened(url) as by_hand, by_hand.connect() as slow:
        slow.execute(sa.text("INSERT INTO journal (at, topic, kind, data) VALUES (1, 't', 'slow', '{}')"))
        quick = threading.Thread(target=log.append, args=(2.0, "t", "quick", {}))
        quick.start()
        time.sleep(0.3)
        assert log.read() == []  # the quick one waits for the slow one
        slow.commit()
        quick.join()
    assert [(event.sequence, event.kind) for event in log.read()] == [(1, "slow"), (2, "quick")]


def test_who_follows_by_number_sees_all_that_many_write(url):
    count, writers = 60, 4

    def write(name):
        with opened(url) as one:
            log = EventLog(one, "mailbox")
            for number in range(count):
                log.append(0.0, name, str(number), {})

    seen, newest = [], 0
    with opened(url) as one, ThreadPoolExecutor(writers) as pool:
        log = EventLog(one, "mailbox")
        done = [pool.submit(write, f"writer {number}") for number in range(writers)]
        while len(seen) < count * writers:
            is_over = all(each.done() for each in done)
            found = log.read(after=newest)
            seen += found
            newest = seen[-1].sequence if seen else 0
            assert found or not is_over, "a row was passed"
    assert [event.sequence for event in seen] == sorted(event.sequence for event in seen)


def test_leases_have_one_owner_and_go_by_the_clock_of_the_server(engine):
    leases = Leases(engine)
    leases.take("bench", "a", "process a", 0.3, {"now": 1.5})
    with pytest.raises(GalvanautError, match="held by process a"):
        leases.take("bench", "b", "process b", 10)
    leases.take("bench", "a", "process a", 0.3)
    time.sleep(0.35)
    assert leases.find("bench") is None
    leases.take("bench", "b", "process b", 10)
    assert [lease.owner for lease in leases.all()] == ["b"]


def test_a_server_that_starts_anew_is_found_again(engine, postgresql):
    log, leases = EventLog(engine, "journal"), Leases(engine)
    keeper = LeaseKeeper(leases, "bench", "a", 10.0)
    with keeper.kept():
        log.append(0.0, "t", "before", {})
        postgresql.restart()
        log.append(1.0, "t", "after", {})
        postgresql.restart("immediate")
        assert [event.kind for event in log.read()] == ["before", "after"]
        leases.take("bench", "a", "", 10.0)
        keeper.check()


def test_a_server_that_is_away_is_named_and_nothing_else_is(engine, postgresql, url, monkeypatch):
    monkeypatch.setattr("galvanaut.core.postgresql.PATIENCE_S", 0.2)
    log, leases, store = EventLog(engine, "journal"), Leases(engine), HotStore(engine)
    name = url.rpartition("=")[2]
    with postgresql.away():
        with pytest.raises(GalvanautError, match=rf"{name}: cannot be written \(.*its server, the network"):
            log.append(0.0, "t", "k", {})
        with pytest.raises(InputError, match=rf"{name}: cannot be used \(.*see that its server runs"):
            log.read()
        with pytest.raises(InputError, match="cannot be used"):
            store.tests()
        with pytest.raises(UnavailableError, match="cannot be used"):
            leases.all()
        with pytest.raises(InputError, match="cannot be opened as a database"), opened(url):
            pass
    assert log.read() == []


def cut_off(engine, before):
    """Plant one loss of the link, before or after the next row is written."""
    event, left = ("before_cursor_execute", "after_cursor_execute")[not before], [1]

    def cut(connection, cursor, statement, *_):
        if statement.startswith("INSERT") and left and left.pop():
            connection.connection.dbapi_connection.close()
            if not before:
                raise psycopg.OperationalError("the connection is lost")

    sa.event.listen(engine, event, cut)


@pytest.mark.parametrize("before", [True, False])
def test_a_row_is_written_once_whenever_the_link_is_lost(url, before):
    with opened(url) as engine:
        log = EventLog(engine, "journal")
        log.append(0.0, "t", "first", {})
        cut_off(engine, before)
        event = log.append(1.0, "t", "second", {})
        assert [each.kind for each in log.read()] == ["first", "second"]
        assert log.read()[-1].sequence == event.sequence
