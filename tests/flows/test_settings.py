"""What the planner chooses beside the recipe reaches bench and cells, and what nobody can follow is refused."""

import asyncio

import pytest

from celllab import cell_campaign
from galvanaut.core.errors import InputError
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.plan import load_plan
from galvanaut.flows.records import campaign_json
from galvanaut.instruments.telemetry import read_record
from smalllab import command_line, small_campaign

BOTTLE = "  DMC_2: {composition: {DMC: 1}, density: 1.063 g/mL, available: 2 L, lot: B02}\n"
PUMP = """\
  pump_2:
    driver: new-era-ne-1000
    resource: "ASRL40::INSTR"
    wiring: {draws: DMC_2, into: mixer}
    settings: {syringe_diameter: 26.59 mm, rate: 10 mL/min, maximum_dose: 9.999 mL}
"""
SECOND_LOT = {
    "  EMC:        {composition": f"{BOTTLE}  EMC:        {{composition",
    "  pump_emc:  ": f"{PUMP}  pump_emc:  ",
}
NOMINAL_A = 4e-3


def settings(text):
    return {"procedure:\n": f"settings: {text}\n\nprocedure:\n"}


def test_rate_and_lot_of_a_trial_are_those_that_were_chosen(tmp_path):
    chosen = settings("{formation_rate: {low: 0.25, high: 0.5}, lots: {DMC: [SIM-DMC-1, B02]}}")
    campaign, lab = cell_campaign(tmp_path, trials=2, changes=SECOND_LOT | chosen), tmp_path / "lab"
    with open_lab(campaign, lab) as opened:
        asyncio.run(run_campaign(opened))
    trials = campaign_json(lab, "cycle-life")["trials"]
    assert {trial["settings"]["lots.DMC"] for trial in trials} == {"SIM-DMC-1", "B02"}
    for trial in trials:
        rate, lot = trial["settings"]["formation_rate"], trial["settings"]["lots.DMC"]
        assert trial["status"] == "ok"
        assert {dose["lot"] for dose in trial["doses"]} & {"SIM-DMC-1", "B02"} <= {lot}
        frame = read_record(lab, f"cycle-life/{trial['trial']:04d}/formation/1")
        assert frame["Current / A"].abs().max() == pytest.approx(rate * NOMINAL_A, rel=0.02)
    with open_lab(campaign, lab) as again:
        seen = [dict(zip(again.plan.space.names, one.point, strict=True)) for one in again.session.observations]
    assert [one["formation_rate"] for one in seen] == [trial["settings"]["formation_rate"] for trial in trials]


def test_check_tells_what_is_chosen(tmp_path):
    chosen = settings("{formation_rate: {low: 0.25, high: 0.5}, lots: {DMC: [SIM-DMC-1, B02]}}")
    told = command_line("check", cell_campaign(tmp_path, changes=SECOND_LOT | chosen))
    assert told.returncode == 0, told.stderr
    assert "formation_rate 0.25 to 0.5" in told.stdout
    assert "lots.DMC: SIM-DMC-1 or B02" in told.stdout


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("{formation_rat: {low: 0.1, high: 0.2}}", "'formation_rat' is no setting .*; did you mean formation_rate"),
        (
            "{formation_rate: {low: 0.5, high: 0.2}}",
            "settings.formation_rate: bounds crossed: low 0.5 is above high 0.2",
        ),
        (
            "{formation_rate: {low: 0.1, high: 5}}",
            "procedure.cells.formation .*: at formation_rate 5: 0.02 A is outside the envelope",
        ),
        ("{lots: {DMC: [SIM-DMC-1]}}", "settings.lots.DMC: .*at least 2"),
        ("{lots: {DMC: [SIM-DMC-1, SIM-DMC-1]}}", "lot 'SIM-DMC-1' is named twice"),
        ("{lots: {PC: [A, B]}}", "lots of 'PC', which is not a component of this campaign"),
        (
            "{lots: {DMC: [SIM-DMC-1, B3]}}",
            "settings.lots.DMC: no stock of DMC on bench .* is of lot 'B3'; lots of its",
        ),
    ],
)
def test_settings_that_nobody_can_follow_are_refused(tmp_path, chosen, message):
    with pytest.raises(InputError, match=message):
        load_plan(cell_campaign(tmp_path, changes=settings(chosen)))


def test_a_rate_of_formation_needs_cells(tmp_path):
    with pytest.raises(InputError, match=r"settings: formation_rate needs cells; add procedure\.cells"):
        load_plan(small_campaign(tmp_path, changes=settings("{formation_rate: {low: 0.1, high: 0.2}}")))


def test_several_trials_of_one_recipe_are_refused_with_the_lines_that_fix_it(tmp_path):
    fixed = {
        "EC:  {low: 0.0, high: 0.5}": "EC:  {low: 0.3, high: 0.3}",
        "DMC: {low: 0.0, high: 0.9}": "DMC: {low: 0.7, high: 0.9}",
        "LiPF6: {low: 0.5 mol/kg, high: 2.0 mol/kg}": "LiPF6: {low: 1 mol/kg, high: 1 mol/kg}",
    }
    told = command_line("check", small_campaign(tmp_path, changes=fixed))
    assert told.returncode == 2
    for line in ("EC.low (0.3)", "DMC.low (0.7)", "LiPF6.low (1 mol/kg)", "LiPF6.high (1 mol/kg)"):
        assert line in told.stderr.replace("\n", " ")
    once = command_line("check", small_campaign(tmp_path, trials=1, changes=fixed))
    assert once.returncode == 0, once.stderr
