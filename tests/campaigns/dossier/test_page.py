"""The front page of a dossier: what its tables show."""

import re

from campaignmaking import ABOUT, SEVERAL, campaign_of, ledger_of, recipe, try_out
from galvanaut.campaigns.dossier.content import Asked, Sources, content_of
from galvanaut.campaigns.dossier.page import front_page
from galvanaut.campaigns.ledger import Outcome
from galvanaut.campaigns.space import SearchSpace
from galvanaut.campaigns.tasks import task_of


def test_the_front_page_shows_the_score_beside_what_it_is_worked_out_from(tmp_path):
    campaign = campaign_of(objectives=SEVERAL)
    ledger = ledger_of(tmp_path, campaign)
    values = {"conductivity": 8.125, "life": 200.0, "score": 0.6543}
    try_out(ledger, 1, recipe(0.3), Outcome("ok", values))
    ledger.made(1, recipe(0.31), {})
    task = task_of(campaign, SearchSpace.of(campaign), 1)
    content = content_of(Sources(campaign, ledger, task, [], {}, {"one": False}, ""), Asked())
    page = front_page(content, {}, ABOUT)
    shown = page[page.index("<th>why it was made</th>") : page.index("What does not count")]
    assert re.findall(r'class="n real" title="real">([^<]+)<', shown) == ["0.6543", "8.125 mS/cm", "200 cycles"]
