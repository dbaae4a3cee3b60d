"""A quote for people: tables whose rows can be read aloud."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from galvanaut.campaigns.quote.intervals import ENOUGH

if TYPE_CHECKING:
    from rich.console import Console

    from galvanaut.campaigns.quote import PriceFile, Quote, Range
    from galvanaut.flows.plan import Plan

NOTABLE = 0.02
"""A limit whose raising saves less than this share of the time does not bind."""
_DAY_H = 24.0


def show(plan: Plan, quote: Quote, prices: PriceFile | None, remarks: Sequence[str], console: Console) -> None:
    """Print it."""
    campaign = plan.campaign
    console.print(f"[bold]{escape(campaign.title or campaign.name)}[/]", soft_wrap=True)
    console.print(
        f"bench {escape(plan.bench.name)}, planner {escape(campaign.planner.name)}; {quote.draws} simulated campaigns; "
        f"{_trustworthy(quote.draws)}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_whole(plan, quote, prices))
    console.print(_stocks(quote, prices))
    for line in [*_bottles(quote), binding(quote)]:
        console.print(line, highlight=False, soft_wrap=True)
    for remark in remarks:
        head, _, rest = remark.partition(": ")
        text = f"[yellow]{escape(head)}:[/] {escape(rest)}" if rest else f"[yellow]note:[/] {escape(head)}"
        console.print(text, highlight=False, soft_wrap=True)


def _trustworthy(draws: int) -> str:
    if draws >= ENOUGH:
        return "8 of 10 such campaigns lie within an interval"
    return f"so few that fewer than 8 of 10 such campaigns lie within an interval; take {ENOUGH} or more"


def binding(quote: Quote) -> str:
    """Which limit binds, in words: the single one that gains most, else two of them together."""
    notable = [each for each in quote.reliefs if each.saved_h.median >= NOTABLE * quote.wall_clock_h.median]
    if not notable:
        return "[bold]no limit of the bench binds:[/] raising any of them hardly saves time"
    first = next((each for each in notable if each.is_single), notable[0])
    saved = first.saved_h
    span = f"{duration(saved.low)} to {duration(saved.high)}"
    others = [f"{each.what}: {duration(each.saved_h.median)}" for each in notable if each is not first]
    more = f". Others: {'; '.join(others)}" if others else ""
    return (
        f"[bold]what binds: {first.limit}.[/] With {first.what} the same recipes would end "
        f"{duration(saved.median)} earlier ({span}){more}"
    )


def duration(hours: float) -> str:
    """In days, or in hours below two of them."""
    return f"{number(hours / _DAY_H)} days" if hours >= 2 * _DAY_H else f"{number(hours)} h"


def number(value: float) -> str:
    """Three digits, never as a power of ten."""
    if not math.isfinite(value):
        return "unknown"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{float(f'{value:.3g}'):g}"


def _whole(plan: Plan, quote: Quote, prices: PriceFile | None) -> Table:
    table = _table("the whole campaign", "median", "80 % interval")
    is_long = quote.wall_clock_h.median >= 2 * _DAY_H
    _row(table, "wall-clock, days" if is_long else "wall-clock, h", quote.wall_clock_h, _DAY_H if is_long else 1.0)
    if plan.cells is not None:
        _row(table, "channel-days", quote.channel_days)
        _row(table, "cells", quote.cells)
    if plan.campaign.early_stop is not None:
        _row(table, "trials stopped early", quote.stopped)
    _row(table, "trials", quote.trials)
    _row(table, "hours of people's work", quote.operator_h)
    objective = plan.campaign.objective
    unit = f", {objective.unit}" if objective.unit else ""
    _row(table, f"best {objective.name}{unit}", quote.best)
    _row(table, f"best {objective.name} at half of the trials", quote.best_at_half)
    if (reached := quote.reached) is not None:
        table.add_row("probability of the target", f"{reached.median:.0%}", f"{reached.low:.0%} to {reached.high:.0%}")
    currency = "" if prices is None else f", {prices.currency}"
    for name, cost in (("channels", quote.channel_cost), ("people", quote.operator_cost)):
        if cost is not None:
            _row(table, f"cost of {name}{currency}", cost)
    if quote.cost is None:
        table.add_row("cost in all", "unknown", "")
    else:
        _row(table, f"cost in all{currency}", quote.cost)
    return table


def _stocks(quote: Quote, prices: PriceFile | None) -> Table:
    costs = ("cost",) if prices is None else (prices.currency, "80 % interval")
    table = _table("stocks and rinse solvent", "mL", "80 % interval", "g", *costs)
    for name, need in quote.stocks.items():
        volume, mass = number(need.volume_mL.median), number(need.mass_g.median)
        cost = ("unknown",) if need.cost is None else (number(need.cost.median), _between(need.cost))
        table.add_row(escape(name), volume, _between(need.volume_mL), mass, *cost)
    return table


def _bottles(quote: Quote) -> list[str]:
    """Bottles that may not suffice."""
    found = [
        f"[bold]bottle {escape(name)} will not suffice[/] with a probability of {need.short.median:.0%}; "
        f"{number(need.refills.median)} ({_between(need.refills)}) new ones of the same size are needed meanwhile"
        for name, need in quote.stocks.items()
        if need.short.median > 0
    ]
    return found or ["all bottles suffice, as far as they hold what the bench file says"]


def _table(title: str, *headings: str) -> Table:
    table = Table(title=f"{title}, simulated", title_justify="left", title_style="", pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _row(table: Table, name: str, value: Range, unit: float = 1.0) -> None:
    table.add_row(name, number(value.median / unit), f"{number(value.low / unit)} to {number(value.high / unit)}")


def _between(value: Range) -> str:
    return f"{number(value.low)} to {number(value.high)}"
