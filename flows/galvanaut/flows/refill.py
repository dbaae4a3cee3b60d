"""Bottles that ran low: a person puts up new ones and says so in the bench file, while cells on test go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from galvanaut.core.errors import InputError, Problem
from galvanaut.flows.lab import Lab
from galvanaut.flows.putright import ask, open_order_of
from galvanaut.flows.steps import key
from galvanaut.instruments.bench import load_bench
from galvanaut.instruments.jobs import PutRight, PutUpBottles

NAME = "bottles"
BOTTLE = ("lot", "available_mL", "density_g_mL")
"""What may differ between two bottles of a stock; another composition is another stock, and another campaign."""


async def refilled(bench: int, why: str, lab: Lab) -> None:
    """Ask for new bottles until the bench file can be read again, and take over what it says.

    Args:
        bench: in place of a trial's number, for the order's key.
        why: nothing can be made.
        lab: the lab.

    Raises:
        JobFailedError: the person gives it up.
    """
    while True:
        then = f"reads lot, available and density of each stock from {lab.plan.bench_file} again"
        await ask(bench, NAME, PutRight("the bottles hold too little for another recipe", why, then), lab)
        try:
            return await take_over(bench, lab)
        except InputError as error:
            why = str(error)


async def refill_of_a_dead_run(bench: int, lab: Lab) -> None:
    """Wait for the answer that a dead run has asked for, and take over what the bench file then says.

    If it cannot be read, ask again as `refilled` does: a slip of the pen must not end a run with cells on test.

    Raises:
        JobFailedError: the person gives it up.
    """
    await open_order_of(bench, NAME, lab)
    try:
        await take_over(bench, lab)
    except InputError as error:
        await refilled(bench, str(error), lab)


async def take_over(bench: int, lab: Lab) -> None:
    """Bottles that the bench file names and that are new.

    Raises:
        InputError: the file has a problem, or its stocks are others.
    """
    fresh = load_bench(lab.plan.bench_file).stocks
    if {name: each.composition for name, each in fresh.items()} != {
        name: each.composition for name, each in lab.bench.stocks.items()
    }:
        text = "has other stocks than the campaign began with; only lot, available and density may change"
        raise InputError(lab.plan.bench_file, text)
    bottles = {name: _bottle(each) for name, each in fresh.items() if _bottle(each) != _bottle(lab.bench.stocks[name])}
    if not bottles:
        return
    _check_lots(fresh, lab)
    number = 1 + sum(record.request["kind"] == "bottles" for record in lab.station.journal.records())
    await lab.run(key(bench, NAME, lab, number), PutUpBottles(bottles))
    lab.put_up(bottles)


def _check_lots(fresh: Mapping[str, Any], lab: Lab) -> None:
    """A campaign that chooses between lots goes on with these lots."""
    chosen = {lot for lots in lab.campaign.settings.lots.values() for lot in lots}
    for name, before in lab.bench.stocks.items():
        if before.lot in chosen and fresh[name].lot != before.lot:
            text = f"is {fresh[name].lot} now; campaign {lab.campaign.name} chooses between lots and needs {before.lot}"
            raise InputError(lab.plan.bench_file, Problem(f"stocks.{name}.lot", text))


def _bottle(entry: Any) -> Mapping[str, Any]:
    return {name: getattr(entry, name) for name in BOTTLE}
