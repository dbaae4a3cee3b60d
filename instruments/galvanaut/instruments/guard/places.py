"""What a thermometer watches: the limits of each place, and which instruments have to stop when they are left.

A place has the name of a cell holder, of a vessel, of a chamber, or is ``room``, which has no limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from galvanaut.instruments.bench import Bench
    from galvanaut.instruments.drivers.registry import ThermometerDriver

MARGIN_K = 2.0
"""How far outside its limits a thermocouple has to read: class 1 type K is good to 1.5 K (IEC 60584-1)."""
MARGIN_V = 0.01
"""How far outside its limits a voltage has to read: two instruments and their leads agree better (illustrative)."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """One place that is watched.

    Attributes:
        temperature_degC: lowest and highest, margin included; None if the place has no limits.
        voltage_V: lowest and highest, margin included; None if the place has no limits.
        sources: instruments that drive cells there; made safe when any limit is left.
        chambers: those around it, or itself; made safe when a limit of temperature is left.
    """

    temperature_degC: Range | None
    voltage_V: Range | None
    sources: tuple[str, ...] = ()
    chambers: tuple[str, ...] = ()

    @property
    def stops(self) -> tuple[str, ...]:
        """All that can be stopped there."""
        return self.sources + self.chambers


def places_of(bench: Bench, thermometer: str) -> dict[str, Place]:
    """The places that a thermometer of the bench watches."""
    entry = bench.instruments[thermometer]
    watched = cast("type[ThermometerDriver]", entry.driver_class).places(entry.parsed_settings())
    return {name: _place(bench, name) for names in watched.values() for name in names}


def _place(bench: Bench, name: str) -> Place:
    holder = bench.holders.get(name)
    if holder is not None and holder.envelope is not None:
        limits = holder.envelope
        temperature_degC: Range | None = _wider(limits.temperature_min_degC, limits.temperature_max_degC, MARGIN_K)
        voltage_V: Range | None = _wider(limits.voltage_min_V, limits.voltage_max_V, MARGIN_V)
    else:
        temperature_degC, voltage_V = _of_chambers(bench, _chambers(bench, name)), None
    return Place(temperature_degC, voltage_V, tuple(_sources(bench, name)), tuple(_chambers(bench, name)))


def _sources(bench: Bench, name: str) -> Iterator[str]:
    """Those of the holder, or of all holders in the chamber, of this name."""
    inside = {name, *(bench.instruments[name].wiring.housed if name in bench.instruments else ())}
    for instrument, entry in bench.instruments.items():
        if entry.role in ("source meter", "cycler") and entry.wiring.channel in inside:
            yield instrument


def _chambers(bench: Bench, name: str) -> list[str]:
    """The chamber of this name, or those around a place."""
    chambers = {each: entry for each, entry in bench.instruments.items() if entry.role == "chamber"}
    return [each for each, entry in chambers.items() if each == name or name in entry.wiring.housed]


def _of_chambers(bench: Bench, chambers: list[str]) -> Range | None:
    """Between the set points that the bench file allows."""
    for name in chambers:
        settings: Any = bench.instruments[name].parsed_settings()
        low, high = getattr(settings, "minimum_degC", None), getattr(settings, "maximum_degC", None)
        if low is not None and high is not None:
            return _wider(low, high, MARGIN_K)
    return None


def _wider(low: float, high: float, margin: float) -> Range:
    return low - margin, high + margin
