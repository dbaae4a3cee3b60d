"""Our coin cell in the parameters of PyBaMM, which the extra ``pybamm`` brings."""

from __future__ import annotations

from typing import Any

from galvanaut.core.errors import InputError
from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.parameters import COIN

NOMINAL_mA = 4.8
"""That C-rates refer to."""
LOWEST_V = 2.5
"""Where PyBaMM ends a discharge that nothing else ends."""


def load_pybamm() -> Any:
    """The package, which takes seconds to import.

    Raises:
        InputError: it is not installed; says how to install it.
    """
    try:
        import pybamm
    except ImportError:
        text = "PyBaMM is not installed: pip install 'galvanaut[pybamm]', or in a clone uv run --extra pybamm"
        raise InputError("physics: pybamm", text) from None
    return pybamm


def parameter_values(pybamm: Any, family: landesfeind.Family, salt_M: float) -> Any:
    """The parameters of Chen2020 with our coin cell and one of the three electrolytes."""
    values = pybamm.ParameterValues("Chen2020")
    negative, positive = COIN.negative, COIN.positive
    values.update(
        {
            "Negative electrode thickness [m]": negative.thickness_m,
            "Separator thickness [m]": COIN.separator_m,
            "Positive electrode thickness [m]": positive.thickness_m,
            "Electrode height [m]": COIN.area_m2,
            "Electrode width [m]": 1.0,
            "Negative electrode porosity": negative.porosity,
            "Separator porosity": COIN.separator_porosity,
            "Positive electrode porosity": positive.porosity,
            "Negative electrode active material volume fraction": negative.active_share,
            "Positive electrode active material volume fraction": positive.active_share,
            "Initial concentration in negative electrode [mol.m-3]": COIN.full_negative * negative.most_mol_m3,
            "Initial concentration in positive electrode [mol.m-3]": COIN.full_positive * positive.most_mol_m3,
            "Initial concentration in electrolyte [mol.m-3]": 1000 * salt_M,
            "Nominal cell capacity [A.h]": NOMINAL_mA / 1000,
            "Lower voltage cut-off [V]": LOWEST_V,
            "Upper voltage cut-off [V]": 4.5,
            **electrolyte(pybamm, family),
        }
    )
    return values


def electrolyte(pybamm: Any, family: landesfeind.Family) -> dict[str, Any]:
    """The relations of `landesfeind` as PyBaMM's symbols, clipped in the same way."""

    def cubic(p: tuple[float, ...], bounds: tuple[float, float]) -> Any:
        def relation(c_mol_m3: Any, t: Any) -> Any:
            c = c_mol_m3 / 1000
            terms = (1.0, c, t, c * c, c * t, t * t, c**3, c * c * t, c * t * t)
            total = sum(factor * term for factor, term in zip(p, terms, strict=True))
            return pybamm.maximum(bounds[0], pybamm.minimum(total, bounds[1]))

        return relation

    def conductivity(c_mol_m3: Any, t: Any) -> Any:
        p1, p2, p3, p4, p5, p6 = landesfeind.CONDUCTIVITY_P[family]
        c, e = c_mol_m3 / 1000, pybamm.exp(1000 / t)
        top = 1 + p3 * pybamm.sqrt(c) + p4 * (1 + p5 * e) * c
        return p1 * (1 + (t - p2)) * c * top / (1 + c**4 * p6 * e) / 10

    def diffusivity(c_mol_m3: Any, t: Any) -> Any:
        p1, p2, p3, p4 = landesfeind.DIFFUSIVITY_P[family]
        c = c_mol_m3 / 1000
        return p1 * pybamm.exp(p2 * c) * pybamm.exp(p3 / t) * pybamm.exp(p4 * c / t) * 1e-10

    return {
        "Electrolyte conductivity [S.m-1]": conductivity,
        "Electrolyte diffusivity [m2.s-1]": diffusivity,
        "Cation transference number": cubic(landesfeind.TRANSFERENCE_P[family], landesfeind.TRANSFERENCE),
        "Thermodynamic factor": cubic(landesfeind.THERMODYNAMIC_P[family], landesfeind.THERMODYNAMIC_FACTOR),
    }
