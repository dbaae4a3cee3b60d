"""Campaign files: what is read, what is refused, and whether the message names the place and the fix."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from galvanaut.campaigns.campaignfile import Campaign, json_schema, load_campaign
from galvanaut.core.errors import InputError

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
GOOD = """\
name: test
components:
  solvents:
    EC: {low: 0.1, high: 50 %}
    DMC: {low: 0, high: 0.9}
  salts:
    LiPF6: {low: 0.5 mol/kg, high: 2000 mmol/kg}
  additives:
    VC: {low: 0 %, high: 2 %}
constraints:
  - EC + VC <= 0.45
procedure:
  batch_mass: 6000 mg
  conductivity: {temperature: 32 degF, settle: 0.5 h, tolerance: 0.2 degC, readings: 5, transfer: 3 mL}
objectives:
  - {name: conductivity, goal: maximise}
budget: {trials: 40}
seed: 1
bench: ../benches/bench.yaml
"""

Load = Callable[[str], Campaign]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def from_text(text: str) -> Campaign:
        path = tmp_path / "campaign.yaml"
        path.write_text(text, encoding="utf-8")
        return load_campaign(path)

    return from_text


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_units_are_read(load: Load) -> None:
    campaign = load(GOOD)
    assert campaign.components.bounds == {"EC": (0.1, 0.5), "DMC": (0, 0.9), "LiPF6": (0.5, 2.0), "VC": (0, 0.02)}
    procedure = campaign.procedure
    assert procedure.batch_mass_g == 6.0
    assert procedure.conductivity.temperature_degC == pytest.approx(0.0, abs=1e-9)
    assert procedure.conductivity.settle_s == 1800.0
    assert procedure.conductivity.tolerance_K == 0.2
    assert campaign.constraints[0].coefficients == {"EC": 1.0, "VC": 1.0}


def test_defaults(load: Load) -> None:
    campaign = load(
        changed(
            "temperature: 32 degF, settle: 0.5 h, tolerance: 0.2 degC, readings: 5, transfer: 3 mL",
            "temperature: 0 degC",
        )
    )
    step = campaign.procedure.conductivity
    assert (step.settle_s, step.tolerance_K, step.readings, step.transfer_mL) == (1800.0, 0.1, 5, 3.0)
    assert (campaign.procedure.rinse.cycles, campaign.procedure.rinse.volume_mL) == (2, 5.0)
    assert (campaign.planner.name, campaign.planner.initial, campaign.budget.parallel) == ("bayes", 8, 1)


def test_the_bench_lies_relative_to_the_campaign_file(load: Load) -> None:
    assert load(GOOD).bench_path(Path("lab/campaigns/x.yaml")) == Path("lab/campaigns/../benches/bench.yaml")


def test_json_gives_back_an_equal_campaign(load: Load) -> None:
    campaign = load(GOOD)
    assert Campaign.model_validate(json.loads(json.dumps(campaign.to_json()))) == campaign


TRAPS = [
    ("32 degF", "25", "line 14: procedure.conductivity.temperature: 25 has no unit .* write e.g. '25 degC'"),
    ("32 degF", "25 mol/kg", "procedure.conductivity.temperature: '25 mol/kg' has dimension"),
    ("settle: 0.5 h", "settle: C/5", "procedure.conductivity.settle: 'C/5' is a C-rate"),
    ("settle: 0.5 h", "settle: 1C", "procedure.conductivity.settle: '1C' is a C-rate"),
    ("settle: 0.5 h", "settle: 12:30:00", "procedure.conductivity.settle: '12:30:00'"),
    ("settle: 0.5 h", "settle: 1 cycle", "procedure.conductivity.settle: .*'cycle' is ambiguous"),
    ("readings: 5", "readings: 5 cycles", "procedure.conductivity.readings: .*valid integer, found '5 cycles'"),
    ("readings: 5", "readings: yes", "procedure.conductivity.readings: .*valid integer, found 'yes'"),
    ("readings: 5", "readings: true", "procedure.conductivity.readings: .*valid integer, found True"),
    ("seed: 1", "seed: 1.5", "line 18: seed: .*valid integer, found 1.5"),
    ("low: 0.5 mol/kg", "low: 0.5 M", "line 7: components.salts.LiPF6.low: .*'M' is ambiguous"),
    ("low: 0.5 mol/kg", "low: 0.5 mol/L", "components.salts.LiPF6.low: '0.5 mol/L' has dimension"),
    ("6000 mg", "1e-3", "line 13: procedure.batch_mass: 0.001 has no unit"),
]


@pytest.mark.parametrize(("old", "new", "message"), TRAPS)
def test_traps_of_units_and_yaml_are_caught(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(changed(old, new))


def test_a_temperature_written_with_its_unit_needs_no_offset_arithmetic(load: Load) -> None:
    assert load(changed("32 degF", "25 degC")).procedure.conductivity.temperature_degC == 25.0


def test_a_number_in_scientific_notation_is_a_number(load: Load) -> None:
    assert load(changed("EC: {low: 0.1", "EC: {low: 1e-3")).components.solvents["EC"].low == 0.001


def test_no_is_a_word(load: Load) -> None:
    assert load(changed("name: test", "name: NO")).name == "NO"
    with pytest.raises(InputError, match=r"components.solvents.NO.*'NO' is not in the table of components"):
        load(changed("EC: {low", "NO: {low"))


def test_a_difference_of_temperature_is_not_a_temperature(load: Load) -> None:
    assert load(changed("0.2 degC", "200 mK")).procedure.conductivity.tolerance_K == 0.2


MISTAKES = [
    ("name: test", "name: 9 lives", "line 1: name: '9 lives' cannot be a name; use a letter"),
    (
        "EC: {low: 0.1, high: 50 %}",
        "EC: {low: 0.6, high: 0.5}",
        "line 4: components.solvents.EC: bounds crossed: low 0.6",
    ),
    ("high: 2000 mmol/kg", "high: 0.1 mol/kg", "LiPF6: bounds crossed: low 0.5 mol/kg is above high 0.1 mol/kg"),
    ("low: 0.5 mol/kg, high: 2000 mmol/kg", "low: -1 mol/kg, high: 1 mol/kg", "molality lies from 0"),
    ("high: 2 %", "high: 2", "VC: fractions lie from 0 to 1, found 0 to 2; for per cent write e.g. '2 %'"),
    ("EC: {low", "ECC: {low", "line 4: components.solvents.ECC.*'ECC' is not in the table.*did you mean EC"),
    ("EC: {low", "FEC: {low", "FEC .fluoroethylene carbonate. is an additive, move it to additives"),
    ("VC: {low", "DEC: {low", "DEC .diethyl carbonate. is a solvent, move it to solvents"),
    (
        "DMC: {low: 0, high: 0.9}",
        "DMC: {low: 0, high: 0.4}",
        "line 3: components.solvents: .*high bounds sum to only 0.9",
    ),
    (
        "DMC: {low: 0, high: 0.9}",
        "DMC: {low: 0.95, high: 1}",
        r"line 4: components.solvents.EC.low: no recipe is left: components.solvents.EC.low \(0.1\) and "
        r"components.solvents.DMC.low \(0.95\) cannot hold together, as the shares of the solvents sum to 1",
    ),
    (
        "EC + VC <= 0.45",
        "EX + VC <= 0.45",
        "'EX \\+ VC <= 0.45' names 'EX', which is not a component of this campaign; did",
    ),
    ("EC + VC <= 0.45", "EC = 0.45", "line 11: constraints.0: 'EC = 0.45' is an equality"),
    (
        "EC + VC <= 0.45",
        "DMC <= 0.4",
        r"line 11: constraints.0: no recipe is left: components.solvents.EC.high \(0.5\) and 'DMC <= 0.4' cannot hold",
    ),
    (
        "EC + VC <= 0.45",
        "EC >= 1.2",
        "constraints.0: no recipe is left: 'EC >= 1.2' cannot hold$",
    ),
    ("EC + VC <= 0.45", "at most 2 of VC, FEC", "'at most 2 of VC, FEC' names 'FEC', which is not a component"),
    ("EC + VC <= 0.45", "at most two of VC", "constraints.0: 'at most two of VC' needs a whole number"),
    ("goal: maximise", "goal: max", "objectives.0.goal: .*'maximise' or 'minimise', found 'max'"),
    (
        "name: conductivity",
        "name: viscosity",
        "objectives.0.name: .*'conductivity', 'life' or 'cost', found 'viscosity'",
    ),
    (
        "trials: 40}",
        "trials: 4}\nplanner: {initial: 8}",
        "line 18: planner: initial: 8 trials do not fit the budget of 4",
    ),
    ("high: 2 %", "high: 100 %", "components.additives: no room is left for solvent"),
    ("trials: 40", "trials: 0", "budget.trials: .*greater than or equal to 1, found 0"),
    ("trials: 40", "trials: 40, parallel: 0", "budget.parallel: .*greater than or equal to 1, found 0"),
    ("settle: 0.5 h", "settle: -1 s", "settle: must be more than 0, found -1"),
    ("6000 mg", "0 g", "batch_mass: must be more than 0"),
    ("transfer: 3 mL", "transfer: 0 mL", "transfer: must be more than 0, found 0"),
    ("tolerance: 0.2 degC", "tolerance: -0.1 degC", "tolerance: must be more than 0, found -0.1"),
    ("6000 mg", "2 g", "procedure: a batch of 2 g holds less than the 3 mL that the transfer takes"),
    ("seed: 1", "sead: 1", "line 18: sead: is not a known field here"),
    ("bench: ../benches/bench.yaml", "", "bench: is missing"),
    ("readings: 5", "readings: [5", "is not valid YAML"),
    ("    DMC: {low: 0, high: 0.9}", "    EC: {low: 0, high: 0.9}", "is not valid YAML: found duplicate key"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_mistakes_are_named_with_place_and_fix(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(changed(old, new))
    assert len(caught.value.problems) == 1


def test_a_small_budget_needs_no_word_about_the_planner(load: Load) -> None:
    assert load(changed("trials: 40", "trials: 4")).budget.trials == 4


ONE = "  - {name: conductivity, goal: maximise}\n"
SEVERAL = """\
  - {name: conductivity, goal: maximise, worst: 4, best: 10}
  - {name: life, goal: maximise, worst: 50, best: 300, weight: 2}
  - {name: cost, goal: minimise, worst: 60, best: 20}
prices: {currency: EUR, date: "2026-11-01", source: our own, per_kg: {EC: 5, DMC: 4, LiPF6: 200, VC: 50}}
"""
CELLS = "procedure:\n  cells: {replicates: 2, formation: formation.yaml, cycling: ageing.yaml}\n"


def with_cells(objectives: str) -> str:
    return changed(ONE, objectives).replace("procedure:\n", CELLS)


def test_several_objectives_are_weighed_into_one_score(load: Load) -> None:
    campaign = load(with_cells(SEVERAL))
    assert (campaign.objective.name, campaign.objective.goal) == ("score", "maximise")
    assert campaign.procedure.cells is not None
    assert campaign.procedure.cells.electrolyte_mL == 0.05
    assert Campaign.model_validate(campaign.to_json()) == campaign
    jsonschema.Draft202012Validator(json_schema()).validate(campaign.to_json())


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (ONE + ONE, "objectives: each quantity once, found conductivity, conductivity"),
        (ONE + "  - {name: life, goal: maximise, worst: 1, best: 2}\n", "each needs worst and best.*conductivity"),
        (SEVERAL.replace("worst: 60, best: 20", "worst: 20, best: 60"), "minimise goes from worst to best, found 20"),
        (SEVERAL.replace(", VC: 50", ""), "prices.per_kg has no price of VC"),
        (SEVERAL.replace("VC: 50", "VS: 50"), "'VS' is not in the table"),
        ("  - {name: cost, goal: minimise}\n", "cost needs prices"),
        (SEVERAL.replace("worst: 4", "worst: -.inf"), r"objectives\.0\.worst: must be a finite number, found -inf"),
        (SEVERAL.replace("LiPF6: 200", "LiPF6: 1e999"), r"prices\.per_kg\.LiPF6: must be a finite number, found inf"),
    ],
)
def test_objectives_that_do_not_fit_are_refused(load: Load, objectives: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(with_cells(objectives))


LIMITS = ONE + "limits:\n  - {name: conductivity, low: 5}\n"


def test_limits_may_be_set_on_what_is_no_objective(load: Load) -> None:
    campaign = load(changed(ONE, LIMITS))
    assert (campaign.watched, campaign.quantities) == (["conductivity"], [])
    (limit,) = campaign.limits
    assert (limit.keeps(5.0), limit.keeps(4.9), limit.probability) == (True, False, 0.9)
    assert limit.text(campaign.unit_of("conductivity")) == "conductivity at least 5 mS/cm"
    assert Campaign.model_validate(campaign.to_json()) == campaign


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("{name: conductivity}", "the limit of conductivity needs low, high or both"),
        ("{name: conductivity, low: 5, high: 5}", "limits crossed: low 5 is not below high 5"),
        ("{name: conductivity, low: 5, probability: 1}", "probability: .*less than 1"),
        ("{name: conductivity, low: 5}\n  - {name: conductivity, high: 9}", "each quantity once, with low and high in"),
        ("{name: life, low: 100}", r"life needs cells; add procedure\.cells"),
        ("{name: cost, high: 20}", "cost needs prices"),
        ("{name: conductivity, low: .nan}", r"line 18: limits\.0\.low: must be a finite number, found nan"),
    ],
)
def test_limits_that_do_not_fit_are_refused(load: Load, limits: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(changed(ONE, LIMITS.replace("{name: conductivity, low: 5}", limits)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_campaign_that_comes_from_no_file_holds_finite_numbers_only(load: Load, value: float) -> None:
    written = load(changed(ONE, LIMITS)).to_json()
    written["limits"][0]["low"] = value
    with pytest.raises(ValidationError, match="finite number"):
        Campaign.model_validate(written)


@pytest.mark.parametrize(
    ("planner", "message"),
    [
        ("first: [{solvents: {EC: 0.3, DMC: 0.6}}]", r"planner\.first\.0: .*solvent shares sum to 0.9, not to 1"),
        ("first: [{solvents: {LiPF6: 1}}]", "LiPF6.* is a salt, but stands among the solvents"),
        ("earlier: [may, may]", r"planner\.earlier: each campaign once, found may, may"),
        ("earlier: [my campaign]", "'my campaign' cannot be the name of a campaign; write it as"),
        ("reference: {recipe: {solvents: {EC: 1}}, every: 1}", r"planner\.reference\.every: .*2"),
    ],
)
def test_what_is_known_beforehand_has_to_be_well_written(load: Load, planner: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(changed("seed: 1", f"seed: 1\nplanner: {{{planner}}}"))


def test_life_needs_cells_and_cells_need_electrolyte(load: Load) -> None:
    with pytest.raises(InputError, match=r"life needs cells; add procedure\.cells"):
        load(changed(ONE, "  - {name: life, goal: maximise}\n"))
    many = CELLS.replace("replicates: 2", "replicates: 16, electrolyte: 1 mL")
    with pytest.raises(InputError, match=r"less than the 19 mL that the transfer and 16 cells take"):
        load(GOOD.replace("procedure:\n", many))


def test_all_mistakes_are_listed_at_once(load: Load) -> None:
    text = changed("6000 mg", "6").replace("trials: 40", "trials: many").replace("seed: 1", "typo: 1")
    with pytest.raises(InputError) as caught:
        load(text)
    assert [problem.where for problem in caught.value.problems] == ["procedure.batch_mass", "budget.trials", "typo"]


def test_a_conflict_names_only_the_constraints_that_clash(load: Load) -> None:
    text = changed("  - EC + VC <= 0.45\n", "  - VC <= 0.01\n  - EC >= 0.4\n  - DMC >= 0.7\n")
    with pytest.raises(InputError, match=r"no recipe is left: 'EC >= 0.4' and 'DMC >= 0.7' cannot hold together"):
        load(text)


def test_a_conflict_of_counts_and_bounds_names_both(load: Load) -> None:
    counts = "  - at least 1 of EC, VC\n  - at most 1 of EC, DMC\n  - VC <= 0\n"
    with pytest.raises(InputError) as caught:
        load(changed("  - EC + VC <= 0.45\n", counts))
    ends = "components.solvents.EC.high (0.5), components.solvents.DMC.high (0.9)"
    assert f"line 12: constraints.1: no recipe is left: {ends} and 'at most 1 of EC, DMC' cannot" in str(caught.value)


def test_components_that_may_be_absent_need_not_fit_together(load: Load) -> None:
    both = changed(
        "DMC: {low: 0, high: 0.9}", "DMC: {low: 0.95, high: 1, optional: true}\n    EMC: {low: 0.9, high: 1}"
    )
    assert load(both.replace("EC: {low: 0.1, ", "EC: {low: 0, ")).components.optional == ("DMC",)


def test_a_short_campaign_that_leaves_the_initial_trials_open_is_read_back_from_a_ledger(tmp_path: Path) -> None:
    text = (CAMPAIGNS / "conductivity.yaml").read_text(encoding="utf-8")
    text = text.replace("trials: 40", "trials: 4").replace(", initial: 8", "")
    assert "initial" not in text.split("planner:")[1].splitlines()[0]
    (tmp_path / "campaign.yaml").write_text(text, encoding="utf-8")
    campaign = load_campaign(tmp_path / "campaign.yaml")
    assert Campaign.kept(json.loads(json.dumps(campaign.to_json()))) == campaign


def test_the_committed_schema_is_that_of_the_models() -> None:
    committed = (CAMPAIGNS / "campaign.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json_schema(), "write it anew with `galvanaut schema`"


def test_the_schema_accepts_the_shipped_campaign_and_refuses_a_typo() -> None:
    data = YAML(typ="safe").load((CAMPAIGNS / "conductivity.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json_schema()).validate(data)
    with pytest.raises(jsonschema.ValidationError, match="planer"):
        jsonschema.Draft202012Validator(json_schema()).validate(data | {"planer": {}})


def test_the_shipped_campaign_loads_and_its_bench_exists() -> None:
    path = CAMPAIGNS / "conductivity.yaml"
    campaign = load_campaign(path)
    assert campaign.budget.trials == 40
    assert campaign.objective.goal == "maximise"
    assert campaign.bench_path(path).is_file()


def test_the_shipped_region_is_the_hull_of_what_was_measured() -> None:
    """Corners: 10 and 50 % EC with DMC or EMC (cross-laboratory data), and 30 % PC in EMC (robot data at EC = 0).

    The robot's other end, PC/(PC+EC) = 0.09 by mole, lies inside.
    """
    campaign = load_campaign(CAMPAIGNS / "conductivity.yaml")
    names = ["EC", "PC", "DMC", "EMC"]
    rows = [constraint.row(names) for constraint in campaign.constraints]
    limits = [constraint.bound for constraint in campaign.constraints]
    for index, name in enumerate(names):
        low, high = campaign.components.bounds[name]
        rows += [[float(sign * (index == place)) for place in range(4)] for sign in (1, -1)]
        limits += [high, -low]
    corners = _corners(np.array(rows), np.array(limits))
    assert corners == {(0.1, 0, 0.9, 0), (0.1, 0, 0, 0.9), (0.5, 0, 0.5, 0), (0.5, 0, 0, 0.5), (0, 0.3, 0, 0.7)}
    pc = 0.3 * 0.09 * 102.089 / (0.09 * 102.089 + 0.91 * 88.062)
    assert all(np.array(rows) @ [0.3 - pc, pc, 0.0, 0.7] <= np.array(limits) + 1e-12)


def _corners(rows: np.ndarray, limits: np.ndarray) -> set[tuple[float, ...]]:
    """Vertices of {rows @ x <= limits, sum(x) = 1} by trying every three facets."""
    found = set()
    for facets in itertools.combinations(range(len(rows)), 3):
        matrix = np.vstack([rows[list(facets)], np.ones(4)])
        if abs(np.linalg.det(matrix)) > 1e-9:
            point = np.linalg.solve(matrix, [*limits[list(facets)], 1.0])
            if (rows @ point <= limits + 1e-9).all():
                found.add(tuple((np.round(point, 9) + 0.0).tolist()))
    return found
