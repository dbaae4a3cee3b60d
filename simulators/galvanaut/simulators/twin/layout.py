"""Records that both engines work on: what never changes, and one row of state per channel.

A row holds everything that a twin remembers, as numbers; so a snapshot is that row, and both engines take up either's.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

import numpy as np

from galvanaut.core import bdf
from galvanaut.simulators.cells.spme.compiled import is_compiling
from galvanaut.simulators.cells.spme.modes import SPHERE_DECAYS, SPHERE_GAINS, liquid_modes
from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, GAS_J_MOL_K, REFERENCE_K, Design, Electrode
from galvanaut.simulators.twin.electrolyte import ACTIVATION_J_MOL, CONDUCTIVITY_P, FREEZING_K, Electrolyte
from galvanaut.simulators.twin.prior import TwinPrior
from galvanaut.simulators.twin.tuning import Tuning
from galvanaut.simulators.twin.window import LEAST_LOST, MOST_LOST, POINTS, room_ratio, window

SPHERE, SALT = len(SPHERE_GAINS), 14
"""Modes of a particle and of the salt."""
CYCLE = (
    "cycle_s",
    "charged_C",
    "discharged_C",
    "unsure_C2",
    "released_J",
    "moved_C",
    "most_A",
    "least_A",
    "count",
    "sum_V",
    "sum_V2",
    "biased_V",
)
"""What is summed up over a cycle; set to zero at its end."""
ROW = np.dtype(
    [
        *((name, float) for name in ("begun", "time_s", "current_A", "kelvin", "x", "y")),
        ("ahead_n", float, (SPHERE,)),
        ("ahead_p", float, (SPHERE,)),
        ("salt", float, (SALT,)),
        *((name, float) for name in ("ohm", "scale", "lost")),
        ("cov", float, (4, 4)),
        *((name, float) for name in ("noise_V2", "nis", "residual_V", "simulated_V", "learnt_s", "stepped_s")),
        *((name, float) for name in ("base_V", "based", "doubted", "up", "down")),
        *((name, float) for name in ("same_V", "same_A", "same_s", "same_moved_V", "frozen_now")),
        *((name, float) for name in ("readings", "used", "skipped", "gaps", "clamped", "cycle", "step")),
        *((name, float) for name in ("step_time_s", "phase", "began_s")),
        *((name, float) for name in CYCLE),
    ]
)
"""State of one channel.

Stoichiometries are those of the negative (``x``) and the positive electrode (``y``), per nominal area: the current that
drives them is the channel's over ``scale``. ``cov`` is of stoichiometry, ``ohm``, ``scale`` and ``lost``.
"""
COLUMNS = ("time_s", "current_A", "voltage_V", "temperature_degC", "cycle", "step", "step_time_s")
"""Of a table of readings as engines take it; not a number where nobody knows."""
SEEN = ("simulated_V", "residual_V", "nis", "soc", "code", "step_V")
"""Of what engines say about each reading: simulated before the reading is used, measured less that."""
JUMP, FROZEN, SUMMED, GAP = 1.0, 2.0, 4.0, 8.0
"""Codes of what was noticed; they add up."""


@lru_cache(maxsize=8)
def fixed(design: Design, tuning: Tuning, lowest_V: float, highest_V: float) -> Any:
    """One row: the design, its window and the tuning."""
    pores, between = liquid_modes(design), window(design, lowest_V, highest_V)
    negative, positive = design.negative, design.positive
    room_n_C, room_p_C = (side.charge_C_m2 * design.area_m2 for side in (negative, positive))
    first, half, cubed = CONDUCTIVITY_P
    return readable(
        _record(
            **asdict(tuning),
            faraday=FARADAY_C_MOL,
            gas=GAS_J_MOL_K,
            reference_K=REFERENCE_K,
            freezing_K=FREEZING_K,
            activation=ACTIVATION_J_MOL,
            activation_n=negative.activation_J_mol,
            activation_p=positive.activation_J_mol,
            area_m2=design.area_m2,
            room_n_C=room_n_C,
            room_p_C=room_p_C,
            ratio=room_ratio(design),
            full_n=design.full_negative,
            full_p=design.full_positive,
            exchange_n=_exchange_A(negative, design.area_m2),
            exchange_p=_exchange_A(positive, design.area_m2),
            solid_ohm=sum(side.thickness_m / (3 * side.conductivity_S_m) for side in (negative, positive))
            / design.area_m2,
            rates_n=SPHERE_DECAYS * negative.diffusivity_m2_s / negative.radius_m**2,
            rates_p=SPHERE_DECAYS * positive.diffusivity_m2_s / positive.radius_m**2,
            gains_n=SPHERE_GAINS * negative.radius_m**2 / (3 * negative.diffusivity_m2_s * room_n_C),
            gains_p=-SPHERE_GAINS * positive.radius_m**2 / (3 * positive.diffusivity_m2_s * room_p_C),
            eigen=pores.eigenvalues,
            sources=pores.sources,
            shapes_M=pores.shapes_M,
            mean_n=pores.means[:, 0],
            mean_p=pores.means[:, 1],
            ohm_m=pores.resistances.sum(axis=1) / design.area_m2,
            curve_n=_curve(negative),
            curve_p=_curve(positive),
            full=between.full,
            empty=between.empty,
            least_lost=LEAST_LOST,
            grid_lost=(MOST_LOST - LEAST_LOST) / (POINTS - 1),
            most_lost=MOST_LOST,
            first=first,
            half=half,
            cubed=cubed,
            edge=1e-4,
            beyond_V=100.0,
            least_M=0.01,
            most_M=2.6,
            jump=JUMP,
            frozen=FROZEN,
            summed=SUMMED,
            gap=GAP,
            stood_still_s=bdf.STOOD_STILL_S,
        )
    )


def liquid(prior: TwinPrior) -> Any:
    """One row: the electrolyte and the nominal temperature."""
    mine = Electrolyte.of(prior)
    return _record(
        salt_M=mine.salt_M,
        kelvin=mine.kelvin,
        factor=mine.factor,
        diffusivity=mine.diffusivity_m2_s,
        unlike=mine.unlike,
        polarising=mine.polarising,
    )


def fresh(prior: TwinPrior, tuning: Tuning) -> Any:
    """One row of state, before any reading."""
    row = np.zeros(1, ROW)
    row["kelvin"], row["scale"], row["ohm"] = FREEZING_K + prior.temperature_degC, 1.0, prior.resistance_ohm
    row["noise_V2"], row["nis"], row["stepped_s"] = (2 * tuning.noise_V) ** 2, 1.0, tuning.gate_s
    for name in ("cycle", "step", "step_time_s", "same_V"):
        row[name] = np.nan
    for place, sd in enumerate((0.0, prior.resistance_sd_ohm, prior.scale_sd, prior.lost_sd)):
        row["cov"][0, place, place] = sd**2
    return row


def readable(rows: Any) -> Any:
    """Numba reads fields of a structured array as attributes; Python does so of a record array."""
    return rows if is_compiling() else rows.view(np.recarray)


def _record(**values: Any) -> Any:
    shapes = [(name, float, np.shape(value)) for name, value in values.items()]
    return np.array([tuple(values.values())], shapes)


def _exchange_A(electrode: Electrode, area_m2: float) -> float:
    """Exchange current at 25 °C over the root of salt in mol/l and both shares."""
    surface_m2 = electrode.surface_1_m * electrode.thickness_m * area_m2
    return float(electrode.exchange * electrode.most_mol_m3 * 1000**0.5 * surface_m2)


def _curve(electrode: Electrode) -> Any:
    """Level, slope, size and rate of what fades; then height, steepness and place of each step."""
    curve = electrode.open_circuit
    return np.array([curve.level_V, curve.slope_V, *curve.fading, *np.ravel(curve.steps)])
