"""Quotes of small campaigns: beside a dry run, with prices, with cells, and what is refused."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.stopcourse import together
from galvanaut.campaigns.objectivefields import QuantityLimit
from galvanaut.flows.plan import load_plan
from galvanaut.flows.quote.command import Wishes, quotation
from galvanaut.flows.quote.rehearsal import Durations, Strokes
from galvanaut.flows.quote.remarks import remarks
from galvanaut.flows.quote.simulate import World, capacity_of
from galvanaut.flows.quote.table import binding, duration, number
from smalllab import BENCH, command_line, journal_of, small_campaign

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
TRIALS = 4
DATED = 'date: "2026-11-01", source: an offer'
SPARE = Durations(2.0, 1500.0, (1400.0, 1420.0), Strokes(2.3, 6.0), Strokes(2.3, 6.0), 180.0)
PRICES = "".join(
    f"  {name}: {{price: 85 EUR/L, {DATED}}}\n"
    for name in ("EC_DMC", "EC_EMC", "DMC", "EMC", "PC", "LiPF6_DMC", "LiPF6_EMC", "rinse", "KCl")
)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return small_campaign(tmp_path_factory.mktemp("quoted"), TRIALS)


@pytest.fixture(scope="module")
def found(campaign):
    return quotation(campaign, None, campaign.parent / "none", None, Wishes(draws=9, seed=7, processes=1, target=6.0))


def test_a_dry_run_takes_what_was_quoted(campaign, found):
    lab = campaign.parent / "run"
    done = command_line("run", campaign, "--lab", lab, "--seed", 101, "--no-prefect")
    assert done.returncode == 0, done.stderr
    jobs = journal_of(lab).records()
    took_h = (max(job.ended for job in jobs) - min(job.began for job in jobs)) / 3600
    assert took_h == pytest.approx(found.quote.wall_clock_h.median, rel=0.0005)
    drawn_mL = dict.fromkeys(found.quote.stocks, 0.0)
    for job in jobs:
        if "stock" in job.request:
            drawn_mL[job.request["stock"]] += job.request["volume_mL"]
    needs = found.quote.stocks
    for name in ("rinse", "KCl"):
        assert needs[name].volume_mL.holds(drawn_mL.pop(name))
    volumes = [needs[name].volume_mL.holds(volume_mL) for name, volume_mL in drawn_mL.items()]
    assert sum(volumes) >= len(volumes) // 2  # each of them in 8 of 10 runs
    total_mL = sum(needs[name].volume_mL.median for name in drawn_mL)
    assert sum(drawn_mL.values()) == pytest.approx(total_mL, rel=0.2)  # medians do not add up


def test_the_same_seed_gives_the_same_quote_and_no_lab_is_begun(campaign, found):
    nowhere = campaign.parent / "none"
    again = quotation(campaign, None, nowhere, None, Wishes(draws=9, seed=7, processes=1, target=6.0))
    assert again.quote == found.quote
    assert not nowhere.exists()


def test_the_quote_says_what_it_rests_on(found):
    assert "cost unknown" in found.remarks[0]
    assert found.remarks[-1].startswith("simulated: ")
    assert "Your chemistry is another one" in found.remarks[-1]
    assert found.quote.cost is None
    assert found.quote.trials.median == TRIALS
    assert 3.0 < found.quote.best.median < 10.0
    assert 0.0 <= found.quote.reached.low <= found.quote.reached.high <= 1.0
    assert "no limit of the bench binds" not in binding(found.quote)


def test_the_command_prints_tables_and_json(campaign, tmp_path):
    prices = tmp_path / "prices.yaml"
    prices.write_text(f"currency: EUR\nstocks:\n{PRICES}", encoding="utf-8")
    options = ("--draws", 2, "--jobs", 1, "--lab", tmp_path / "lab", "--prices", prices)
    done = command_line("quote", campaign, *options, "--target", 6)
    assert done.returncode == 0, done.stderr
    for piece in ("wall-clock, h", "LiPF6_DMC", "cost in all, EUR", "probability of the target", "what binds"):
        assert piece in done.stdout
    assert "simulated: liquids" in done.stdout
    assert "take 9 or more" in done.stdout
    row = json.loads(command_line("quote", campaign, *options, "--json").stdout)
    assert row["simulated"] is True
    assert row["cost"]["median"] == pytest.approx(sum(need["cost"]["median"] for need in row["stocks"].values()), 0.05)
    assert row["reached"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"currency: EUR\nstocks: {{DCM: {{price: 85 EUR/L, {DATED}}}}}",
            "stocks.DCM: bench simulated has no stock DCM",
        ),
        (f"currency: EUR\nstocks: {{DMC: {{price: 85 EUR, {DATED}}}}}", "stocks.DMC.price: expected a price such as"),
        ("stocks: {}", "currency: is missing"),
    ],
)
def test_prices_that_cannot_be_used_are_named(campaign, tmp_path, text, message):
    prices = tmp_path / "prices.yaml"
    prices.write_text(text, encoding="utf-8")
    done = command_line("quote", campaign, "--prices", prices)
    assert done.returncode == 2
    assert "prices.yaml" in done.stderr
    assert message in done.stderr


def test_files_that_are_not_there_are_named(campaign, tmp_path):
    assert "cannot be read" in command_line("quote", campaign, "--prices", tmp_path / "no.yaml").stderr
    done = command_line("quote", tmp_path / "no.yaml")
    assert done.returncode == 2
    assert "no.yaml" in done.stderr


def test_a_campaign_that_the_chemistry_does_not_know_is_refused_also_for_a_real_bench(tmp_path):
    bench = tmp_path / "bench.yaml"
    text = BENCH.read_text(encoding="utf-8").replace("visa: simulated", 'visa: "@py"')
    bench.write_text(text, encoding="utf-8")
    campaign = small_campaign(
        tmp_path, changes={"- EC + PC/3 >= 0.1": "- EC + PC/3 >= 0.0", "low: 0.5 mol/kg": "low: 0.01 mol/kg"}
    )
    done = command_line("quote", campaign, "--bench", bench, "--draws", 2, "--jobs", 1)
    assert done.returncode == 2
    assert "simulated" in done.stderr


def test_a_real_bench_is_quoted_and_not_touched(tmp_path):
    bench = tmp_path / "bench.yaml"
    text = BENCH.read_text(encoding="utf-8").replace("visa: simulated", 'visa: "@py"')
    bench.write_text(text, encoding="utf-8")
    campaign = small_campaign(tmp_path, 2)
    found = quotation(campaign, bench, tmp_path / "none", None, Wishes(draws=2, processes=1))
    assert found.quote.wall_clock_h.median > 1.0


@pytest.fixture(scope="module")
def cells():
    plan = load_plan(CAMPAIGNS / "cycle_life.yaml")
    budget = plan.campaign.budget.model_copy(update={"trials": 10, "parallel": 6})
    chosen = plan.campaign.planner.model_copy(update={"name": "sobol"})
    return replace(plan, campaign=plan.campaign.model_copy(update={"budget": budget, "planner": chosen}))


def simulated(plan, seed=3):
    world = World(plan, SPARE, seed)
    return world.draw(together([world.setup()], world.cells)[0])


def test_a_campaign_with_cells_counts_channels_and_bottles(cells):
    draw = simulated(cells)
    assert len(draw.slots) == 10
    assert draw.cells == 20
    assert 10.0 < draw.channel_days / draw.cells < 40.0
    assert draw.stock_mL["rinse"] == pytest.approx((4 + 2 * 10) * 5.0)
    assert draw.stock_mL["KCl"] == pytest.approx(11.01)
    volume_mL = sum(draw.stock_mL.values()) - draw.stock_mL["rinse"] - draw.stock_mL["KCl"]
    assert volume_mL == pytest.approx(10 * 6.0 / 1.2, rel=0.1)
    assert np.nanmax(draw.worths) == draw.best()


def test_recipes_beyond_a_limit_are_no_result(cells):
    """The one that would have been the best conducts too well; which cells go on depends on limits, too."""
    whole = replace(cells, campaign=cells.campaign.model_copy(update={"early_stop": None}))
    free, world = simulated(whole), World(whole, SPARE, 3)
    trace = together([world.setup()], world.cells)[0]
    best = max((each for each in trace.trials if each.is_ok), key=lambda each: each.worth)
    conducts = world.liquid(best.point, best.number)["conductivity"]
    limits = [QuantityLimit(name="conductivity", high=conducts - 1e-6)]
    limited = simulated(replace(whole, campaign=whole.campaign.model_copy(update={"limits": limits})))
    assert limited.best() < free.best()
    assert limited.slots == free.slots
    kept = [world.liquid(each.point, each.number)["conductivity"] < conducts for each in trace.trials]
    assert sum(np.isfinite(limited.worths)) == sum(np.isfinite(free.worths) & np.array(kept)) > 0


def test_the_timetable_gives_the_simulated_campaign_its_time_back(cells):
    world = World(cells, SPARE, 3)
    trace = together([world.setup()], world.cells)[0]
    ended_h = max(each.ended_h for each in trace.trials)
    assert world.draw(trace).wall_clock_h(capacity_of(cells)) == pytest.approx(ended_h, rel=1e-9)


def test_recipes_that_are_remeasured_scatter_anew(cells):
    world = World(cells, SPARE, 3)
    point = cells.space.volume(1, np.random.default_rng(1))[0]
    first, second = (world.liquid(point, trial)["conductivity"] for trial in (1, 2))
    assert first != second
    assert world.liquid(point, 1)["conductivity"] == first


def test_what_is_assumed_of_other_tests_is_said(cells):
    today = datetime.date(2026, 11, 28)
    assert not any("shipped tests" in each for each in remarks(cells, None, today))
    step = cells.campaign.procedure.cells.model_copy(update={"cycling": "fast.yaml"})
    procedure = cells.campaign.procedure.model_copy(update={"cells": step})
    other = replace(cells, campaign=cells.campaign.model_copy(update={"procedure": procedure}))
    assert any("shipped tests" in each for each in remarks(other, None, today))


def test_numbers_are_read_aloud():
    assert [number(each) for each in (1234.5, 12.345, 0.0, float("nan"))] == ["1234", "12.3", "0", "unknown"]
    assert [duration(each) for each in (11.4, 216.0)] == ["11.4 h", "9 days"]
