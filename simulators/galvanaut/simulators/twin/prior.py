"""What a twin knows before it sees the first reading: the design as drawn, and the electrolyte as measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme.parameters import COIN, Design

DESIGNS: dict[str, Design] = {"coin": COIN}
"""Designs by the name under which a snapshot keeps them."""
_BOUNDS = {
    "salt_M": (0.1, 3.0),
    "conductivity_S_m": (0.005, 5.0),
    "temperature_degC": (-20.0, 70.0),
    "resistance_ohm": (0.0, 1000.0),
    "resistance_sd_ohm": (0.01, 1000.0),
    "scale_sd": (1e-4, 0.5),
    "lost_sd": (0.0, 0.3),
    "highest_V": (3.5, 4.5),
    "lowest_V": (2.0, 3.4),
}


@dataclass(frozen=True)
class TwinPrior:
    """Nominal knowledge of one cell. Nothing of a simulator's truth has a place here.

    Attributes:
        salt_M: LiPF6 in the electrolyte as made, mol/l.
        conductivity_S_m: of that electrolyte, as measured or predicted.
        temperature_degC: at which it has that conductivity; taken as the cell's until a reading says otherwise.
        design: name of a design in `DESIGNS`.
        resistance_ohm: of contacts and films; illustrative.
        resistance_sd_ohm: standard deviation of that; illustrative.
        scale_sd: standard deviation of the capacity scale, which begins at 1; illustrative.
        lost_sd: standard deviation of the lithium lost since the design, as a share of the negative electrode.
        highest_V: at rest there, a cell counts as full.
        lowest_V: at rest there, a cell counts as empty.

    Raises:
        UnsupportedError: a value for which the twin's relations do not hold; the text names it and the bound.
    """

    salt_M: float = 1.0
    conductivity_S_m: float = 0.9
    temperature_degC: float = 25.0
    design: str = "coin"
    resistance_ohm: float = 8.0
    resistance_sd_ohm: float = 10.0
    scale_sd: float = 0.04
    lost_sd: float = 0.01
    highest_V: float = 4.2
    lowest_V: float = 2.8

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            raise UnsupportedError(f"twin: there is no design {self.design!r}; there are {', '.join(DESIGNS)}")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UnsupportedError(f"twin: {name} {value:g} lies outside {low:g} to {high:g}")

    @property
    def nominal(self) -> Design:
        """The design itself."""
        return DESIGNS[self.design]

    def to_json(self) -> dict[str, Any]:
        """In JSON types; `from_json` reads it."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TwinPrior:
        """What `to_json` wrote."""
        return cls(**values)
