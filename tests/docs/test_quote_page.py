"""What the page about quotes promises: its prices can be read, its options are there."""

import re
from pathlib import Path

from galvanaut.campaigns.quote import load_prices
from galvanaut.campaigns.quote.prices import PriceFile, Times
from smalllab import command_line

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "quote-a-campaign.md").read_text("utf-8")


def test_the_prices_of_the_page_can_be_read(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", TEXT, re.S)[1], encoding="utf-8")
    prices = load_prices(path)
    assert prices.currency == "EUR"
    assert len(prices.stocks) == 10


def test_every_field_is_in_the_table():
    section = TEXT.split("## Prices")[1].split("\n## ")[0]
    names = {field.alias or name for model in (PriceFile, Times) for name, field in model.model_fields.items()}
    assert {name for name in names if f"`{name}" not in section and f".{name}" not in section} == set()


def test_the_command_has_the_options_that_the_page_names():
    known = set(re.findall(r"--[a-z][a-z-]+", command_line("quote", "--help").stdout))
    assert set(re.findall(r"--[a-z][a-z-]+", TEXT)) <= known


def test_the_page_says_that_all_of_it_is_simulated():
    assert "## What is simulated\nEverything." in TEXT
    assert "simulated: liquids as the simulator's model has them" in TEXT
