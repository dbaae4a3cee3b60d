"""`galvanaut fail`: what no instrument saw reaches the ledger, the planner and a replay."""

import asyncio

import pytest

from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from smalllab import command_line, small_campaign


def fail(lab, trial, reason="it gelled"):
    return command_line("fail", "conductivity", trial, "--reason", reason, "--lab", lab)


def run(campaign, lab, max_trials=None):
    with open_lab(campaign, lab, max_trials=max_trials) as opened:
        asyncio.run(run_campaign(opened))
        return opened.session.observations


@pytest.fixture
def begun(tmp_path):
    campaign = small_campaign(tmp_path, trials=5)
    run(campaign, tmp_path / "lab", max_trials=3)
    return campaign


def test_a_trial_that_ended_is_corrected_and_the_planner_is_told(begun, tmp_path):
    said = fail(tmp_path / "lab", 2)
    assert said.stdout == "conductivity: trial 2 was ok and is a failed recipe now: it gelled\n"
    seen = run(begun, tmp_path / "lab")
    assert [each.status for each in seen] == ["ok", "failed_recipe", "ok", "ok", "ok"]
    assert (
        "trial   2 failed recipe: it gelled" in command_line("status", "conductivity", "--lab", tmp_path / "lab").stdout
    )
    assert command_line("replay", "conductivity", "--lab", tmp_path / "lab").returncode == 0


@pytest.mark.parametrize(
    ("trial", "reason", "message"),
    [(9, "it gelled", "trial 9: is not one of campaign conductivity, which has 3"), (1, " ", "--reason: is empty")],
)
def test_what_cannot_be_said(begun, tmp_path, trial, reason, message):
    refused = fail(tmp_path / "lab", trial, reason)
    assert (refused.returncode, message in refused.stderr) == (2, True)


def test_it_is_said_once(begun, tmp_path):
    fail(tmp_path / "lab", 1)
    assert "trial 1: has failed already: it gelled" in fail(tmp_path / "lab", 1, "it froze").stderr
