"""SIGKILL at random moments to campaigns of a resident station, and to that station itself."""

import os
import signal
import time
from collections import Counter

import numpy as np
import pytest

from deaths import Death
from killedcampaign import Campaign, check, drawn

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]  # many of them, if asked for

LETTERS = 150
"""A campaign dies at one of its first so many letters."""
PHASES = ("dosing", "settling", "measuring", "formation", "cycling", "sealing", "letters")


class Resident:
    """The station of a campaign, in a process of its own."""

    def __init__(self, campaign, nursery):
        self._campaign, self._nursery = campaign, nursery
        self._argv = ["station", str(campaign.folder / "bench.yaml"), "--lab", str(campaign.lab), "--seed", "1"]

    def begin(self, death=None):
        before = self.said().count("is up")
        self._pid = self._nursery.begin(self._argv, self._campaign.folder, death, None, "station-")
        deadline = time.monotonic() + 60
        while self.said().count("is up") == before:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def said(self):
        file = self._campaign.folder / "station-said"
        return file.read_text("utf-8") if file.exists() else ""

    def end(self):
        """Ctrl-C."""
        os.kill(self._pid, signal.SIGINT)
        assert self._nursery.ended() == 0, self.said()


def test_campaigns_die_and_the_resident_station_goes_on(
    tmp_path, nursery, station_nursery, whole, station_kills, record_property
):
    rng, campaign = np.random.default_rng(station_kills.seed), Campaign(tmp_path / "it", nursery, "--no-prefect")
    station, struck = Resident(campaign, station_nursery), 0
    station.begin()
    while struck < station_kills.count:
        phase = "planning" if struck % 3 == 2 else "letters"
        death = Death(phase, int(rng.integers(1, 2 if phase == "planning" else LETTERS)), bool(rng.integers(2)))
        if campaign.run(death) != -9:
            break
        struck += 1
    assert struck >= 2
    assert campaign.run() == 0, campaign.said()
    station.end()
    checked = check(campaign, whole)
    assert {str(job.key) for job in campaign.jobs() if job.attempts > 1 and job.request["kind"] != "settle"} == set()
    record_property(
        "kills",
        {"what": "campaigns of a resident station", "struck": {"letters, planning": struck}, "checked": dict(checked)},
    )


def test_a_resident_station_dies_and_the_next_one_goes_on(
    tmp_path, nursery, station_nursery, whole, station_kills, record_property
):
    rng, campaign = np.random.default_rng(station_kills.seed), Campaign(tmp_path / "it", nursery, "--no-prefect")
    station, struck = Resident(campaign, station_nursery), Counter()
    while struck.total() < station_kills.count:
        phase = PHASES[(station_kills.seed * station_kills.count + struck.total()) % len(PHASES)]
        station.begin(drawn(rng, phase, {"letters": LETTERS, **whole.moments()}))
        code = campaign.run()
        if code == 0:  # it had no such moment left
            station.end()
            break
        assert code == 1, campaign.said()
        assert "the station of this bench is gone" in campaign.said()
        assert "Traceback" not in campaign.said()
        assert station_nursery.ended() == -9
        struck[phase] += 1
    assert struck.total() >= 2
    station.begin()
    assert campaign.run() == 0, campaign.said()
    station.end()
    record_property(
        "kills", {"what": "resident stations", "struck": dict(struck), "checked": dict(check(campaign, whole))}
    )
