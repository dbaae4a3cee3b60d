"""`galvanaut replay`: every proposal comes out again, of plain, parallel, shared and scarce campaigns."""

import asyncio
import json

import pytest

from galvanaut.core.eventlog import EventLog
from galvanaut.flows import replay, versions
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from smalllab import BENCH, command_line, small_campaign, tables


def run(campaign, lab, bench=None, join=None, max_trials=None):
    with open_lab(campaign, lab, bench, max_trials=max_trials, join=None if join is None else str(join)) as opened:
        asyncio.run(run_campaign(opened))


def replayed(lab, *more):
    return command_line("replay", "conductivity", "--lab", lab, *more)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Seven trials, two at a time, four by the model, one recipe given; the lab's folder."""
    folder = tmp_path_factory.mktemp("replay")
    given = "planner: {name: bayes, initial: 2, first: [{solvents: {EC: 0.3, DMC: 0.7}, salts: {LiPF6: 1 mol/kg}}]}"
    changes = {"planner: {name: bayes, initial: 2}": given, "parallel: 1": "parallel: 2"}
    run(small_campaign(folder, trials=7, changes=changes), folder / "lab")
    return folder / "lab"


def test_a_parallel_campaign_comes_out_again(done):
    found = replayed(done)
    assert (found.returncode, found.stdout) == (0, "7 of 7 proposals are the same, byte for byte\n")
    with tables(done, "ledger") as engine:
        proposed = [event.data for event in EventLog(engine, "ledger").read() if event.kind == "proposed"]
    assert proposed[0]["explanation"]["reason"] == "given in the campaign file"
    assert "data" in proposed[-1]["explanation"]
    assert proposed[-1]["seen"] > proposed[-2]["seen"]


def test_the_first_difference_is_named_with_the_versions_that_changed(done, monkeypatch):
    told = replay._told

    def otherwise(proposal, number):
        found = told(proposal, number)
        return {**found, "predicted_mean": 99.0} if number in (6, 7) else found

    monkeypatch.setattr(replay, "_told", otherwise)
    monkeypatch.setattr(replay, "versions", lambda: {**versions.versions(), "numpy": "9.9"})
    found = replayed(done)
    assert found.returncode == 1
    first, second, third = found.stdout.splitlines()
    assert first == "5 of 7 proposals are the same, byte for byte"
    assert second.startswith("trial 6 differs; since then changed: numpy 2")
    assert third.startswith("  predicted_mean: was ")
    assert third.endswith(", now 99.0")
    record = json.loads(replayed(done, "--json").stdout)
    assert [each["trial"] for each in record["differences"]] == [6, 7]


def test_a_shared_campaign_comes_out_again(tmp_path):
    other = tmp_path / "bench_two.yaml"
    other.write_text(BENCH.read_text("utf-8").replace("name: simulated", "name: bench_two", 1), "utf-8")
    campaign = small_campaign(tmp_path, trials=6)
    run(campaign, tmp_path / "a", max_trials=2)
    run(campaign, tmp_path / "b", other, tmp_path / "a", max_trials=5)
    run(campaign, tmp_path / "a")
    for lab in ("a", "b"):
        assert replayed(tmp_path / lab).stdout == "6 of 6 proposals are the same, byte for byte\n"


def test_a_campaign_in_a_lab_that_was_used_before_comes_out_again(tmp_path):
    bench = tmp_path / "nearly_even.yaml"  # the fuller one of two bottles is soon the other one
    text = BENCH.read_text("utf-8")
    for bottle, volume in (("density: 1.195 g/mL", "2.0519 L"), ("density: 1.202 g/mL", "2.1132 L")):
        text = text.replace(f"{bottle}, available: 2 L", f"{bottle}, available: {volume}")
    bench.write_text(text, "utf-8")
    changes = {str(BENCH): str(bench)}
    run(small_campaign(tmp_path, 3, changes | {"name: conductivity\ntitle": "name: earlier\ntitle"}), tmp_path / "lab")
    run(small_campaign(tmp_path, 3, changes), tmp_path / "lab")
    assert replayed(tmp_path / "lab").stdout == "3 of 3 proposals are the same, byte for byte\n"


def test_bottles_that_ran_low_are_low_again(tmp_path):
    bench = tmp_path / "scarce.yaml"
    bench.write_text(BENCH.read_text("utf-8").replace("available: 2 L", "available: 12 mL"), "utf-8")
    run(small_campaign(tmp_path, trials=4), tmp_path / "lab", bench)
    with tables(tmp_path / "lab", "ledger") as engine:
        last = [event.data for event in EventLog(engine, "ledger").read() if event.kind == "proposed"][-1]
    assert 0.0 < min(last["left_mL"].values()) < 10.0
    assert replayed(tmp_path / "lab").returncode == 0


def test_a_campaign_that_is_not_there(done):
    found = command_line("replay", "other", "--lab", done)
    assert (found.returncode, "is not in the ledger" in found.stderr) == (2, True)


def test_versions_that_came_or_went_are_named():
    found = replay._changed({"numpy": "2.4", "botorch": "0.15"}, {"numpy": "2.4", "baybe": "0.14"})
    assert found == ["botorch 0.15 to not installed", "baybe not installed to 0.14"]
    assert {"galvanaut", "numpy", "python", "processor"} <= set(versions.versions())
