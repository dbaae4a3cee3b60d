"""What many simulated campaigns say together: intervals, costs, bottles, and the limit that binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from galvanaut.campaigns.quote.draw import Draw
from galvanaut.campaigns.quote.intervals import Range, chance, range_of
from galvanaut.campaigns.quote.prices import PriceFile, Times
from galvanaut.campaigns.quote.timetable import Capacity


@dataclass(frozen=True)
class Bottle:
    """A stock as it stands on the bench: its density, and what may still be drawn of it."""

    density_g_mL: float
    available_mL: float


@dataclass(frozen=True)
class Terms:
    """What is quoted.

    Attributes:
        capacity: of the bench and the campaign.
        bottles: by stock.
        sign: 1 where the number that decides is to be large, -1 where it is to be small.
        by_hand: whether people build the cells.
        prices: of the laboratory; None where there are none.
        target: value of the number that decides; None where none is asked for.
    """

    capacity: Capacity
    bottles: Mapping[str, Bottle]
    sign: float = 1.0
    by_hand: bool = False
    prices: PriceFile | None = None
    target: float | None = None


@dataclass(frozen=True)
class StockNeed:
    """What is needed of one stock.

    Attributes:
        volume_mL, mass_g: drawn.
        cost: in the currency of the prices; None where it has no price.
        short: probability that the bottle does not suffice.
        refills: new bottles of the same size that are needed meanwhile.
    """

    volume_mL: Range
    mass_g: Range
    cost: Range | None
    short: Range
    refills: Range


@dataclass(frozen=True)
class Relief:
    """A limit that was raised, all else being the same.

    Attributes:
        limit: or two of them, in a word or two.
        what: it was raised to, in words.
        saved_h: hours by which the same recipes would end earlier.
        is_single: whether one limit was raised only.
    """

    limit: str
    what: str
    saved_h: Range
    is_single: bool = True


@dataclass(frozen=True)
class Quote:
    """What a campaign will take.

    Attributes:
        draws: simulated campaigns.
        wall_clock_h, channel_days, operator_h, trials, cells, stopped: of one campaign.
        best, best_at_half: the number that decides, of the best trial, in the end and after half of the trials.
        reached: probability of the target; None without one.
        stocks: by name.
        cost: in all; None where any price is lacking that is needed.
        channel_cost, operator_cost: parts of it; None without a price.
        reliefs: what raising each limit gains, the most first.
    """

    draws: int
    wall_clock_h: Range
    channel_days: Range
    operator_h: Range
    trials: Range
    cells: Range
    stopped: Range
    best: Range
    best_at_half: Range
    reached: Range | None
    stocks: Mapping[str, StockNeed]
    channel_cost: Range | None
    operator_cost: Range | None
    cost: Range | None
    reliefs: tuple[Relief, ...]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def quoted(draws: Sequence[Draw], terms: Terms) -> Quote:
    """Put together what simulated campaigns say.

    Raises:
        ValueError: none is given.
    """
    names = list(terms.bottles)
    needs = {name: _need(name, draws, terms) for name in names}
    half = max(1, len(draws[0].worths) // 2) if draws else 1
    best = [each.best() for each in draws]
    hits = sum(value >= terms.sign * terms.target for value in best) if terms.target is not None else 0
    channel, operator = _channel_costs(draws, terms), _operator_costs(draws, terms)
    return Quote(
        draws=len(draws),
        wall_clock_h=range_of([each.wall_clock_h(terms.capacity) for each in draws]),
        channel_days=range_of([each.channel_days for each in draws]),
        operator_h=range_of([_operator_h(each, terms) for each in draws]),
        trials=range_of([len(each.slots) for each in draws]),
        cells=range_of([each.cells for each in draws]),
        stopped=range_of([each.stopped for each in draws]),
        best=_signed(best, terms.sign),
        best_at_half=_signed([each.best(half) for each in draws], terms.sign),
        reached=None if terms.target is None else chance(hits, len(draws)),
        stocks=needs,
        channel_cost=None if channel is None else range_of(channel),
        operator_cost=None if operator is None else range_of(operator),
        cost=_whole_cost(draws, terms, channel, operator),
        reliefs=reliefs(draws, terms.capacity, _build_h(terms)),
    )


def reliefs(draws: Sequence[Draw], capacity: Capacity, build_h: float = 0.0) -> tuple[Relief, ...]:
    """What each limit costs in time: the same recipes, with the same lives and stops, on a bench that can do more.

    Args:
        draws: simulated campaigns.
        capacity: of the bench as it is.
        build_h: in which a person builds a cell; 0 where an assembler does.
    """
    now = [each.wall_clock_h(capacity) for each in draws]
    at_once = replace(capacity, parallel=2 * capacity.parallel)
    mixers = replace(capacity, mixers=2 * capacity.mixers)
    found = [
        ("recipes at a time", f"{at_once.parallel} recipes at a time instead of {capacity.parallel}", at_once),
        ("the mixer", f"{mixers.mixers} mixers instead of {capacity.mixers}", mixers),
    ]
    if any(each.cells for each in draws):
        more = replace(capacity, channels=2 * capacity.channels)
        both, words = replace(more, parallel=at_once.parallel), f"{more.channels} channels"
        found.append(("channels", f"{words} instead of {capacity.channels}", more))
        pair = ("channels and recipes at a time", f"{words} and {at_once.parallel} recipes at a time", both)
    else:
        both, words = replace(mixers, parallel=at_once.parallel), f"{mixers.mixers} mixers"
        pair = ("the mixer and recipes at a time", f"{words} and {at_once.parallel} recipes at a time", both)
    gains = [
        Relief(limit, what, range_of([h - each.wall_clock_h(other) for h, each in zip(now, draws, strict=True)]), one)
        for (limit, what, other), one in [*((each, True) for each in found), (pair, False)]
    ]
    if build_h:
        helped = [each.with_faster_building(build_h / 2) for each in draws]
        saved = [h - each.wall_clock_h(capacity) for h, each in zip(now, helped, strict=True)]
        gains.append(Relief("people", "two people who build cells instead of one", range_of(saved)))
    return tuple(sorted(gains, key=lambda each: (-each.saved_h.median, not each.is_single)))


def _signed(worths: Sequence[float], sign: float) -> Range:
    known = [sign * each for each in worths if np.isfinite(each)]
    return range_of(known) if known else Range(float("nan"), float("nan"), float("nan"))


def _need(name: str, draws: Sequence[Draw], terms: Terms) -> StockNeed:
    bottle = terms.bottles[name]
    drawn = [each.stock_mL.get(name, 0.0) for each in draws]
    price = None if terms.prices is None else terms.prices.stocks.get(name)
    return StockNeed(
        range_of(drawn),
        range_of([volume_mL * bottle.density_g_mL for volume_mL in drawn]),
        None if price is None else range_of([price.of(volume_mL, bottle.density_g_mL) for volume_mL in drawn]),
        chance(sum(volume_mL > bottle.available_mL for volume_mL in drawn), len(drawn)),
        range_of([_refills(volume_mL, bottle) for volume_mL in drawn]),
    )


def _refills(volume_mL: float, bottle: Bottle) -> int:
    if volume_mL <= bottle.available_mL:
        return 0
    return ceil(volume_mL / bottle.available_mL) - 1 if bottle.available_mL > 0 else 1


def _operator_h(draw: Draw, terms: Terms) -> float:
    times = _times(terms)
    refills = sum(_refills(draw.stock_mL.get(name, 0.0), bottle) for name, bottle in terms.bottles.items())
    return draw.cells * _build_h(terms) + refills * times.change_bottle_h


def _times(terms: Terms) -> Times:
    return Times() if terms.prices is None else terms.prices.times


def _build_h(terms: Terms) -> float:
    """Hours of a person for each cell."""
    return _times(terms).build_cell_h if terms.by_hand else 0.0


def _channel_costs(draws: Sequence[Draw], terms: Terms) -> list[float] | None:
    if terms.prices is None or terms.prices.channel is None:
        return None
    per_h = terms.prices.channel.price.amount
    return [24 * each.channel_days * per_h for each in draws]


def _operator_costs(draws: Sequence[Draw], terms: Terms) -> list[float] | None:
    if terms.prices is None or terms.prices.operator is None:
        return None
    per_h = terms.prices.operator.price.amount
    return [_operator_h(each, terms) * per_h for each in draws]


def _whole_cost(
    draws: Sequence[Draw], terms: Terms, channel: Sequence[float] | None, operator: Sequence[float] | None
) -> Range | None:
    """All that has a price; None where a stock that is drawn from has none. Channels and people count if priced."""
    prices = terms.prices
    drawn = {name for each in draws for name, volume_mL in each.stock_mL.items() if volume_mL > 0}
    if prices is None or not drawn <= prices.stocks.keys():
        return None
    whole = []
    for row, each in enumerate(draws):
        parts = (
            prices.stocks[name].of(mL, terms.bottles[name].density_g_mL) for name, mL in each.stock_mL.items() if mL > 0
        )
        others = [part[row] for part in (channel, operator) if part is not None]
        whole.append(sum(parts) + sum(others))
    return range_of(whole)
