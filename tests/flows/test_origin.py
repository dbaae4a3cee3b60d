"""Whether a campaign's numbers are simulated: one answer on every page; and a simulated bench that joins a real one."""

import shutil

import pytest

from galvanaut.campaigns.ledger import Ledger
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import EventLog, opened
from galvanaut.flows import notebook
from galvanaut.flows.comparing import compare
from galvanaut.flows.dossier.gather import gathered
from galvanaut.flows.lab import open_lab
from galvanaut.flows.page.source import LabSource
from galvanaut.flows.plan import load_plan
from galvanaut.flows.records import campaign_json, campaign_text, lab_json, write_campaign_report


def real_plan(campaign):
    plan = load_plan(campaign).to_json()
    return {**plan, "bench": {**plan["bench"], "name": "real", "visa": "@py", "armed": True}}


@pytest.fixture
def of_a_real_bench(campaign, tmp_path):
    """A lab whose campaign was begun on hardware."""
    lab = tmp_path / "real"
    lab.mkdir()
    with opened(lab / "ledger.db") as engine:
        Ledger(EventLog(engine, "ledger"), "conductivity", SystemClock(), "real").start(real_plan(campaign))
    return lab


def events(lab):
    with opened(lab / "ledger.db") as engine:
        return [event.kind for event in EventLog(engine, "ledger").read()]


def test_a_simulated_bench_does_not_join_a_real_one(of_a_real_bench, campaign, tmp_path):
    words = "campaign conductivity: was begun on bench real, which is real, and bench simulated is simulated"
    with (
        pytest.raises(InputError, match=words),
        open_lab(campaign, tmp_path / "b", join=str(of_a_real_bench)),
    ):
        raise AssertionError("joined")
    assert events(of_a_real_bench) == ["started"]
    assert not (tmp_path / "b").exists()
    assert campaign_json(of_a_real_bench, "conductivity")["simulated"] is False


@pytest.fixture
def mixed(of_a_real_bench, campaign):
    """What an earlier version let happen."""
    with opened(of_a_real_bench / "ledger.db") as engine:
        EventLog(engine, "ledger").append(0.0, "conductivity", "joined", {"plan": load_plan(campaign).to_json()})
    return of_a_real_bench


def test_numbers_of_both_are_labelled_as_simulated_wherever_they_are_shown(mixed, tmp_path):
    assert campaign_json(mixed, "conductivity")["simulated"] is True
    assert [each["simulated"] for each in lab_json(mixed)] == [True]
    assert "conductivity [simulated]" in campaign_text(mixed, "conductivity")
    assert "<strong>Simulated.</strong>" in write_campaign_report(mixed, "conductivity").read_text("utf-8")
    assert notebook.results("conductivity", mixed).is_simulated
    shutil.copytree(mixed, tmp_path / "copy")
    found, _ = compare(mixed, "conductivity", "conductivity", tmp_path / "copy")
    assert found.first.simulated.startswith("Every number here comes from a simulated bench")
    with gathered(mixed, "conductivity") as dossier:
        assert dossier.sources.note
    source = LabSource(mixed)
    with source.reading():
        assert source.note("conductivity")
