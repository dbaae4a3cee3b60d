"""What hand-made campaigns say together."""

import datetime

import pytest

from galvanaut.campaigns.quote import Capacity, Draw, PriceFile, Slot, quoted
from galvanaut.campaigns.quote.summary import Bottle, Terms

DATED = {"date": datetime.date(2026, 11, 1), "source": "made up"}
PRICES = PriceFile.model_validate(
    {
        "currency": "EUR",
        "stocks": {"A": {"price": "10 EUR/L", **DATED}, "B": {"price": "1 EUR/g", **DATED}},
        "channel": {"price": "24 EUR/day", **DATED},
        "operator": {"price": "60 EUR/h", **DATED},
    }
)
BOTTLES = {"A": Bottle(1.0, 500.0), "B": Bottle(1.2, 15.0)}


def draws(count=12, cells=(48.0, 24.0)):
    return [
        Draw(1.0, (Slot(1.0, cells), Slot(1.0, cells)), {"A": 100.0 + each, "B": 20.0}, 0, (0.1, 0.1 * each))
        for each in range(count)
    ]


def terms(**changes):
    return Terms(**{"capacity": Capacity(2, 2), "bottles": BOTTLES, "prices": PRICES, **changes})


def test_volumes_masses_costs_and_bottles():
    quote = quoted(draws(), terms())
    assert quote.draws == 12
    assert quote.channel_days.median == pytest.approx(6.0)
    assert quote.wall_clock_h.median == pytest.approx(1 + 1 + 48 + 1 + 48)
    need = quote.stocks["B"]
    assert need.mass_g.median == pytest.approx(24.0)
    assert need.cost.median == pytest.approx(24.0)
    assert need.short.median == 1.0
    assert need.refills.median == 1.0
    assert quote.stocks["A"].short.median == 0.0
    assert quote.stocks["A"].volume_mL.low < 105.5 < quote.stocks["A"].volume_mL.high
    assert quote.operator_h.median == pytest.approx(1 / 3)  # one bottle to change
    assert quote.cost.median == pytest.approx(1.055 + 24.0 + 144.0 + 20.0)


def test_without_prices_nothing_is_invented():
    quote = quoted(draws(), terms(prices=None))
    assert quote.cost is quote.channel_cost is quote.operator_cost is quote.stocks["A"].cost is None


def test_a_stock_without_a_price_leaves_the_whole_unknown():
    lacking = PRICES.model_copy(update={"stocks": {"A": PRICES.stocks["A"]}})
    quote = quoted(draws(), terms(prices=lacking))
    assert quote.stocks["A"].cost is not None
    assert quote.cost is None


def test_people_who_build_cells_are_counted():
    quote = quoted(draws(), terms(by_hand=True, bottles={name: Bottle(1.0, 1e4) for name in BOTTLES}))
    assert quote.operator_h.median == pytest.approx(4 * 0.25)
    helped = {each.limit: each.saved_h.median for each in quote.reliefs}["people"]
    assert helped == pytest.approx(2 * 2 * 0.125)  # two trials one after the other, two cells each


def test_the_target_is_reached_as_often_as_it_is():
    quote = quoted(draws(), terms(target=0.85))
    assert quote.reached.median == pytest.approx(3 / 12)
    assert quote.best.median == pytest.approx(0.55)
    assert quote.best_at_half.median == pytest.approx(0.1)
    minimised = quoted([Draw(0.0, (Slot(1.0),), {}, 0, (-5.0,))] * 2, terms(sign=-1.0, target=6.0))
    assert minimised.best.median == 5.0
    assert minimised.reached.median == 1.0


def test_the_limit_that_gains_most_comes_first():
    quote = quoted(draws(), terms())
    first = quote.reliefs[0]
    assert (first.limit, first.is_single) == ("channels", True)
    assert first.what == "4 channels instead of 2"
    assert first.saved_h.median == pytest.approx(48.0)
    assert {each.limit: each.saved_h.median for each in quote.reliefs}["the mixer"] == 0.0


def test_where_no_cell_counted_no_quality_is_claimed():
    nothing = [Draw(0.0, (Slot(1.0, (65.0,)),), {}, 0, (float("nan"),))] * 3
    quote = quoted(nothing, terms(target=0.5))
    assert quote.best.median != quote.best.median
    assert quote.reached.median == 0.0
