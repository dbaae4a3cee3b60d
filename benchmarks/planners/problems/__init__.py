"""The problems of the comparison, by name. Two of them are held out (README.md beside)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from problems.ageing import life_choice, offsets, two_objectives
from problems.mixtures import cold_cost, conductivity, gelling
from problems.synthetic import Synthetic

OPEN: Mapping[str, Callable[[], Synthetic]] = {
    "conductivity": conductivity,
    "two-objectives": two_objectives,
    "life-choice": life_choice,
    "offsets": offsets,
}
"""Set-ups may be chosen on these."""
HELD_OUT: Mapping[str, Callable[[], Synthetic]] = {"cold-cost": cold_cost, "gelling": gelling}
"""For one final run, when all set-ups are fixed."""
NAMES = (*OPEN, *HELD_OUT)


def problem(name: str) -> Synthetic:
    """The problem called ``name``.

    Raises:
        KeyError: there is none.
    """
    return {**OPEN, **HELD_OUT}[name]()
