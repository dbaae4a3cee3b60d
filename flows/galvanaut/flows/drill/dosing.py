"""Liquids on the move: doses into a vessel on a balance, on to the flow cell, and a reading of what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from galvanaut.core.errors import InputError
from galvanaut.flows.drill.jobs import attempt
from galvanaut.instruments.jobs import Dose, Empty, MeasureImpedance, Settle, Transfer

if TYPE_CHECKING:
    from galvanaut.flows.drill.host import Host
    from galvanaut.instruments.bench import Bench

DOSE_mL = 4.0
"""Long enough on most pumps that a running dose is asked more than once how far it got."""
SETTLE_degC, SETTLE_K, SETTLE_s = 30.0, 0.5, 300.0
READINGS = 3


@dataclass(frozen=True)
class Dosing:
    """Doses from some pumps into one vessel on a balance, then through the flow cell to waste.

    Attributes:
        pumps: one dose from each.
        vessel, balance: that they fill, and that weighs it.
        drain: the pump that empties the vessel, if there is one.
        into: the vessel that it fills.
        volume_mL: of one dose.
        empties: whether the vessel is emptied in the end.
    """

    pumps: tuple[str, ...]
    vessel: str
    balance: str
    drain: str | None
    into: str | None
    volume_mL: float
    empties: bool = True
    period_s: float = 10.0

    async def run(self, host: Host) -> None:
        """Dose; move half of it on; empty the vessel, which is also done after a dose that failed."""
        bench = host.bench
        doses = [await attempt(host, f"dose-{pump}", self._dose(bench, pump)) for pump in self.pumps]
        if self.drain is None or self.into is None:
            return
        if all(doses):
            volume_mL = self.volume_mL * len(self.pumps) / 2
            transfer = Transfer(
                self.drain, self.balance, self.vessel, self.into, volume_mL, volume_mL * self._density(bench)
            )
            await attempt(host, "transfer", transfer)
        if not self.empties:
            return
        ample_mL = 1.2 * self.volume_mL * len(self.pumps) + 1
        await attempt(host, "empty", Empty(self.drain, self.balance, self.vessel, self.into, ample_mL))

    def _dose(self, bench: Bench, pump: str) -> Dose:
        stock = str(bench.instruments[pump].wiring.draws)
        entry = bench.stocks[stock]
        expected_g = self.volume_mL * entry.density_g_mL
        return Dose(stock, entry.lot, pump, self.balance, self.vessel, self.volume_mL, expected_g)

    def _density(self, bench: Bench) -> float:
        stocks = [bench.stocks[str(bench.instruments[pump].wiring.draws)] for pump in self.pumps]
        return len(stocks) / sum(1 / stock.density_g_mL for stock in stocks)


@dataclass(frozen=True)
class Measuring:
    """Fill the flow cell, bring its chamber to temperature and read its impedance.

    Attributes:
        filling: how the cell is filled; None if nothing on the bench can do that.
        chamber, meter, vessel: names on the bench.
        temperature_degC: where the chamber goes.
    """

    filling: Dosing | None
    chamber: str
    meter: str
    vessel: str
    temperature_degC: float
    period_s: float = 30.0

    async def run(self, host: Host) -> None:
        """Fill, settle, measure."""
        if self.filling is not None:
            await self.filling.run(host)
        if await attempt(host, "settle", Settle(self.chamber, self.temperature_degC, SETTLE_K, SETTLE_s)):
            action = MeasureImpedance(self.meter, self.chamber, self.vessel, READINGS, self.temperature_degC, SETTLE_K)
            await attempt(host, "impedance", action)


def measuring(bench: Bench, vessel: str) -> Measuring:
    """A reading of a flow cell, which is filled first where a pump leads to it from a vessel on a balance."""
    meter, chamber = bench.impedance_meter_at(vessel), bench.chamber_housing(vessel)
    settings: Any = bench.instruments[chamber].parsed_settings()
    temperature_degC = min(max(SETTLE_degC, settings.minimum_degC), settings.maximum_degC)
    drains = [
        name
        for name, entry in bench.instruments.items()
        if entry.role == "pump" and entry.wiring.into == vessel and entry.wiring.draws in bench.vessels
    ]
    filling = replace(dosing(bench, drains[0]), empties=False) if drains else None
    return Measuring(filling, chamber, meter, vessel, temperature_degC)


def dosing(bench: Bench, pump: str) -> Dosing:
    """Doses in which a pump takes part."""
    if pump not in bench.instruments:
        raise InputError(f"bench {bench.name}", "has no pump that fills the vessel on its balance")
    wiring = bench.instruments[pump].wiring
    from_vessel = wiring.draws in bench.vessels
    vessel = str(wiring.draws if from_vessel else wiring.into)
    fillers = list(pumps_into(bench, vessel))
    first = [] if from_vessel else [pump]
    pumps = tuple([*first, *(name for name in fillers if name != pump)][:2])
    drains = [name for name, entry in bench.instruments.items() if entry.wiring.draws == vessel]
    drain = pump if from_vessel else next(iter(drains), None)
    largest_mL = min(bench.stock(str(bench.instruments[name].wiring.draws), vessel).dose_max_mL for name in pumps)
    volume_mL = round(min(DOSE_mL, largest_mL, bench.vessels[vessel].capacity_mL / 4), 2)
    into = None if drain is None else bench.instruments[drain].wiring.into
    return Dosing(pumps, vessel, bench.balance_weighing(vessel), drain, into, volume_mL)


def pumps_into(bench: Bench, vessel: str) -> Iterator[str]:
    """Pumps that fill a vessel from a bottle."""
    for name, entry in bench.instruments.items():
        if entry.role == "pump" and entry.wiring.into == vessel and entry.wiring.draws in bench.stocks:
            yield name
