import numpy as np
import pandas as pd
import pytest

from cellrecords import cycle, frame
from galvanaut.campaigns.analysis.curves import Curve, half_curve, log_variance
from galvanaut.campaigns.analysis.record import Record
from galvanaut.core import bdf
from galvanaut.core.errors import InputError


def record(steps):
    return Record.of(frame(steps), "cell-7")


ONE = cycle(1, 4e-3, 3.6e-3, 4e-4, 4e-4)


def test_a_curve_of_each_direction():
    charge, discharge = (half_curve(record(ONE), 1, direction) for direction in ("charge", "discharge"))
    assert (np.diff(charge.voltage_V) > 0).all()
    assert (np.diff(discharge.voltage_V) < 0).all()
    assert charge.charge_Ah[-1] == pytest.approx(4e-3)
    assert discharge.charge_Ah[-1] == pytest.approx(3.6e-3)
    assert charge.charge_at(np.array([3.3, 3.6, 9.0])) == pytest.approx([1e-3, 2e-3, 4e-3])
    assert discharge.charge_at(np.array([9.0, 3.5, 1.0])) == pytest.approx([0.0, 1.8e-3, 3.6e-3], abs=1e-5)


def test_the_constant_voltage_part_is_left_out():
    table = frame(ONE)
    fade_A = 4e-4 * np.exp(-np.arange(1, 61) / 30)
    hold = pd.DataFrame(
        {
            bdf.TEST_TIME: 60.0 * np.arange(1, 61) + table[bdf.TEST_TIME].max(),
            bdf.VOLTAGE: 4.2,
            bdf.CURRENT: fade_A,
            bdf.CYCLE: 1,
            bdf.STEP_COUNT: 9,
        }
    )
    held = Record.of(pd.concat([table[table[bdf.CURRENT] > 0], hold]))
    curve = half_curve(held, 1, "charge")
    assert curve.charge_Ah[-1] == pytest.approx(4e-3, rel=5e-3)
    assert len(curve.voltage_V) <= 602


def test_noise_averages_out():
    noisy = frame(ONE)
    noisy[bdf.VOLTAGE] += np.random.default_rng(2).normal(0, 2e-3, len(noisy))
    curve = half_curve(Record.of(noisy), 1, "discharge")
    assert (np.diff(curve.voltage_V) < 0).all()
    grid_V = np.linspace(3.1, 4.0, 50)
    true_Ah = 3.6e-3 * (4.1 - grid_V) / 1.2
    assert np.sqrt(np.mean((curve.charge_at(grid_V) - true_Ah) ** 2)) < 3.6e-3 * 2e-3 / 1.2


def test_a_half_that_is_not_there():
    with pytest.raises(InputError, match="cell-7: cycle 1 has no discharge at constant current"):
        half_curve(record(ONE[:1]), 1, "discharge")
    with pytest.raises(InputError, match="cell-7: has no cycle 4"):
        half_curve(record(ONE), 4, "charge")


def test_log_variance_of_a_known_change():
    volts = np.linspace(3.5, 2.0, 300)
    early = Curve("discharge", volts, 1.0 * (3.5 - volts) / 1.5)
    late = Curve("discharge", volts, 0.9 * (3.5 - volts) / 1.5)
    # The change falls on a straight line from 0 to -0.1 Ah: variance 0.1^2/12 of a uniform number.
    assert log_variance(early, late, 2.0, 3.5) == pytest.approx(np.log10(0.01 / 12), abs=2e-3)
    assert log_variance(late, early, 2.0, 3.5) == log_variance(early, late, 2.0, 3.5)
    assert log_variance(early, early, 2.0, 3.5) == -np.inf
    with pytest.raises(ValueError, match="a discharge cannot be compared with a charge"):
        log_variance(early, Curve("charge", volts[::-1], early.charge_Ah), 2.0, 3.5)
