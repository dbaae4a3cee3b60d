"""What the page about quotes promises: its prices can be read, its options are there, its quote looks like that.

The campaign of the page takes most of a minute to quote. So it is run with three recipes, simulated twice, and of the
output only the shape is compared: its words, labels and stocks.
"""

import re
import shutil
from pathlib import Path

from docpages import ROOT
from docrun import Page, shapes, typed
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


def labels(text):
    """The first column of tables, and what stands around them; without what depends on the number of campaigns."""
    lines = [re.sub(r"^([│┃] ?[\w ,]*\w).*", r"\1", line.replace("#", "")) for line in shapes(text)]
    return [line for line in lines if not re.match(r"[┏┡└]|bench |what binds|no limit", line)]


def test_the_quote_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Page("docs/how-to/quote-a-campaign.md")
    shutil.copytree(ROOT / "instruments" / "benches", "instruments/benches")
    shutil.copytree(ROOT / "instruments" / "plans", "instruments/plans")
    campaign = (ROOT / "campaigns" / "cycle_life.yaml").read_text("utf-8")
    Path("campaigns").mkdir()
    small = campaign.replace("trials: 30", "trials: 3").replace("initial: 8", "initial: 2")
    Path("campaigns/cycle_life.yaml").write_text(small, "utf-8")
    Path("prices.yaml").write_text(page.block("currency: EUR").text, "utf-8")
    (done,) = typed(page.block("galvanaut quote"), {"--target 0.7": "--target 0.7 --draws 2 --jobs 1"})
    told, shown = (labels(text) for text in (done.stdout, page.block("80 % interval").text))
    assert len(shown) > 25
    assert told == shown
