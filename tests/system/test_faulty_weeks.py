"""A campaign under faults that come by chance ends complete, and its report accounts for each of them.

By default eight channels and six faults a day; ``--fault-days 28`` takes 64 channels through 28 days with a fault each
day, and some twenty minutes.
"""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from faultycampaign import faults_of, faulty_campaign
from galvanaut.simulators.faults.history import occurrences
from galvanaut.simulators.store import read_rows
from smalllab import command_line, new_lab

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]  # the long form

RUNS = 3
"""The same command is started again at most so often."""
ANSWERS = {"--choice discard": ["--choice", "discard"], "--choice not-built": ["--choice", "not-built"]}
"""Of orders that offer choices, the one that is given; all others are answered with ``--done``."""


def answers(lab):
    """Titles of the orders that stood open, and that were answered as by a person who has looked."""
    if not (lab / "worlds" / "simulated-cycling.db").exists():
        return
    todo = command_line("todo", "--lab", lab).stdout
    for job in sorted(set(re.findall(r"galvanaut answer (\S+)", todo))):
        what = next((more for text, more in ANSWERS.items() if f"galvanaut answer {job} {text}" in todo), ["--done"])
        done = command_line("answer", job, *what, "--lab", lab)
        assert done.returncode == 0, done.stderr
        yield " ".join(what)


def test_a_campaign_under_faults_ends_complete_and_accounts_for_each(tmp_path, nursery, request, record_property):
    days = request.config.getoption("fault_days")
    is_long = days is not None
    channels, trials, faults = (64, 64, faults_of(1, days, 1)) if is_long else (8, 8, faults_of(3, 2, 6))
    campaign, lab = faulty_campaign(tmp_path, channels, faults, trials, not is_long), new_lab(tmp_path)
    codes, answered = [], Counter()
    while not codes or (codes[-1] != 0 and len(codes) < RUNS):
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(nursery.run, ("run", campaign, "--lab", lab, "--no-prefect"), tmp_path)
            while not ended.done():
                answered.update(answers(lab))
                wait([ended], timeout=1.0)
            codes.append(ended.result())
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
    record_property("faults", {"runs": len(codes), "came": len(came), "orders": dict(answered)})
