"""The shape of the conductivity law: a VFT law whose constants are mixed from the solvents.

For mass shares x of the solvent (EC, PC, DMC, EMC), molality m in mol per kg of solvent and T in kelvin::

    ln k = ln m + a(x) + s(x) sqrt(m) + c(x) m - 100 b(x) / (T - t(x) - tau m)

The first term counts the ions, the next three stand for what they do to each other, the last one for the viscosity
(Vogel, Fulcher, Tammann) whose glass temperature the salt raises. a and b are linear in the shares plus one product
of each cyclic carbonate with the linear ones; s and c differ between cyclic and linear carbonates; t is linear in the
shares. That is 21 parameters, all but the five of t and tau linear.
"""

from __future__ import annotations

import numpy as np

from galvanaut.simulators.electrolyte.composition import Array

PARAMETERS = (
    *(f"a_{name}" for name in ("EC", "PC", "DMC", "EMC", "EC_linear", "PC_linear")),
    *("s_cyclic", "s_linear", "c_cyclic", "c_linear"),
    *(f"b_{name}" for name in ("EC", "PC", "DMC", "EMC", "EC_linear", "PC_linear")),
    *(f"t_{name}_K" for name in ("EC", "PC", "DMC", "EMC")),
    "tau_K_kg_mol",
)
"""Names in the order of every parameter array; b is in units of 100 K."""

CELSIUS_ZERO_K = 273.15

_B = slice(10, 16)
_T = slice(16, 20)


def log_conductivity(parameters: Array, shares: Array, molality: Array, temperature_K: Array) -> Array:
    """Natural logarithm of the conductivity in mS/cm.

    Args:
        parameters: shape (21,), see `PARAMETERS`.
        shares: mass shares of the solvent, shape (n, 4).
        molality: mol per kg of solvent, shape (n,), positive.
        temperature_K: shape (n,).
    """
    excess_K = temperature_K - shares @ parameters[_T] - parameters[20] * molality
    return np.asarray(np.log(molality) + _linear_part(shares, molality, excess_K) @ parameters[:16])


def jacobian(parameters: Array, shares: Array, molality: Array, temperature_K: Array) -> Array:
    """Derivatives of `log_conductivity` by the parameters, shape (n, 21)."""
    excess_K = temperature_K - shares @ parameters[_T] - parameters[20] * molality
    by_glass_temperature = -100 * (_mixing(shares) @ parameters[_B]) / excess_K**2
    return np.column_stack(
        [
            _linear_part(shares, molality, excess_K),
            shares * by_glass_temperature[:, None],
            molality * by_glass_temperature,
        ]
    )


def _linear_part(shares: Array, molality: Array, excess_K: Array) -> Array:
    """Derivatives by the sixteen parameters that enter linearly, shape (n, 16)."""
    families = np.column_stack([shares[:, :2].sum(axis=1), shares[:, 2:].sum(axis=1)])
    mixing = _mixing(shares)
    return np.hstack(
        [
            mixing,
            families * np.sqrt(molality)[:, None],
            families * molality[:, None],
            -100 * mixing / excess_K[:, None],
        ]
    )


def _mixing(shares: Array) -> Array:
    """Shares, and the products of each cyclic carbonate with the linear ones; shape (n, 6)."""
    linear = shares[:, 2:].sum(axis=1, keepdims=True)
    return np.hstack([shares, shares[:, :2] * linear])
