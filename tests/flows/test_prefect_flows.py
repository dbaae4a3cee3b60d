"""The campaign as Prefect shows it. One temporary server for all tests here."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from celllab import cell_campaign
from galvanaut.core.errors import GalvanautError
from galvanaut.flows.lab import open_lab
from galvanaut.flows.records import campaign_json
from galvanaut.simulators.cells.assembly import turnout
from smalllab import command_line, small_campaign

# Prefect and what it brings warn about each other; their warnings are theirs to mend.
pytestmark = [pytest.mark.prefect, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(200)]


@pytest.fixture(scope="session")
def shown(server, tmp_path_factory) -> Path:
    """The lab of a two-trial campaign that ran under Prefect."""
    from galvanaut.flows.campaign_loop import Observer
    from galvanaut.flows.prefect_flows import run_with_prefect

    folder = tmp_path_factory.mktemp("shown")
    with open_lab(small_campaign(folder, trials=2), folder / "lab") as lab:
        asyncio.run(run_with_prefect(lab, Observer()))
    return folder / "lab"


async def _runs():
    from prefect import get_client

    async with get_client() as client:
        flow_runs = await client.read_flow_runs()
        task_runs = await client.read_task_runs()
        artifacts = await client.read_artifacts()
    return flow_runs, task_runs, artifacts


def _runs_when_there_are(count):
    """With so many task runs, of which the server learns from events, in its own time."""
    deadline = time.monotonic() + 60
    while True:
        found = asyncio.run(_runs())
        if len(found[1]) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_prefect_shows_one_subflow_a_trial_and_one_task_a_step(shown):
    flow_runs, task_runs, artifacts = _runs_when_there_are(2 + 2 * 5 + 1)
    assert Counter(run.name for run in flow_runs) == {"conductivity": 1, "trial-001": 1, "trial-002": 1}
    assert {run.state_name for run in flow_runs} == {"Completed"}
    steps = Counter(run.name.rsplit("-", 1)[0] for run in task_runs if not run.name.startswith("trial"))
    expected = dict.fromkeys(("formulate", "fill cell", "settle chamber", "measure conductivity", "clean"), 2)
    assert steps == {**expected, "calibrate cell": 1}
    cards = {"conductivity-trial-001", "conductivity-trial-002"}
    assert {artifact.key for artifact in artifacts} == {"conductivity-leaderboard", "conductivity-convergence"} | cards


def test_the_card_of_a_trial_says_what_was_tried_and_what_came_out(shown):
    _, _, artifacts = asyncio.run(_runs())
    (card,) = (artifact.data for artifact in artifacts if artifact.key == "conductivity-trial-002")
    trial = campaign_json(shown, "conductivity")["trials"][1]
    assert card.startswith("### Trial 2: ")
    assert f"**conductivity {trial['values']['conductivity']:.4g} ± " in card
    assert f"Why: {trial['explanation']['reason']}." in card
    for dose in trial["doses"]:
        assert f"| {dose['stock']} | {dose['lot']} | {dose['volume_mL']:.3f} | {dose['mass_g']:.4f} |" in card


def test_artifacts_say_what_was_simulated(shown):
    _, _, artifacts = asyncio.run(_runs())
    for artifact in artifacts:
        assert "imulated" in f"{artifact.data} {artifact.description}"


def test_steps_are_never_cached_or_retried():
    from prefect.cache_policies import NO_CACHE

    from galvanaut.flows import prefect_flows

    tasks = [value for name, value in vars(prefect_flows).items() if type(value).__name__ == "Task"]
    assert len(tasks) == 10
    for task in tasks:
        assert task.cache_policy == NO_CACHE
        assert (task.retries, task.persist_result) == (0, False)


def test_prefect_changes_nothing_in_the_ledger(shown, tmp_path):
    from galvanaut.flows.campaign_loop import run_campaign

    with open_lab(small_campaign(tmp_path, trials=2), tmp_path / "lab") as lab:
        asyncio.run(run_campaign(lab))
    assert campaign_json(shown, "conductivity") == campaign_json(tmp_path / "lab", "conductivity")


@pytest.fixture
def no_server(monkeypatch):
    """No server anywhere, and the environment, which is this process's own, is left alone."""
    from galvanaut.flows import prefect_settings

    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(prefect_settings, "apply", lambda settings: None)
    monkeypatch.setattr(prefect_settings, "find_server", lambda folder: None)


@pytest.mark.parametrize("culprit", ["temporary_server.start_temporary_server", "prefect_flows.campaign_flow"])
def test_when_prefect_does_not_even_start_the_campaign_runs_without_it(tmp_path, monkeypatch, no_server, culprit):

    def times_out(*_):
        raise RuntimeError("Timed out while attempting to connect to [/a] server.")

    monkeypatch.setattr("galvanaut.flows.temporary_server.start_temporary_server", lambda: None)
    monkeypatch.setattr(f"galvanaut.flows.{culprit}", times_out)
    done = command_line("run", small_campaign(tmp_path, trials=2), "--lab", tmp_path / "lab")
    assert done.returncode == 0, done.stderr
    assert "Prefect failed, going on without it: RuntimeError: Timed out while attempting to connect to [/a]" in (
        done.stdout
    )
    assert "2 trials ended, 0 failed" in done.stdout


@pytest.mark.parametrize("error", [KeyError("a bug of ours"), GalvanautError("ledger.db: cannot be written")])
def test_errors_of_ours_are_not_laid_at_prefects_door(server, tmp_path, monkeypatch, error):
    from galvanaut.flows import prefect_flows, procedure
    from galvanaut.flows.campaign_loop import Observer

    calls = []

    async def fails(trial, lab):
        calls.append(trial.number)
        raise error

    monkeypatch.setattr(procedure, "settle", fails)
    with open_lab(small_campaign(tmp_path, trials=2), tmp_path / "lab") as lab:
        with pytest.raises(type(error)) as caught:
            asyncio.run(prefect_flows.run_with_prefect(lab, Observer()))
        assert lab.ledger.pending()[0].number == 1
    assert (caught.value, calls) == (error, [1])


def test_when_prefect_fails_in_a_trial_the_trial_goes_on_and_nothing_is_dosed_twice(
    server, shown, tmp_path, monkeypatch
):
    from galvanaut.flows import prefect_flows
    from galvanaut.flows.campaign_loop import Observer

    class ServerGoneError(Exception):
        """Stands for Prefect's own errors."""

    async def falls_over_after_dosing(number):
        await prefect_flows._formulate.fn(number)
        raise ServerGoneError

    monkeypatch.setattr(prefect_flows, "trial_flow", falls_over_after_dosing)
    with open_lab(small_campaign(tmp_path, trials=2), tmp_path / "lab") as lab:
        asyncio.run(prefect_flows.run_with_prefect(lab, Observer()))
    assert campaign_json(tmp_path / "lab", "conductivity") == campaign_json(shown, "conductivity")


def _fates(seed):
    """What becomes of the three cells of the first trial: a defect, or why it was not even built."""
    found = [turnout(seed, f"cycle-life-001-{number}", 0.6) for number in (1, 2, 3)]
    return [one.defect or ("not built" if one.reason else "") for one in found]


def test_a_cell_that_was_not_cycled_is_shown_as_such_with_the_reason(server, tmp_path):
    from galvanaut.flows.campaign_loop import Observer
    from galvanaut.flows.prefect_flows import run_with_prefect

    seed = next(seed for seed in range(1000) if _fates(seed) == ["", "open", "not built"])
    changes = {"failure_rate: 0 %": "failure_rate: 60 %", "seed: 1": f"seed: {seed}", "replicates: 2": "replicates: 3"}
    with open_lab(cell_campaign(tmp_path, trials=1, changes=changes), tmp_path / "lab") as lab:
        asyncio.run(run_with_prefect(lab, Observer()))
    _, task_runs, _ = asyncio.run(_runs())
    shown = {(run.name.rsplit("-", 1)[0], run.state_name): run for run in task_runs if " cell-" in run.name}
    assert {state for step, state in shown if step == "assemble cell"} == {"Completed", "Not assembled"}
    assert {state for step, state in shown if step == "form cell"} == {"Completed", "Not formed"}
    assert {state for step, state in shown if step == "cycle cell"} == {"Completed", "Not cycled"}
    assert {state for step, state in shown if step == "unload cell"} == {"Completed"}
    messages = {run.state.message for run in task_runs if run.state_name == "Not cycled"}
    (trial,) = campaign_json(tmp_path / "lab", "cycle-life")["trials"]
    assert messages == {cell["failure"] for cell in trial["details"]["cells"][1:]}
    assert trial["status"] == "ok", "one cell counts, and nothing was lost on the way through Prefect"
