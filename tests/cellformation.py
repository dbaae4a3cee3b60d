"""Formation of a simulated coin cell as a record: C/10 with a hold, as in instruments/plans/formation.yaml."""

import numpy as np
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
            self._hold(cycle, NOMINAL_AH / 10, 2e5, Limits(high=UPPER_V))
            limits = Limits(low=NOMINAL_AH / 20)
            self._keep(cycle, self.cell.hold_voltage(self.state, UPPER_V, 0.0, limits), 14400)
            self._hold(cycle, 0.0, self.rest_s)
            self._hold(cycle, -NOMINAL_AH / 10, 2e5, Limits(low=2.8))
            self._hold(cycle, 0.0, 600)
        names = [bdf.TEST_TIME, bdf.VOLTAGE, bdf.CURRENT, bdf.CYCLE, bdf.STEP_COUNT]
        return pd.DataFrame(self.rows, columns=names)

    def _hold(self, cycle, current_A, longest_s, limits=Limits()):  # noqa: B008 - frozen
        self._keep(cycle, self.cell.hold_current(self.state, current_A, 0.0, limits), longest_s)

    def _keep(self, cycle, path, longest_s):
        """Readings in close order at first, then one a period, and one at the end."""
        self.step += 1
        end_s = min(path.ends_s(longest_s), longest_s)
        at_s = np.concatenate(
            [np.arange(PERIOD_S, 90.0, PERIOD_S), np.arange(60.0 + self.period_s, end_s, self.period_s)]
        )
        at_s = np.append(at_s[at_s < end_s], end_s)
        for seconds, voltage_V, current_A in zip(at_s, *path.trace(at_s), strict=True):
            self.rows.append((self.now_s + seconds, voltage_V, current_A, cycle, self.step))
        self.state, self.now_s = path.state(end_s), self.now_s + end_s


def formation(sample=None, rest_s=3600.0):
    """The record of one cell."""
    return Former(sample if sample is not None else Sample(), rest_s).run()
