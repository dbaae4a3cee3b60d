"""`galvanaut compare`: two campaigns of one lab, or of two, side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from galvanaut.campaigns.advice import recommendation
from galvanaut.campaigns.campaignfile import Campaign
from galvanaut.campaigns.ledger import Ledger
from galvanaut.campaigns.report import Comparison, Side, summarise, write_comparison
from galvanaut.core.clock import SystemClock
from galvanaut.core.errors import InputError
from galvanaut.flows.beliefs import beliefs
from galvanaut.flows.folder import LabFolder, writing
from galvanaut.flows.labels import note
from galvanaut.flows.plan import plan_of
from galvanaut.flows.records import campaign_log


def compare(lab: Path, first: str, second: str, other_lab: Path | None = None) -> tuple[Comparison, Path]:
    """Compare two campaigns, and write the page; where that is.

    Args:
        lab: of the first campaign; the page is written there, too.
        first: name of a campaign, or its file.
        second: of the other one.
        other_lab: of the second one, if it is another.

    Raises:
        InputError: one of them is not there, both are the same one, or the page cannot be written.
    """
    sides = _side(lab, first), _side(other_lab or lab, second)
    names = [side.name for side in sides]
    if names[0] == names[1]:
        if other_lab is None or other_lab.resolve() == lab.resolve():
            raise InputError(f"campaign {names[0]}", "is compared with itself; name another one, or give --other-lab")
        names = [f"{name} ({folder.resolve().name})" for name, folder in zip(names, (lab, other_lab), strict=True)]
    found = Comparison(*(replace(side, name=name) for side, name in zip(sides, names, strict=True)))
    path = LabFolder(lab).report("-and-".join(re.sub(r"[ ()]+", "-", name).strip("-") for name in names))
    with writing(path):
        write_comparison(found, path)
    return found, path


def _side(lab: Path, campaign: str) -> Side:
    with campaign_log(lab, campaign) as (log, name):
        ledger = Ledger(log, name, SystemClock())
        plan = plan_of(ledger.started or {})
        expected = recommendation(plan.campaign, ledger, plan.task(beliefs=beliefs(plan, ledger)))
        has_cells = plan.campaign.procedure.cells is not None
        label = note(is_synthetic=ledger.is_synthetic, has_cells=has_cells)
        return Side(name, summarise(ledger, Campaign.kept((ledger.started or {})["campaign"])), expected, label)
