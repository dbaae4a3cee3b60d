"""A number that says where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Origin = Literal["real", "simulated", "tabulated", "set", "assumed"]
"""``real``: measured on hardware, or computed from such values alone. ``simulated``: from a simulated bench, or
computed from anything that is. ``tabulated``: from the table of components. ``set``: chosen by a person or the planner.
``assumed``: by nobody, so that something could be computed."""

MEANINGS: dict[Origin, str] = {
    "real": "measured on hardware, or computed from such values alone",
    "simulated": "from a simulated bench, or computed from anything that is",
    "tabulated": "from the table of components, which names its sources",
    "set": "chosen by a person or the planner, not measured",
    "assumed": "chosen by the program, because nobody had",
}


@dataclass(frozen=True)
class Number:
    """A number with its unit and origin.

    Attributes:
        value: in the unit.
        unit: empty for a pure number.
        origin: where it comes from.
        sd: standard deviation, in the unit; None if it is not known.
        sign: stands before it where it was not measured, see `certainty.SIGNS`.
    """

    value: float
    unit: str
    origin: Origin
    sd: float | None = None
    sign: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        spread = {} if self.sd is None else {"sd": self.sd}
        return {"value": self.value, "unit": self.unit, **spread, "origin": self.origin}


def measured_origin(simulated: Iterable[bool]) -> Origin:
    """Of what is computed from several measurements: simulated as soon as one of them is."""
    return "simulated" if any(simulated) else "real"
