"""Galvanaut from Python: campaigns with quantities, runs inside of a running loop, results as frames."""

import pytest
from pydantic import ValidationError

from galvanaut.core.errors import InputError
from galvanaut.core.units import magnitude
from galvanaut.flows import notebook
from galvanaut.flows.notebook import Campaign, Q
from smalllab import CAMPAIGN, command_line, small_campaign


@pytest.mark.parametrize(
    ("quantity", "unit", "value"),
    [(Q(25, "degC"), "degC", 25), (Q(77, "degF"), "degC", 25), (Q(0.5, "h"), "s", 1800), (Q(30, "percent"), "", 0.3)],
)
def test_quantities_are_taken_where_text_is(quantity, unit, value):
    assert magnitude(quantity, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("quantity", "message"), [(Q(6, "mL"), "has dimension"), (Q([1, 2], "g"), "expected one number with a unit")]
)
def test_quantities_that_cannot_be_used_say_why(quantity, message):
    with pytest.raises(ValueError, match=message):
        magnitude(quantity, "g")


def test_a_campaign_is_saved_as_what_was_set_and_not_written_over(tmp_path):
    campaign = notebook.load(CAMPAIGN)
    file = notebook.save(campaign, tmp_path / "new" / "campaign.yaml")
    assert notebook.load(file) == campaign
    assert notebook.save(campaign, file) == file
    assert "early_stop" not in file.read_text("utf-8")
    other = Campaign.model_validate(campaign.to_json() | {"seed": 7})
    with pytest.raises(InputError, match="is there already with another content"):
        notebook.save(other, file)
    assert notebook.load(file) == campaign


def test_a_quantity_of_the_wrong_kind_is_refused_with_its_field():
    procedure = {"batch_mass": Q(6, "mL"), "conductivity": {"temperature": Q(25, "degC")}}
    with pytest.raises(ValidationError, match=r"procedure\.batch_mass\n.*'6 ml' has dimension"):
        Campaign.model_validate(notebook.load(CAMPAIGN).to_json() | {"procedure": procedure})


async def test_a_run_inside_of_a_running_loop_goes_on_where_it_stopped(tmp_path):
    file, told = small_campaign(tmp_path, 3), []
    first = await notebook.run(file, tmp_path / "lab", max_trials=2, tell=told.append)
    assert (len(first.trials), len(told)) == (2, 2)
    found = await notebook.run(file, tmp_path / "lab", tell=told.append)
    assert [line[:9] for line in told] == ["trial   1", "trial   2", "trial   3"]
    frame = found.trials
    assert list(frame.index) == [1, 2, 3]
    assert frame[["EC", "DMC", "EMC", "PC"]].sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert frame["conductivity / mS/cm"].max() == found.summary.value(found.best)
    assert frame.attrs == {"campaign": "conductivity", "simulated": True}
    assert "(95 %)" in found.recommendation
    assert len(found.convergence().data[0].x) == 3
    assert found.picture()._repr_svg_().startswith("<svg")
    assert found.records().empty
    _the_command_line_sees_the_same(found, tmp_path / "lab")


def _the_command_line_sees_the_same(found, lab):
    again = notebook.results("conductivity", lab)
    assert again.trials.equals(found.trials)
    assert again.campaign == found.campaign
    assert again.report().exists()
    assert f"best {found.summary.value(found.best):.3f}" in command_line("status", "--lab", lab).stdout
    with pytest.raises(InputError, match="is not in the ledger"):
        notebook.results("elsewhere", lab)
