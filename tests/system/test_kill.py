"""SIGKILL at seeded random moments of a cycle-life campaign, each time the same command again.

``pytest tests/system/test_kill.py --kills 200`` takes a long time and runs half of them with Prefect; see `conftest`.
"""

import asyncio
from collections import Counter

import numpy as np
import pytest

from deaths import PHASES, Death
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.procedure import run_trial
from killedcampaign import Campaign, check, drawn

pytestmark = pytest.mark.system


def test_cells_on_test_are_taken_up_before_the_incubator_is_warmed_again(tmp_path, nursery):
    campaign = Campaign(tmp_path / "it", nursery, "--no-prefect", "--max-trials", "1")
    assert campaign.run(Death("formation", 120)) == -9
    assert campaign.run() == 0, campaign.said()
    assert "1 trials ended, 0 failed" in campaign.said()
    assert "nobody took up" not in campaign.said()


def test_cells_on_test_are_taken_up_first_however_late_prefect_shows_their_trial(tmp_path, nursery):
    campaign = Campaign(tmp_path / "it", nursery, "--no-prefect", "--max-trials", "2")
    assert campaign.run(Death("measuring", 290)) == -9
    late = []

    async def runner(trial, lab):
        if trial.number == 1:
            late.append(len(lab.ledger.pending()))
            await asyncio.sleep(0.5)
        return await run_trial(trial, lab)

    with open_lab(campaign.folder / "campaign.yaml", campaign.lab, max_trials=2) as lab:
        asyncio.run(run_campaign(lab, runner))
        assert lab.station.alarms == []
    assert late == [2]
    assert [event.data["status"] for event in campaign.events() if event.kind == "ended"] == ["ok", "ok"]


@pytest.mark.timeout(900)  # for those with Prefect
def test_a_campaign_that_is_killed_at_random_loses_and_repeats_nothing(
    tmp_path, nursery, whole, kills, record_property, request
):
    prefect = not kills.options
    environment = {"PREFECT_API_URL": request.getfixturevalue("prefect_server")} if prefect else None
    rng = np.random.default_rng(kills.seed)
    first = kills.seed * kills.count  # so that tests side by side come by all phases
    struck, checked = Counter(), Counter(campaigns=0)
    while struck.total() < kills.count:
        campaign = Campaign(tmp_path / f"lab_{checked['campaigns']}", nursery, *kills.options, environment=environment)
        while True:
            phase = PHASES[(first + struck.total()) % len(PHASES)]
            death = drawn(rng, phase, whole.moments()) if struck.total() < kills.count else None
            code = campaign.run(death)
            if code != -9:
                break
            struck[death.phase] += 1
        assert code == 0, (death, campaign.said())
        checked += check(campaign, whole)
    record_property(
        "kills",
        {
            "struck": dict(struck),
            "checked": dict(checked),
            "what": f"campaigns {'with' if prefect else 'without'} Prefect",
        },
    )
