"""What Prefect shows of a campaign, from ledgers made by hand."""

from types import SimpleNamespace

from campaignmaking import campaign_of, ledger_of, recipe, try_out
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.report.summary import summarise
from galvanaut.flows import artifacts


def test_the_leaderboard_says_what_was_not_measured(tmp_path):
    campaign = campaign_of(objectives=[{"name": "life", "goal": "maximise"}])
    ledger = ledger_of(tmp_path, campaign)
    for number, details in enumerate(({}, {"forecast": ["life"]}, {"censored": ["life"]}), start=1):
        try_out(ledger, number, recipe(0.2), Outcome("ok", {"life": 100.0 + number}, {}, details))
    rows = artifacts.leaderboard(SimpleNamespace(summary=lambda: summarise(ledger, campaign)))
    assert [row["life / cycles"] for row in rows] == ["> 103.000", "101.000", "forecast 102.000"]
