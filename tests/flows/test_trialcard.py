"""The card of a trial with cells: their verdicts, how they faded, and what people are asked to do meanwhile."""

import asyncio
import base64
import re
from dataclasses import replace

import pytest

from celllab import cell_campaign
from galvanaut.flows import artifacts
from galvanaut.flows.campaign_loop import run_campaign
from galvanaut.flows.lab import open_lab
from galvanaut.flows.trialcard import trial_markdown


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    with open_lab(cell_campaign(folder, 1), folder / "lab") as lab:
        asyncio.run(run_campaign(lab))
        (trial,) = lab.ledger.trials.values()
        foretold = replace(trial.outcome, details={**trial.outcome.details, "forecast": ["life"]})
        pages = [trial_markdown(trial, outcome, lab) for outcome in (trial.outcome, foretold)]
        return pages[0], trial, artifacts.work_orders(lab), pages[1]


def test_each_cell_has_its_verdict_and_its_end(card):
    page, trial, *_ = card
    for cell in trial.outcome.details["cells"]:
        assert f"| {cell['cell']} | {cell['holder']} | {cell['verdict']['status']}" in page
        assert cell["ended"] in page


def test_all_values_stand_on_top_with_units(card):
    page, trial, *_ = card
    head = page.split("\n\n")[1]
    assert head.startswith("**")
    assert all(name in head for name in trial.outcome.values)
    assert "mS/cm" in head


def test_forecasts_and_bounds_are_named_so_and_what_comes_of_them_too(card):
    page, trial, *_ = card
    life = f"{trial.outcome.values['life']:.4g}"
    measured, foretold = (text.split("\n\n")[1] for text in (page, card[3]))
    assert trial.outcome.details["censored"] == ["life"]
    assert f"life > {life}" in measured
    assert "score > " in measured
    assert f"life forecast {life}" in foretold
    assert "score forecast " in foretold
    assert "conductivity > " not in measured
    assert "conductivity forecast" not in foretold


def test_the_figure_has_a_line_for_each_cell(card):
    page, trial, *_ = card
    (data,) = re.findall(r"base64,([A-Za-z0-9+/=]+)\)", page)
    assert base64.b64decode(data).decode().count("<polyline") == len(trial.outcome.details["cells"])


def test_it_is_simulated_and_says_so(card):
    assert "> Simulated: Every number here" in card[0]


def test_nothing_is_to_be_done_where_a_robot_works(card):
    assert card[2] == []
