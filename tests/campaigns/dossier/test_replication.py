"""The form that another laboratory fills in: what is asked, what is refused, what is learnt."""

import csv
import io
import json

import numpy as np
import pytest

from campaignmaking import ABOUT, campaign_of, filled, ledger_of, recipe
from galvanaut.campaigns.dossier.content import Asked, Sources, content_of
from galvanaut.campaigns.dossier.evidence import csv_text, exclusions
from galvanaut.campaigns.dossier.model import Model
from galvanaut.campaigns.dossier.page import front_page
from galvanaut.campaigns.dossier.replication import Form, read_form
from galvanaut.campaigns.dossier.returned import judged, rows_of
from galvanaut.campaigns.observe import observations, remembered
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import planner_of, task_of
from galvanaut.core.errors import InputError

FORM = Form("demo", "conductivity", "mS/cm", 0.0, {"recommended": recipe(0.4), "reference": recipe(0.2, 0.8)})
GOOD = {"laboratory": "Elsewhere", "made_on": "2026-11-20", "origin": "real", "temperature_degC": "0.2"}


def filled_in(values, changes=None):
    """The form with values, row by row; ``changes`` replaces cells by row and column."""
    rows = list(csv.DictReader(io.StringIO(FORM.csv())))
    for number, (row, value) in enumerate(zip(rows, values, strict=False)):
        row.update(GOOD, value=str(value), status="ok")
        row.update((changes or {}).get(number, {}))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_the_form_asks_for_three_batches_of_each_recipe_in_masses():
    rows = list(csv.DictReader(io.StringIO(FORM.csv())))
    assert [row["recipe"] for row in rows] == ["recommended"] * 3 + ["reference"] * 3
    for row in rows:
        assert sum(float(row[f"{key}_g_in_100_g"]) for key in ("EC", "DMC", "LiPF6")) == pytest.approx(100, abs=0.002)
    assert Form.from_json(json.loads(json.dumps(FORM.to_json()))) == FORM


def test_a_filled_form_is_read():
    weighed = {"EC_g_weighed": "3.55", "DMC_g_weighed": "5.15", "LiPF6_g_weighed": "1.30"}
    changes = {0: weighed, 4: {"value": "", "status": "failed", "reason": "it gelled"}}
    batch = read_form(FORM, filled_in([7, 7.1, 6.9, 6, 0], changes))
    assert batch.laboratory == "Elsewhere"
    assert [row.status for row in batch.rows] == ["ok", "ok", "ok", "ok", "failed", "not made"]
    assert batch.rows[0].made.fraction("EC") == pytest.approx(0.355)
    assert batch.rows[1].made == recipe(0.4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "7,1"}, "line 2: value: expected a number with a decimal point, found '7,1'"),
        ({"value": "nan"}, "finite"),
        ({"unit": "S/m"}, "unit: the form says 'mS/cm'"),
        ({"campaign": "other"}, "campaign: the form says 'demo'"),
        ({"recipe": "best"}, "recipe: is one of recommended, reference"),
        ({"temperature_degC": "25"}, "0 degC within 1 K"),
        ({"status": "done"}, "status: is ok, failed or not made"),
        ({"status": "failed", "value": ""}, "reason: says why"),
        ({"status": "failed", "reason": "gelled"}, "line 2: value: is '7' of a batch that is 'failed'; write ok"),
        ({"status": "not made"}, "value: is '7' of a batch that is 'not made'"),
        ({"origin": ""}, "origin: is real or simulated"),
        ({"made_on": "20.11.2026"}, "made_on: is written YYYY-MM-DD"),
        ({"laboratory": "Another"}, "one name for all batches"),
        ({"line": "2"}, "2 is there more than once"),
        ({"line": "²"}, "line 2: line: is one of 1 to 6 as on the form, found '²'; put it back"),
        ({"line": "9" * 5000}, "line: is one of 1 to 6"),
        ({"line": "0"}, "line: is one of 1 to 6"),
        ({"line": "7"}, "line: is one of 1 to 6"),
        ({"line": "-1"}, "line: is one of 1 to 6"),
        ({"line": "4"}, "line 2: recipe: line 4 of the form asks for 'reference', found 'recommended'; put back"),
        ({"value": "-7"}, "line 2: value: cannot be below 0, found '-7'; correct it"),
        ({"value": "inf"}, "value: expected a finite number"),
        ({"EC_g_weighed": "-3", "DMC_g_weighed": "4", "LiPF6_g_weighed": "1"}, "EC_g_weighed: cannot be below 0"),
        ({"value": "", "status": "failed", "reason": "it gelled", "origin": ""}, "origin: is real or simulated"),
        ({"value": "", "status": "failed", "reason": "it gelled", "origin": "guess"}, "found 'guess'; write one of"),
        ({"EC_g_weighed": "3"}, "weigh all components of a row or none"),
        ({"EC_g_weighed": "5", "DMC_g_weighed": "4", "LiPF6_g_weighed": "1"}, "that is another recipe"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(change, said):
    with pytest.raises(InputError, match=said):
        read_form(FORM, filled_in([7, 7.1], {0: change}))


def test_what_was_not_made_has_no_origin():
    batch = read_form(FORM, filled_in([7, 7.1], {1: {"value": "", "status": "not made", "origin": "", "made_on": ""}}))
    assert [row.origin for row in batch.rows] == ["real", "", "", "", "", ""]


def test_empty_lines_do_not_shift_the_line_that_is_named():
    rows = filled_in([7, "x"]).splitlines()
    with pytest.raises(InputError, match=r"returned.csv: line 4: value: expected a number"):
        read_form(FORM, "\n".join([*rows[:2], "", *rows[2:]]), "returned.csv")


def test_what_is_no_table_is_refused_with_its_line():
    with pytest.raises(InputError, match=r"returned.csv: line 2: field larger than field limit .*save the form as CSV"):
        read_form(FORM, filled_in([7], {0: {"lots": "x" * 200_000}}), "returned.csv")


def test_another_file_is_refused():
    with pytest.raises(InputError, match="has no column line"):
        read_form(FORM, "a;b\n1;2\n")


@pytest.fixture
def model(tmp_path):
    campaign = campaign_of()
    ledger = filled(ledger_of(tmp_path, campaign), lambda ec, m: 8 - 6 * (ec - 0.35) ** 2 - 2 * (m - 1) ** 2, 14)
    space = SearchSpace.of(campaign)
    return Model(campaign, task_of(campaign, space, 1), observations(ledger, campaign, space))


def test_the_offset_of_a_laboratory_is_found_and_plays_no_part_in_the_effect(model):
    points = np.array([model.space.point(FORM.recipes[name]) for name in ["recommended"] * 3 + ["reference"] * 3])
    scatter = np.array([0.02, -0.02, 0.0] * 2)
    values = model.predict(points, "conductivity")[0] + 0.7 + scatter
    found = judged(read_form(FORM, filled_in(values.tolist())), FORM, model)
    assert found.offset.low < 0.7 < found.offset.high
    assert found.offset.high - found.offset.low < 1.0
    expected = model.difference(points[0], points[3], "conductivity")[0]
    assert found.effect.low < expected < found.effect.high
    assert found.to_json()["values"] == 6


def test_a_planner_is_told_of_them_as_a_group_of_their_own_and_recommends_none_of_them(tmp_path):
    campaign = campaign_of()
    ledger = filled(ledger_of(tmp_path, campaign), lambda ec, m: 8 - 6 * (ec - 0.35) ** 2 - 2 * (m - 1) ** 2, 14)
    space = SearchSpace.of(campaign)
    batch = read_form(FORM, filled_in([70, 7.1], {1: {"value": "", "status": "failed", "reason": "it gelled"}}))
    ledger.take_in(batch.laboratory, "0" * 64, rows_of(batch))
    told = observations(ledger, campaign, space)
    assert [(each.trial, each.value, each.status, each.group) for each in told[14:]] == [
        (-1, 70.0, "ok", "laboratory Elsewhere"),
        (-2, None, "failed_recipe", "laboratory Elsewhere"),
    ]
    planner = planner_of(campaign, task_of(campaign, space, 1))
    assert planner.recommend(told).trial > 0
    session = remembered(planner, ledger, campaign)
    assert len(session.observations) == 16
    assert session.ask().index == 14


def test_a_value_without_a_status_counts_as_ok():
    batch = read_form(FORM, filled_in([7.0], {0: {"status": ""}}))
    assert batch.rows[0].status == "ok"


def test_an_empty_form_is_refused():
    with pytest.raises(InputError, match="one name for all batches that were made, found none"):
        read_form(FORM, FORM.csv())


def test_a_value_from_elsewhere_that_nobody_believes_is_named_by_its_laboratory_and_line(tmp_path, monkeypatch):
    campaign = campaign_of()
    ledger = filled(ledger_of(tmp_path, campaign), lambda ec, m: 8 - 6 * (ec - 0.35) ** 2 - 2 * (m - 1) ** 2, 14)
    batch = read_form(FORM, filled_in([7.0, 7.1, 6.9, 6.0], {0: {"value": "", "status": "not made"}}))
    ledger.take_in(batch.laboratory, "0" * 64, rows_of(batch))
    task = task_of(campaign, SearchSpace.of(campaign), 1)
    content = content_of(Sources(campaign, ledger, task, [], {}, {"one": False}, ""), Asked())
    monkeypatch.setattr(Model, "outliers", [5, -1, -3])
    found = exclusions(content)
    assert [(row["trial"], row["what"]) for row in found] == [
        (5, "value"),
        (None, "laboratory Elsewhere, form line 2"),
        (None, "laboratory Elsewhere, form line 4"),
    ]
    assert csv_text(found).splitlines()[2].startswith(',"laboratory Elsewhere, form line 2",outlier,')
    assert "<li>laboratory Elsewhere, form line 2: outlier;" in front_page(content, {}, ABOUT)
