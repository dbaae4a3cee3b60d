"""Whole small campaigns through PyVISA on the simulated bench, without Prefect."""

import asyncio
import json
from pathlib import Path

import pytest

from deafpump import deaf
from galvanaut.campaigns.ledger import Outcome
from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows.campaign_loop import Observer, run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.procedure import run_trial
from galvanaut.flows.records import campaign_json
from galvanaut.simulators.devices.ne1000 import SyringePump
from smalllab import small_campaign


def run(campaign: Path, lab: Path, seed: int = 1, max_trials=None, runner=run_trial, observer=None):
    with open_lab(campaign, lab, seed=seed, max_trials=max_trials) as opened:
        asyncio.run(run_campaign(opened, runner, observer))
    return campaign_json(lab, "conductivity")


def conductivities(record):
    return [trial["values"]["conductivity"] for trial in record["trials"]]


def test_one_seed_writes_one_ledger_to_the_byte(campaign, tmp_path):
    first, second = (json.dumps(run(campaign, tmp_path / name)) for name in "ab")
    assert first == second
    assert json.dumps(run(campaign, tmp_path / "c", seed=2)) != first


def test_a_trial_is_made_weighed_and_measured(campaign, tmp_path):
    record = run(campaign, tmp_path / "lab")
    assert [trial["status"] for trial in record["trials"]] == ["ok"] * 3
    for trial in record["trials"]:
        assert 2.0 < trial["values"]["conductivity"] < 10.0
        assert abs(trial["details"]["temperature_degC"]) <= 0.1
        assert trial["as_made"] != trial["recipe"]
        assert trial["as_made"] == pytest.approx(trial["recipe"], abs=0.02)
    assert record["calibration"]["cell_constant_per_cm"] == pytest.approx(1.0, rel=0.1)
    assert record["simulated"] is True


def test_stopping_early_and_going_on_gives_the_same_recipes_and_results(campaign, tmp_path):
    whole = run(campaign, tmp_path / "whole")
    for trials in (1, 2, None):
        parts = run(campaign, tmp_path / "parts", max_trials=trials)
    assert [trial["recipe"] for trial in parts["trials"]] == [trial["recipe"] for trial in whole["trials"]]
    assert conductivities(parts) == pytest.approx(conductivities(whole), rel=0.02)


def test_a_finished_campaign_run_again_does_nothing(campaign, tmp_path):
    record = run(campaign, tmp_path / "lab")
    touched = []
    again = run(campaign, tmp_path / "lab", observer=Observer(trial_began=touched.append))
    assert (again, touched) == (record, [])


def test_a_campaign_changed_under_the_same_name_is_refused(campaign, tmp_path):
    run(campaign, tmp_path / "lab", max_trials=1)
    campaign.write_text(campaign.read_text("utf-8").replace("batch_mass: 6 g", "batch_mass: 7 g"), "utf-8")
    with pytest.raises(InputError, match=r"campaign\.procedure\.batch_mass was '6 g', now '7 g'"):
        run(campaign, tmp_path / "lab")
    campaign.write_text(campaign.read_text("utf-8").replace("batch_mass: 7 g", "batch_mass: 6 g"), "utf-8")
    with pytest.raises(InputError, match="seed was 1, now 5"):
        run(campaign, tmp_path / "lab", seed=5)


def test_a_larger_budget_is_the_same_campaign(campaign, tmp_path):
    run(campaign, tmp_path / "lab")
    campaign.write_text(campaign.read_text("utf-8").replace("trials: 3", "trials: 4"), "utf-8")
    assert len(run(campaign, tmp_path / "lab")["trials"]) == 4


async def _lost(trial, lab):
    return Outcome("failed_instrument", reason="the pump does not answer")


def test_three_trials_lost_to_the_bench_stop_the_campaign_with_their_reasons(campaign, tmp_path):
    with pytest.raises(GalvanautError, match=r"3 trials in a row were lost(.|\n)*trial 2: the pump does not answer"):
        run(campaign, tmp_path / "lab", runner=_lost)
    assert len(campaign_json(tmp_path / "lab", "conductivity")["trials"]) == 3


def test_parallel_trials_queue_for_the_one_mixer_and_stay_reproducible(tmp_path):
    records = []
    for name in "ab":
        (tmp_path / name).mkdir()
        campaign = small_campaign(tmp_path / name, trials=4, changes={"parallel: 1": "parallel: 2"})
        records.append(run(campaign, tmp_path / name / "lab"))
    first, second = (record["trials"] for record in records)
    assert first == second
    assert {trial["status"] for trial in first} == {"ok"}
    assert first[1]["proposed_at"] < first[0]["ended_at"] < first[1]["ended_at"]


def test_observers_hear_of_every_trial(campaign, tmp_path):
    heard = []
    observer = Observer(
        stage=lambda text: heard.append(text.split(":")[0]), trial_ended=lambda trial: heard.append(trial.number)
    )
    run(campaign, tmp_path / "lab", max_trials=1, observer=observer)
    assert heard == ["calibrating the conductivity cell", "choosing the next recipe", "trial 1", 1]


@pytest.mark.parametrize("trouble", [BrokenPipeError("nobody reads"), ValueError("a bug"), SystemExit(1)])
def test_an_observer_that_fails_changes_nothing(campaign, tmp_path, caplog, trouble):
    def stumble(_):
        raise trouble

    record = run(campaign, tmp_path / "watched", max_trials=1, observer=Observer(stumble, stumble, stumble))
    assert record == run(campaign, tmp_path / "alone", max_trials=1)
    assert f"an observer of the campaign failed, the campaign goes on: {trouble!r}" in caplog.text


def test_a_fault_of_the_bench_fails_its_trial_and_the_next_one_goes_on(campaign, tmp_path, monkeypatch):
    """A pump that gives nothing: the balance notices, the batch is thrown away, the campaign continues."""
    monkeypatch.setattr(SyringePump, "handle", deaf("pump_dmc"))
    with pytest.raises(GalvanautError, match="lost to the bench"):
        run(campaign, tmp_path / "lab")
    trials = campaign_json(tmp_path / "lab", "conductivity")["trials"]
    assert {trial["status"] for trial in trials} == {"failed_instrument"}
    assert all("pump_dmc" in trial["reason"] and "bottle empty" in trial["reason"] for trial in trials)
