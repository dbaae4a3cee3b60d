"""Recipes, laws and earlier campaigns that a campaign file gives: what is refused, and what reaches the planner."""

import asyncio
import json
import sys

import numpy as np
import pytest

from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.core.errors import InputError
from galvanaut.flows import artifacts
from galvanaut.flows.beliefs import beliefs, conductivity_law
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.plan import load_plan
from galvanaut.simulators.electrolyte import ConductivityModel
from smalllab import CAMPAIGN, command_line, small_campaign

PRICES = """\
prices: {currency: EUR, date: '2026-11-01', source: ours, per_kg: {EC: 5, DMC: 5, EMC: 6, PC: 4, LiPF6: 99}}"""
GOAL = "{name: conductivity, goal: maximise}"
PLANNER = "planner: {name: bayes, initial: 2}"


def with_planner(folder, words, trials=3, **changes):
    return small_campaign(folder, trials, {PLANNER: f"planner: {{name: bayes, initial: 2, {words}}}", **changes})


def recipe(ec, dmc, molality="1 mol/kg", more=""):
    return f"{{solvents: {{EC: {ec}, DMC: {dmc}{more}}}, salts: {{LiPF6: {molality}}}}}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            f"first: [{recipe(0.3, 0.7)}, {recipe(0.3, 0.7, '3 mol/kg')}]",
            r"first\.1: 3.00 mol/kg .*LiPF6 is 3, 0.5 to 2",
        ),
        (f"first: [{recipe(0.05, 0.95)}]", "DMC is 0.95, 0 to 0.9 is searched; .*EC . PC/3 >= 0.1 does not hold"),
        (f"first: [{recipe(0.3, 0.6, more=', GBL: 0.1')}]", "holds GBL, which is not searched"),
        (f"reference: {{recipe: {recipe(0.6, 0.4)}, every: 2}}", r"planner\.reference\.recipe: .*EC is 0.6"),
    ],
)
def test_recipes_outside_the_search_are_refused(tmp_path, words, message):
    with pytest.raises(InputError, match=message):
        load_plan(with_planner(tmp_path, words))


def test_recipes_that_the_stocks_cannot_make_are_refused(tmp_path):
    """At 2 mol/kg all the salt comes with its own solvent, which leaves too little room for so much EC."""
    with pytest.raises(InputError, match=r"cannot be made from the stocks of bench simulated; add a stock"):
        load_plan(with_planner(tmp_path, f"first: [{recipe(0.5, 0.5, '2 mol/kg')}]"))


def test_recipes_that_would_be_made_otherwise_are_refused(tmp_path):
    """0.2 % of PC is less than the smallest dose of it, so that it would be left out."""
    with pytest.raises(InputError, match=r"would be made as .* give no smaller doses; write that, dilute"):
        load_plan(with_planner(tmp_path, f"first: [{recipe(0.298, 0.6, more=', EMC: 0.1, PC: 0.002')}]"))


def test_check_says_what_the_planner_begins_with(tmp_path):
    words = f"physics: true, first: [{recipe(0.3, 0.7)}], reference: {{recipe: {recipe(0.2, 0.8)}, every: 2}}"
    limits = {"objectives:": "limits: [{name: conductivity, low: 5}]\nobjectives:"}
    said = command_line("check", with_planner(tmp_path, words, **limits))
    assert said.returncode == 0, said.stderr
    assert "limit       conductivity at least 5 mS/cm with 90%" in said.stdout
    assert "known       1.00 mol/kg LiPF6 in EC:DMC 30:70 (w/w) is tried" in said.stdout
    assert "EC:DMC 20:80 (w/w) is made every 2 trials" in said.stdout
    assert "the fitted law of the conductivity is believed" in said.stdout


def test_the_law_is_refused_where_it_has_nothing_to_say(tmp_path):
    costs = {GOAL: "{name: cost, goal: minimise}", "seed: 1": f"seed: 1\n{PRICES}"}
    with pytest.raises(InputError, match="a law for the conductivity only"):
        load_plan(with_planner(tmp_path, "physics: true", **costs))


@pytest.mark.parametrize("name", ["botorch", "baybe"])
def test_a_planner_without_its_extra_is_refused_with_the_command_that_installs_it(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    campaign = small_campaign(tmp_path, 3, {"name: bayes": f"name: {name}"})
    line = campaign.read_text("utf-8").splitlines().index(f"planner: {{name: {name}, initial: 2}}") + 1
    told = f"line {line}: planner.name: '{name}' needs an extra: pip install \"galvanaut[{name}]\""
    said = command_line("check", campaign)
    assert (said.returncode, said.stderr) == (2, f"error: {campaign}: {told}\n")
    for more in ([], ["--policy", "none"]):
        said = command_line("benchmark", CAMPAIGN, "--planners", f"sobol,{name}", "--seeds", 1, "--budget", 2, *more)
        assert (said.returncode, "needs an extra: pip install" in said.stderr) == (2, True)


SPACE = SearchSpace(
    {name: Bounds(0.0, 1.0) for name in ("DMC", "EC", "EMC")}, {"LiPF6": Bounds(0.0, 20.0)}, {"FEC": Bounds(0.0, 0.2)}
)


def test_the_law_is_that_of_the_papers_on_a_simulated_bench_and_finite_everywhere():
    at = np.array([[0.4, 0.3, 0.3, 1.0, 0.0]])
    law, prior = (conductivity_law(SPACE, 25.0, is_synthetic=simulated) for simulated in (False, True))
    assert law(at)[0] == pytest.approx(ConductivityModel().conductivity_mS_cm(SPACE.recipe(at[0]).mass_fractions, 25.0))
    assert 0.001 < abs(prior(at)[0] / law(at)[0] - 1.0) < 0.2
    everywhere = SPACE.sample(500, np.random.default_rng(1))
    for values in (law(everywhere), prior(everywhere), conductivity_law(SPACE, -80.0, is_synthetic=True)(everywhere)):
        assert np.isfinite(values).all()
        assert (values > 0.0).all()


def test_an_earlier_campaign_and_the_law_reach_the_planner_and_the_ledger(tmp_path):
    (tmp_path / "may").mkdir()
    before = small_campaign(tmp_path / "may", trials=4)
    june = {"name: conductivity\n": "name: june\n"}
    after = with_planner(tmp_path, "physics: true, earlier: [conductivity]", 5, **june)
    for campaign in (before, after):
        with open_lab(campaign, tmp_path / "lab") as lab:
            asyncio.run(run_campaign(lab))
            found = {belief.name: belief.quantity for belief in beliefs(lab.plan, lab.ledger)}
    assert found == {"physics": "", "campaign conductivity": ""}
    assert lab.ledger.earlier["conductivity"]["values"] == {"conductivity": 4}
    record = json.loads(command_line("status", "june", "--lab", tmp_path / "lab", "--json").stdout)
    assert {"physics", "campaign conductivity"} <= set(record["trials"][-1]["explanation"]["beliefs"])
    replayed = command_line("replay", "june", "--lab", tmp_path / "lab")
    assert replayed.stdout == "5 of 5 proposals are the same, byte for byte\n"
    text = after.read_text("utf-8").replace("[conductivity]", "[april]").replace("name: june", "name: july")
    after.write_text(text, "utf-8")
    refused = command_line("run", after, "--lab", tmp_path / "lab", "--no-prefect")
    assert "planner.earlier.0: april is not in the ledger of this lab" in refused.stderr


def test_a_reference_is_made_again_and_its_blocks_are_told(tmp_path):
    campaign = with_planner(tmp_path, f"reference: {{recipe: {recipe(0.3, 0.7)}, every: 2}}")
    with open_lab(campaign, tmp_path / "lab") as lab:
        asyncio.run(run_campaign(lab))
        reasons = [trial.explanation["reason"].split(",")[0] for trial in lab.ledger.trials.values()]
        assert reasons == ["reference electrolyte", "initial design", "reference electrolyte"]
        assert [seen.group for seen in lab.session.observations] == ["simulated block 1"] * 2 + ["simulated block 2"]


def test_limits_and_the_front_stand_in_status(tmp_path):
    goals = GOAL.replace("}", ", worst: 3, best: 10}") + "\n  - {name: cost, goal: minimise, worst: 40, best: 5}"
    changes = {GOAL: f"{goals}\nlimits: [{{name: cost, high: 20}}]\n{PRICES}"}
    campaign = small_campaign(tmp_path, 4, changes)
    assert command_line("run", campaign, "--lab", tmp_path / "lab", "--no-prefect").returncode == 0
    said = command_line("status", "conductivity", "--lab", tmp_path / "lab").stdout
    assert "front of conductivity, cost: trials " in said
    assert "keep" in said
    assert "cost at most 20 EUR/kg (expected " in said
    with open_lab(campaign, tmp_path / "lab") as lab:
        rows, best_first = artifacts.front(lab), artifacts.leaderboard(lab)
        assert [row["trial"] for row in rows] == lab.summary().to_json()["front"]["trials"]
    assert set(rows[0]) == {"trial", "conductivity / mS/cm", "cost / EUR/kg", "recipe as made"}
    assert best_first[0]["breaks"] == ""


def test_the_shipped_example_is_one():
    plan = load_plan(CAMPAIGN.parent / "conductivity_cost.yaml")
    assert (plan.campaign.watched, len(plan.task().aims)) == (["conductivity", "cost"], 2)
