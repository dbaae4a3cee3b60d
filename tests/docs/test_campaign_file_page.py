"""The page campaign-file.md: every typical mistake is answered in the words of its table, with file and line."""

import re

import pytest

from galvanaut.core.errors import InputError
from galvanaut.flows.plan import load_plan
from smalllab import ROOT, small_campaign

PAGE = (ROOT / "docs" / "campaign-file.md").read_text("utf-8")
EARLIER = "an unknown campaign"
"""Only a lab tells; test_known_beforehand.py looks at it."""
ROWS = {
    mistake: said
    for mistake, said in re.findall(r"^\| (.+?) \| `(.+)` \|$", PAGE.split("## Typical mistakes")[1], re.M)
    if mistake != EARLIER
}
THIRD = "EMC >= PC*7/3"
GOAL = "{name: conductivity, goal: maximise}"
PLANNER = "planner: {name: bayes, initial: 2}"
MANY = ("FEC", "VC", "PS", "ES", "DTD", "SN", "ADN", "TMSP", "TMSB", "LiPO2F2", "LiNO3")
OPTIONAL = "".join(f"    {name}: {{low: 0.001, high: 0.01, optional: true}}\n" for name in MANY)
CHANGES = {
    "`temperature: 25`": {"temperature: 0 degC": "temperature: 25"},
    "`batch_mass: 6 mL`": {"batch_mass: 6 g": "batch_mass: 6 mL"},
    "`low: 0.5 mol/L`": {"low: 0.5 mol/kg": "low: 0.5 mol/L"},
    "`worst: -.inf`": {GOAL: "{name: conductivity, goal: maximise, worst: -.inf, best: 9}"},
    "`EC: {low: 10, high: 50}`": {"EC:  {low: 0.0, high: 0.5}": "EC:  {low: 10, high: 50}"},
    "`EC: {low: 0.5, high: 0.1}`": {"EC:  {low: 0.0, high: 0.5}": "EC:  {low: 0.5, high: 0.1}"},
    "`EMV: ...`": {"    EMC: {": "    EMV: {"},
    "EC among the additives": {"additives: {}": "additives: {EC: {low: 0, high: 0.1}}"},
    "`EMC >= 0.95` with EMC at most 0.9": {THIRD: "EMC >= 0.95"},
    "low bounds of EC and DMC of 0.6 and 0.5": {
        "EC:  {low: 0.0, high: 0.5}": "EC:  {low: 0.6, high: 0.7}",
        "DMC: {low: 0.0, high: 0.9}": "DMC: {low: 0.5, high: 0.9}",
        "  - EC + PC*5/3 <= 0.5\n": "",
    },
    "`at most two of VC, FEC`": {THIRD: "at most two of VC, FEC"},
    "13 components that may be absent": {
        "  additives: {}\n": f"  additives:\n{OPTIONAL}",
        "high: 2.0 mol/kg}\n": "high: 2.0 mol/kg, optional: true}\n"
        "    LiFSI: {low: 0.5 mol/kg, high: 2.0 mol/kg, optional: true}\n",
    },
    "`settings: {formation_rat: ...}`": {
        "procedure:\n": "settings: {formation_rat: {low: 0.1, high: 0.2}}\nprocedure:\n"
    },
    "`LiPF6 <= 1 mol/kg`": {THIRD: "LiPF6 <= 1 mol/kg"},
    "`EMC = 0.5`": {THIRD: "EMC = 0.5"},
    "`transfer: 9 mL` of a 6 g batch": {"transfer: 3 mL": "transfer: 9 mL"},
    "`batch_mass: 60 g`": {"batch_mass: 6 g": "batch_mass: 60 g"},
    "`goal: maximize`": {"goal: maximise": "goal: maximize"},
    '`seed: "1"`': {"seed: 1": 'seed: "1"'},
    "`seeds: 1`": {"seed: 1": "seeds: 1"},
    "`planner: {name: bays}`": {PLANNER: "planner: {name: bays}"},
    "`limits` without low and high": {"objectives:": "limits: [{name: conductivity}]\nobjectives:"},
    "`early_stop` without life": {"seed: 1": "seed: 1\nearly_stop: {}"},
    "a recipe outside of the search": {
        PLANNER: "planner: {first: [{solvents: {EC: 0.3, DMC: 0.7}, salts: {LiPF6: 3 mol/kg}}]}"
    },
    "five recipes to try first, and `trials: 3`": {
        PLANNER: f"planner: {{first: [{', '.join(['{solvents: {EC: 1}}'] * 5)}]}}"
    },
    "VC without a bottle of it": {"additives: {}": "additives: {VC: {low: 0 %, high: 2 %}}"},
}


def test_every_row_is_tried():
    assert set(ROWS) == set(CHANGES)


@pytest.mark.parametrize("mistake", CHANGES)
def test_a_mistake_is_told_in_the_words_of_the_page(tmp_path, mistake):
    campaign = small_campaign(tmp_path, 3, CHANGES[mistake])
    with pytest.raises(InputError) as caught:
        load_plan(campaign)
    told = str(caught.value).splitlines()
    assert any(
        re.fullmatch(rf"{re.escape(str(campaign))}: line \d+: {re.escape(ROWS[mistake])}", line) for line in told
    ), told
