"""A coin cell as physics: the single-particle model with electrolyte, for many cells at once and for one in a holder.

See README.md beside this file for its equations, accuracy and limits. Everything about ageing in it is illustrative.
"""

from galvanaut.simulators.cells.spme.ageing import NO_AGEING, QUICK, Ageing
from galvanaut.simulators.cells.spme.cells import Cells, Sample, States
from galvanaut.simulators.cells.spme.cycling import Cycle, Cycled, cycle
from galvanaut.simulators.cells.spme.hold import Held, hold_current, hold_voltage
from galvanaut.simulators.cells.spme.holdercell import SpmeCell, SpmeState
from galvanaut.simulators.cells.spme.recipe import Recipe
from galvanaut.simulators.cells.spme.variability import Variability, made

__all__ = [
    "NO_AGEING",
    "QUICK",
    "Ageing",
    "Cells",
    "Cycle",
    "Cycled",
    "Held",
    "Recipe",
    "Sample",
    "SpmeCell",
    "SpmeState",
    "States",
    "Variability",
    "cycle",
    "hold_current",
    "hold_voltage",
    "made",
]
