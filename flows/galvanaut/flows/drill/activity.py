"""What the bench is busy with when something breaks: jobs as a campaign has them, short ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from galvanaut.core.errors import InputError
from galvanaut.flows.drill.cycling import Cycling, driven
from galvanaut.flows.drill.dosing import dosing, measuring, pumps_into

if TYPE_CHECKING:
    from galvanaut.flows.drill.host import Host
    from galvanaut.instruments.bench import Bench


class Activity(Protocol):
    """Work for a bench, which can be taken up again by another host.

    Attributes:
        period_s: how often what it does is looked after.
    """

    @property
    def period_s(self) -> float:
        """See the class."""
        ...

    async def run(self, host: Host) -> None:
        """Do it; jobs that fail are in the journal, and the rest is done as far as it makes sense."""
        ...


def activity_for(bench: Bench, instrument: str) -> Activity:
    """What the bench does while this instrument breaks.

    Raises:
        InputError: the bench has nothing to do for it; says what is missing.
    """
    entry = bench.instruments[instrument]
    if entry.role == "pump":
        return dosing(bench, instrument)
    if entry.role == "balance":
        return dosing(bench, next(iter(pumps_into(bench, str(entry.wiring.weighs))), ""))
    near = {entry.wiring.connects, *entry.wiring.housed}
    for other in bench.instruments.values():
        if other.wiring.connects is not None and other.wiring.connects in near:
            return measuring(bench, other.wiring.connects)
    if driven(bench):
        return Cycling.of(bench)
    raise InputError(f"bench {bench.name}", f"{instrument} is near nothing that it could be drilled with")
