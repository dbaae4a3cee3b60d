"""What a quote rests on and what it lacks, in words that no reader can miss."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galvanaut.campaigns.quote import PriceFile
    from galvanaut.flows.plan import Plan

SHIPPED = ("formation.yaml", "ageing.yaml")
"""The tests that the simulated fade is known for."""


def remarks(plan: Plan, prices: PriceFile | None, today: datetime.date) -> tuple[str, ...]:
    """Of one quote; the last one says what was simulated."""
    return (*_lacking(plan, prices, today), *_assumed(plan, prices), _simulated(plan))


def _lacking(plan: Plan, prices: PriceFile | None, today: datetime.date) -> list[str]:
    if prices is None:
        return ["cost unknown: no prices.yaml in the lab folder, and no --prices; none are shipped"]
    found = [f"old price: {where} is more than a year old" for where in prices.old(today)]
    lacking = [name for name in plan.path.pumps if name not in prices.stocks]
    if lacking:
        found.append(f"no price of {', '.join(lacking)}: the cost in all is unknown if they are drawn from")
    if plan.cells is not None and prices.channel is None:
        found.append("no price of a channel: the cost in all is without them")
    if prices.operator is None:
        found.append("no price of people's time: the cost in all is without it")
    return found


def _assumed(plan: Plan, prices: PriceFile | None) -> list[str]:
    found, cells = [], plan.cells
    if cells is not None and cells.path.assembler is None:
        whose = "as prices.yaml says" if prices is not None else "illustrative"
        found.append(f"people build the cells at once when asked, {_minutes(prices)} each ({whose})")
    step = plan.campaign.procedure.cells
    if step is not None and tuple(Path(each).name for each in (step.formation, step.cycling)) != SHIPPED:
        found.append(
            "the simulated cells go through the shipped tests formation.yaml and ageing.yaml, this campaign has "
            "others: its channel-days and its wall-clock will differ from these"
        )
    if plan.campaign.planner.earlier:
        found.append("earlier campaigns that the planner believes are left out")
    if plan.campaign.settings.formation_rate is not None:
        found.append("formation takes as long as at the rates of the plan, whichever the planner chooses")
    return found


def _minutes(prices: PriceFile | None) -> str:
    return "15 min" if prices is None else f"{60 * prices.times.build_cell_h:g} min"


def _simulated(plan: Plan) -> str:
    fade = " and a fade law that is illustrative" if plan.cells is not None else ""
    return (
        f"simulated: liquids as the simulator's model has them{fade}; instruments that work, and nobody away. Your "
        "chemistry is another one, and so will its lives, values and stops be. No instrument was touched"
    )
