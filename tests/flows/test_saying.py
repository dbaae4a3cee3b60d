"""`galvanaut stop` says what is true of who makes cells safe, and may be said again."""

import asyncio

import pytest

from galvanaut.core.clock import at_work
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.core.lock import InUseError
from galvanaut.flows import saying
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.holding import holding
from galvanaut.flows.lab import open_lab
from smalllab import BENCH, command_line, small_campaign


def leave_open(campaign, lab):
    """A campaign whose program dies in a trial."""

    async def dies(opened):
        with at_work(opened.clock):
            trial = await opened.propose()
            opened.station.journal.intend(JobKey("conductivity", trial.number, "settle"), {"kind": "settle"})

    with open_lab(campaign, lab) as opened:
        asyncio.run(dies(opened))
    return lab


@pytest.fixture
def dead(campaign, tmp_path):
    """A lab with a campaign that was killed in the midst of a trial."""
    return leave_open(campaign, tmp_path / "lab")


@pytest.fixture
def other(tmp_path):
    """Another campaign on another bench, to be run in the same lab."""
    bench = tmp_path / "bench_two.yaml"
    bench.write_text(BENCH.read_text("utf-8").replace("name: simulated", "name: bench_two", 1), "utf-8")
    (tmp_path / "other").mkdir()
    changes = {"name: conductivity\n": "name: second\n", str(BENCH): str(bench)}
    return small_campaign(tmp_path / "other", 1, changes)


def stop(lab):
    return command_line("stop", "conductivity", "--lab", lab)


def test_another_campaign_s_process_in_the_lab_is_not_taken_for_its_own(dead, other):
    with open_lab(other, dead):
        said = stop(dead)
    assert said.returncode == 0, said.stderr
    assert "NOTHING was made safe on bench simulated" in said.stdout
    assert "is at work in this lab on campaign second, and no station is resident" in said.stdout
    assert "Switch it off by hand, or end that process first." in said.stdout
    assert "Its process brings" not in said.stdout


def test_its_own_process_makes_safe_what_it_has_and_that_is_said(dead, campaign):
    with open_lab(campaign, dead):
        assert "Its process brings what it has on the bench to a safe state" in stop(dead).stdout


@pytest.mark.parametrize("resident", ["simulated", "bench_two"])
def test_a_resident_station_is_said_to_have_made_safe_only_its_own_bench(dead, other, monkeypatch, resident):
    halted = []
    monkeypatch.setattr(saying, "resident_station", lambda folder: resident)
    monkeypatch.setattr(saying, "halt_by_station", lambda folder, name: halted.append(name))
    with holding(LabFolder(dead), "lab", "lab", "second"):  # whoever else is at work there
        said = stop(dead).stdout
    is_its_own = resident == "simulated"
    assert halted == (["conductivity"] if is_its_own else [])
    assert ("The resident station has broken off its jobs" in said) is is_its_own
    assert ("NOTHING was made safe on bench simulated" in said) is not is_its_own
    assert ("the resident station works bench bench_two" in said) is not is_its_own


def test_a_stop_that_failed_may_be_said_again_and_a_resume_takes_it_back(dead, campaign, monkeypatch):
    def away(folder, name):
        raise GalvanautError("the station of this bench is gone. Start it again, then run the same command again.")

    monkeypatch.setattr(saying, "resident_station", lambda folder: "simulated")
    monkeypatch.setattr(saying, "halt_by_station", away)
    failed = stop(dead)
    assert (failed.returncode, "run the same command again" in failed.stderr) == (1, True)
    halted = []
    monkeypatch.setattr(saying, "halt_by_station", lambda folder, name: halted.append(name))
    again = stop(dead)
    assert (again.returncode, halted) == (0, ["conductivity"])
    assert "conductivity: was stopped already. The resident station has broken off its jobs" in again.stdout
    monkeypatch.undo()
    assert "no longer stopped" in command_line("resume", "conductivity", "--lab", dead).stdout
    with open_lab(campaign, dead) as lab:
        assert lab.valve.is_open


def test_who_finds_a_lab_in_use_learns_of_the_campaign(dead, campaign):
    with open_lab(campaign, dead), pytest.raises(InUseError) as found, holding(LabFolder(dead), "lab", "lab"):
        raise AssertionError("two in one lab")
    assert found.value.task == "conductivity"
