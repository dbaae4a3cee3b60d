"""What bottles hold for recipes to come, and that what is dosed is what was proposed."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from galvanaut.campaigns.batchmaker import BatchMaker
from galvanaut.flows.bottles import Bottles
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.plan import load_plan
from smalllab import BENCH, CAMPAIGN, small_campaign

UNEVEN_ML = {"EC_DMC": 30.0, "LiPF6_DMC": 400.0, "LiPF6_EMC": 10.0, "DMC": 5.0, "EMC": 200.0, "EC_EMC": 2.0}
"""Drawn from bottles of 2 L: another one is the fullest now, and none is scarce."""


def bottles(plan, drawn_mL, waiting=(), begun=()):
    doses = [{"stock": stock, "volume_mL": volume_mL} for stock, volume_mL in waiting]
    ledger = SimpleNamespace(pending=lambda: [SimpleNamespace(number=7, doses=doses)])
    journal = SimpleNamespace(
        drawn_mL=lambda stock, lot: drawn_mL.get(stock, 0.0),
        find=lambda key: True if str(key) in [f"conductivity/0007/dose-{stock}/1" for stock in begun] else None,
    )
    return Bottles(plan, ledger, journal)


@pytest.fixture(scope="module")
def plan():
    return load_plan(CAMPAIGN)


def test_what_is_dosed_is_what_was_proposed_however_full_bottles_are(plan):
    mass_g = plan.campaign.procedure.batch_mass_g
    maker = BatchMaker(plan.space, plan.batches(), mass_g)
    wishes = plan.space.volume(12, np.random.default_rng(1))
    recipes = [plan.space.recipe(made) for made in map(maker.realise, wishes) if made is not None]
    by_level = plan.batches(lambda stock, lot: UNEVEN_ML.get(stock, 0.0))
    assert max(by_level.plan(recipe, mass_g).deviation for recipe in recipes) > 1e-6, "else this tests nothing"
    counted = bottles(plan, UNEVEN_ML)
    assert not counted.is_scarce
    assert counted.left_mL is None
    assert max(counted.batches.plan(recipe, mass_g).deviation for recipe in recipes) <= 1e-12


def test_recipes_under_way_keep_what_they_are_still_to_be_given(plan):
    lot = plan.bench.stocks["DMC"].lot
    waiting = bottles(plan, {"DMC": 1.0}, [("DMC", 3.0), ("EMC", 4.0)])
    assert waiting.drawn_mL("DMC", lot) == 4.0
    assert waiting.drawn_mL("DMC", "a bottle of before") == 1.0
    assert bottles(plan, {"DMC": 1.0}, [("DMC", 3.0)], ["DMC"]).drawn_mL("DMC", lot) == 1.0  # the journal has it


def test_a_planner_that_counted_with_bottles_does_so_no_longer_than_the_ledger_says(tmp_path, monkeypatch):
    """Where a recipe fails before it is dosed, what was kept for it is free again."""
    with open_lab(small_campaign(tmp_path), tmp_path / "lab") as lab:
        with monkeypatch.context() as while_scarce:
            while_scarce.setattr(Bottles, "is_scarce", True)
            lab._plan_anew()
            counting = lab.planner
        assert lab.is_scarce
        trial = lab._propose()
        assert (lab.is_scarce, dict(trial.left_mL)) == (False, {})
        assert lab.planner is not counting


def test_recipes_at_a_time_are_never_promised_more_than_bottles_hold(tmp_path):
    bench = tmp_path / "bench.yaml"
    salt = "LiPF6: 0.2752}, density: "
    text = BENCH.read_text("utf-8")
    for density in ("1.270", "1.202"):
        assert f"{salt}{density} g/mL, available: 2 L" in text
        text = text.replace(f"{salt}{density} g/mL, available: 2 L", f"{salt}{density} g/mL, available: 8 mL")
    bench.write_text(text, "utf-8")
    at_once = {str(BENCH): str(bench), "initial: 2": "initial: 6", "parallel: 1": "parallel: 6"}
    file = small_campaign(tmp_path, 6, at_once)
    with open_lab(file, tmp_path / "lab") as lab:
        asyncio.run(run_campaign(lab))
        trials = list(lab.ledger.trials.values())
    assert [each.outcome.status for each in trials] == ["ok"] * 6
    for stock in ("LiPF6_DMC", "LiPF6_EMC"):
        given = [dose["volume_mL"] for each in trials for dose in each.doses if dose["stock"] == stock]
        assert sum(given) <= 8.0
