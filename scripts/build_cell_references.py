"""Regenerates the stored discharge curves that the simulated cell is compared with.

Usage: ``python scripts/build_cell_references.py [TARGET.csv]``, with the package PyBaMM (extra ``pybamm``).

The curves are of the Doyle-Fuller-Newman model with the same cell and the same relations for the electrolyte, on a mesh
so fine that doubling it changes no voltage by more than 0.2 mV before the last 2 % of the discharge.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np

from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.parameters import COIN

TARGET = Path(__file__).parents[1] / "tests/simulators/spme/dfn_curves.csv"
COLUMNS = ("electrolyte", "salt_M", "current_mA", "time_s", "voltage_V")
SALTS_M = (0.6, 1.0, 1.5)
NOMINAL_mA = 4.8
C_RATES = (0.1, 0.5, 1.0, 2.0)
LOWEST_V = 2.5
POINTS = 50
MESH = {"x_n": 40, "x_s": 20, "x_p": 40, "r_n": 240, "r_p": 240}


def load_pybamm() -> Any:
    """The package, or a message that says how to get it."""
    try:
        import pybamm
    except ImportError:
        raise SystemExit(
            "PyBaMM is not installed; install galvanaut with the extra `pybamm` (pip install pybamm)"
        ) from None
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


def discharge(pybamm: Any, values: Any, c_rate: float, mesh: dict[str, int] = MESH) -> tuple[Any, Any]:
    """Times in s and voltages of a discharge from full."""
    values = values.copy()
    values["Current function [A]"] = NOMINAL_mA / 1000 * c_rate
    solver = pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-8)
    simulation = pybamm.Simulation(pybamm.lithium_ion.DFN(), parameter_values=values, solver=solver, var_pts=mesh)
    solution = simulation.solve([0, 4500 / c_rate])
    end_s = float(solution.t[-1])
    # The last point is the end itself; the others lie closer together where the current has just begun.
    times_s = end_s * np.linspace(0, 1, POINTS) ** 1.5
    return times_s, solution["Voltage [V]"](times_s)


def main() -> None:
    """Write all curves."""
    pybamm = load_pybamm()
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for family in landesfeind.FAMILIES:
            for salt_M in SALTS_M:
                values = parameter_values(pybamm, family, salt_M)
                for c_rate in C_RATES:
                    for time_s, voltage_V in zip(*discharge(pybamm, values, c_rate), strict=True):
                        row = (family, salt_M, f"{NOMINAL_mA * c_rate:g}", f"{time_s:.3f}", f"{voltage_V:.6f}")
                        writer.writerow(row)
                    print(f"{family}, {salt_M:g} mol/l, C-rate {c_rate:g}: {time_s:.0f} s", flush=True)


if __name__ == "__main__":
    main()
