"""A single cell by `kernels`: its constants and states as records that they take, and arrays of what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from galvanaut.simulators.cells.spme import ageing, kernels
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.cells.spme.losses import LEAST_LEFT
from galvanaut.simulators.cells.spme.modes import liquid_modes
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, Array, Electrode, Flags
from galvanaut.simulators.cells.spme.sizes import LEAST_POROSITY
from galvanaut.simulators.cells.spme.slopes import NUDGE, Slopes
from galvanaut.simulators.cells.spme.transport import LEAST_SALT_M, MOST_SALT_M
from galvanaut.simulators.cells.spme.voltage import BEYOND_V, EDGE, Paths, Snapshot

if TYPE_CHECKING:
    from galvanaut.simulators.cells.spme.cells import Cells

_LIMITS = {
    "edge": EDGE,
    "beyond_V": BEYOND_V,
    "least_salt_M": LEAST_SALT_M,
    "most_salt_M": MOST_SALT_M,
    "least_porosity": LEAST_POROSITY,
    "least_left": LEAST_LEFT,
    "nudge": NUDGE,
    "first_film_m": ageing.FIRST_FILM_M,
    "film_m3_C": ageing.SEI_VOLUME_M3_MOL / (ageing.LITHIUM_PER_SEI * FARADAY_C_MOL),
    "sei_V": ageing.SEI_V,
    "lowest_V": ageing.LOWEST_V,
    "separator_share": ageing.SEPARATOR_SHARE,
    "most_plating": ageing.MOST_PLATING,
    "formation_share": ageing.FORMATION_SHARE,
}
"""What no cell is without. It is part of every record, so that machine code that was kept never knows an old one."""
_STATES = ("negative", "positive", "film_m", "formation_C", "sei_C", "plated_C", "active_n", "active_p", "wet")
_NOW = np.dtype([(name, float) for name in (*_STATES, "room_n_C", "room_p_C")])
_MATRICES = ("rates", "salt_rates")


class FastCell:
    """One cell whose numbers numba works out.

    Args:
        cells: a single one.

    Attributes:
        fixed: one row: `Constants`, the electrodes, the pores and the limits of the model.
    """

    def __init__(self, cells: Cells) -> None:
        design, pores = cells.design, liquid_modes(cells.design)
        negative, positive = design.negative, design.positive
        constants = {name: value for name, value in vars(cells.constants).items() if name not in _MATRICES}
        self.fixed = _record(
            **{name: np.asarray(value).item() for name, value in constants.items()},
            **{name: cells.ageing[name].item() for name in ("loss_per_turnover", "loss_growth")},
            **_LIMITS,
            molar=cells.molar[0],
            curve_n=_curve(negative),
            curve_p=_curve(positive),
            surface_n=negative.surface_1_m * negative.thickness_m,
            surface_p=positive.surface_1_m * positive.thickness_m,
            surface_1_m=negative.surface_1_m,
            porosity=negative.porosity,
            shapes_M=pores.shapes_M,
            mean_n=pores.means[:, 0],
            mean_p=pores.means[:, 1],
            ohm_n=pores.resistances[:, 0],
            ohm=pores.resistances[:, 1],
        )

    def since(self, snapshot: Snapshot) -> FastStretch:
        """Of the same cell at the beginning of a stretch of time."""
        states = snapshot.states
        values = [getattr(states, name).item() for name in _STATES]
        row = np.array((*values, *(room_C.item() for room_C in snapshot.room_C)), _NOW)
        return FastStretch(self.fixed, _readable(row.reshape(1)))


class FastStretch:
    """A cell on its way through a stretch of time.

    Args:
        fixed: the cell; one row.
        now: its beginning; one row.
    """

    def __init__(self, fixed: Any, now: Any) -> None:
        self.fixed, self._now = fixed, now

    def along(
        self, times_s: Array, current_A: Array, charge_C: Array, ahead: tuple[Array, Array], salt: Array
    ) -> Paths:
        """As `Snapshot.along`."""
        rows, salt_M, is_depleted = kernels.along(
            self.fixed, self._now, times_s[0], current_A[0], charge_C[0], ahead[0][0], ahead[1][0], salt[0]
        )
        return _paths(times_s, current_A, charge_C, rows, salt_M, is_depleted)

    def losses(self, paths: Paths, integral_s: Array) -> Array:
        """In rows, each of shape (1, t): see `kernels.losses`."""
        table = kernels.losses(
            self.fixed, self._now, paths.times_s[0], integral_s, paths.current_A[0], paths.charge_C[0], paths.rows
        )
        return table[:, None]

    def slopes(self, paths: Paths, table: Array) -> Slopes:
        """As `slopes.slopes`; the table is that of `losses`."""
        (by_negative, by_positive, by_current), by_salt = kernels.slopes(
            self.fixed, self._now, paths.rows, paths.salt_M[0], table[:, 0]
        )
        return Slopes(by_negative[None], by_positive[None], by_salt[None], by_current[None])

    def voltages_V(self, grid_s: Array, table: Array, paths: Paths) -> Array:
        """As `Losses.voltages_V`; the table is that of `losses`, at other instants than the paths."""
        return kernels.voltages_V(
            self.fixed, self._now, grid_s[0], table[:, 0], paths.times_s[0], paths.current_A[0], paths.rows
        )[None]

    def current(self, path: kernels.Path) -> FastCurrent:
        """Looks at a constant current; see `kernels.look_V`."""
        return FastCurrent(self.fixed, path)

    def followed(self, currents_A: Array, left: kernels.Left, row: kernels.Row) -> tuple[Paths, Array]:
        """Paths under the currents at the nodes of a row of panels, and what `losses` makes of them.

        See `kernels.followed`.
        """
        rows, salt_M, is_depleted, table = kernels.followed(self.fixed, self._now, currents_A, left, row)
        times_s, charge_C = row[0], row[1] @ currents_A
        paths = _paths(times_s[None], currents_A[None], charge_C[None], rows, salt_M, is_depleted)
        return paths, table[:, None]

    def rises_ohm(self, paths: Paths, table: Array, row: kernels.Row) -> Array:
        """See `kernels.rises_ohm`."""
        return kernels.rises_ohm(self.fixed, self._now, paths.rows, paths.salt_M[0], table[:, 0], row)


class FastCurrent:
    """The voltage of a cell under a constant current; see `FastStretch.current`."""

    def __init__(self, fixed: Any, path: kernels.Path) -> None:
        self._fixed, self._path = fixed, path

    def voltage_V(self, seconds: float) -> float:
        """At an instant."""
        return kernels.look_V(self._fixed, self._path, seconds)


def _paths(times_s: Array, current_A: Array, charge_C: Array, rows: Array, salt_M: Array, is_depleted: Flags) -> Paths:
    """Of one cell, from what `kernels.along` returns."""
    inner_A, x, y, salt_n_M, salt_p_M, log_ratio, ohm_n_m2, ohm_m2 = rows[:, None]
    liquid = (salt_n_M, salt_p_M, log_ratio, ohm_n_m2, ohm_m2, is_depleted[None], salt_M[None])
    return Paths(times_s, current_A, inner_A, charge_C, x, y, *liquid, rows)


def _record(**values: float | Array) -> Any:
    """One row with a field for each value."""
    shapes = [(name, float, np.shape(value)) for name, value in values.items()]
    return _readable(np.array([tuple(values.values())], shapes))


def _readable(row: Any) -> Any:
    """Numba reads fields as attributes; Python does so only of a kind of array that is slow to hand over to numba."""
    return row if is_compiling() else row.view(np.recarray)


def _curve(electrode: Electrode) -> Array:
    """As `kernels` takes the open circuit."""
    curve = electrode.open_circuit
    return np.array([curve.level_V, curve.slope_V, *curve.fading, *np.ravel(curve.steps)])
