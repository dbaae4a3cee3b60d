"""Numbers with their standard uncertainty, and how they are written as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Figure:
    """A number and its standard uncertainty, in the unit that the name of the field says; NaN if unknown."""

    value: float
    sd: float

    def to_json(self) -> dict[str, float | None]:
        """As ``{"value": ..., "sd": ...}``, unknown as null."""
        return {"value": json_number(self.value), "sd": json_number(self.sd)}


@dataclass(frozen=True)
class Figures:
    """A column of `Figure`; both arrays have shape (n,)."""

    values: Array
    sds: Array

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> Figure:
        return Figure(float(self.values[row]), float(self.sds[row]))


def json_number(value: float) -> float | None:
    """JSON has no word for not a number or infinite but null."""
    return float(value) if isfinite(value) else None


def over(numerator: Array, denominator: Array) -> Array:
    """The quotient, not a number where the denominator is zero."""
    missing = np.full(len(denominator), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=missing, where=denominator != 0))
