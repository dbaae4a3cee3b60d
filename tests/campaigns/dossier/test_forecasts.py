"""A dossier takes no forecast and no bound for a measured value."""

from dataclasses import replace

import pytest

from campaignmaking import ABOUT, SEVERAL, campaign_of, ledger_of, recipe
from galvanaut.campaigns.certainty import known_as
from galvanaut.campaigns.dossier.calibration import left_out, said_before
from galvanaut.campaigns.dossier.content import Asked, Sources, content_of, model_of
from galvanaut.campaigns.dossier.effect import effect_of
from galvanaut.campaigns.dossier.evidence import trial_rows
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.dossier.page import front_page
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.objectivefields import Target
from galvanaut.campaigns.observe import observations
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import task_of

LIFE = [{"name": "life", "goal": "maximise"}]
STOPPED = {"forecast": ["life"], "stopped": {"action": "stop"}}
OPEN = {"censored": ["life"]}
REFERENCES = (1, 5, 9, 13)
QUANTITY = ("life", "cycles", "real")


def life(made):
    return 200 - 900 * (made.solvent_shares["EC"] - 0.35) ** 2 - 60 * (made.molality("LiPF6") - 1) ** 2


def tried(ledger, number, details=None):
    """A trial of a life campaign; each fourth one is the reference, trials 2 and 3 are one recipe."""
    is_reference = number in REFERENCES
    made = recipe(0.2, 0.8) if is_reference else recipe(0.3 + 0.008 * max(number, 3), 0.7 + 0.05 * max(number, 3))
    point = [made.solvent_shares["EC"], made.solvent_shares["DMC"], made.molality("LiPF6")]
    why = {"model": "given", "reason": "reference electrolyte"} if is_reference else {}
    said = {} if is_reference else {"predicted_mean": life(made), "measured_sd": 5.0}
    ledger.propose(number, made, [], {"point": point, **why, **said})
    value = life(made) + number % 3 + (80.0 if details == STOPPED else 0.0)
    ledger.close(number, Outcome("ok", {"life": value}, {"life": 3.0}, details or {}))


def lived(folder, unmeasured, count=16):
    campaign = campaign_of(objectives=LIFE)
    ledger = ledger_of(folder, campaign)
    for number in range(1, count + 1):
        tried(ledger, number, unmeasured.get(number))
    space = SearchSpace.of(campaign)
    task = task_of(campaign, space, 1)
    return Sources(campaign, ledger, task, [], {}, {"one": False}, "")


def effect(sources, best=2, *, with_model=False):
    trials, space = list(sources.ledger.trials.values()), sources.task.space
    told = observations(sources.ledger, sources.campaign, space)
    model = Model(sources.campaign, sources.task, told) if with_model else None
    return effect_of(sources.ledger.trials[best], trials, space, model, QUANTITY)


def test_the_effect_rests_on_measured_values_alone_and_counts_what_it_leaves_out(tmp_path):
    found = effect(lived(tmp_path, {1: STOPPED, 13: STOPPED, 3: OPEN}))
    assert found.reference_trials == (5, 9)
    assert found.recommended_trials == (2,)
    rows = found.to_json()
    assert [(row["recipe"], row["trial"]) for row in rows["values"]] == [
        ("recommended", 2),
        ("reference", 5),
        ("reference", 9),
    ]
    assert [tuple(row.values()) for row in rows["left_out"]] == [
        ("recommended", 3, "lower bound"),
        ("reference", 1, "forecast"),
        ("reference", 13, "forecast"),
    ]
    assert rows["remarks"][0].startswith("1 lower bound of the recommended recipe (trial 3) is left out: cells had")
    assert rows["remarks"][1].startswith("2 forecasts of the reference electrolyte (trials 1, 13) are left out: cells")


@pytest.mark.parametrize(
    ("unmeasured", "words"),
    [
        (dict.fromkeys(REFERENCES, STOPPED), "the reference electrolyte"),
        ({2: OPEN, 3: STOPPED}, "the recommended recipe"),
    ],
)
def test_with_nothing_measured_on_one_side_there_is_no_number(tmp_path, unmeasured, words):
    found = effect(lived(tmp_path, unmeasured), with_model=True)
    assert (found.by_model, found.by_values) == (None, None)
    assert found.remarks[-1] == f"Nothing else is known of {words}, so no difference is told."


def test_the_model_is_said_to_weigh_forecasts_too(tmp_path):
    assert effect(lived(tmp_path, {1: STOPPED}), with_model=True).by_model.how.endswith(
        "forecasts and bounds with the others"
    )


def test_forecasts_judge_no_prediction_and_widen_nothing(tmp_path):
    sources = lived(tmp_path, {4: STOPPED, 7: STOPPED, 10: OPEN})
    told = observations(sources.ledger, sources.campaign, sources.task.space)
    before = said_before(list(sources.ledger.trials.values()), "life")
    assert {4, 7, 10}.isdisjoint(each.trial for each in before.predictions)
    assert len(before.predictions) == 9
    _, judged = model_of(sources, told)
    assert [each.trial for each in judged.predictions] == [n for n in range(1, 17) if n not in (4, 7, 10)]
    naive = left_out(sources.campaign, sources.task, told)
    assert judged.scatter < naive.scatter, "forecasts that were far off would have widened the model"


def test_tables_and_the_front_page_mark_what_was_not_measured(tmp_path):
    sources = lived(tmp_path, {1: STOPPED, 6: STOPPED, 10: OPEN})
    content = content_of(sources, Asked())
    rows = {row["trial"]: row for row in trial_rows(content)}
    columns = list(rows[1])
    at = columns.index("life / cycles")
    assert columns[at : at + 4] == ["life / cycles", "life sd", "life is a lower bound", "life is a forecast"]
    assert [n for n, row in rows.items() if row["life is a forecast"]] == [1, 6]
    assert [n for n, row in rows.items() if row["life is a lower bound"]] == [10]
    page = front_page(content, {}, ABOUT)
    values = {n: f"{sources.ledger.trials[n].outcome.values['life']:.4g} cycles" for n in (1, 2, 6, 10)}
    assert f">forecast {values[1]}<" in page
    assert f">forecast {values[6]}<" in page
    assert f">&gt; {values[10]}<" in page
    assert f">{values[2]}<" in page
    assert "1 forecast of the reference electrolyte (trial 1) is left out" in page
    assert "Forecasts and bounds (trials 1, 6, 10) judge no prediction" in page


def test_a_campaign_that_measured_all_says_nothing_of_forecasts(tmp_path):
    content = content_of(lived(tmp_path, {}), Asked())
    assert not [name for name in trial_rows(content)[0] if "forecast" in name or "bound" in name]
    page = front_page(content, {}, ABOUT)
    assert "orecast" not in page
    assert content.effect.remarks == []


def test_a_single_forecast_is_not_called_measured(tmp_path):
    """Without a model the page tells the value of one trial."""
    content = content_of(lived(tmp_path, {1: STOPPED}, count=1), Asked())
    page = front_page(content, {}, ABOUT)
    assert content.expected_sd is None
    assert "By one trial only" in page
    assert "Measured once" not in page


def test_a_score_is_known_no_better_than_what_it_is_worked_out_from():
    weighed = campaign_of(objectives=SEVERAL).quantities
    outcome = Outcome("ok", {"score": 0.5, "conductivity": 8.0, "life": 200.0}, {}, STOPPED)
    assert [known_as(outcome, name, weighed) for name in outcome.values] == ["forecast", "measured", "forecast"]
    bound = replace(outcome, details=OPEN)
    assert [known_as(bound, name, weighed) for name in outcome.values] == ["lower bound", "measured", "lower bound"]
    assert known_as(bound, "score", [Target("life", "cycles", "minimise")]) == "upper bound"
    assert known_as(None, "life") == "measured"
