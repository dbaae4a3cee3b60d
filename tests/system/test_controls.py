"""`galvanaut pause`, `resume` and `stop`, said to campaigns that run in other processes."""

import signal
import time

import pytest

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.reader import read_record
from madereadings import readings
from smalllab import BENCH, command_line, small_campaign
from stationprocess import begun, jobs, record, run, until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert run(small_campaign(folder, 2), folder / "lab").returncode == 0
    return record(folder / "lab")


def say(what, lab, *more):
    return command_line(what, "conductivity", "--lab", lab, *more)


def unattended(folder):
    """A campaign with nobody to ask: a dose that is broken off may leave a doubt, and then fails its trial."""
    bench = folder / "bench.yaml"
    bench.write_text(f"{BENCH.read_text()}\noperators: {{settle_doubts: false}}\n", encoding="utf-8")
    return small_campaign(folder, 2, {str(BENCH): str(bench)})


def wait_for_rest(lab):
    """Until nothing is under way, and nothing new has begun for a while."""

    def rests():
        before = jobs(lab)
        time.sleep(1.5)
        return len(jobs(lab)) == len(before) and all(job.state != "intended" for job in before)

    until(rests)


def test_a_paused_campaign_begins_nothing_and_comes_to_the_same_in_the_end(tmp_path, whole):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    with begun(campaign, lab, 4) as flow:
        assert "paused" in say("pause", lab).stdout
        wait_for_rest(lab)
        assert flow.poll() is None
        assert "it goes on" in say("resume", lab).stdout
        assert flow.wait(100) == 0, flow.communicate()
    assert record(lab) == whole


def test_a_stopped_campaign_goes_on_when_that_is_taken_back(tmp_path, whole):
    campaign, lab = unattended(tmp_path), tmp_path / "lab"
    with begun(campaign, lab, 4) as flow:
        assert say("stop", lab, "--confirm").returncode == 2  # one thing after the other
        assert "stopped" in say("stop", lab).stdout
        said, _ = flow.communicate(timeout=60)
        assert (flow.returncode, "was stopped; its cells are safe" in said) == (1, True)
    refused = run(campaign, lab)
    assert (refused.returncode, "takes that back" in refused.stderr) == (2, True)
    assert "run it again" in say("resume", lab).stdout
    assert run(campaign, lab).returncode == 0
    assert {trial["status"] for trial in record(lab)["trials"]} <= {"ok", "failed_instrument"}
    assert record(lab)["trials"][0]["recipe"] == whole["trials"][0]["recipe"]


def test_what_is_stopped_for_good_is_closed_and_sealed(tmp_path):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    with begun(campaign, lab, 4) as flow:
        flow.send_signal(signal.SIGINT)
        assert flow.wait(60) == 1
    test = JobKey("conductivity", 1, "cycling", 1)
    engine = open_engine(lab / "station.db")
    Journal(EventLog(engine, "journal"), VirtualClock(1.8e9)).intend(test, {"kind": "cycle"})
    engine.dispose()
    with LabRecorder.opened(lab) as recorder:
        recorder.append(str(test), readings(30))
    say("stop", lab)
    done = say("stop", lab, "--confirm")
    assert "records/conductivity/0001-cycling-1.bdf.parquet" in done.stdout
    assert len(read_record(lab, str(test))) == 30
    assert all(job.state != "intended" for job in jobs(lab))
    assert {trial["status"] for trial in record(lab)["trials"]} <= {"ok", "failed_instrument"}
    for again in (run(campaign, lab), say("resume", lab), say("stop", lab)):
        assert (again.returncode, "stopped for good" in again.stderr) == (2, True)
