"""A laboratory's prices: units, dates, and what is refused with the place named."""

import datetime

import pytest

from galvanaut.campaigns.quote import load_prices
from galvanaut.core.errors import InputError

DATED = 'date: "2026-11-01", source: quotation 4711'
TEXT = f"""
currency: EUR
stocks:
  DMC: {{price: 85 EUR/L, {DATED}}}
  LiPF6_DMC: {{price: 1.2 EUR/g, {DATED}}}
channel: {{price: 3 EUR/day, {DATED}}}
operator: {{price: 60 EUR/h, date: "2024-01-01", source: the department}}
times: {{build_cell: 12 min}}
"""


def written(folder, text=TEXT):
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_prices_by_volume_by_mass_and_by_time(tmp_path):
    prices = load_prices(written(tmp_path))
    assert prices.stocks["DMC"].of(100.0, 1.063) == pytest.approx(8.5)
    assert prices.stocks["LiPF6_DMC"].of(100.0, 1.27) == pytest.approx(152.4)
    assert prices.channel.price.amount == pytest.approx(3 / 24)
    assert prices.times.build_cell_h == pytest.approx(0.2)
    assert prices.times.change_bottle_h == pytest.approx(1 / 3)


def test_prices_of_more_than_a_year_ago_are_named(tmp_path):
    prices = load_prices(written(tmp_path))
    assert prices.old(datetime.date(2026, 11, 28)) == ["operator"]
    assert prices.old(datetime.date(2028, 1, 1)) == ["stocks.DMC", "stocks.LiPF6_DMC", "channel", "operator"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("85 EUR/L", "85", r"stocks\.DMC\.price: expected a price such as '85 EUR/L', found 85"),
        ("85 EUR/L", "85 EUR/h", r"stocks\.DMC\.price: '85 EUR/h' is not per mL or g"),
        ("85 EUR/L", "85 USD/L", r"stocks\.DMC\.price: '85 USD/L' is not in EUR"),
        ("60 EUR/h", "60 EUR/kg", r"operator\.price: '60 EUR/kg' is not per h"),
        ('date: "2026-11-01", source: quotation 4711}', "source: x}", r"stocks\.DMC\.date: is missing"),
        ('"2024-01-01"', '"May"', r"operator\.date: expected a day such as '2026-11-01', found 'May'"),
        ("12 min", "12", r"times\.build_cell: 12 has no unit"),
        ("12 min", "1e999 min", r"times\.build_cell: '1e999 min' is not a finite number"),
        ("times:", "tims:", "tims: is not a known field here"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        load_prices(written(tmp_path, TEXT.replace(old, new, 1)))
