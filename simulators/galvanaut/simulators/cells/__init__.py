"""Simulated cells, and the holders in which instruments meet them."""

from galvanaut.simulators.cells.cell import Cell, CellState
from galvanaut.simulators.cells.drive import OPEN, Drive
from galvanaut.simulators.cells.holders import Holders, Sight

__all__ = ["OPEN", "Cell", "CellState", "Drive", "Holders", "Sight"]
