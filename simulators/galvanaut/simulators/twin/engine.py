"""Which code follows readings: kernels that numba compiles, or arrays where it is not installed."""

from __future__ import annotations

from typing import Any

from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.cells.spme.parameters import Array, Flags


def follow(fixed: Any, liquid: Any, row: Any, readings: Array, seen: Array) -> int:
    """One channel through readings until a cycle is over; see `kernels.follow`."""
    if is_compiling():
        from galvanaut.simulators.twin import kernels  # compiles

        return int(kernels.follow(fixed, liquid, row, readings, seen))
    from galvanaut.simulators.twin import arrays

    return arrays.follow(fixed, liquid, row, readings, seen)


def tick(fixed: Any, liquid: Any, rows: Any, readings: Array, seen: Array, is_over: Flags) -> None:
    """Many channels, one reading each; see `kernels.tick`."""
    if is_compiling():
        from galvanaut.simulators.twin import kernels  # compiles

        kernels.tick(fixed, liquid, rows, readings, seen, is_over)
        return
    from galvanaut.simulators.twin import arrays

    arrays.tick(fixed, liquid, rows, readings, seen, is_over)
