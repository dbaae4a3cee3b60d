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

from galvanaut.simulators.cells.pybamm_parameters import NOMINAL_mA, load_pybamm, parameter_values
from galvanaut.simulators.cells.spme import landesfeind

TARGET = Path(__file__).parents[1] / "tests/simulators/spme/dfn_curves.csv"
COLUMNS = ("electrolyte", "salt_M", "current_mA", "time_s", "voltage_V")
SALTS_M = (0.6, 1.0, 1.5)
C_RATES = (0.1, 0.5, 1.0, 2.0)
POINTS = 50
MESH = {"x_n": 40, "x_s": 20, "x_p": 40, "r_n": 240, "r_p": 240}


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
