"""What a page shows of a cell."""

import numpy as np
import pytest

from galvanaut.campaigns.analysis.cellcurves import CellCurves, some_of, thinned
from galvanaut.campaigns.analysis.record import Record


def record(cycles=6, points=60, fade=0.02):
    """Straight charges and discharges between 3 and 4 V, each cycle giving less."""
    time_s, volts, amps, number, step = [], [], [], [], []
    now = 0.0
    for cycle in range(cycles):
        share = 1 - fade * cycle
        for sign in (1, -1):
            for part in np.linspace(0, 1, points):
                time_s.append(now + part * 3600 * share)
                volts.append(3 + part if sign > 0 else 4 - part)
                amps.append(sign * 2e-3)
                number.append(cycle + 1)
                step.append(2 * cycle + (sign < 0))
            now += 3600 * share + 1
    columns = (np.array(each, dtype=float) for each in (time_s, volts, amps))
    whole = (np.array(each, dtype=np.int64) for each in (number, step))
    return Record("made", *columns, *whole, np.full(len(time_s), np.nan))


def test_capacity_fades_and_slopes_are_those_of_straight_lines():
    found = CellCurves.of(record(), is_finished=True).to_json()
    shares = [each["value"] for each in found["retention"]["share"]]
    assert shares == pytest.approx([1 - 0.02 * cycle for cycle in range(6)], abs=2e-3)
    assert found["capacity"]["cycle"] == [1, 2, 3, 4, 5, 6]
    curves = found["incremental"]
    assert {(each["cycle"], each["direction"]) for each in curves} >= {(1, "charge"), (6, "discharge")}
    first = next(each for each in curves if each["cycle"] == 1)
    assert first["slope_Ah_V"] == pytest.approx([2e-3] * len(first["slope_Ah_V"]), rel=0.05)


def test_a_plan_says_which_cycles_are_compared():
    found = CellCurves.of(record(), [1, 1, *[2] * 9], is_finished=True).to_json()
    assert found["retention"]["cycle"] == [3, 4, 5, 6]
    assert found["retention"]["share"][1]["value"] == pytest.approx((1 - 0.06) / (1 - 0.04), abs=2e-3)
    assert {each["cycle"] for each in found["incremental"]} <= {3, 4, 5, 6}
    assert found["capacity"]["cycle"] == [1, 2, 3, 4, 5, 6]


def test_a_test_that_has_just_begun_shows_its_readings_only():
    found = CellCurves.of(record(cycles=1), is_finished=False).to_json()
    assert (found["retention"], found["incremental"]) == (None, [])
    assert len(found["trace"]["time_s"]) == 120
    assert found["trace"]["voltage_V"][0] == 3.0


def test_the_trace_is_of_the_last_two_cycles():
    found = CellCurves.of(record(), is_finished=True).trace()
    assert len(found["time_s"]) == 240


def test_thinned_readings_keep_every_extreme():
    values = np.sin(np.linspace(0, 60, 100_000))
    values[54_321], values[77] = 9.0, np.nan
    rows = thinned(values, 900)
    assert len(rows) <= 901
    assert {0, 54_321, 99_999} <= set(rows.tolist())
    assert thinned(values[:10]).tolist() == list(range(10))


def test_some_cycles_are_the_first_the_last_and_some_between():
    assert some_of(np.arange(1, 101)) == [1, 50, 100] or some_of(np.arange(1, 101)) == [1, 51, 100]
    assert some_of(np.array([7])) == [7]
    assert some_of(np.array([1, 2])) == [1, 2]
