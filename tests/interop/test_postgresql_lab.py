"""A lab on a PostgreSQL server: begun by an option, found by every command, shared by two folders, killed, cut off.

All of `tests/system` runs there with ``pytest tests/system --database postgresql``; this is the part for every day.
"""

import json
import signal
import time

import pytest

from galvanaut.core.labdatabase import FILE, VARIABLE, note
from galvanaut.core.leases import Leases
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.holding import holding
from postgresqlserver import lab_url
from smalllab import BENCH, command_line, small_campaign, tables
from stationprocess import begun, jobs, record, run, station, until

pytestmark = pytest.mark.interop


@pytest.fixture
def url(postgresql):
    return lab_url(postgresql.url)


@pytest.fixture
def second(tmp_path, url):
    """The same lab in another folder, as on another computer."""
    folder = tmp_path / "second"
    folder.mkdir()
    note(folder, url)
    return folder


def statuses(lab):
    return [trial["status"] for trial in record(lab)["trials"]]


def test_a_campaign_is_begun_by_an_option_and_every_command_finds_it(tmp_path, url, monkeypatch):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    done = run(campaign, lab, "--database", url, "--max-trials", "1")
    assert done.returncode == 0, done.stderr
    assert list(lab.glob("*.db")) == []
    assert json.loads((lab / FILE).read_text()) == {"url": url}
    assert run(campaign, lab).returncode == 0
    assert statuses(lab) == ["ok", "ok"]
    for command in (["status"], ["records"], ["todo"], ["alarms"], ["station", "status"], ["report", "conductivity"]):
        told = command_line(*command, "--lab", lab)
        assert told.returncode == 0, told.stderr
    assert command_line("pause", "conductivity", "--lab", lab).returncode == 0
    assert command_line("resume", "conductivity", "--lab", lab).returncode == 0

    elsewhere = tmp_path / "elsewhere"  # a folder that says nothing yet, as on another computer
    elsewhere.mkdir()
    monkeypatch.setenv(VARIABLE, url)
    assert record(elsewhere) == record(lab)
    assert command_line("records", "--lab", elsewhere).returncode == 0
    refused = run(campaign, tmp_path / "third")  # its simulated world is in the first folder, and no station shares it
    assert (refused.returncode, "is younger than the ledger" in refused.stderr) == (2, True)
    assert not (tmp_path / "third").exists()


def test_a_station_and_a_killed_campaign_in_two_folders_share_a_lab(tmp_path, url, second):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    with station(lab, BENCH, "--database", url) as resident:
        with begun(campaign, second, 3) as flow:
            refused = command_line("station", BENCH, "--lab", second)
            assert refused.returncode == 2
            assert f"is in use by process {resident.process.pid}" in refused.stderr
            refused = run(campaign, lab)
            assert refused.returncode == 2
            assert f"is in use by process {flow.pid}" in refused.stderr
            assert "a dead one is forgotten after 15 s" in refused.stderr
            flow.send_signal(signal.SIGKILL)
            flow.wait()
        done = run(campaign, second)  # at once: the folder is the same
        assert done.returncode == 0, done.stderr
        assert f"process {resident.process.pid}" in command_line("station", "status", "--lab", second).stdout
        assert resident.end() == 0
    assert statuses(lab) == statuses(second) == ["ok", "ok"]
    assert {str(job.key) for job in jobs(lab) if job.attempts > 1 and job.request["kind"] != "settle"} == set()


def test_a_dead_computer_lets_go_of_a_lab_after_a_while(tmp_path, url, second, monkeypatch):
    monkeypatch.setattr("galvanaut.flows.holding.LEASE_S", 1.0)
    first = tmp_path / "lab"
    first.mkdir()
    note(first, url)
    with holding(LabFolder(first), "lab", "--lab first") as problem:
        with (
            pytest.raises(Exception, match="--lab second: is in use by process"),
            holding(LabFolder(second), "lab", "--lab second"),
        ):
            pass
        time.sleep(1.5)
        assert problem() == ""  # it is renewed


def test_a_stop_is_not_left_to_a_process_of_another_computer_that_has_died(tmp_path, url):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    assert run(campaign, lab, "--database", url, "--max-trials", "1").returncode == 0
    with tables(lab, "station") as engine:
        Leases(engine).take("lab", "x", "process 1 on far", 2.0)  # and never again
    assert "NOTHING was made safe" in command_line("stop", "conductivity", "--lab", lab).stdout


def test_a_campaign_whose_lab_was_taken_by_another_computer_ends(tmp_path, url, postgresql):
    """It was asleep, say, for longer than its lease lasts."""
    campaign, lab = small_campaign(tmp_path, 40), tmp_path / "lab"
    lab.mkdir()
    note(lab, url)
    with begun(campaign, lab, 3) as flow:
        schema = f"lab_{url.rpartition('=')[2]}"
        postgresql.psql(f"UPDATE {schema}.leases SET owner = 'x', about = 'process 1 on far' WHERE name = 'lab'")
        said, _ = flow.communicate(timeout=60)
    assert (flow.returncode, "lab is held by process 1 on far" in said, "Traceback" in said) == (1, True, False), said


def test_a_server_that_starts_anew_is_not_noticed(tmp_path, url, second, postgresql):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    with station(lab, BENCH, "--database", url) as resident, begun(campaign, second, 3) as flow:
        for count in (6, 12):
            until(lambda count=count: len(jobs(lab)) >= count or flow.poll() is not None)
            postgresql.restart()
        said, _ = flow.communicate(timeout=100)
        assert flow.returncode == 0, said
        assert resident.process.poll() is None
    assert statuses(lab) == ["ok", "ok"]


def test_a_server_that_stays_away_ends_a_run_with_a_clear_word(tmp_path, url, postgresql):
    campaign, lab = small_campaign(tmp_path, 2), tmp_path / "lab"
    lab.mkdir()
    note(lab, url)
    with begun(campaign, lab, 3) as flow, postgresql.away():
        said, _ = flow.communicate(timeout=60)
        assert flow.returncode in (1, 2)
        assert "Traceback" not in said
        assert "cannot be" in said
        refused = command_line("status", "--lab", lab)
        assert refused.returncode == 2
        assert "cannot be opened as a database" in refused.stderr
    done = run(campaign, lab)
    assert done.returncode == 0, done.stderr
    assert statuses(lab) == ["ok", "ok"]


def test_an_address_without_a_lab_cannot_be_joined(postgresql, tmp_path):
    address = lab_url(postgresql.url)
    refused = command_line("run", small_campaign(tmp_path), "--lab", tmp_path / "b", "--join", address, "--no-prefect")
    assert refused.returncode == 2
    assert "holds no lab; begin the campaign at the first bench" in " ".join(refused.stderr.split())
    assert not (tmp_path / "b").exists()
