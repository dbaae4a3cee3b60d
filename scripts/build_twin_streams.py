"""Regenerates the stored telemetry of a full model, by which the twin is judged.

Usage: ``python scripts/build_twin_streams.py [FOLDER]``, with the package PyBaMM (extra ``pybamm``); some minutes.

The cell is our coin cell in PyBaMM's Doyle-Fuller-Newman model, EC:EMC 3:7 with 1 mol/l and the relations of
Landesfeind and Gasteiger for the electrolyte. Four cycles each: C/3 to 4.2 V, held until C/20, rest, 1C to 2.8 V,
rest. A resistance outside the cell is added to the voltage afterwards; limits are on the voltage without it. Readings
every 60 s have 0.2 mV of white noise, and currents a gain of 0.02 %. The true stoichiometry stands beside them, for the
comparison alone.

``fresh``: 12 ohm, 1.03 of the area. ``aged``: 21 ohm, 0.97 of the area, and 8 % of the negative electrode's lithium
lost.
``slow``: as fresh, but a C/5 discharge in turn with 1C.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")

import numpy as np
import pandas as pd

from galvanaut.simulators.cells.pybamm_parameters import load_pybamm, parameter_values
from galvanaut.simulators.cells.spme.parameters import COIN

TARGET = Path(__file__).parents[1] / "tests/simulators/twin"
COLUMNS = ("time_s", "current_A", "voltage_V", "cycle", "step", "step_time_s", "negative")
MESH = {"x_n": 20, "x_s": 10, "x_p": 20, "r_n": 60, "r_p": 60}
NOMINAL_A, EVERY_S, NOISE_V, GAIN = 4.1e-3, 60.0, 2e-4, 1.0002


@dataclass(frozen=True)
class Truth:
    """What the twin does not know."""

    ohm: float
    area: float
    lost: float
    start: float
    rates: tuple[float, ...] = (1.0,)


STREAMS = {
    "fresh": Truth(12.0, 1.03, 0.0, 0.35),
    "aged": Truth(21.0, 0.97, 0.08, 0.30),
    "slow": Truth(12.0, 1.03, 0.0, 0.35, (0.2, 1.0)),
}


def solved(pybamm: Any, truth: Truth, cycles: int) -> Any:
    """PyBaMM's solution, one step after the other."""
    values = parameter_values(pybamm, "EC:EMC", 1.0)
    negative, positive = COIN.negative, COIN.positive
    x = truth.start * COIN.full_negative
    y = COIN.full_positive + (COIN.full_negative - truth.lost - x) * negative.charge_C_m2 / positive.charge_C_m2
    values.update(
        {
            "Electrode height [m]": COIN.area_m2 * truth.area,
            "Initial concentration in negative electrode [mol.m-3]": x * negative.most_mol_m3,
            "Initial concentration in positive electrode [mol.m-3]": y * positive.most_mol_m3,
        }
    )
    steps: list[Any] = [pybamm.step.rest(duration=600, period=EVERY_S)]
    for number in range(cycles):
        rate = truth.rates[number % len(truth.rates)]
        steps += [
            pybamm.step.current(-NOMINAL_A / 3, termination="4.2V", period=EVERY_S),
            pybamm.step.voltage(4.2, termination=f"{NOMINAL_A / 20}A", period=EVERY_S),
            pybamm.step.rest(duration=600, period=EVERY_S),
            pybamm.step.current(NOMINAL_A * rate, termination="2.8V", period=EVERY_S),
            pybamm.step.rest(duration=600, period=EVERY_S),
        ]
    experiment = pybamm.Experiment(steps)
    solver = pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-6)
    simulation = pybamm.Simulation(
        pybamm.lithium_ion.DFN(), parameter_values=values, experiment=experiment, solver=solver, var_pts=MESH
    )
    return simulation.solve()


def readings(solution: Any, truth: Truth, seed: int) -> pd.DataFrame:
    """What a cycler would have recorded, and the true stoichiometry."""
    tables = []
    for number, part in enumerate(solution.cycles):
        times_s = part["Time [s]"].entries
        is_new = np.diff(times_s, prepend=-1.0) > 1e-3
        concentration = part["X-averaged negative electrode extent of lithiation"].entries
        columns = {
            "time_s": times_s,
            "current_A": -part["Current [A]"].entries,
            "voltage_V": part["Voltage [V]"].entries,
            "cycle": np.full(len(times_s), max(0, (number - 1) // 5) + 1),
            "step": np.full(len(times_s), number + 1),
            "step_time_s": times_s - times_s[0],
            "negative": concentration,
        }
        tables.append(pd.DataFrame(columns)[is_new].iloc[0 if number == 0 else 1 :])
    table = pd.concat(tables, ignore_index=True)
    chance = np.random.default_rng(seed)
    table["voltage_V"] += truth.ohm * table["current_A"] + NOISE_V * chance.standard_normal(len(table))
    table["current_A"] *= GAIN
    return table[list(COLUMNS)]


def main() -> None:
    """Write all streams."""
    pybamm = load_pybamm()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    digits = {"time_s": 2, "current_A": 9, "voltage_V": 6, "step_time_s": 2, "negative": 6}
    for seed, (name, truth) in enumerate(STREAMS.items()):
        table = readings(solved(pybamm, truth, 4), truth, seed).round(digits)
        table.to_csv(folder / f"dfn_{name}.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
        print(f"{name}: {len(table)} readings over {table['time_s'].iloc[-1] / 3600:.1f} h", flush=True)


if __name__ == "__main__":
    main()
