"""How the assembly of a cell turns out. All shares are illustrative."""

from __future__ import annotations

from dataclasses import dataclass

from galvanaut.core.identifiers import generator
from galvanaut.simulators.cells.made import Defect

NOTICED = 0.2
"""Share of failures that the assembler notices."""
REASONS = ("the case was not crimped", "an electrode was not picked up", "the separator was torn")
DEFECTS: tuple[Defect, ...] = ("open", "short", "misassembled")


@dataclass(frozen=True)
class Turnout:
    """Attributes: ``reason`` why there is no cell, ``defect`` of the one there is; both empty if all went well."""

    reason: str = ""
    defect: Defect = ""


def turnout(seed: int, cell: str, failure_rate: float) -> Turnout:
    """How it turns out, the same for the same seed and name; ``failure_rate`` is the share that goes wrong, 0 to 1."""
    chance = generator(seed, "assembly", cell)
    # All numbers are drawn whatever they are used for, so that a higher rate spoils more cells and changes no other.
    luck, notice, kind = chance.random(3).tolist()
    if luck >= failure_rate:
        return Turnout()
    if notice < NOTICED:
        return Turnout(reason=REASONS[int(kind * len(REASONS))])
    return Turnout(defect=DEFECTS[int(kind * len(DEFECTS))])
