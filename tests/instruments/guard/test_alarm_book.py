"""The book of alarms: told once per cause, cleared once, and neither repeated nor forgotten by a later process."""

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.guard.alarm import Alarm
from galvanaut.instruments.guard.alarmbook import CLEARED, RAISED, AlarmBook
from galvanaut.instruments.journal import Journal


def journal(target=":memory:"):
    return Journal(EventLog(open_engine(target, durable=False), "journal"), VirtualClock(1000.0))


def silence(name="smu", at=0.0):
    return Alarm("no new sample", at, name, "silence", is_watched=True)


def events(one):
    return [(each.kind, each.topic) for each in one.remarks(RAISED) + one.remarks(CLEARED)]


def test_an_alarm_is_told_once_and_cleared_once():
    one, heard = journal(), []
    book = AlarmBook(one, lambda: 5.0)
    with book.heard(lambda notice: heard.append(str(notice))):
        for _ in range(3):
            book.raise_once(silence())
        for _ in range(3):
            book.clear("smu", "silence", "it goes on")
    assert heard == ["ALARM smu: no new sample", "alarm cleared smu: silence: it goes on"]
    assert events(one) == [(RAISED, "/smu"), (CLEARED, "/smu")]
    assert (len(book.told), book.open) == (1, {})


def test_a_later_process_knows_what_was_told():
    one, heard = journal(), []
    AlarmBook(one, lambda: 5.0).raise_once(silence())
    later = AlarmBook(one, lambda: 6.0)
    with later.heard(heard.append):
        assert not later.raise_once(silence())
        later.begin_run()
        later.clear("smu", "silence", "it goes on")
    assert [notice.event for notice in heard] == ["cleared"]


def test_a_trip_of_an_earlier_run_is_over_when_a_new_one_begins_and_may_come_again():
    one = journal()
    AlarmBook(one, lambda: 5.0).raise_once(Alarm("too hot", 0.0, "watch", "temperature of cell_1"))
    later = AlarmBook(one, lambda: 6.0)
    later.begin_run()
    assert later.open == {}
    assert later.raise_once(Alarm("too hot", 7.0, "watch", "temperature of cell_1"))


def test_an_alarm_of_a_job_that_goes_on_stays_open_but_its_new_process_tells_it_anew():
    one, key = journal(), JobKey("demo", 1, "cycle")
    one.intend(key, {"kind": "cycle"})
    alarm = Alarm("cell_1 may NOT be safe", 0.0, "smu", "state of cell_1", str(key))
    AlarmBook(one, lambda: 5.0).raise_once(alarm)
    later = AlarmBook(one, lambda: 6.0)
    later.begin_run()
    assert list(later.open) == [("smu", "state of cell_1")]
    assert later.raise_once(alarm)
    assert not later.raise_once(alarm)


def test_who_listens_badly_hurts_nobody(caplog):
    book, heard = AlarmBook(journal(), lambda: 5.0), []

    def fail(notice):
        raise RuntimeError("gone")

    with book.heard(fail), book.heard(heard.append):
        book.raise_once(silence())
    assert len(heard) == 1
    assert "somebody could not be told" in caplog.text


def test_what_the_journal_does_not_take_is_told_all_the_same_and_written_later(monkeypatch):
    one, heard = journal(), []
    book = AlarmBook(one, lambda: 5.0)

    def full(*_, **__):
        raise GalvanautError("disk full")

    with monkeypatch.context() as patch, book.heard(heard.append):
        patch.setattr(one._log, "append", full)
        book.raise_once(silence())
        book.clear("smu", "silence", "it goes on")
        book.write_again()
        assert len(heard) == 2
    book.write_again()
    book.write_again()
    assert events(one) == [(RAISED, "/smu"), (CLEARED, "/smu")]


STEPS = st.lists(st.tuples(st.sampled_from(["raise", "clear", "restart"]), st.sampled_from(["a", "b"])), max_size=40)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_property_told_once_per_cause_and_cleared_once(steps):
    one, heard, holds, causes, ends = journal(), [], set(), Counter(), Counter()
    book = AlarmBook(one, lambda: 5.0)
    for what, name in steps:
        with book.heard(lambda notice: heard.append((notice.event, notice.alarm.instrument))):
            if what == "restart":
                book = AlarmBook(one, lambda: 5.0)
                book.begin_run()
            elif what == "raise":
                causes[name] += name not in holds
                holds.add(name)
                book.raise_once(silence(name))
            else:
                ends[name] += name in holds
                holds.discard(name)
                book.clear(name, "silence", "it goes on")
    assert {name for name, _ in book.open} == holds
    for name in "ab":
        told = [event for event, about in heard if about == name]
        assert told == [("raised", "cleared")[i % 2] for i in range(len(told))]
        assert (told.count("raised"), told.count("cleared")) == (causes[name], ends[name])
    kinds = Counter(event.kind for event in one.remarks(RAISED) + one.remarks(CLEARED))
    assert (kinds[RAISED], kinds[CLEARED]) == (causes.total(), ends.total())


@pytest.mark.parametrize("kind", ["found", "repair"])
def test_other_remarks_are_no_alarms(kind):
    one = journal()
    one.remark(kind, "smu", text="output is on")
    assert AlarmBook(one, lambda: 5.0).open == {}
