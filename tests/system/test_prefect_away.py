"""The Prefect server is killed in the midst of a campaign, and comes back: 3 s later, or 120 s with `--kills 200`."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from galvanaut.flows.server import running
from smalllab import command_line, new_lab, small_campaign

pytestmark = [pytest.mark.system, pytest.mark.prefect, pytest.mark.timeout(400)]

HELD = """
import asyncio
from pathlib import Path
from galvanaut.flows import prefect_flows

run_trial = prefect_flows.run_trial

async def held(trial, lab, **more):
    while trial.number == 4 and not Path({file!r}).exists():
        await asyncio.sleep(0.1)
    return await run_trial(trial, lab, **more)

prefect_flows.run_trial = held
"""


def runs(folder):
    """State by name of each flow run, from the server's own database."""
    with closing(sqlite3.connect(folder / "prefect" / "prefect.db")) as database:
        return dict(database.execute("SELECT name, state_name FROM flow_run"))


def record(lab):
    return json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)


def until(holds):
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_campaign_goes_on_without_prefect_and_is_shown_again_when_it_is_back(tmp_path, nursery, free_port, request):
    campaign, lab, back = small_campaign(tmp_path, trials=6), new_lab(tmp_path), tmp_path / "back"
    api_url = f"http://127.0.0.1:{free_port}/api"
    (tmp_path / "prefect").mkdir()

    def said():
        return (tmp_path / "said").read_text("utf-8") if (tmp_path / "said").exists() else ""

    with running(tmp_path / "prefect", free_port) as server:
        argv, code = ("run", campaign, "--lab", lab), HELD.format(file=str(back))
        nursery.begin(argv, tmp_path, environment={"PREFECT_API_URL": api_url}, code=code)
        until(lambda: "trial   2" in said())
        os.killpg(server.pid, signal.SIGKILL)
        time.sleep(120 if request.config.getoption("kills") > 10 else 3)
    with running(tmp_path / "prefect", free_port):
        back.touch()
        assert nursery.ended() == 0, said()
    assert "6 trials ended, 0 failed" in said()
    assert "Traceback" not in said()
    shown = runs(tmp_path / "prefect")
    assert shown["trial-006"] == shown["trial-005"] == "Completed"
    (tmp_path / "other").mkdir()
    other = new_lab(tmp_path / "other")
    undisturbed = command_line("run", campaign, "--lab", other, "--no-prefect")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert record(lab) == record(other)
