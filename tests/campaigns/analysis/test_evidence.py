import numpy as np
import pandas as pd
import pytest

from cellformation import formation
from cellrecords import Step, cycle, frame
from galvanaut.campaigns.analysis.evidence import Expected, evidence
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.analysis.thresholds import Thresholds
from galvanaut.campaigns.analysis.verdict import alone
from galvanaut.core import bdf
from galvanaut.simulators.cells.spme.cells import Sample

EXPECTED = Expected(4e-3, 4.2)


def read(table, is_finished=True):
    return evidence(Record.of(table, "cell-1"), EXPECTED, is_finished=is_finished)


def hold(current_A, seconds=18000.0, period_s=60.0):
    """A charge up to 4.2 V and a hold there, with a current that is a function of time."""
    charge = frame([Step(1, 4e-4, 36000, 3.0, 4.2)])
    since_s = np.arange(period_s, seconds + 1, period_s)
    held = {
        bdf.TEST_TIME: 36000 + since_s,
        bdf.VOLTAGE: 4.2,
        bdf.CURRENT: current_A(since_s),
        bdf.CYCLE: 1,
        bdf.STEP_COUNT: 2,
    }
    return pd.concat([charge, pd.DataFrame(held)])


def test_a_sound_simulated_cell():
    found = read(formation())
    assert (found.cell, found.complete_cycles, found.is_first_cycle) == ("cell-1", 2, False)
    assert found.highest_V == pytest.approx(4.2)
    assert found.capacity_Ah.value == pytest.approx(4.07e-3, rel=0.02)
    assert found.first_charge_Ah > 1.1 * found.capacity_Ah.value  # forms the SEI
    assert 0.99 < found.coulombic_efficiency.value < 1.0
    assert found.moved_Ah > 2 * found.first_charge_Ah
    assert abs(found.rest_fall_V_h) < 1e-3
    assert 20 < found.resistance_ohm.value < 150
    row = found.to_json()
    assert row["float_A"] is None
    assert row["capacity_Ah"]["value"] == found.capacity_Ah.value


@pytest.mark.parametrize("leak_A", [10e-6, 50e-6])
def test_a_soft_short_shows_in_what_does_not_come_back(leak_A):
    found = read(formation(Sample(leak_A=leak_A)))
    assert found.leak_A == pytest.approx(leak_A, rel=0.06)
    assert 0.002 < found.rest_fall_V_h * 10e-6 / leak_A < 0.006
    assert found.coulombic_efficiency.value < 0.96


def test_an_unfinished_record_does_not_tell():
    found = read(frame(cycle(1, 4.4e-3, 4e-3)), is_finished=False)
    assert found.complete_cycles == 0
    assert np.isnan([found.capacity_Ah.value, found.coulombic_efficiency.value, found.leak_A]).all()
    assert found.moved_Ah == pytest.approx(8.4e-3)


def test_the_first_cycle_is_known_as_such():
    assert read(frame(cycle(1, 4.4e-3, 4e-3))).is_first_cycle
    assert not read(frame(cycle(1, 4.4e-3, 4e-3) + cycle(2, 4e-3, 4e-3))).is_first_cycle


@pytest.mark.parametrize("leak_A", [0.0, 30e-6])
def test_a_hold_tells_where_its_current_is_heading(leak_A):
    found = read(hold(lambda since_s: leak_A + 3e-4 * np.exp(-since_s / 4000)))
    assert found.float_A == pytest.approx(leak_A, abs=1e-7)


def test_a_hold_without_a_fading_current_heads_for_what_flows():
    assert read(hold(lambda since_s: 5e-5 + 0 * since_s)).float_A == pytest.approx(5e-5)
    assert np.isnan(read(hold(lambda since_s: 5e-5 + 0 * since_s, seconds=1800)).float_A)


def test_a_short_rest_says_nothing_about_self_discharge():
    falling = [Step(1, 4e-4, 36000, 3.0, 4.2), Step(1, 0.0, 7200, 4.2, 4.18)]
    assert read(frame(falling)).rest_fall_V_h == pytest.approx(0.01)
    assert np.isnan(read(frame([falling[0], falling[1]._replace(seconds=900)])).rest_fall_V_h)
    assert np.isnan(read(frame(falling[::-1])).rest_fall_V_h)  # not after a charge


def test_resistance_is_that_of_discharges_out_of_a_rest():
    steps = [Step(1, 0.0, 600, 4.1, 4.1), Step(1, -1e-3, 3600, 4.09, 3.8)]
    found = read(frame(steps, period_s=10))
    assert found.resistance_ohm.value == pytest.approx((4.1 - (4.09 - 0.29 * 30 / 3600)) / 1e-3, rel=1e-3)
    assert np.isnan(read(frame(steps, period_s=60)).resistance_ohm.value)  # no reading before 30 s


@pytest.mark.parametrize("share", [0.2, 0.05, 0.02])
def test_a_hold_before_the_rest_hides_no_misassembled_cell(share):
    """However little flows at its end; 250 ohm are too many."""
    taper_A = 4e-3 * share ** np.linspace(0.0, 1.0, 20)
    left_s = 3.6 / taper_A.sum()  # of 4 mAh three go in before
    steps = []
    for number in (1, 2):
        steps += [
            Step(number, 4e-3, 2700, 3.6, 4.2),
            *(Step(number, current_A, left_s, 4.2, 4.2) for current_A in taper_A),
            Step(number, 0.0, 1500, 4.18, 4.17),
            Step(number, -4e-3, 3600, 3.17, 2.9),
            Step(number, 0.0, 1500, 3.0, 3.0),
        ]
    found = read(frame(steps, period_s=30))
    assert found.resistance_ohm.value == pytest.approx(250, rel=0.01)
    assert alone(found, EXPECTED, Thresholds()).status == "misassembled"
