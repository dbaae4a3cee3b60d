"""What a recipe has to keep to: given, by the campaign's limits, or assumed."""

import numpy as np
import pytest

from campaignmaking import PRICES, SEVERAL, campaign_of
from galvanaut.campaigns.dossier.specification import specification_of
from galvanaut.core.errors import InputError


def test_without_any_word_five_per_cent_may_be_lost():
    found = specification_of(campaign_of(), (), 8.0)
    assert found.is_assumed
    assert found.text() == "conductivity >= 7.6 mS/cm"


def test_where_less_is_better_it_is_an_upper_end():
    cheap = campaign_of(objectives=[{"name": "cost", "goal": "minimise"}], prices=PRICES)
    assert specification_of(cheap, (), 10.0).text() == "cost <= 10.5 EUR/kg"


def test_a_score_may_lose_as_much_in_its_own_unit():
    assert specification_of(campaign_of(objectives=SEVERAL), (), 0.1).demands[0].low == pytest.approx(0.05)


def test_limits_of_the_campaign_file_come_next():
    found = specification_of(campaign_of(limits=[{"name": "conductivity", "low": 5, "high": 9}]), (), 8.0)
    assert not found.is_assumed
    assert found.text() == "conductivity >= 5 mS/cm and conductivity <= 9 mS/cm"
    assert found.demands[0].to_json() == {"name": "conductivity", "unit": "mS/cm", "low": 5.0, "high": 9.0}


@pytest.mark.parametrize("text", ["conductivity >= 7", "conductivity>=7 mS/cm", "conductivity >= 0.7 S/m"])
def test_units_are_converted_and_may_be_left_out(text):
    assert specification_of(campaign_of(), [text], 8.0).demands[0].low == pytest.approx(7.0)


def test_both_ends_of_a_quantity_are_one_demand():
    found = specification_of(campaign_of(), ["conductivity >= 6", "conductivity <= 9"], 8.0)
    (demand,) = found.demands
    assert demand.keeps(np.array([5.9, 6.0, 9.0, 9.1])).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["conductivity > 7"], "is written like"),
        (["viscosity >= 7"], "this campaign knows conductivity"),
        (["conductivity >= 7 V"], "7 V"),
        (["conductivity >= seven"], "seven"),
        (["conductivity >= inf"], "finite"),
        (["conductivity >= 7", "conductivity <= 6"], "nothing lies within"),
    ],
)
def test_what_cannot_be_used_is_refused(texts, said):
    with pytest.raises(InputError, match=said):
        specification_of(campaign_of(), texts, 8.0)
