"""Several benches, one campaign: who may join, what each of them sees, and that choices are made in turn."""

import asyncio
import json
import time

import pytest

from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import open_engine
from galvanaut.core.leases import Leases
from galvanaut.flows import turns
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.turns import Turns
from smalllab import BENCH, command_line, small_campaign


@pytest.fixture
def other_bench(tmp_path):
    path = tmp_path / "bench_two.yaml"
    path.write_text(BENCH.read_text("utf-8").replace("name: simulated", "name: bench_two", 1), "utf-8")
    return path


@pytest.fixture
def begun(tmp_path):
    """A campaign of which one trial of three is done, in lab a."""
    campaign = small_campaign(tmp_path)
    run(campaign, tmp_path / "a", max_trials=1)
    return campaign


def run(campaign, lab, bench=None, join=None, **more):
    with open_lab(campaign, lab, bench, join=None if join is None else str(join), **more) as opened:
        asyncio.run(run_campaign(opened))
        return opened.session.observations


def trials(lab):
    return json.loads(command_line("status", "conductivity", "--lab", lab, "--json").stdout)["trials"]


def test_a_bench_that_joins_knows_of_all_trials_and_measures_with_a_constant_of_its_own(begun, other_bench, tmp_path):
    seen = run(begun, tmp_path / "b", other_bench, tmp_path / "a", max_trials=2)
    assert [each.trial for each in seen] == [1, 2]
    seen = run(begun, tmp_path / "a")
    assert [each.trial for each in seen] == [1, 2, 3]
    assert [(each["status"], each["bench"]) for each in trials(tmp_path / "a")] == [
        ("ok", "simulated"),
        ("ok", "bench_two"),
        ("ok", "simulated"),
    ]
    assert trials(tmp_path / "b") == trials(tmp_path / "a")
    with open_lab(begun, tmp_path / "b", other_bench) as two, open_lab(begun, tmp_path / "a") as one:
        assert one.ledger.calibration["bench"] == "simulated"
        assert two.ledger.calibration["bench"] == "bench_two"


def test_once_joined_no_option_is_needed_and_another_ledger_is_refused(begun, other_bench, tmp_path):
    run(begun, tmp_path / "b", other_bench, tmp_path / "a", max_trials=2)
    run(begun, tmp_path / "b", other_bench)
    assert len(trials(tmp_path / "b")) == 3
    run(begun, tmp_path / "c", max_trials=1)
    with pytest.raises(InputError, match="has a ledger already"):
        run(begun, tmp_path / "b", other_bench, tmp_path / "c")
    with pytest.raises(InputError, match=r"has a ledger already \(its own\)"):
        run(begun, tmp_path / "c", other_bench, tmp_path / "a")


def test_only_a_campaign_that_is_the_same_is_joined(begun, other_bench, tmp_path):
    with pytest.raises(InputError, match=r"is shared with other settings.*seed was 1, now 2"):
        run(begun, tmp_path / "b", other_bench, tmp_path / "a", seed=2)
    begun.write_text(begun.read_text("utf-8").replace("batch_mass: 6 g", "batch_mass: 7 g"), "utf-8")
    with pytest.raises(InputError, match=r"campaign\.procedure\.batch_mass was '6 g', now '7 g'"):
        run(begun, tmp_path / "b", other_bench, tmp_path / "a")


def test_a_lab_that_is_not_there_cannot_be_joined(begun, other_bench, tmp_path):
    with pytest.raises(InputError, match="is not a lab folder"):
        run(begun, tmp_path / "b", other_bench, tmp_path / "nowhere")
    assert not (tmp_path / "b").exists()


def test_choices_are_made_in_turn_and_the_dead_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "TURN_S", 0.5)
    leases = Leases(open_engine(tmp_path / "ledger.db"))
    one, two = Turns(leases, "demo"), Turns(leases, "demo")
    with one.taken():
        began = time.monotonic()
        with two.taken():  # the first one has died in the midst of choosing, as far as anybody can see
            assert time.monotonic() - began > 0.3
    began = time.monotonic()
    with one.taken():
        assert time.monotonic() - began < 0.3
