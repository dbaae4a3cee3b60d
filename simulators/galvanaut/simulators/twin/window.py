"""Between which stoichiometries a cell is full and empty, after some lithium is lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from galvanaut.simulators.cells.spme.parameters import Array, Design

LEAST_LOST, MOST_LOST, POINTS = -0.1, 0.5, 61
_EDGE = 1e-4
_HALVINGS = 60


@dataclass(frozen=True)
class Window:
    """Stoichiometry of the negative electrode of a full and of an empty cell at rest, on a grid of lithium lost.

    Attributes:
        full: shape (`POINTS`,), over lithium lost from `LEAST_LOST` to `MOST_LOST`, as a share of the negative
            electrode.
        empty: the same.
    """

    full: Array
    empty: Array


@lru_cache(maxsize=16)
def window(design: Design, lowest_V: float, highest_V: float) -> Window:
    """Of a design between two voltages at rest."""
    lost = np.linspace(LEAST_LOST, MOST_LOST, POINTS)
    return Window(at_rest(design, lost, highest_V), at_rest(design, lost, lowest_V))


def positive(design: Design, negative: Array, lost: Array) -> Array:
    """Stoichiometry of the positive electrode that goes with one of the negative electrode, at rest."""
    moved = design.full_negative - negative - lost
    return np.asarray(design.full_positive + moved * room_ratio(design))


def room_ratio(design: Design) -> float:
    """Lithium that the negative electrode can hold over what the positive one can."""
    return design.negative.charge_C_m2 / design.positive.charge_C_m2


def open_circuit_V(design: Design, negative: Array, lost: Array) -> Array:
    """Voltage at rest; stoichiometries are cut off at the edges."""
    inside = np.clip(negative, _EDGE, 1 - _EDGE)
    other = np.clip(positive(design, negative, lost), _EDGE, 1 - _EDGE)
    opened = design.positive.open_circuit.potentials_V(other) - design.negative.open_circuit.potentials_V(inside)
    return np.asarray(opened)


def at_rest(design: Design, lost: Array, voltage_V: float | Array) -> Array:
    """The negative electrode's stoichiometry at a voltage at rest, by halving; arrays of one shape."""
    low, high = np.full(np.shape(lost), _EDGE), np.full(np.shape(lost), 1 - _EDGE)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = open_circuit_V(design, middle, lost) > voltage_V
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.asarray((low + high) / 2)
