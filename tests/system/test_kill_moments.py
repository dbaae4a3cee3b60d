"""SIGKILL to real processes, then the same command again: nothing is dosed twice and no trial is lost."""

import json
from pathlib import Path

import pytest

from galvanaut.simulators.store import read_rows
from smalllab import command_line, new_lab, small_campaign

pytestmark = pytest.mark.system

MOMENTS = {
    "dosing, the pump has just started": ("pump_.*", "0RUN", 9, "after"),
    "dosing, the pump is about to be started": ("pump_salt.*", "0RUN", 2, "before"),
    "dosing, weighing after the dose": ("balance", "S", 24, "before"),
    "the chamber settles": ("chamber", ":SOURCE:CLOOP1:PVALUE", 130, "after"),
    "measuring": ("lcr", r".*TRG", 120, "before"),
    "rinsing": ("pump_rinse", "0RUN", 6, "after"),
}


def deadly(*moment: object) -> str:
    """Code that makes a child process kill itself; see `killer.arm`."""
    return f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import killer; killer.arm(*{moment!r})"


def rows(lab: Path, prefix: str) -> dict[str, dict]:
    """Rows of the simulated world, read from its file when nobody runs it."""
    found = read_rows(lab / "worlds" / "simulated.db")
    return {key.split("/")[1]: row for key, row in found.items() if key.startswith(f"{prefix}/")}


def strokes(lab: Path) -> dict[str, int]:
    """How often each dosing pump really ran, by the world's account."""
    return {name: run["number"] for name, run in rows(lab, "run").items() if name != "pump_transfer"}


def bottles_g(lab: Path) -> dict[str, float]:
    """What is left in each bottle, by the world's account."""
    return {name: sum(v["grams"].values()) for name, v in rows(lab, "vessel").items() if name not in ("waste", "cell")}


def record(lab: Path) -> dict:
    return json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The lab of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    lab = new_lab(folder)
    done = command_line("run", small_campaign(folder), "--lab", lab, "--no-prefect")
    assert done.returncode == 0, done.stderr
    return lab


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_campaign_continues(tmp_path, nursery, undisturbed, moment):
    campaign, lab = small_campaign(tmp_path), new_lab(tmp_path)
    run = ("run", campaign, "--lab", lab, "--no-prefect")
    assert nursery.run(run, tmp_path, code=deadly(*MOMENTS[moment])) == -9, (tmp_path / "said").read_text()
    assert len(record(lab)["trials"]) < 3 or record(lab)["trials"][-1]["status"] == "pending"

    done = command_line("run", campaign, "--lab", lab, "--no-prefect")
    assert done.returncode == 0, done.stderr
    after, before = record(lab), record(undisturbed)
    assert [trial["trial"] for trial in after["trials"]] == [1, 2, 3]
    assert {trial["status"] for trial in after["trials"]} == {"ok"}
    assert strokes(lab) == strokes(undisturbed)
    assert bottles_g(lab) == pytest.approx(bottles_g(undisturbed), rel=1e-4)
    assert [trial["recipe"] for trial in after["trials"][:2]] == [trial["recipe"] for trial in before["trials"][:2]]


def test_a_campaign_killed_again_and_again_still_ends(tmp_path, nursery, undisturbed):
    campaign, lab = small_campaign(tmp_path), new_lab(tmp_path)
    for instrument, message, count, when in MOMENTS.values():
        code = deadly(instrument, message, max(1, count // 4), when)
        nursery.run(("run", campaign, "--lab", lab, "--no-prefect"), tmp_path, code=code)
    done = command_line("run", campaign, "--lab", lab, "--no-prefect")
    assert done.returncode == 0, done.stderr
    assert [trial["status"] for trial in record(lab)["trials"]] == ["ok"] * 3
    assert strokes(lab) == strokes(undisturbed)
