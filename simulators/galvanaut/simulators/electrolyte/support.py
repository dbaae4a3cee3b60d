"""Where the conductivity law may be asked: inside what was measured, and between it.

Region A
    One robot, dense: EC, PC and EMC with (EC + PC):EMC = 3:7 by mass, PC/(PC + EC) molar 0.09 to 1, 0.2 to 2.1
    mol/kg, -30 to 60 degC.
Region B
    Several laboratories: EC 0.1 to 0.5 of the solvent's mass with DMC, EMC or both, 0.5 to 2.0 mol/kg, 0 to 40 degC.
Between
    The convex hull of both in solvent shares, 0.5 to 2.0 mol/kg, 0 to 40 degC. Nothing was fitted inside but what
    two papers hold; left out of the fit, EC:PC:DMC (27:10:63 by volume) is predicted within 3 % in the median and
    EC:PC:EMC with all of the robot's such mixtures within 5 % (`crossvalidation`).

The hull is a pyramid: B is its base without PC, its tip is PC:EMC 3:7, and region A runs up one of its faces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.composition import MOLAR_MASSES_G_MOL, SOLVENTS, Array, split

RegionName = Literal["A", "B", "between"]

MOLALITY_PER_MARGIN = 2.5
"""What a margin of 1 in mass share means for molality, mol/kg."""

KELVIN_PER_MARGIN = 50.0
"""What a margin of 1 in mass share means for temperature: 0.02 allows one kelvin."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class _Bound:
    """``row @ (EC, PC, DMC, EMC, molality, degC) <= limit``; ``unit`` is what a margin of 1 allows on top."""

    text: str
    row: tuple[float, ...]
    limit: float
    unit: float
    is_lower: bool = False

    def refusal(self, point: Array) -> str:
        """In words: the value, the bound, by how much."""
        sign = -1 if self.is_lower else 1
        value, limit = sign * float(np.dot(self.row, point)), sign * self.limit
        side = "at least" if self.is_lower else "at most"
        return f"{self.text} is {value:.4g}, {side} {limit:.4g} is supported (off by {abs(value - limit):.2g})"


def _at_most(text: str, row: tuple[float, ...], limit: float, unit: float = 1.0) -> _Bound:
    return _Bound(text, row, limit, unit)


def _at_least(text: str, row: tuple[float, ...], limit: float, unit: float = 1.0) -> _Bound:
    return _Bound(text, tuple(-factor for factor in row), -limit, unit, is_lower=True)


def _conditions(molality: tuple[float, float], temperature_degC: tuple[float, float]) -> tuple[_Bound, ...]:
    salt, heat = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    return (
        _at_least("LiPF6 (mol/kg)", salt, molality[0], MOLALITY_PER_MARGIN),
        _at_most("LiPF6 (mol/kg)", salt, molality[1], MOLALITY_PER_MARGIN),
        _at_least("temperature (degC)", heat, temperature_degC[0], KELVIN_PER_MARGIN),
        _at_most("temperature (degC)", heat, temperature_degC[1], KELVIN_PER_MARGIN),
    )


def _pc_ratio() -> _Bound:
    """PC/(PC + EC) >= 0.09 in moles, per 0.3 of the solvent's mass, as a linear bound on mass shares."""
    moles_pc, moles_ec = 0.91 / MOLAR_MASSES_G_MOL["PC"], 0.09 / MOLAR_MASSES_G_MOL["EC"]
    row = (-moles_ec / moles_pc, 1.0, 0.0, 0.0, 0.0, 0.0)
    return _at_least("PC - 0.104 EC (PC/(PC + EC) in moles above 0.09)", row, 0.0)


REGIONS: Mapping[RegionName, tuple[_Bound, ...]] = {
    "A": (
        _at_most("DMC", (0, 0, 1, 0, 0, 0), 0.0),
        _at_least("EC + PC", (1, 1, 0, 0, 0, 0), 0.3),
        _at_most("EC + PC", (1, 1, 0, 0, 0, 0), 0.3),
        _pc_ratio(),
        *_conditions((0.2, 2.1), (-30.0, 60.0)),
    ),
    "B": (
        _at_most("PC", (0, 1, 0, 0, 0, 0), 0.0),
        _at_least("EC", (1, 0, 0, 0, 0, 0), 0.1),
        _at_most("EC", (1, 0, 0, 0, 0, 0), 0.5),
        *_conditions((0.5, 2.0), (0.0, 40.0)),
    ),
    "between": (
        _at_least("EC + PC/3", (1, 1 / 3, 0, 0, 0, 0), 0.1),
        _at_most("EC + 5/3 PC", (1, 5 / 3, 0, 0, 0, 0), 0.5),
        _at_least("EMC - 7/3 PC", (0, -7 / 3, 0, 1, 0, 0), 0.0),
        *_conditions((0.5, 2.0), (0.0, 40.0)),
    ),
}
"""Bounds of each region beside shares of at least 0 that sum to 1; in the order of trust."""


def region(composition: Mapping[str, float], temperature_degC: float, margin: float = 0.0) -> RegionName:
    """The region that a composition lies in, the best supported one if several.

    Args:
        composition: mass fractions of the whole electrolyte.
        temperature_degC: of the measurement.
        margin: how far outside a bound is still accepted, in mass share of the solvent: dosing scatters about what
            was asked for. It also loosens molality and temperature, see `MOLALITY_PER_MARGIN`, `KELVIN_PER_MARGIN`.

    Raises:
        UnsupportedError: in no region; the text names the bounds broken in the nearest one, and by how much.
        ValueError: not mass fractions.
    """
    shares, molality = split(composition)
    point = np.array([*shares, molality, temperature_degC])
    excess = {name: _excess(bounds, point[None, :])[0] for name, bounds in REGIONS.items()}
    for name in REGIONS:
        if excess[name].max() <= margin + _ROUNDING:
            return name
    nearest = min(REGIONS, key=lambda name: float(excess[name].clip(min=0).sum()))
    broken = [bound.refusal(point) for bound, by in zip(REGIONS[nearest], excess[nearest], strict=True) if by > margin]
    label = "between A and B" if nearest == "between" else nearest
    found = ", ".join(f"{solvent} {share:.4g}" for solvent, share in zip(SOLVENTS, shares, strict=True))
    raise UnsupportedError(
        f"no data support this electrolyte ({found} of the solvent's mass); beside the nearest region ({label}): "
        f"{'; '.join(broken)}"
    )


def supported(
    solvent_shares: Array, molality: Array, temperature_degC: float, margin: float = 0.0
) -> NDArray[np.bool_]:
    """Which electrolytes lie in any region.

    Args:
        solvent_shares: mass shares of the solvent, shape (n, 4), order EC, PC, DMC, EMC, rows summing to 1.
        molality: mol per kg of solvent, shape (n,).
        temperature_degC: one for all.
        margin: as in `region`.

    Returns:
        Shape (n,).
    """
    points = np.column_stack([solvent_shares, molality, np.full(len(molality), temperature_degC)])
    proper = (solvent_shares >= -_ROUNDING).all(axis=1) & (np.abs(solvent_shares.sum(axis=1) - 1) < 1e-6)
    inside = [_excess(bounds, points).max(axis=1) <= margin + _ROUNDING for bounds in REGIONS.values()]
    return np.asarray(proper & np.logical_or.reduce(inside))


def solvent_hull() -> tuple[Array, Array]:
    """The convex hull of regions A and B in solvent shares as ``A @ x <= b``.

    Returns:
        A of shape (7, 4) and b of shape (7,), for x = (EC, PC, DMC, EMC) with sum 1; the last four rows say x >= 0.
    """
    bounds = REGIONS["between"][:3]
    rows = np.array([bound.row[:4] for bound in bounds])
    limits = np.array([bound.limit for bound in bounds])
    return np.vstack([rows, -np.eye(4)]), np.concatenate([limits, np.zeros(4)])


def linear_support(temperature_degC: float) -> tuple[Array, Array]:
    """The widest region at a temperature as ``A @ x <= b`` for x = (EC, PC, DMC, EMC, mol/kg), beside x >= 0.

    That is the hull from 0 to 40 degC, and region A below and above.

    Raises:
        UnsupportedError: below -30 or above 60 degC.
    """
    for name in ("between", "A"):
        *bounds, coldest, hottest = REGIONS["between"] if name == "between" else REGIONS["A"]
        if -coldest.limit <= temperature_degC <= hottest.limit:
            return np.array([bound.row[:5] for bound in bounds]), np.array([bound.limit for bound in bounds])
    raise UnsupportedError(f"no data support {temperature_degC:g} degC; -30 to 60 degC are supported")


def _excess(bounds: tuple[_Bound, ...], points: Array) -> Array:
    """How far points (n, 6) lie outside each bound, in units of margin; shape (n, number of bounds)."""
    rows = np.array([bound.row for bound in bounds])
    limits = np.array([bound.limit for bound in bounds])
    units = np.array([bound.unit for bound in bounds])
    return np.asarray((points @ rows.T - limits) / units)
