"""Several benches, one campaign: who may join, what each of them sees, and that choices are made in turn."""

import asyncio
import json
import time

import pytest

from celllab import cell_campaign
from galvanaut.core.clock import at_work
from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import open_engine
from galvanaut.core.identifiers import JobKey
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


def test_a_lab_that_was_refused_may_join_another_one(begun, other_bench, tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="seed was 1, now 2"):
        run(begun, tmp_path / "b", other_bench, tmp_path / "a", seed=2)
    assert not (tmp_path / "b" / "ledger.json").exists()
    run(begun, tmp_path / "c", max_trials=1)
    run(begun, tmp_path / "b", other_bench, tmp_path / "c", max_trials=2)
    assert trials(tmp_path / "b") == trials(tmp_path / "c")


def say(what, lab, *more):
    return command_line(what, "conductivity", "--lab", lab, *more)


def test_what_is_said_at_one_bench_holds_at_all(begun, other_bench, tmp_path):
    run(begun, tmp_path / "b", other_bench, tmp_path / "a", max_trials=2)
    assert say("pause", tmp_path / "b").returncode == 0
    with open_lab(begun, tmp_path / "a") as lab:
        assert not lab.valve.is_open
    assert say("resume", tmp_path / "a").returncode == 0
    assert say("stop", tmp_path / "a").returncode == 0
    with pytest.raises(InputError, match="was stopped"):
        run(begun, tmp_path / "b", other_bench)


def leave_open(campaign, lab, bench=None, join=None):
    """Choose a recipe and begin its first job; the program dies then."""

    async def dies(opened):
        with at_work(opened.clock):
            trial = await opened.propose()
            opened.station.journal.intend(JobKey("conductivity", trial.number, "settle"), {"kind": "settle"})

    with open_lab(campaign, lab, bench, join=None if join is None else str(join)) as opened:
        asyncio.run(dies(opened))


def test_each_lab_ends_its_own_part_of_a_campaign_that_is_stopped_for_good(begun, other_bench, tmp_path):
    leave_open(begun, tmp_path / "b", other_bench, tmp_path / "a")
    leave_open(begun, tmp_path / "a")
    say("stop", tmp_path / "a")
    assert say("stop", tmp_path / "a", "--confirm").returncode == 0
    states = {trial["bench"]: trial["status"] for trial in trials(tmp_path / "a") if trial["trial"] > 1}
    assert states == {"bench_two": "pending", "simulated": "failed_instrument"}
    ended = say("stop", tmp_path / "b", "--confirm")
    assert ended.returncode == 0, ended.stderr
    assert [trial["status"] for trial in trials(tmp_path / "a")] == ["ok", "failed_instrument", "failed_instrument"]


def test_a_shared_campaign_with_cells_ends_in_words_at_both_benches(tmp_path):
    campaign = cell_campaign(tmp_path)
    other = tmp_path / "other.yaml"
    other.write_text((tmp_path / "bench.yaml").read_text("utf-8").replace("name: simulated", "name: bench_two", 1))
    for lab, more in (("a", ["--max-trials", "1"]), ("b", ["--bench", other, "--join", tmp_path / "a"])):
        done = command_line("run", campaign, "--lab", tmp_path / lab, "--no-prefect", *more)
        assert done.returncode == 0, done.stderr
        assert "4 tests, " in done.stdout
    page = (tmp_path / "b" / "reports" / "cycle-life.html").read_text("utf-8")
    assert "benches bench_two-cycling, simulated-cycling;" in page
    assert "<td>bench_two-cycling</td>" in page


async def test_choices_are_made_in_turn_and_the_dead_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "TURN_S", 0.5)
    leases = Leases(open_engine(tmp_path / "ledger.db"))
    one, two = Turns(leases, "demo"), Turns(leases, "demo")
    looked = 0

    async def look_after_cells():
        nonlocal looked
        while True:
            looked += 1
            await asyncio.sleep(0.01)

    async with one.taken():
        looking = asyncio.ensure_future(look_after_cells())
        began = time.monotonic()
        async with two.taken():  # the first one has died in the midst of choosing, as far as anybody can see
            assert time.monotonic() - began > 0.3
        looking.cancel()
    assert looked > 10, "others had their turn while it waited"
    began = time.monotonic()
    async with one.taken():
        assert time.monotonic() - began < 0.3
