"""Columns of a record: the sequencer's own account of charge, and gaps that are seen."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.campaigns.analysis.record import Intervals, Record
from galvanaut.core import bdf
from galvanaut.instruments.cycling.program import CurrentStep, LoopStep, RestStep
from galvanaut.instruments.cycling.sequencer import Sequencer
from galvanaut.instruments.runs import Row
from galvanaut.instruments.telemetry.columns import charges_Ah, columns_of, gaps_in
from galvanaut.instruments.telemetry.validate import problems_in
from madereadings import readings

PROGRAM = (
    RestStep(50.0, "rest"),
    CurrentStep(2e-3, 4.2, 120.0, "charge"),
    CurrentStep(-1e-3, 2.5, 120.0, "discharge"),
    LoopStep(1, 3, "again"),
)


def run(waits_s, currents_A, off_s=None):
    """A test as a host records it: the reading that ends a step belongs to it; and the sequencer's sums.

    Where there is a time in ``off_s`` the cell is switched off for so long before that reading, and found so.
    """
    sequencer, now_s, rows, sums = Sequencer(PROGRAM, 1000.0), 1000.0, [], {}
    for number, (wait_s, current_A) in enumerate(zip(waits_s, currents_A, strict=True)):
        if sequencer.ended:
            break
        if rows and off_s and off_s[number]:
            now_s += off_s[number]
            place = rows[-1][6:]
            rows.append(Row(len(rows), now_s - 1000.0, now_s, 3.6, 0.0, float("nan"), *place))
            sequencer.skip_to(now_s, place[3] if place[1] == sequencer.step_number else None)
        now_s += wait_s
        place = sequencer.index, sequencer.step_number, sequencer.cycle, now_s - sequencer.began_s
        rows.append(Row(len(rows), now_s - 1000.0, now_s, 3.7, current_A, float("nan"), *place))
        sequencer.take(now_s, 3.7, current_A)
        for totals in (sequencer.finished, sequencer.totals):
            if totals is not None:
                sums[totals.cycle] = (totals.charged_Ah, totals.discharged_Ah)
    return rows, np.sum(list(sums.values()), axis=0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(-3e-3, 3e-3)), min_size=1, max_size=60))
def test_charge_is_what_the_sequencer_counts(polls):
    rows, sums_Ah = run(*zip(*polls, strict=True))
    numbers, columns = columns_of([rows])
    assert [columns[bdf.CHARGED][-1], columns[bdf.DISCHARGED][-1]] == pytest.approx(sums_Ah, rel=1e-9, abs=1e-15)
    assert list(columns) == list(bdf.COLUMNS)
    assert (gaps_in(numbers), problems_in(columns)) == ([], [])


OFF_S = st.sampled_from([None, None, None, 5.0, 600.0, 1e6])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(-3e-3, 3e-3), OFF_S), min_size=1, max_size=60))
def test_charge_is_what_the_sequencer_counts_where_a_test_was_interrupted(polls):
    rows, sums_Ah = run(*zip(*polls, strict=True))
    numbers, columns = columns_of([rows])
    assert [columns[bdf.CHARGED][-1], columns[bdf.DISCHARGED][-1]] == pytest.approx(sums_Ah, rel=1e-9, abs=1e-12)
    assert (gaps_in(numbers), problems_in(columns)) == ([], [])
    if len(rows) > 1:
        moved_Ah = Intervals.of(Record.of(pd.DataFrame(dict(columns))), 0.0).charge_Ah
        grown_Ah = [np.ptp(columns[name]) for name in (bdf.CHARGED, bdf.DISCHARGED)]
        assert moved_Ah.sum() == pytest.approx(grown_Ah[0] - grown_Ah[1], abs=1e-12)


def test_a_record_of_before_whose_step_time_went_on_is_read_as_it_was():
    time_s, current_A, step_count = np.array([10.0, 20.0, 7220.0]), np.full(3, 1e-3), np.ones(3, int)
    charged_Ah, _ = charges_Ah(time_s, current_A, step_count, time_s)
    assert charged_Ah[-1] * 3600 == pytest.approx(7.22)


def test_times_of_others_are_whole_seconds():
    time_s, current_A, step_count = np.array([10.0, 21.0, 30.0]), np.full(3, 1e-3), np.ones(3, int)
    charged_Ah, _ = charges_Ah(time_s, current_A, step_count, np.array([10.0, 19.5, 30.0]))
    assert charged_Ah[-1] * 3600 == pytest.approx(0.03)


def test_chunks_make_no_difference():
    rows = readings(30)
    whole, parts = columns_of([rows])[1], columns_of([rows[:1], rows[1:17], rows[17:]])[1]
    assert all(np.array_equal(whole[name], parts[name], equal_nan=True) for name in bdf.COLUMNS)


def test_values_and_types():
    numbers, columns = columns_of([[(0, 1.0, 1e9, None, 0.0, None, 3, 4, 2, None)]])
    assert numbers.tolist() == [0]
    kinds = {name: column.dtype.kind for name, column in columns.items()}
    assert {name for name, kind in kinds.items() if kind == "i"} == {bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_ID}
    assert np.isnan(columns[bdf.VOLTAGE][0])
    assert (columns[bdf.STEP_ID][0], columns[bdf.STEP_COUNT][0], columns[bdf.CYCLE][0]) == (3, 4, 2)


def test_a_place_with_neither_voltage_nor_current_is_no_reading_and_no_gap():
    rows = readings(30)
    spoilt = [row._replace(voltage_V=np.nan, current_A=np.nan) if row.number in (7, 29) else row for row in rows]
    numbers, columns = columns_of([spoilt])
    assert (gaps_in(numbers), problems_in(columns)) == ([], [])
    assert columns[bdf.TEST_TIME].tolist() == [row.time_s for row in rows if row.number not in (7, 29)]


def test_no_readings_are_empty_columns():
    numbers, columns = columns_of([])
    assert len(numbers) == 0
    assert {len(column) for column in columns.values()} == {0}


def test_a_current_that_is_not_a_number_is_bridged():
    time_s, current_A = np.array([10.0, 20.0, 30.0]), np.array([1e-3, np.nan, 3e-3])
    charged_Ah, discharged_Ah = charges_Ah(time_s, current_A, np.array([1, 1, 1]), np.full(3, np.nan))
    assert (charged_Ah * 3600).tolist() == pytest.approx([0.01, 0.01, 0.05])
    assert not discharged_Ah.any()


@pytest.mark.parametrize(
    ("step_time_s", "charged_C", "discharged_C"),
    [
        (np.nan, 0.02, 0.06),  # nobody knows: the new current throughout
        (15.0, 0.03, 0.045),  # the old one for 5 s, then the new one
        (0.0, 0.06, 0.0),
        (60.0, 0.02, 0.06),  # it cannot have begun before the last reading
    ],
)
def test_a_step_that_begins_between_two_readings_has_its_own_current_from_then_on(step_time_s, charged_C, discharged_C):
    time_s, current_A = np.array([10.0, 30.0]), np.array([2e-3, -3e-3])
    found = charges_Ah(time_s, current_A, np.array([1, 2]), np.array([10.0, step_time_s]))
    assert [each[-1] * 3600 for each in found] == pytest.approx([charged_C, discharged_C])


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [
        ([0, 1, 2], []),
        ([], []),
        ([2, 3], ["readings 0 to 1 are missing"]),
        ([0, 4, 5, 7], ["readings 1 to 3 are missing", "readings 6 to 6 are missing"]),
    ],
)
def test_gaps_are_named(numbers, gaps):
    assert gaps_in(np.array(numbers, dtype=int)) == gaps
