"""The moves that procedures are made of: dose a stock, move a batch on, clean the flow path.

A job that failed stays failed in the journal. What has to succeed before anything else can go on, cleaning and
calibrating, is therefore numbered by attempt: the next run begins it anew, with emptying the mixer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from galvanaut.core.identifiers import JobKey
from galvanaut.flows.bottles import dose_step
from galvanaut.flows.lab import Lab
from galvanaut.instruments.jobs import Dose, Empty, Transfer

EMPTY = "empty"
"""Name of the step that throws a batch away."""
CLEANING = (EMPTY, "rinse", "drain")
"""Names of the steps of `clean_up`."""
PER_ATTEMPT = 100
"""Replicate numbers of one attempt."""


def key(trial: int, step: str, lab: Lab, replicate: int = 1) -> JobKey:
    """Key of a job of this campaign."""
    return JobKey(lab.campaign.name, trial, step, replicate)


def attempt(trial: int, steps: Collection[str], lab: Lab) -> int:
    """Where the replicate numbers of the present attempt at these steps begin: 0, or more after failures."""
    failed = [
        record.key.replicate // PER_ATTEMPT
        for record in lab.station.journal.records()
        if (record.key.campaign, record.key.trial) == (lab.campaign.name, trial)
        and record.key.step in steps
        and record.state == "failed"
    ]
    return PER_ATTEMPT * (1 + max(failed)) if failed else 0


async def dose(
    trial: int,
    stock_name: str,
    volume_mL: float,
    lab: Lab,
    *,
    step: str = "",
    replicate: int = 1,
    mass_g: float | None = None,
    vessel_g: float | None = None,
) -> Mapping[str, Any]:
    """Dose a stock into the mixer.

    Args:
        trial: its number.
        stock_name: as in the bench file.
        volume_mL: to be dosed.
        lab: the lab.
        step: of the job's key; ``dose-<stock>`` if empty.
        replicate: of the job's key.
        mass_g: expected; from the stock's density if None.
        vessel_g: what the balance must show beforehand, if that is known.

    Returns:
        ``mass_g``, ``before_g``, ``after_g``.
    """
    stock, path = lab.bench.stocks[stock_name], lab.path
    job = key(trial, step or dose_step(stock_name), lab, replicate)
    known = lab.station.journal.find(job)
    # A dose that was begun from one lot goes on as that dose, also if the bottle was changed since.
    begun = known.request if known is not None else {}
    action = Dose(
        stock=stock_name,
        lot=begun.get("lot", stock.lot),
        pump=path.pump_of(stock_name),
        balance=path.balance,
        vessel=path.mixer,
        volume_mL=volume_mL,
        expected_g=begun.get("expected_g", volume_mL * stock.density_g_mL if mass_g is None else mass_g),
        vessel_g=vessel_g,
    )
    return await lab.run(job, action)


async def transfer(trial: int, step: str, volume_mL: float, density_g_mL: float, lab: Lab, replicate: int = 1) -> None:
    """Push ``volume_mL`` from the mixer through the cell."""
    path = lab.path
    action = Transfer(path.transfer_pump, path.balance, path.mixer, path.cell, volume_mL, volume_mL * density_g_mL)
    await lab.run(key(trial, step, lab, replicate), action)


async def empty(trial: int, step: str, volume_mL: float, lab: Lab, replicate: int) -> float:
    """Pump the mixer dry, which holds at most ``volume_mL``.

    Returns:
        The balance's reading of the emptied mixer, g.
    """
    path = lab.path
    job = key(trial, step, lab, replicate)
    action = Empty(
        path.transfer_pump, path.balance, path.mixer, path.cell, lab.plan.ample_mL(volume_mL), lab.dry_g_before(job)
    )
    return float((await lab.run(job, action))["rest_g"])


async def clean_up(trial: int, cycles: int, volume_mL: float, lab: Lab, replicate: int) -> None:
    """Empty the mixer, which holds at most ``volume_mL``, through the cell, and rinse both."""
    await empty(trial, EMPTY, volume_mL, lab, replicate)
    rinse_mL = lab.procedure.rinse.volume_mL
    for cycle in range(replicate, replicate + cycles):
        await dose(trial, lab.path.rinse_stock, rinse_mL, lab, step="rinse", replicate=cycle)
        await empty(trial, "drain", rinse_mL, lab, cycle)
