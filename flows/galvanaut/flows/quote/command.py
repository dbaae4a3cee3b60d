"""`galvanaut quote`: read the files, rehearse, simulate, print."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from galvanaut.campaigns.quote import PriceFile, Quote, load_prices, quoted
from galvanaut.campaigns.quote.prices import Times
from galvanaut.campaigns.quote.summary import Bottle, Terms
from galvanaut.core.errors import InputError, Problem, UnsupportedError
from galvanaut.flows.check import makeable_share
from galvanaut.flows.finite import finite
from galvanaut.flows.folder import LabFolder
from galvanaut.flows.plan import Plan, load_plan
from galvanaut.flows.quote.rehearsal import rehearsed
from galvanaut.flows.quote.remarks import remarks
from galvanaut.flows.quote.simulate import capacity_of, simulated
from galvanaut.flows.quote.table import show
from galvanaut.flows.support import trust

if TYPE_CHECKING:
    from galvanaut.campaigns.quote import Draw

PRICES = "prices.yaml"
DRAWS = 12
"""Simulated campaigns: enough for an 80 % interval (9), few enough for a minute of two cores with cells."""


@dataclass(frozen=True)
class Wishes:
    """How a quote is made.

    Attributes:
        draws: simulated campaigns. seed: of them. processes: at a time; None for one on each core.
        target: value of the number that decides whose probability is asked for.
    """

    draws: int = DRAWS
    seed: int = 1
    processes: int | None = None
    target: float | None = None


@dataclass(frozen=True)
class Quotation:
    """A quote with what it rests on.

    Attributes:
        plan: campaign and bench.
        quote: the figures.
        prices: of the laboratory; None where there are none.
        remarks: what was assumed, and what is lacking, in words.
    """

    plan: Plan
    quote: Quote
    prices: PriceFile | None
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines; what is unknown is null."""
        objective = self.plan.campaign.objective
        currency = None if self.prices is None else self.prices.currency
        return {
            "campaign": self.plan.campaign.name,
            "bench": self.plan.bench.name,
            "simulated": True,
            "interval": 0.8,
            "objective": objective.name,
            "unit": objective.unit,
            "currency": currency,
            **finite(self.quote.to_json()),
            "remarks": list(self.remarks),
        }


def quote_command(
    campaign_file: Path, bench_file: Path | None, lab: Path, prices_file: Path | None, wishes: Wishes, as_json: bool
) -> None:
    """Make a quote and print it.

    Raises:
        InputError: a file cannot be used, or the simulated chemistry does not know what the campaign searches.
    """
    with Console(stderr=True).status(f"simulating the campaign {wishes.draws} times ..."):
        found = quotation(campaign_file, bench_file, lab, prices_file, wishes)
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        show(found.plan, found.quote, found.prices, found.remarks, Console())


def quotation(
    campaign_file: Path, bench_file: Path | None, lab: Path, prices_file: Path | None, wishes: Wishes
) -> Quotation:
    """Make a quote; errors as in `quote_command`."""
    plan = load_plan(campaign_file, bench_file)
    prices = _prices(plan, lab, prices_file)
    trust(plan)
    makeable_share(plan)
    draws = _simulated(plan, prices, wishes)
    terms = Terms(
        capacity_of(plan),
        _bottles(plan, lab),
        sign=1.0 if plan.campaign.objective.goal == "maximise" else -1.0,
        by_hand=plan.cells is not None and plan.cells.path.assembler is None,
        prices=prices,
        target=wishes.target,
    )
    quote = quoted(draws, terms)
    return Quotation(plan, quote, prices, remarks(plan, prices, datetime.datetime.now(tz=datetime.UTC).date()))


def _simulated(plan: Plan, prices: PriceFile | None, wishes: Wishes) -> list[Draw]:
    times = Times() if prices is None else prices.times
    try:
        durations = rehearsed(plan, times.build_cell_h)
        return simulated(plan, durations, wishes.draws, wishes.seed, wishes.processes)
    except UnsupportedError as error:
        text = f"cannot be quoted: the simulated chemistry has nothing to say of some recipes ({error})"
        raise InputError(plan.campaign_file, Problem("components", text)) from None


def _prices(plan: Plan, lab: Path, given: Path | None) -> PriceFile | None:
    """The file that was named, else the lab's if it has one."""
    path = lab / PRICES if given is None else given
    if given is None and not path.is_file():
        return None
    prices = load_prices(path)
    known = [*plan.path.pumps]
    foreign = [Problem(f"stocks.{name}", _no_stock(name, plan, known)) for name in prices.stocks if name not in known]
    if foreign:
        raise InputError(path, foreign)
    return prices


def _no_stock(name: str, plan: Plan, known: list[str]) -> str:
    return f"bench {plan.bench.name} has no stock {name}; it has {', '.join(known)}"


def _bottles(plan: Plan, lab: Path) -> Mapping[str, Bottle]:
    """What the bottles hold now; what the lab's journal has drawn of their lots is gone."""
    from galvanaut.flows.stationtables import StationTables

    found = {}
    with StationTables.of(LabFolder(lab)) as tables:
        journal = tables.journal()
    for name in plan.path.pumps:
        entry = plan.bench.stocks[name]
        left_mL = max(0.0, entry.available_mL - journal.drawn_mL(name, entry.lot))
        found[name] = Bottle(entry.density_g_mL, left_mL)
    return found
