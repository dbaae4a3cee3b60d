"""SIGKILL in a dose, a pump without power, SIGKILL again while a person is asked: one doubt, one stroke."""

from collections import Counter
from pathlib import Path

import pytest

from galvanaut.simulators.store import read_rows
from smalllab import command_line, command_line_process, journal_of, new_lab, small_campaign

pytestmark = pytest.mark.system

DIES_WHILE_DOSING = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import killer; killer.arm("pump_(?!kcl|rinse|transfer).*", "0RUN", 2, "after")
"""
POWER_WAS_LOST_AND_DIES_AT_THE_FIRST_REMINDER = """
import os, signal
from galvanaut.instruments.connect import ConnectedBench
from galvanaut.instruments.jobs import Job

pump = ConnectedBench.pump
def powerless(bench, name):
    found = pump(bench, name)
    found.was_power_cycled = True
    return found
def die(job, instrument, cause, text):
    assert (instrument, cause.split()[0]) == ("operator", "reminder"), text
    os.kill(os.getpid(), signal.SIGKILL)
ConnectedBench.pump, Job.alarm = powerless, die
"""


def doses(lab):
    return [each for each in journal_of(lab).records() if each.request["kind"] == "dose"]


def strokes(lab):
    """How often each pump really ran, by the world's account."""
    rows = read_rows(lab / "worlds" / "simulated.db")
    return {key.removeprefix("run/"): row["number"] for key, row in rows.items() if key.startswith("run/")}


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--choice", "moved"], "ok"), (["--choice", "discard"], "failed_instrument")]
)
def test_a_doubt_survives_what_made_it_and_is_settled_by_a_person(tmp_path, arguments, status):
    campaign, lab = small_campaign(tmp_path, trials=2), new_lab(tmp_path)
    run = ("run", campaign, "--lab", lab, "--no-prefect")
    assert command_line_process(*run, code=DIES_WHILE_DOSING).returncode == -9
    asks = command_line_process(*run, code=POWER_WAS_LOST_AND_DIES_AT_THE_FIRST_REMINDER)
    assert asks.returncode == -9, asks.stderr

    open_ = doses(lab)[-1]
    todo = command_line("todo", "--lab", lab).stdout
    assert f"{lab}: 1 to do" in todo
    assert "the pump lost its power during the stroke, so its count is gone" in todo
    assert f'galvanaut answer {open_.key} --choice moved --mass "... mg"' in todo
    mass = ["--mass", f"{open_.request['expected_g']} g"] if "moved" in arguments else []
    assert command_line("answer", open_.key, *arguments, *mass, "--lab", lab).returncode == 0

    done = command_line(*run)  # and here the pump looks as if nothing had happened
    assert done.returncode == 0, done.stderr
    settled = next(each for each in doses(lab) if each.key == open_.key)
    assert settled.state == ("done" if status == "ok" else "failed")
    assert (settled.result or {}).get("by_hand") == (["mass_g"] if status == "ok" else None)
    assert f"2 trials ended, {0 if status == 'ok' else 1} failed" in done.stdout
    asked = Counter(each.request["pump"] for each in doses(lab))
    given = {pump: number for pump, number in strokes(lab).items() if pump in asked}
    assert given == dict(asked)
