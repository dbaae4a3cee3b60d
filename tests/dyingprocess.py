"""Run in a child process: keep readings, or seal and let go of a test, and be killed at a moment that is named.

Usage: ``python dyingprocess.py LAB append`` or ``python dyingprocess.py LAB STEP``, see `STEPS`.
"""

import os
import signal
import sys
from pathlib import Path

import pyarrow.parquet as pq

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry import store as stores
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.tidy import tidy
from madereadings import FACTS, TEST, readings

ROWS = 60
STEPS = ("draft begun", "draft written", "draft on disk", "renamed", "noted", "done", "leaving", "half gone", "gone")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def append_for_ever(recorder):
    """Say on a line of its own what is on disk, as soon as that is promised."""
    number = 0
    while True:
        for test in ("demo/0001/cycle/1", "demo/0002/cycle/1"):
            recorder.put(test, readings(7, first=number))
        number += 7
        recorder.append(TEST, [])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def dying_at(step):
    """Plant the death at the borders of what the program does on its way."""
    write, replace, forget = pq.write_table, Path.replace, stores.HotStore.forget

    def write_table(table, file, **options):
        if step == "draft begun":
            file.write(b"PAR1")
            file.flush()
            die()
        write(table, file, **options)
        _ = step == "draft written" and die()

    def renamed(path, target):
        _ = step == "draft on disk" and die()
        found = replace(path, target)
        _ = step == "renamed" and die()
        return found

    def forgotten(store, test):
        store._engine.dispose()
        deletes = 0

        def count(connection, cursor, statement, parameters, context, many):
            nonlocal deletes
            deletes += statement.startswith("DELETE FROM readings")
            _ = deletes == {"leaving": 1, "half gone": 3}.get(step) and die()

        stores.sa.event.listen(store._engine, "before_cursor_execute", count)
        forget(store, test)
        _ = step == "gone" and die()

    pq.write_table, Path.replace = write_table, renamed
    stores.HotStore.forget, stores._CHUNK = forgotten, 10


def seal_and_let_go(recorder, journal, step):
    """What the job and the station do when a test has ended."""
    key = JobKey.parse(TEST)
    sealed = recorder.seal(TEST, "ended")
    journal.note(key, record=sealed.to_json())
    _ = step == "noted" and die()
    journal.done(key, {"record": sealed.to_json()})
    _ = step == "done" and die()
    recorder.release(TEST)


def main(lab, step):
    journal = Journal(EventLog(open_engine(lab / "station.db", durable=False), "journal"), VirtualClock(100.0))
    with LabRecorder.opened(lab) as recorder:
        tidy(recorder, journal)
        recorder.begin(TEST, FACTS)
        if step == "append":
            append_for_ever(recorder)
        journal.intend(JobKey.parse(TEST), {"kind": "cycle"})
        recorder.append(TEST, readings(ROWS))
        dying_at(step)
        seal_and_let_go(recorder, journal, step)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
