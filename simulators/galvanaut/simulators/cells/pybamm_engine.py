"""PyBaMM's single-particle model with electrolyte under either a current or a voltage, from any state to a later one.

Limits and events are left to whoever asks: the model itself ends nothing.

Source: Sulzer et al., J. Open Res. Softw. 9 (2021) 14; PyBaMM 26.10.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.cell import Array
from galvanaut.simulators.cells.pybamm_parameters import load_pybamm, parameter_values
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.cells.spme.landesfeind import Family
from galvanaut.simulators.cells.spme.parameters import COIN, REFERENCE_K

Values = tuple[float, ...]
"""The model's state vector; its last entry is the current."""
VOLTAGE, CURRENT = "Voltage [V]", "Current [A]"
_OPTIONS = {
    "SEI": "solvent-diffusion limited",
    "contact resistance": "true",
    "calculate discharge energy": "true",
}
_SHELLS = 60
"""In each particle; with PyBaMM's own 20 the voltage is 4.5 mV off after 10 s at 1C."""
_TEMPERATURE = "cell temperature [K]"
_TOLERANCE = 1e-8
_BRACKET_A, _MOST_A = 0.01, 1e4
_REMEMBERED = 16


@dataclass(frozen=True)
class Control:
    """What is imposed on the cell.

    Attributes:
        temperature_K: of the cell.
        current_A: held, unless a voltage is.
        voltage_V: held behind the leads; None for a held current.
        lead_ohm: of the leads that ``voltage_V`` includes.
    """

    temperature_K: float
    current_A: float = 0.0
    voltage_V: float | None = None
    lead_ohm: float = 0.0

    def inputs(self) -> dict[str, float]:
        """As PyBaMM's inputs; its currents are positive while the cell is discharged."""
        return {
            "holds voltage": float(self.voltage_V is not None),
            "held voltage [V]": self.voltage_V or 0.0,
            "held current [A]": -self.current_A,
            "lead resistance [Ohm]": self.lead_ohm,
            _TEMPERATURE: self.temperature_K,
        }


class PybammEngine:
    """One discretised model with its solver.

    Args:
        electrolyte: one of the three measured liquids.
        salt_M: LiPF6 in mol/l.
        negative: stoichiometry of the negative electrode in the first state.
        positive: stoichiometry of the positive electrode in the first state.

    Raises:
        InputError: PyBaMM is not installed.
    """

    def __init__(self, electrolyte: Family, salt_M: float, negative: float, positive: float) -> None:
        self._pybamm = pybamm = load_pybamm()
        values = parameter_values(pybamm, electrolyte, salt_M)
        temperature = pybamm.InputParameter(_TEMPERATURE)
        values.update(
            {
                "Initial concentration in negative electrode [mol.m-3]": negative * COIN.negative.most_mol_m3,
                "Initial concentration in positive electrode [mol.m-3]": positive * COIN.positive.most_mol_m3,
                "Contact resistance [Ohm]": Sample().contact_ohm,
                "Ambient temperature [K]": temperature,
                "Initial temperature [K]": temperature,
            }
        )
        model = pybamm.lithium_ion.SPMe({**_OPTIONS, "operating mode": _control})
        model.events = []
        mesh = {**model.default_var_pts, "r_n": _SHELLS, "r_p": _SHELLS}
        simulation = pybamm.Simulation(model, parameter_values=values, var_pts=mesh)
        simulation.build()
        self._model = simulation.built_model
        self._solver = pybamm.IDAKLUSolver(rtol=_TOLERANCE, atol=_TOLERANCE)
        one = (*self.first(REFERENCE_K)[:-1], 1.0)
        self._unit_A = self.quantity(CURRENT, one, REFERENCE_K)  # PyBaMM scales its variables

    @classmethod
    @lru_cache(_REMEMBERED)
    def of(cls, electrolyte: Family, salt_M: float, negative: float, positive: float) -> PybammEngine:
        """One for all cells that are alike: to build it takes about half a second."""
        return cls(electrolyte, salt_M, negative, positive)

    def first(self, temperature_K: float) -> Values:
        """At rest, without any ageing."""
        initial = self._model.concatenated_initial_conditions.evaluate(0, inputs=Control(temperature_K).inputs())
        return _values(initial)

    def quantity(self, name: str, values: Values, temperature_K: float) -> float:
        """One of PyBaMM's variables in a state."""
        symbol = self._model.get_processed_variable(name)
        column, inputs = np.array(values)[:, None], Control(temperature_K).inputs()
        return float(np.mean(symbol.evaluate(t=0.0, y=column, inputs=inputs)))

    def voltage_V(self, values: Values, temperature_K: float, current_A: float) -> float:
        """At the terminals at the first moment of a current."""
        return self.quantity(VOLTAGE, self._under(values, current_A), temperature_K)

    def current_A(self, values: Values, control: Control) -> float:
        """At the first moment.

        Raises:
            UnsupportedError: no current up to 10 kA gives the voltage.
        """
        if control.voltage_V is None:
            return control.current_A
        held_V, lead_ohm, most_A = control.voltage_V, control.lead_ohm, _BRACKET_A

        def excess_V(current_A: float) -> float:
            return self.voltage_V(values, control.temperature_K, current_A) + current_A * lead_ohm - held_V

        while excess_V(most_A) < 0 or excess_V(-most_A) > 0:
            most_A *= 10
            if most_A > _MOST_A:
                raise UnsupportedError(f"a cell solved by PyBaMM does not come to {held_V:g} V at any current")
        return float(brentq(excess_V, -most_A, most_A, xtol=1e-15, rtol=1e-12))

    def solved(self, values: Values, seconds: float, control: Control) -> Any:
        """A stretch of time from a state on, as PyBaMM's solution, whose times begin at 0.

        Raises:
            UnsupportedError: the model has no solution so far, as where an electrode is empty or full.
        """
        start = self._under(values, self.current_A(values, control))
        inputs = control.inputs()
        begin = self._pybamm.Solution(np.zeros(1), np.array(start)[:, None], self._model, inputs)
        try:
            return self._solver.step(begin, self._model, seconds, inputs=inputs, save=False)
        except self._pybamm.SolverError as error:
            raise UnsupportedError(f"PyBaMM finds no solution under {control} for {seconds:g} s: {error}") from None

    def _under(self, values: Values, current_A: float) -> Values:
        return (*values[:-1], -current_A / self._unit_A)


def last_values(solution: Any) -> Values:
    """The state at the end of a solution."""
    return _values(np.asarray(solution.y)[:, -1])


def looked_at(solution: Any, seconds: Array) -> tuple[Array, Array]:
    """Terminal voltage in V and current in A, positive into the cell, at instants of a solution."""
    inside_s = np.clip(seconds, solution.t[0], solution.t[-1])
    voltage_V, current_A = (np.atleast_1d(solution[name](inside_s)) for name in (VOLTAGE, CURRENT))
    return voltage_V, -current_A


def _values(column: Any) -> Values:
    return tuple(np.asarray(column, float).ravel().tolist())


def _control(variables: Any) -> Any:
    """Zero when what is held is what it should be."""
    pybamm = load_pybamm()
    given = {name: pybamm.InputParameter(name) for name in Control(0.0).inputs()}
    current_A, voltage_V = variables[CURRENT], variables[VOLTAGE]
    off_V = voltage_V - current_A * given["lead resistance [Ohm]"] - given["held voltage [V]"]
    return given["holds voltage"] * off_V + (1 - given["holds voltage"]) * (current_A - given["held current [A]"])
