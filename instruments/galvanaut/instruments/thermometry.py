"""The role of a thermometer: an instrument of its own that watches temperatures and voltages on wires of its own.

It may stop a bench but never starts anything, so nothing that drives a cell depends on it being right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from galvanaut.instruments.roles import Instrument


@dataclass(frozen=True)
class Scan:
    """One look at every place, taken channel after channel.

    Attributes:
        temperatures_degC: by place, degC.
        voltages_V: by place, V.
    """

    temperatures_degC: Mapping[str, float]
    voltages_V: Mapping[str, float]


class Thermometer(Instrument, Protocol):
    """Reads the temperatures, and voltages where wired, of the places that the bench file names."""

    def scan(self) -> Scan:
        """Read every place once.

        Raises:
            BadReadingError: a place has no reading (open thermocouple, overflow); names all such places. The others
                are not returned either: supervision with a gap is none.
        """
        ...
