"""What another laboratory is asked to measure."""

from types import SimpleNamespace

import numpy as np

from celllab import cell_campaign
from galvanaut.campaigns.dossier.replication import Form
from galvanaut.flows.dossier.files import form_of
from galvanaut.flows.plan import load_plan
from smalllab import small_campaign

PRICES = "prices: {currency: EUR, date: '2026-11-01', source: x, per_kg: {EC: 5, DMC: 5, EMC: 6, PC: 4, LiPF6: 9}}"
ONLY = "- {name: conductivity, goal: maximise}"
COST = "- {name: cost, goal: minimise, worst: 30, best: 5}"


def content_of(file):
    plan = load_plan(file)
    best = SimpleNamespace(tested=plan.space.recipe(plan.space.volume(1, np.random.default_rng(1))[0]))
    sources = SimpleNamespace(task=SimpleNamespace(space=plan.space))
    return SimpleNamespace(
        campaign=plan.campaign, summary=SimpleNamespace(plan=plan.to_json()), sources=sources, best=best
    )


def test_cells_are_tested_where_their_plans_say_not_where_the_liquid_is_measured(tmp_path):
    changes = {"conductivity: {temperature: 25 degC": "conductivity: {temperature: -10 degC"}
    form = form_of(content_of(cell_campaign(tmp_path, 2, changes)))
    assert (form.quantity, form.temperature_degC) == ("life", 25.0)


def test_a_temperature_that_plans_leave_open_is_not_asked_for(tmp_path):
    form = form_of(content_of(cell_campaign(tmp_path, 2, {"temperature: 25 degC\nnominal": "nominal"})))
    assert form.temperature_degC is None
    assert Form.from_json(form.to_json()) == form


def test_a_cost_is_not_measured_elsewhere(tmp_path):
    both = f"{COST}\n  - {{name: conductivity, goal: maximise, worst: 1, best: 12}}"
    form = form_of(content_of(small_campaign(tmp_path, 2, {ONLY: f"{both}\n{PRICES}"})))
    assert form.quantity == "conductivity"
    assert (
        form_of(content_of(small_campaign(tmp_path, 2, {ONLY: f"- {{name: cost, goal: minimise}}\n{PRICES}"}))) is None
    )
