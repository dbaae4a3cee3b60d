"""A resident station and campaigns in other processes; each of them is killed in turn."""

import json
import signal

import pytest

from smalllab import BENCH, ROOT, command_line, new_lab, small_campaign
from stationprocess import begun, jobs, record, run, station, until

pytestmark = pytest.mark.system


def status(lab):
    return json.loads(command_line("station", "status", "--lab", lab, "--json").stdout)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the same campaign comes to in one process."""
    folder = tmp_path_factory.mktemp("whole")
    lab = new_lab(folder)
    assert run(small_campaign(folder, 2), lab).returncode == 0
    return record(lab)


def test_a_campaign_comes_to_the_same_as_in_one_process(tmp_path, whole):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with station(lab) as resident:
        done = run(campaign, lab)
        assert done.returncode == 0, done.stderr
        assert record(lab) == whole
        found = status(lab)
        assert (found["station"]["bench"], found["campaigns"], found["jobs"]) == ("simulated", [], [])
        text = command_line("station", "status", "--lab", lab).stdout
        assert f"process {resident.process.pid}" in text
        assert "nothing is under way" in text
        assert resident.end() == 0
    assert status(lab)["station"] is None
    assert run(campaign, lab).returncode == 0  # nothing is left to do, and nobody else is needed


def test_a_killed_flow_attaches_again_and_nothing_is_done_twice(tmp_path, whole):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with station(lab) as resident:
        for count in (3, 7):
            with begun(campaign, lab, count) as flow:
                flow.send_signal(signal.SIGKILL)
        done = run(campaign, lab)
        assert done.returncode == 0, done.stderr
        assert resident.process.poll() is None
    assert [trial["status"] for trial in record(lab)["trials"]] == ["ok"] * 2
    assert [trial["recipe"] for trial in record(lab)["trials"]] == [trial["recipe"] for trial in whole["trials"]]
    again = {str(job.key) for job in jobs(lab) if job.attempts > 1 and job.request["kind"] != "settle"}
    assert again == set()


def test_a_killed_station_is_said_and_the_next_one_goes_on(tmp_path, whole):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    with station(lab) as resident:
        with begun(campaign, lab, 5) as flow:
            resident.kill()
            said, _ = flow.communicate(timeout=60)
            assert flow.returncode == 1
        assert "the station of this bench is gone" in said
        assert "Traceback" not in said
    with station(lab):
        done = run(campaign, lab)
        assert done.returncode == 0, done.stderr
    assert [trial["status"] for trial in record(lab)["trials"]] == ["ok"] * 2
    assert [trial["recipe"] for trial in record(lab)["trials"]][:1] == [whole["trials"][0]["recipe"]]


def test_who_does_not_fit_is_refused_and_the_station_goes_on(tmp_path):
    campaign, lab = small_campaign(tmp_path, 2), new_lab(tmp_path)
    other = ROOT / "instruments" / "benches" / "simulated-cells.yaml"
    with station(lab) as resident:
        assert "simulates with 1" in run(campaign, lab, "--seed", "2").stderr
        refused = run(campaign, lab, "--record", tmp_path / "bytes.jsonl")
        assert "the bytes go through the resident station" in refused.stderr
        second = command_line("station", other, "--lab", lab)
        assert second.returncode == 2
        assert f"is in use by process {resident.process.pid}" in second.stderr
        assert resident.process.poll() is None


def test_new_bottles_reach_a_resident_station_and_its_simulated_world(tmp_path):
    bench, lab = tmp_path / "bench.yaml", new_lab(tmp_path)
    full = BENCH.read_text("utf-8")
    bench.write_text(full.replace("available: 2 L", "available: 7 mL"), "utf-8")
    campaign = small_campaign(tmp_path, 8, {str(BENCH): str(bench)})
    with station(lab, bench), begun(campaign, lab, 1) as flow:
        until(lambda: "hold too little for another recipe" in command_line("todo", "--lab", lab).stdout)
        bench.write_text(full.replace("-1}", "-2}"), "utf-8")
        order = "conductivity/0000/put-right-bottles/1"
        assert command_line("answer", order, "--done", "--lab", lab).returncode == 0
        said, _ = flow.communicate(timeout=60)
        assert flow.returncode == 0, said
    trials = record(lab)["trials"]
    assert len(trials) == 8
    assert {dose["lot"][-2:] for dose in trials[-1]["doses"]} == {"-2"}
    assert trials[-1]["status"] == "ok"


def test_a_campaign_that_died_after_new_bottles_goes_on_by_the_file_that_names_them(tmp_path):
    bench, lab = tmp_path / "bench.yaml", new_lab(tmp_path)
    full = BENCH.read_text("utf-8")
    first, new = full.replace("available: 2 L", "available: 4 mL"), full.replace("-1}", "-2}")
    bench.write_text(first, "utf-8")
    campaign = small_campaign(tmp_path, 4, {str(BENCH): str(bench)})
    with station(lab, bench) as resident:
        with begun(campaign, lab, 1) as flow:
            until(lambda: "hold too little for another recipe" in command_line("todo", "--lab", lab).stdout)
            bench.write_text(new, "utf-8")
            order = "conductivity/0000/put-right-bottles/1"
            assert command_line("answer", order, "--done", "--lab", lab).returncode == 0
            until(lambda: any(job.request["kind"] == "bottles" and job.state == "done" for job in jobs(lab)))
            flow.send_signal(signal.SIGKILL)
        for other in (first, new.replace("DMC-2", "DMC-3"), f"{new}\noperators: {{deadline: 12 h}}\n"):
            bench.write_text(other, "utf-8")
            refused = run(campaign, lab)
            assert (refused.returncode, "is not what its resident station works" in refused.stderr) == (2, True)
        bench.write_text(new, "utf-8")
        done = run(campaign, lab)
        assert done.returncode == 0, done.stderr
        assert resident.process.poll() is None
    assert [trial["status"] for trial in record(lab)["trials"]] == ["ok"] * 4
