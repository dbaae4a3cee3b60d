"""A campaign under faults that come by chance ends complete, and its report accounts for each of them.

By default eight channels and six faults a day; ``--fault-days 28`` takes 64 channels through 28 days with a fault each
day, and some twenty minutes.
"""

import re

import pytest

from faultycampaign import faults_of, faulty_campaign
from galvanaut.simulators.faults.history import occurrences
from galvanaut.simulators.store import read_rows

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]  # the long form

RUNS = 10
"""Somebody looks at the bench and starts the same command again, at most so often."""


def test_a_campaign_under_faults_ends_complete_and_accounts_for_each(tmp_path, nursery, request):
    days = request.config.getoption("fault_days")
    is_long = days is not None
    channels, trials, faults = (64, 64, faults_of(1, days, 1)) if is_long else (8, 8, faults_of(3, 2, 6))
    campaign, lab = faulty_campaign(tmp_path, channels, faults, trials, not is_long), tmp_path / "lab"
    codes = []
    while not codes or (codes[-1] != 0 and len(codes) < RUNS):
        codes.append(nursery.run(("run", campaign, "--lab", lab, "--no-prefect"), tmp_path))
    said = (tmp_path / "said").read_text("utf-8")
    assert codes[-1] == 0, said[-3000:]
    assert "Traceback" not in said
    assert f"{trials} trials ended" in said

    world = lab / "worlds" / "simulated-cycling.db"
    came = [each for each in occurrences(world) if each.begun_at is not None]
    page = (lab / "reports" / "cycle-life.html").read_text("utf-8")
    accounted = page[page.index("Faults of the simulated bench") :]
    for each in came:
        assert str(each.fault) in accounted
    assert accounted.count("<tr>") - 1 == len(occurrences(world))
    assert len(came) >= (days if is_long else 6)
    assert not re.search(r"\bNone\b", accounted)
    drives = {key: row["drive"] for key, row in read_rows(world).items() if key.startswith("holder/")}
    assert {key for key, drive in drives.items() if drive["low_A"] or drive["high_A"]} == set()
    assert len(drives) == channels
