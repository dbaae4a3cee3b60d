"""Jobs of the drill: keyed, one after another or side by side; one that fails does not keep the others from ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from galvanaut.core.clock import Gate, spawn
from galvanaut.core.errors import GalvanautError
from galvanaut.core.identifiers import JobKey
from galvanaut.flows.drill.host import DOING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from galvanaut.flows.drill.host import Host
    from galvanaut.instruments.jobs import Action

CAMPAIGN = "drill"


def key(step: str, replicate: int = 1) -> JobKey:
    """Key of a job of the drill."""
    return JobKey(CAMPAIGN, 1, step, replicate)


async def attempt(host: Host, step: str, action: Action) -> bool:
    """Run one job; whether it was done. Why it was not stands in the journal."""
    before = DOING.set(step)  # handed on to the task of the job
    try:
        await host.station.run(key(step), action)
    except GalvanautError:
        return False
    finally:
        DOING.reset(before)
    return True


async def together(host: Host, jobs: Mapping[str, Action]) -> bool:
    """Run jobs side by side and wait for all; whether all were done."""
    gates: list[Gate[bool]] = []

    async def one(step: str, action: Action, gate: Gate[bool]) -> None:
        try:
            gate.open(await attempt(host, step, action))
        finally:
            gate.open(False)

    for step, action in jobs.items():
        gates.append(Gate(host.clock))
        spawn(host.clock, one(step, action, gates[-1]))
    return all([await gate.wait() for gate in gates])
