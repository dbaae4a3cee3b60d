"""The report and the summary behind it, from ledgers made by hand."""

import re
from dataclasses import replace

import pytest

from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger, Outcome
from galvanaut.campaigns.recipe import Recipe
from galvanaut.campaigns.report import Comparison, Side, summarise, write_comparison, write_report
from galvanaut.campaigns.report.figures import (
    composition_map,
    convergence,
    measured_against_predicted,
    pareto_front,
    two_convergences,
)
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
    goal = "maximise" if maximise else "minimise"
    return summarise(ledger, campaign_with([{"name": "conductivity", "goal": goal}]))


def campaign_with(objectives, **more):
    components = {"solvents": {"EC": {"low": 0.1, "high": 0.5}, "DMC": {"low": 0.5, "high": 0.9}}}
    cells = {"formation": "formation.yaml", "cycling": "ageing.yaml"}
    procedure = {"batch_mass": "6 g", "conductivity": {"temperature": "0 degC"}, "cells": cells}
    fields = {"name": "demo", "title": "A title & more", "components": components, "procedure": procedure, **more}
    return Campaign.model_validate(
        {**fields, "objectives": objectives, "budget": {"trials": 10}, "bench": "bench.yaml"}
    )


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


def test_bounds_say_what_they_are_counted_in(ledger, tmp_path):
    """As in recipes, where ``0.03`` of an additive is 3 wt%; a ledger keeps them as the file has them."""
    components = {
        "solvents": {"EC": {"low": "0.2", "high": 0.4}},
        "salts": {"LiPF6": {"low": "0.7 mol/kg", "high": "1.5 mol/kg"}},
        "additives": {"VC": {"low": "0", "high": "0.03"}, "FEC": {"low": "0 %", "high": "7.5 %"}},
    }
    campaign = {**ledger.started["campaign"], "components": components}
    summary = replace(summary_of(ledger), plan={**ledger.started, "campaign": campaign})
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    table = page.split("counted in</th>")[1].split("</tbody>")[0]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", table)
    assert [tuple(cells[row : row + 4]) for row in range(0, len(cells), 4)] == [
        ("EC", "20", "40", "wt% of the solvents"),
        ("LiPF6", "0.7", "1.5", "mol per kg of the solvents"),
        ("VC", "0", "3", "wt% of the electrolyte"),
        ("FEC", "0", "7.5", "wt% of the electrolyte"),
    ]


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


def test_several_quantities_stand_beside_the_score_they_are_weighed_in(ledger, tmp_path):
    objectives = [
        {"name": "conductivity", "goal": "maximise", "worst": 4, "best": 10},
        {"name": "life", "goal": "maximise", "worst": 0, "best": 300},
    ]
    values = {"score": 0.5, "conductivity": 8.1234, "life": 300.0}
    recipe = Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0})
    ledger.propose(5, recipe, [], {"reason": "explores"})
    ledger.close(5, Outcome("ok", values, {"score": 0.1}, {"censored": ["life"]}))
    summary = summarise(ledger, campaign_with(objectives))
    assert summary.label == "score"
    assert summary.parts(summary.best()) == "conductivity 8.123 mS/cm, life > 300 cycles"
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    assert "weighed from conductivity (mS/cm, maximise), life (cycles, maximise)" in page
    assert "conductivity 8.123 mS/cm, life &gt; 300 cycles" in page


def test_the_front_of_two_objectives_is_told_and_drawn(ledger, tmp_path):
    objectives = [
        {"name": "conductivity", "goal": "maximise", "worst": 4, "best": 10},
        {"name": "life", "goal": "maximise", "worst": 0, "best": 300},
    ]
    recipe = Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0})
    for number, (conductivity, life) in enumerate([(10, 75), (7, 150), (6.9, 140), (7, 300)], start=5):
        ledger.propose(number, recipe, [], {"reason": "explores"})
        ledger.close(number, Outcome("ok", {"score": 0.1 * number, "conductivity": conductivity, "life": life}))
    summary = summarise(ledger, campaign_with(objectives))
    assert summary.to_json()["front"] == {"trials": [5, 8], "hypervolume": pytest.approx(0.5 + 0.5 * 0.25)}
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    assert "front of conductivity, life: trials 5, 8; hypervolume 0.625 of the room" in page
    assert page.count("<h2>Front</h2>") == 1
    assert "worst: the reference point" in page
    limited = summarise(ledger, campaign_with(objectives, limits=[{"name": "conductivity", "low": 8}]))
    assert limited.to_json()["front"]["trials"] == [5]


def test_a_trial_that_breaks_a_limit_is_not_the_best(ledger, tmp_path):
    only = [{"name": "conductivity", "goal": "maximise"}]
    summary = summarise(ledger, campaign_with(only, limits=[{"name": "conductivity", "high": 6.5}]))
    assert [trial.number for trial in summary.leaderboard()] == [4, 1, 3]
    assert (summary.best().number, summary.best_so_far()) == (4, [5.0, 5.0, 5.0, 6.0])
    assert summary.to_json()["limits"][0]["kept_by"] == [1, 4]
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    assert "conductivity at most 6.5 mS/cm (with 90 %)" in page
    assert "breaks conductivity at most 6.5 mS/cm" in page
    none = summarise(ledger, campaign_with(only, limits=[{"name": "conductivity", "low": 8}]))
    assert "No trial keeps all limits" in write_report(none, tmp_path / "none.html", "").read_text("utf-8")


def test_cells_that_failed_are_named_and_not_silently_left_out(ledger, tmp_path):
    shorted = {"status": "short", "reason": "takes charge <without> getting full"}
    cells = [
        {
            "cell": "demo-005-1",
            "holder": "holder_01",
            "electrolyte_g": 0.0592,
            "verdict": shorted,
        },
        {"cell": "demo-005-2", "holder": "holder_02", "electrolyte_g": None, "verdict": {"status": "ok", "reason": ""}},
    ]
    cells[0] |= {"ended": "", "failure": "tripped after 104400 s"}
    cells[1] |= {"ended": "stop rule", "failure": ""}
    life = {"cells": ["demo-005-2"], "excluded": {"demo-005-1": "short"}}
    objectives = [
        {"name": "conductivity", "goal": "maximise", "worst": 4, "best": 10},
        {"name": "life", "goal": "maximise", "worst": 0, "best": 300},
    ]
    ledger.propose(5, Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0}), [], {"reason": "explores"})
    values = {"score": 0.5, "conductivity": 8.0, "life": 280.0}
    ledger.close(5, Outcome("ok", values, {}, {"cells": cells, "life": life}))
    summary = summarise(ledger, campaign_with(objectives))
    assert summary.parts(summary.best()) == "conductivity 8 mS/cm, life 280 cycles by 1 of 2 cells"
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    rows = re.findall(
        r"<tr class=\"(\w*)\">\s*<td class=\"number\">5</td><td[^>]*>demo-005-\d</td>.*?</tr>", page, re.S
    )
    assert rows == ["failed", ""]
    assert "short: takes charge &lt;without&gt; getting full" in page
    assert "tripped after 104400 s" in page
    assert "59.2" in page


LIFE = [{"name": "life", "goal": "maximise"}]
BOTH = [
    {"name": "conductivity", "goal": "maximise", "worst": 4, "best": 10},
    {"name": "life", "goal": "maximise", "worst": 0, "best": 300},
]
FORECAST, OPEN = {"forecast": ["life"]}, {"censored": ["life"]}


def lived(tmp_path, objectives=LIFE):
    """Four trials: measured, forecast, known as a bound only, measured."""
    ledger = Ledger(EventLog(open_engine(tmp_path / "lived.db"), "ledger"), "demo", VirtualClock())
    outcomes = [(205.0, 0.6, {}), (121.0, 0.4, FORECAST), (90.0, 0.35, OPEN), (80.0, 0.3, {})]
    for number, (life, score, details) in enumerate(outcomes, start=1):
        recipe = Recipe.from_views({"EC": 0.1 * number, "DMC": 1 - 0.1 * number}, {"LiPF6": 1.0})
        ledger.propose(number, recipe, [], {"reason": "explores", "predicted_mean": 100.0, "measured_sd": 9.0})
        values = {"conductivity": 8.0 - number, "life": life} | ({"score": score} if objectives is BOTH else {})
        ledger.close(number, Outcome("ok", values, {"life": 5.0}, details))
    return summarise(ledger, campaign_with(objectives))


def traces(figure):
    """Values of each trace by its name, without those that are not drawn."""
    return {trace.name: [value for value in trace.y if value is not None] for trace in figure.data}


def test_figures_draw_what_was_not_measured_apart(tmp_path):
    summary = lived(tmp_path)
    found = traces(convergence(summary))
    assert (found["measured"], found["forecast"], found["lower bound"]) == ([205.0, 80.0], [121.0], [90.0])
    found = traces(measured_against_predicted(summary))
    assert (found["trials"], found["forecast"], found["lower bound"]) == ([205.0, 80.0], [121.0], [90.0])
    found = traces(two_convergences({"one": summary, "other": summary}))
    assert (found["other: measured"], found["other: forecast"]) == ([205.0, 80.0], [121.0])
    drawn = composition_map(summary)
    assert {trace.name: list(trace.marker.color) for trace in drawn.data} == {
        "measured": [205.0, 80.0],
        "forecast": [121.0],
        "lower bound": [90.0],
    }
    for figure in (convergence(summary), measured_against_predicted(summary), drawn):
        symbols = {trace.name: trace.marker.symbol for trace in figure.data if trace.mode == "markers"}
        assert len(set(symbols.values())) == len(symbols) == 3


def test_a_forecast_is_neither_on_the_front_nor_beaten(tmp_path):
    found = pareto_front(lived(tmp_path, BOTH))
    drawn = {trace.name: list(trace.y) for trace in found.data}
    assert drawn["forecast"] == [121.0]
    assert 121.0 not in drawn["beaten, or breaks a limit"] + drawn["front"]
    marks = dict(zip(drawn["beaten, or breaks a limit"], found.data[0].marker.symbol, strict=True))
    assert marks == {90.0: "triangle-up-open", 80.0: "circle"}
    assert "lower bound" in drawn, "the legend says what the triangle is"


def test_the_report_puts_a_sign_before_what_was_not_measured_and_says_what_it_means(tmp_path):
    page = write_report(lived(tmp_path), tmp_path / "demo.html", "").read_text("utf-8")
    table = page.split("<h2>All trials")[1]
    values = re.findall(r'<td class="number">([^<]*)</td>\s*<td class="number">5.000</td>', table)
    assert values == ["205.000", "forecast 121.000", "&gt; 90.000", "80.000"]
    assert table.count("Forecasts stand for recipes whose cells were taken off early") == 1
    assert page.count("Forecasts stand for recipes whose cells were taken off early") == 4, "at three figures, too"
    assert page.count("Lower bounds (&gt;) are of cells that had not come to their end") == 4


def test_a_score_that_rests_on_a_forecast_is_one(tmp_path):
    page = write_report(lived(tmp_path, BOTH), tmp_path / "demo.html", "").read_text("utf-8")
    assert '<td class="number">forecast 0.400</td>' in page
    assert '<td class="number">&gt; 0.350</td>' in page


def test_the_best_value_may_be_a_bound_and_says_so(ledger, tmp_path):
    ledger.propose(5, Recipe.from_views({"EC": 0.3, "DMC": 0.7}, {"LiPF6": 1.0}), [], {"reason": "explores"})
    ledger.close(5, Outcome("ok", {"life": 300.0}, {}, OPEN))
    summary = summarise(ledger, campaign_with(LIFE))
    assert "Best measured: <strong>&gt; 300.00 cycles" in write_report(summary, tmp_path / "r.html", "").read_text()
    sides = [Side(name, summary, None, "") for name in ("one", "other")]
    comparison = Comparison(*sides)
    assert "best > 300.000 cycles (trial 5)" in comparison.text()
    page = write_comparison(comparison, tmp_path / "c.html").read_text("utf-8")
    assert page.count("&gt; 300.000") == 4, "in the table of both and in the list of each"


def test_where_all_was_measured_no_figure_speaks_of_forecasts(ledger, tmp_path):
    summary = summary_of(ledger)
    assert list(traces(convergence(summary))) == ["measured", "best so far", "failed"]
    page = write_report(summary, tmp_path / "demo.html", "").read_text("utf-8")
    assert "Forecasts stand" not in page
    assert "Lower bounds" not in page
