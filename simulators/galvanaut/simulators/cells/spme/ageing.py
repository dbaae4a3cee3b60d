"""Side reactions and losses. The equations are from the literature; the constants are illustrative.

SEI growth limited by kinetics and by diffusion, plating while charging and pore clogging follow O'Kane et al., Phys.
Chem. Chem. Phys. 24 (2022) 7909; drying out follows the idea in Attia et al., J. Electrochem. Soc. 169 (2022) 060517.
The constants were chosen so that a coin cell ages believably. They were fitted to no cell, and predict none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from galvanaut.simulators.cells.spme.parameters import FARADAY_C_MOL, GAS_J_MOL_K, REFERENCE_K, Array

SEI_VOLUME_M3_MOL = 9.585e-5
SEI_V = 0.4
FIRST_FILM_M = 5e-9
LOWEST_V = -0.5
"""Of the negative electrode: side reactions grow no faster below it, where an overfull electrode has no physics."""
LITHIUM_PER_SEI = 2.0
EC_MOL_M3 = 4541.0
EC_VOLUME_M3_MOL = 6.7e-5
SEI_ACTIVATION_J_MOL = 38000.0
PLATING_ACTIVATION_J_MOL = -30000.0
"""Effective: plating is worse in the cold. Illustrative."""
SEPARATOR_SHARE = 0.3
"""Share of the liquid's ohmic drop between the mean of the electrode and its side at the separator. Illustrative."""
MOST_PLATING = 0.5
"""Share of the charging current that plates at most. Illustrative."""
FORMATION_SHARE = 0.3
"""Share of the charging current that builds the first film until that is complete. Illustrative."""


@dataclass(frozen=True)
class Ageing:
    """How a cell ages. Every value is illustrative.

    Attributes:
        sei_mol_m_s: diffusivity times concentration of what feeds the SEI.
        sei_m_s: rate constant of the SEI's reaction.
        film_ohm_m: resistivity of the SEI.
        first_film_ohm: resistance of the film after formation.
        plating_m_s: rate constant of plating.
        loss_per_turnover: active material of the negative electrode lost per nominal capacity of charge throughput;
            half of it is lost in the positive electrode.
        loss_growth: how that grows with the share of lithium lost.
        formation: lithium that formation takes, as a share of what cycles afterwards.
        liquid_share: electrolyte in the stack over the volume of its pores.
    """

    sei_mol_m_s: float = 2.5e-22 * 2636 * 8
    sei_m_s: float = 1e-12
    film_ohm_m: float = 2e5
    first_film_ohm: float = 0.0
    plating_m_s: float = 1e-11
    loss_per_turnover: float = 4e-5
    loss_growth: float = 5.0
    formation: float = 0.08
    liquid_share: float = 1.25


NO_AGEING = Ageing(sei_mol_m_s=0.0, sei_m_s=0.0, plating_m_s=0.0, loss_per_turnover=0.0, formation=0.0)
"""A cell that stays as it is."""
QUICK = Ageing(sei_mol_m_s=40 * 2.5e-22 * 2636 * 8, plating_m_s=4e-11, liquid_share=1.05)
"""For campaigns: recipes come to 80 % of their capacity within some 60 to 230 cycles, and some dry out."""


def arrhenius(activation_J_mol: float, temperature_K: Array) -> Array:
    """How much faster than at 298.15 K."""
    return np.asarray(np.exp(activation_J_mol / GAS_J_MOL_K * (1 / REFERENCE_K - 1 / temperature_K)))


def kinetic_A_m2(potential_V: Array, speed_A_m2: Array, thermal_V: Array) -> Array:
    """What the SEI's reaction would take if nothing had to diffuse; shapes (n, t), (n, 1), (n, 1).

    Args:
        potential_V: of the negative particles.
        speed_A_m2: at `SEI_V`, see `sei_speed_A_m2`.
        thermal_V: twice the thermal voltage.
    """
    return np.asarray(speed_A_m2 * np.exp((SEI_V - np.maximum(potential_V, LOWEST_V)) / thermal_V))


def sei_speed_A_m2(sei_m_s: Array, temperature_K: Array) -> Array:
    """The SEI's reaction at `SEI_V`."""
    return np.asarray(FARADAY_C_MOL * EC_MOL_M3 * sei_m_s * arrhenius(SEI_ACTIVATION_J_MOL, temperature_K))


def sei_feed_A_m(sei_mol_m_s: Array, temperature_K: Array) -> Array:
    """What diffusion through the film feeds the SEI's reaction with, times the film's thickness."""
    return np.asarray(FARADAY_C_MOL * sei_mol_m_s * arrhenius(SEI_ACTIVATION_J_MOL, temperature_K))


def film_m(start_m: Array, times_s: Array, kinetic: Array, feed_A_m: Array) -> Array:
    """Thickness of a film that slows its own growth; exact for constant kinetics, so that long rests need no steps.

    Args:
        start_m: thickness at the beginning, shape (n, 1).
        times_s: shape (n, t).
        kinetic: `kinetic_A_m2` averaged over the time until then, shape (n, t).
        feed_A_m: `sei_feed_A_m`, shape (n, 1).
    """
    growth = SEI_VOLUME_M3_MOL / (LITHIUM_PER_SEI * FARADAY_C_MOL)
    # Growth is resisted by thickness/feed + 1/kinetic. Integrated that is a quadratic equation for the thickness, here
    # multiplied by both so that either may be zero, and solved in the form that loses no digits.
    added = kinetic * times_s * (growth * feed_A_m)
    linear = kinetic * start_m + feed_A_m
    root = np.sqrt(linear**2 + 2 * kinetic * added)
    return np.asarray(start_m + np.divide(2 * added, linear + root, out=np.zeros_like(added), where=added > 0))


def plating_speed_A_mol(plating_m_s: Array, temperature_K: Array) -> Array:
    """Plating at 0 V, A/m2 per mol/m3 of salt."""
    return np.asarray(FARADAY_C_MOL * plating_m_s * arrhenius(PLATING_ACTIVATION_J_MOL, temperature_K))


def plating_A_m2(
    potential_V: Array, charging_A: Array, liquid_ohm: Array, salt_mol_m3: Array, speed_A_mol: Array, thermal_V: Array
) -> Array:
    """Plating while charging, per particle surface; all shapes (n, t) but the last two, (n, 1)."""
    at_separator_V = np.maximum(potential_V - SEPARATOR_SHARE * charging_A * liquid_ohm, LOWEST_V)
    return np.asarray((charging_A > 0) * speed_A_mol * salt_mol_m3 * np.exp(at_separator_V / -thermal_V))


def so_far(times_s: Array, values: Array) -> Array:
    """Integral of a quantity from the first instant until each, by trapezia; shapes (n, t)."""
    pieces = np.diff(times_s) * (values[:, 1:] + values[:, :-1]) / 2
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(pieces, axis=1)], axis=1)
