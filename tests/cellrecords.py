"""Records of made-up cells for tests of the analysis: every number in them is chosen, none measured."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from galvanaut.core import bdf


class Step(NamedTuple):
    """A straight line in voltage under constant current; switched right after the last row of the step before."""

    cycle: int
    current_A: float
    seconds: float
    from_V: float
    to_V: float


def frame(steps, period_s=60.0):
    """A record of steps, beginning with one reading at rest."""
    rows = [(0.0, steps[0].from_V, 0.0, steps[0].cycle, 0)]
    for number, step in enumerate(steps, start=1):
        count = max(1, round(step.seconds / period_s))
        for share in np.arange(1, count + 1) / count:
            voltage_V = step.from_V + share * (step.to_V - step.from_V)
            rows.append((rows[-1][0] + step.seconds / count, voltage_V, step.current_A, step.cycle, number))
    return pd.DataFrame(rows, columns=[bdf.TEST_TIME, bdf.VOLTAGE, bdf.CURRENT, bdf.CYCLE, bdf.STEP_COUNT])


def cycle(number, charged_Ah, discharged_Ah, charge_A=1e-3, discharge_A=1e-3, rest_s=600.0):
    """Charge from 3.0 to 4.2 V, rest, discharge from 4.1 to 2.9 V."""
    return [
        Step(number, charge_A, 3600 * charged_Ah / charge_A, 3.0, 4.2),
        Step(number, 0.0, rest_s, 4.2, 4.1),
        Step(number, -discharge_A, 3600 * discharged_Ah / discharge_A, 4.1, 2.9),
    ]


def fading(capacities_Ah, **currents):
    """A cycle for each capacity; what goes in comes out."""
    steps = [step for number, each in enumerate(capacities_Ah, 1) for step in cycle(number, each, each, **currents)]
    return frame(steps, period_s=600.0)
