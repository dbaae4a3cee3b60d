"""Formation of a simulated coin cell as a record: two cycles at C/10, as in instruments/plans/formation.yaml."""

from math import inf

import pandas as pd

from galvanaut.core import bdf
from galvanaut.simulators.cells.cell import Limits
from galvanaut.simulators.cells.spme.cells import Sample
from galvanaut.simulators.cells.spme.holdercell import SpmeCell

NOMINAL_AH = 4e-3
UPPER_V = 4.2
PERIOD_S = 30.0


class Former:
    """Drives one cell and writes down what a channel without errors would see."""

    def __init__(self, sample, rest_s, period_s=600.0):
        self.cell, self.period_s, self.rest_s = SpmeCell(sample), period_s, rest_s
        self.state, self.now_s, self.step = self.cell.fresh(), 0.0, 0
        self.rows = [(0.0, self.cell.voltage_V(self.state, 0.0), 0.0, 1, 0)]

    def run(self, cycles=2):
        for cycle in range(1, cycles + 1):
            self._hold(cycle, NOMINAL_AH / 10, Limits(2e5, high=UPPER_V))
            self._fade(cycle, Limits(14400, low=NOMINAL_AH / 20))
            self._hold(cycle, 0.0, Limits(self.rest_s))
            self._hold(cycle, -NOMINAL_AH / 10, Limits(2e5, low=2.8))
            self._hold(cycle, 0.0, Limits(600))
        names = [bdf.TEST_TIME, bdf.VOLTAGE, bdf.CURRENT, bdf.CYCLE, bdf.STEP_COUNT]
        return pd.DataFrame(self.rows, columns=names)

    def _hold(self, cycle, current_A, limits):
        self._step(limits, lambda within: self.cell.hold_current(self.begin, current_A, 0.0, within), cycle, current_A)

    def _fade(self, cycle, limits):
        self._step(limits, lambda within: self.cell.hold_voltage(self.begin, UPPER_V, 0.0, within), cycle, None)

    def _step(self, limits, advance, cycle, current_A):
        self.begin, begin_s, asked_s, taken_s = self.state, self.now_s, 0.0, inf
        self.step += 1
        while taken_s >= asked_s and asked_s < limits.seconds:
            asked_s = min(limits.seconds, asked_s + (PERIOD_S if asked_s < 60 else self.period_s))
            self.state, taken_s = advance(Limits(asked_s, limits.low, limits.high))
            now_A = self.cell.current_A(self.state, UPPER_V, 0.0) if current_A is None else current_A
            self.now_s = begin_s + taken_s
            self.rows.append((self.now_s, self.cell.voltage_V(self.state, now_A), now_A, cycle, self.step))


def formation(sample=None, rest_s=3600.0):
    """The record of one cell."""
    return Former(sample if sample is not None else Sample(), rest_s).run()
