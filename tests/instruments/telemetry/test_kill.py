"""SIGKILL to real processes: what was said to be on disk is there, and a record is sealed once, whatever the moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dyingprocess
from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry import LabRecorder, list_records, read_record
from galvanaut.instruments.telemetry.seal import sha256_of
from galvanaut.instruments.telemetry.tidy import tidy
from madereadings import TEST, readings, recorder

pytestmark = pytest.mark.system
FILE = "records/demo/0001-cycle-1.bdf.parquet"


def child(*arguments):
    environment = os.environ | {"PYTHONPATH": str(Path(dyingprocess.__file__).parent)}
    command = [sys.executable, dyingprocess.__file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The record's digest, had nobody died."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with child(folder, "no step") as process:
        assert process.wait(60) == 0
    assert list_records(folder)[0].rows == dyingprocess.ROWS
    return sha256_of(folder / FILE)


def test_what_was_acknowledged_survives(tmp_path):
    with child(tmp_path, "append") as process:
        first = [int(process.stdout.readline()) for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        *rest, _ = process.stdout.read().split("\n")  # the last line may be cut off
        assert process.wait(60) == -signal.SIGKILL
    acknowledged = max(first + [int(line) for line in rest])
    with recorder(tmp_path) as later:
        for test in ("demo/0001/cycle/1", "demo/0002/cycle/1"):
            kept = later.rows(test)
            assert len(kept) >= acknowledged
            assert [row[:3] for row in kept] == [row[:3] for row in readings(len(kept))]


@pytest.mark.parametrize("step", dyingprocess.STEPS)
def test_sealing_is_done_again_and_ends_the_same(tmp_path, undisturbed, step):
    with child(tmp_path, step) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert len(read_record(tmp_path, TEST)) == dyingprocess.ROWS, "live or sealed, it can always be read"
    journal = Journal(EventLog(open_engine(tmp_path / "station.db", durable=False), "journal"), VirtualClock(200.0))
    with LabRecorder.opened(tmp_path) as later:
        assert tidy(later, journal) == []
        job = journal.find(JobKey.parse(TEST))
        if job.state == "intended":  # its job is taken up and comes to this again
            sealed = later.seal(TEST, "ended")
            journal.done(job.key, {"record": sealed.to_json()})
            later.release(TEST)
        assert (later.store.tests(), later.store.leaving(), later.rows(TEST)) == ([], [], [])
    assert journal.find(job.key).result["record"]["sha256"] == sha256_of(tmp_path / FILE) == undisturbed
    assert [path.name for path in (tmp_path / FILE).parent.glob("*.bdf.parquet")] == ["0001-cycle-1.bdf.parquet"]
