"""The journal: intent first, one key one action, everything back after reopening."""

from pathlib import Path

import pytest

from galvanaut.core.clock import VirtualClock
from galvanaut.core.errors import GalvanautError
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal

KEY = JobKey("demo", 3, "dose-DMC")
REQUEST = {"kind": "dose", "stock": "DMC", "lot": "L1", "volume_mL": 1.5}


def journal(tmp_path: Path) -> Journal:
    return Journal(EventLog(open_engine(tmp_path / "station.db"), "journal"), VirtualClock(100.0))


def test_a_job_survives_reopening_with_its_notes(tmp_path):
    first = journal(tmp_path)
    first.intend(KEY, REQUEST)
    first.note(KEY, before_g=12.5)
    first.note(KEY, before_g=12.6, stroke_mL=1.5)
    again = journal(tmp_path).find(KEY)
    assert again is not None
    assert (again.state, again.notes, again.began) == ("intended", {"before_g": 12.6, "stroke_mL": 1.5}, 100.0)


def test_taking_a_job_up_again_is_counted(tmp_path):
    journal(tmp_path).intend(KEY, REQUEST)
    assert journal(tmp_path).intend(KEY, REQUEST).attempts == 2


def test_a_key_never_stands_for_two_actions(tmp_path):
    book = journal(tmp_path)
    book.intend(KEY, REQUEST)
    with pytest.raises(GalvanautError, match=r"demo/0003/dose-DMC/1.*another request"):
        book.intend(KEY, {**REQUEST, "volume_mL": 2.0})


def test_done_and_failed_are_final_states(tmp_path):
    book = journal(tmp_path)
    other = JobKey("demo", 3, "settle")
    book.intend(KEY, REQUEST)
    book.done(KEY, {"mass_g": 1.6})
    book.intend(other, {"kind": "settle"})
    book.failed(other, "the chamber did not hold")
    done, failed = journal(tmp_path).records()
    assert (done.state, done.result) == ("done", {"mass_g": 1.6})
    assert (failed.state, failed.reason) == ("failed", "the chamber did not hold")


def test_what_was_drawn_counts_unfinished_doses_and_keeps_lots_apart(tmp_path):
    book = journal(tmp_path)
    book.intend(KEY, REQUEST)
    book.intend(JobKey("demo", 4, "dose-DMC"), {**REQUEST, "volume_mL": 0.5})
    book.intend(JobKey("demo", 5, "dose-DMC"), {**REQUEST, "lot": "L2"})
    assert book.drawn_mL("DMC", "L1") == 2.0
    assert book.drawn_mL("DMC", "L2") == 1.5
    assert book.drawn_mL("PC", "L1") == 0.0
