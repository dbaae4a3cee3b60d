"""Simulated cells, and the holders in which instruments meet them."""

from galvanaut.simulators.cells.cell import Cell, CellState, Path
from galvanaut.simulators.cells.drive import OPEN, Drive
from galvanaut.simulators.cells.holders import Holders
from galvanaut.simulators.cells.sight import Sight, Trace

__all__ = ["OPEN", "Cell", "CellState", "Drive", "Holders", "Path", "Sight", "Trace"]
