"""Whole small campaigns with cells: made, measured, built, formed, cycled, judged, taken out again."""

import asyncio
import json

import pytest

from celllab import cell_campaign
from galvanaut.core.errors import InputError
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.records import campaign_json
from galvanaut.instruments.loading import loaded_cells
from galvanaut.instruments.telemetry import list_records, read_record
from galvanaut.simulators.cells.assembly import turnout
from smalllab import command_line

HIGH = "{step: constant_current, rate_C: 1, until_voltage_V: 4.3}"


def run(campaign, lab, max_trials=None):
    with open_lab(campaign, lab, max_trials=max_trials) as opened:
        asyncio.run(run_campaign(opened))
        left = loaded_cells(opened.station.journal.records())
    return campaign_json(lab, "cycle-life"), left


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    record, left = run(cell_campaign(folder), folder / "lab")
    return folder / "lab", record, left


def test_every_trial_has_life_conductivity_cost_and_the_score_of_them(done):
    _, record, _ = done
    assert [trial["status"] for trial in record["trials"]] == ["ok", "ok"]
    for trial in record["trials"]:
        values = trial["values"]
        assert values["life"] == pytest.approx(3.0)
        assert trial["details"]["censored"] == ["life"], "three cycles are not a life"
        assert 4 < values["conductivity"] < 14
        assert 10 < values["cost"] < 60
        shortfalls = (
            (300 - values["life"]) / 300,
            0.5 * (11 - values["conductivity"]) / 7,
            0.5 * (values["cost"] - 15) / 25,
        )
        assert values["score"] == pytest.approx(1 - max(shortfalls) - 0.05 * sum(shortfalls))
        assert trial["deviations"]["score"] > 0


def test_every_cell_is_known_by_its_records_and_its_verdict(done):
    lab, record, left = done
    cells = [cell for trial in record["trials"] for cell in trial["details"]["cells"]]
    assert [cell["cell"] for cell in cells] == [f"cycle-life-{trial:03d}-{n}" for trial in (1, 2) for n in (1, 2)]
    assert {cell["verdict"]["status"] for cell in cells} <= {"ok", "disagree"}
    assert {cell["ended"] for cell in cells} == {"stop rule maximum_cycles: 3 cycles are complete, after cycle 3"}
    assert len({cell["holder"] for cell in cells}) == 4, "all four were on test at once"
    for cell in cells:
        assert len(cell["records"]) == 2
        assert all((lab / path).is_file() for path in cell["records"])
        assert 0.04 < cell["electrolyte_g"] < 0.08
    assert left == {}, "all cells were taken out again"


def test_the_records_of_a_trial_are_read_like_any_other(done):
    lab, _, _ = done
    found = list_records(lab)
    assert len(found) == 8
    frame = read_record(lab, "cycle-life/0001/cycling/1")
    assert frame["Cycle Count / 1"].max() >= 3
    assert frame["Current / A"].abs().max() == pytest.approx(4e-3, rel=0.2)


def test_one_seed_writes_one_ledger_to_the_byte(done, tmp_path):
    _, record, _ = done
    again, _ = run(cell_campaign(tmp_path), tmp_path / "lab")
    assert json.dumps(again) == json.dumps(record)


def test_a_campaign_that_is_stopped_between_trials_goes_on(done, tmp_path):
    campaign = cell_campaign(tmp_path)
    first, _ = run(campaign, tmp_path / "lab", max_trials=1)
    assert len(first["trials"]) == 1
    whole, _ = run(campaign, tmp_path / "lab")
    assert [trial["status"] for trial in whole["trials"]] == ["ok", "ok"]
    assert whole["trials"][0] == first["trials"][0]


def test_cells_that_all_fail_give_the_planner_no_number(tmp_path):
    names = [f"cycle-life-001-{n}" for n in (1, 2)]
    seed = next(seed for seed in range(100) if all(_is_useless(turnout(seed, name, 1.0)) for name in names))
    changes = {"failure_rate: 0 %": "failure_rate: 100 %", "seed: 1": f"seed: {seed}"}
    record, left = run(cell_campaign(tmp_path, trials=1, changes=changes), tmp_path / "lab")
    (trial,) = record["trials"]
    assert (trial["status"], trial["values"]) == ("failed_cells", {})
    assert trial["reason"].startswith("no cell counts (cycle-life-001-1: ")
    assert not {cell["verdict"]["status"] for cell in trial["details"]["cells"]} & {"ok", "disagree"}
    assert left == {}


def _is_useless(found):
    """What any laboratory would notice; a misassembled cell may pass for one."""
    return bool(found.reason) or found.defect in ("open", "short")


def test_what_happened_is_told_in_the_end(tmp_path):
    told = command_line("run", cell_campaign(tmp_path, trials=2), "--lab", tmp_path / "lab", "--no-prefect")
    assert told.returncode == 0, told.stderr
    assert "2 trials ended, 0 failed" in told.stdout
    assert "8 tests, " in told.stdout
    assert "the same trials in batches of 8 would have taken" in told.stdout
    report = (tmp_path / "lab/reports/cycle-life.html").read_text("utf-8")
    assert "life &gt; 3 cycles" in report
    assert "is invented (illustrative)" in report


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicates: 2": "replicates: 16", "holder_16:": "spare:", "channel: holder_16": "channel: spare"}, "spare"),
        ({"{step: constant_current, rate_C: 1, until_voltage_V: 4.2}": HIGH}, "4.3 V"),
        ({"nominal_capacity: measured\nlook": "nominal_capacity: measured\ntemperature: 40 degC\nlook"}, "temperature"),
        ({"formation: formation.yaml": "formation: nowhere.yaml"}, "nowhere.yaml: cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_begun(tmp_path, changes, message):
    campaign = cell_campaign(tmp_path, changes=changes)
    with pytest.raises(InputError, match=message):
        run(campaign, tmp_path / "lab")
    assert not (tmp_path / "lab").exists()


def test_check_says_what_becomes_of_the_cells(tmp_path):
    told = command_line("check", cell_campaign(tmp_path))
    assert told.returncode == 0, told.stderr
    assert "cells       2 per recipe with 50 uL each, built by assembler; 16 holders" in told.stdout
    assert "tests       formation, then cycling" in told.stdout
    assert "maximise life: 0 to 300 cycles, weight 2" in told.stdout
