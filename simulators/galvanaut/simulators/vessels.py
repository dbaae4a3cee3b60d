"""Vessels by the grams of each component in them: what is poured in, drawn off, spilled and flushed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp
from typing import Any

Density = Callable[[Mapping[str, float]], float]
"""g/mL of a composition in mass fractions."""


@dataclass
class Vessel:
    """Anything that holds liquid, always well mixed.

    Attributes:
        name: as in the bench file.
        capacity_mL: None for what never overflows.
        is_cell: whether it is a flow cell: closed, so that what comes in pushes out what was there.
        grams: by component.
        fillings: how often it was filled after having been empty (open vessels) or pumped into (flow cells).
        is_emptied: drawn down to its film, or never filled; the next liquid starts a new filling.
        readings: measurements taken in this filling.
        origin: which filling of which vessel the content came from, e.g. ``mixer/3``.
        disturbed_at: last instant when liquid came or went.
    """

    name: str
    capacity_mL: float | None = None
    is_cell: bool = False
    grams: dict[str, float] = field(default_factory=dict)
    fillings: int = 0
    is_emptied: bool = True
    readings: int = 0
    origin: str = ""
    disturbed_at: float = 0.0

    @property
    def mass_g(self) -> float:
        """Everything in it."""
        return sum(self.grams.values())

    def composition(self) -> dict[str, float]:
        """Mass fractions; empty when there is nothing."""
        total = self.mass_g
        return {key: grams / total for key, grams in self.grams.items()} if total > 0 else {}

    def volume_mL(self, density: Density) -> float:
        """Volume at room temperature."""
        total = self.mass_g
        return total / density(self.composition()) if total > 0 else 0.0

    def remove(self, share: float) -> dict[str, float]:
        """Take out a share of the content, 0 to 1; the grams taken."""
        share = min(1.0, max(0.0, share))
        taken = {key: grams * share for key, grams in self.grams.items()}
        self.grams = {key: grams - taken[key] for key, grams in self.grams.items()} if share < 1 else {}
        return taken

    def add(self, grams: Mapping[str, float]) -> None:
        """Pour in."""
        for key, amount in grams.items():
            self.grams[key] = self.grams.get(key, 0.0) + amount

    def copy(self) -> Vessel:
        """One that can change without changing this one."""
        return Vessel(**{**self.__dict__, "grams": dict(self.grams)})

    def to_row(self) -> dict[str, Any]:
        """In JSON types."""
        return {**self.__dict__, "grams": dict(self.grams)}


def draw(source: Vessel, wanted_mL: float, film_mL: float, density: Density) -> tuple[dict[str, float], float]:
    """Draw from a vessel down to its film at most.

    Returns:
        The grams drawn and their volume in mL; the rest of ``wanted_mL`` is air.
    """
    volume_mL = source.volume_mL(density)
    available_mL = max(0.0, volume_mL - film_mL)
    drawn_mL = min(wanted_mL, available_mL)
    if wanted_mL >= available_mL:
        source.is_emptied = True
    if drawn_mL <= 0:
        return {}, 0.0
    return source.remove(drawn_mL / volume_mL), drawn_mL


def pour(vessel: Vessel, grams: Mapping[str, float], waste: Vessel, density: Density) -> None:
    """Pour into an open vessel; what is too much for it runs over, well mixed."""
    vessel.add(grams)
    if vessel.capacity_mL is not None:
        volume_mL = vessel.volume_mL(density)
        if volume_mL > vessel.capacity_mL:
            waste.add(vessel.remove(1 - vessel.capacity_mL / volume_mL))


def flush(
    cell: Vessel, grams: Mapping[str, float], liquid_mL: float, air_mL: float, waste: Vessel, density: Density
) -> float:
    """Push liquid and then air through a flow cell.

    Liquid first fills up what is free and then mixes ideally with what is there: after the volume V the share
    exp(-V / V_cell) of the old content is left. Air pushes liquid out without mixing.

    Returns:
        The share of the cell's content that is new, 0 to 1.
    """
    capacity_mL = cell.capacity_mL or 0.0
    free_mL = max(0.0, capacity_mL - cell.volume_mL(density))
    filling_mL = min(liquid_mL, free_mL)
    through_mL = liquid_mL - filling_mL
    replaced = filling_mL / capacity_mL
    if liquid_mL > 0:
        cell.add({key: amount * filling_mL / liquid_mL for key, amount in grams.items()})
    if through_mL > 0:
        kept = exp(-through_mL / capacity_mL)
        waste.add(cell.remove(1 - kept))
        stays = capacity_mL * (1 - kept) / liquid_mL
        leaves = (through_mL - capacity_mL * (1 - kept)) / liquid_mL
        cell.add({key: amount * stays for key, amount in grams.items()})
        waste.add({key: amount * leaves for key, amount in grams.items()})
        replaced = 1 - (1 - replaced) * kept
    if air_mL > 0:
        waste.add(cell.remove(air_mL / capacity_mL))
    return replaced
