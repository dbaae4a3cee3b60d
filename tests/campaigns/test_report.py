"""The report and the summary behind it, from ledgers made by hand."""

import re

import pytest

from galvanaut.campaigns.ledger import Ledger, Outcome
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.report import summarise, write_report
from galvanaut.core.clock import VirtualClock
from galvanaut.core.eventlog import EventLog, open_engine


@pytest.fixture
def ledger(tmp_path):
    clock = VirtualClock()
    ledger = Ledger(EventLog(open_engine(tmp_path / "ledger.db"), "ledger"), "demo", clock)
    bounds = {"solvents": {"EC": {"low": "0", "high": "0.5"}}}
    procedure = {"conductivity": {"temperature": "0 degC"}}
    campaign = {"components": bounds, "constraints": ["EC <= 0.4"], "procedure": procedure}
    ledger.start({"campaign": campaign, "seed": 1, "bench": {"name": "bench"}})
    for number, value in enumerate((5.0, None, 7.0, 6.0), start=1):
        share = 0.1 * number
        recipe = Recipe.from_views({"EC": share, "DMC": 1 - share}, {"LiPF6": 1.0})
        why = {"reason": "explores", "predicted_mean": 6.0 if number > 2 else None, "measured_sd": 0.5}
        ledger.propose(number, recipe, [], why)
        clock.spend(3600)
        bad = Outcome("failed_instrument", reason="<b>pump</b> silent")
        ledger.close(number, bad if value is None else Outcome("ok", {"conductivity": value}, {"conductivity": 0.1}))
    return ledger


def summary_of(ledger, maximise=True):
    return summarise(ledger, "conductivity", "mS/cm", maximise, "A title & more", 10)


def test_the_best_and_the_course_towards_it(ledger):
    summary = summary_of(ledger)
    assert summary.best().number == 3
    assert [trial.number for trial in summary.leaderboard()] == [3, 4, 1]
    assert summary.best_so_far() == [5.0, 5.0, 7.0, 7.0]
    least = summary_of(ledger, maximise=False)
    assert least.best().number == 1
    assert least.best_so_far() == [5.0, 5.0, 5.0, 5.0]


def test_json_holds_failures_with_their_reasons(ledger):
    record = summary_of(ledger).to_json()
    assert record["best"] == 3
    assert record["trials"][1]["status"] == "failed_instrument"
    assert record["trials"][1]["reason"] == "<b>pump</b> silent"
    assert record["trials"][0]["recipe"]["EC"] < 0.1


def test_the_page_stands_alone_and_says_what_was_simulated(ledger, tmp_path):
    path = write_report(summary_of(ledger), tmp_path / "reports" / "demo.html", "Not measured.", "The model says 6.5.")
    page = path.read_text("utf-8")
    assert "A title &amp; more" in page
    assert "Not measured." in page
    assert "The model says 6.5." in page
    assert "7.00 mS/cm" in page
    assert "&lt;b&gt;pump&lt;/b&gt; silent" in page
    assert page.count("<h2>") == 6
    assert not re.search(r'<(script|link)[^>]+(src|href)="?http', page)
    assert page.count("window.Plotly") >= 1
    assert page.count("plotly.js v") == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_campaign_without_results_has_a_page_too(tmp_path):
    ledger = Ledger(EventLog(open_engine(tmp_path / "ledger.db"), "ledger"), "demo", VirtualClock())
    page = write_report(summary_of(ledger), tmp_path / "demo.html", "").read_text("utf-8")
    assert "No trial has succeeded yet." in page
    assert "Simulated" not in page
