"""`galvanaut pause`, `resume` and `stop`, said to campaigns that run in other processes."""

import signal
import time

import pytest

from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog
from galvanaut.core.identifiers import JobKey
from galvanaut.instruments.journal import Journal
from galvanaut.instruments.telemetry.labrecorder import LabRecorder
from galvanaut.instruments.telemetry.reader import read_record
from madereadings import readings
from smalllab import BENCH, command_line, new_lab, small_campaign, tables
from stationprocess import begun, jobs, record, run, station, until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    lab = new_lab(folder)
    assert run(small_campaign(folder, 2), lab).returncode == 0
    return record(lab)


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
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with begun(campaign, lab, 4) as flow:
        assert "paused" in say("pause", lab).stdout
        wait_for_rest(lab)
        assert flow.poll() is None
        assert "it goes on" in say("resume", lab).stdout
        assert flow.wait(100) == 0, flow.communicate()
    assert record(lab) == whole


def test_a_stopped_campaign_goes_on_when_that_is_taken_back(tmp_path, whole):
    """Paused before, so that nothing is broken off: then it comes to the same."""
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with begun(campaign, lab, 4) as flow:
        say("pause", lab)
        wait_for_rest(lab)
        assert say("stop", lab, "--confirm").returncode == 2  # one thing after the other
        assert "stopped" in say("stop", lab).stdout
        said, _ = flow.communicate(timeout=60)
        assert (flow.returncode, "was stopped; its cells are safe" in said) == (1, True)
    refused = run(campaign, lab)
    assert (refused.returncode, "takes that back" in refused.stderr) == (2, True)
    assert "run it again" in say("resume", lab).stdout
    assert run(campaign, lab).returncode == 0
    assert [trial["status"] for trial in record(lab)["trials"]] == ["ok"] * 2
    assert [trial["recipe"] for trial in record(lab)["trials"]] == [trial["recipe"] for trial in whole["trials"]]


@pytest.mark.parametrize("count", [4, 8])
def test_a_resident_station_halts_the_jobs_of_a_stopped_campaign_and_stays(tmp_path, count):
    """At any moment: a dose that was broken off may be in doubt, and with nobody to ask its trial fails for that."""
    campaign, lab = unattended(tmp_path), new_lab(tmp_path)
    with station(lab, tmp_path / "bench.yaml") as resident:
        with begun(campaign, lab, count) as flow:
            say("stop", lab)
            assert flow.wait(60) == 1
        say("resume", lab)
        done = run(campaign, lab)
        assert done.returncode == 0, done.stderr
        assert resident.process.poll() is None
    trials = record(lab)["trials"]
    assert [trial["trial"] for trial in trials] == [1, 2]
    assert all(trial["status"] == "ok" or "in doubt" in trial["reason"] for trial in trials)


def test_the_jobs_of_a_dead_flow_are_halted_by_the_station_that_goes_on(tmp_path):
    campaign, lab = unattended(tmp_path), new_lab(tmp_path)
    with station(lab, tmp_path / "bench.yaml") as resident:
        with begun(campaign, lab, 4) as flow:
            flow.kill()
            flow.wait()
        assert "The resident station has broken off its jobs" in say("stop", lab).stdout
        before = len(jobs(lab)), sum(job.state != "intended" for job in jobs(lab))
        time.sleep(2.0)  # its clock goes on meanwhile
        assert (len(jobs(lab)), sum(job.state != "intended" for job in jobs(lab))) == before
        refused = say("stop", lab, "--confirm")
        assert (refused.returncode, "end its station first" in refused.stderr) == (2, True)
        assert resident.end() == 0
    assert say("stop", lab, "--confirm").returncode == 0


def test_a_stop_with_nobody_there_says_that_nothing_was_made_safe(tmp_path):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with begun(campaign, lab, 4) as flow:
        flow.kill()
        flow.wait()
    assert "NOTHING was made safe on bench simulated" in say("stop", lab).stdout
    with station(lab):
        assert "was stopped already. The resident station has broken off its jobs" in say("stop", lab).stdout


def test_what_is_stopped_for_good_is_closed_and_sealed(tmp_path):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with begun(campaign, lab, 4) as flow:
        flow.send_signal(signal.SIGINT)
        assert flow.wait(60) == 1
    test = JobKey("conductivity", 1, "cycling", 1)
    with tables(lab, "station") as engine:
        Journal(EventLog(engine, "journal"), VirtualClock(1.8e9)).intend(test, {"kind": "cycle"})
    with LabRecorder.opened(lab) as recorder:
        recorder.append(str(test), readings(30))
    say("stop", lab)
    done = say("stop", lab, "--confirm")
    assert "records/conductivity/0001-cycling-1.bdf.parquet" in done.stdout
    assert len(read_record(lab, str(test))) == 30
    assert all(job.state != "intended" for job in jobs(lab))
    trials = record(lab)["trials"]
    assert [(trial["trial"], trial["status"], trial["reason"]) for trial in trials if trial["status"] != "ok"] == [
        (trial["trial"], "failed_instrument", "the campaign was stopped by a person") for trial in trials
    ]
    for again in (run(campaign, lab), say("resume", lab), say("stop", lab)):
        assert (again.returncode, "stopped for good" in again.stderr) == (2, True)
