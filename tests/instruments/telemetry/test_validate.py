"""The validator: what a host records passes, and each thing that may be wrong is named with its row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galvanaut.core import bdf
from galvanaut.instruments.telemetry.columns import columns_of
from galvanaut.instruments.telemetry.validate import problems_in, problems_of
from madereadings import readings


@pytest.fixture
def frame():
    return pd.DataFrame(dict(columns_of([readings(60)])[1]))


def test_a_record_of_our_own_is_one(frame):
    assert problems_of(frame) == []
    assert problems_of(frame[list(bdf.REQUIRED)]) == []
    assert problems_of(frame.iloc[:1]) == []
    assert problems_of(frame.iloc[15:45]) == []


def test_whole_numbers_and_types_of_pandas_count_too(frame):
    typed = frame.astype({bdf.CYCLE: "Int64", bdf.VOLTAGE: "Float64", bdf.TEST_TIME: int})
    assert problems_of(typed) == []
    typed.loc[3, bdf.CYCLE] = pd.NA
    assert problems_of(typed) == ["'Cycle Count / 1' is nan in row 3"]


def test_columns_of_others_are_not_looked_at(frame):
    assert problems_of(frame.assign(**{"Note / 1": "fine", "Pressure / Pa": np.nan})) == []


@pytest.mark.parametrize("name", bdf.REQUIRED)
def test_a_missing_column_is_named(frame, name):
    assert problems_of(frame.drop(columns=name)) == [f"column {name!r} is missing"]
    assert problems_of(frame.rename(columns={name: name.replace(" /", "")})) == [f"column {name!r} is missing"]


def test_a_column_that_is_there_twice_is_named(frame):
    twice = pd.concat([frame, frame[[bdf.VOLTAGE]]], axis=1)
    assert problems_of(twice) == ["column 'Voltage / V' is there more than once"]


def test_nothing_is_no_record(frame):
    assert problems_of(frame.iloc[:0]) == ["holds no reading"]


@pytest.mark.parametrize("name", bdf.COLUMNS)
def test_text_is_no_number(frame, name):
    (problem,) = problems_of(frame.assign(**{name: "3.7"}))
    assert problem == f"{name!r} holds something else than numbers"


@pytest.mark.parametrize("name", [name for name in bdf.COLUMNS if name not in (bdf.AMBIENT_TEMPERATURE, bdf.STEP_TIME)])
def test_a_number_that_is_missing_is_named_with_its_row(frame, name):
    changed = frame.astype({name: float})
    changed.loc[15, name] = np.nan
    (problem,) = problems_of(changed)
    assert "row 15" in problem
    assert name in problem


@pytest.mark.parametrize("name", bdf.COLUMNS)
def test_nothing_is_infinite(frame, name):
    changed = frame.astype({name: float})
    changed.loc[15, name] = np.inf
    assert f"{name!r} is inf in row 15" in problems_of(changed)


def test_a_voltage_may_be_missing_without_current_only(frame):
    blind = frame.copy()
    blind.loc[blind[bdf.CURRENT] == 0, bdf.VOLTAGE] = np.nan
    assert problems_of(blind) == []
    blind.loc[12, bdf.VOLTAGE] = np.nan
    assert problems_of(blind) == ["'Voltage / V' is missing in row 12, though 0.002 A flow"]


@pytest.mark.parametrize("name", [bdf.TEST_TIME, bdf.UNIX_TIME, bdf.CYCLE, bdf.STEP_COUNT, bdf.CHARGED, bdf.DISCHARGED])
def test_nothing_that_counts_runs_backwards(frame, name):
    changed = frame.astype({name: float})
    changed.loc[40, name] = changed.loc[39, name] - 0.5
    assert any(problem.startswith(f"{name!r} falls from") and "row 40" in problem for problem in problems_of(changed))


def test_time_may_stand_still(frame):
    frame.loc[21, [bdf.TEST_TIME, bdf.UNIX_TIME]] = frame.loc[20, [bdf.TEST_TIME, bdf.UNIX_TIME]]
    assert problems_of(frame[[*bdf.REQUIRED, bdf.UNIX_TIME]]) == []


def test_large_times_are_told_apart(frame):
    frame.loc[30:, bdf.UNIX_TIME] -= 20.0
    (problem,) = problems_of(frame)
    assert "falls from 1800000300 to 1800000290 in row 30" in problem


@pytest.mark.parametrize("name", [bdf.CYCLE, bdf.STEP_COUNT, bdf.STEP_ID, bdf.TEST_TIME])
def test_nothing_counts_from_below_0(frame, name):
    changed = frame.copy()
    changed[name] -= changed[name].iloc[0] + 1
    assert any("counts from 0" in problem for problem in problems_of(changed))


def test_one_step_has_one_place_in_the_protocol(frame):
    frame.loc[15, bdf.STEP_ID] = 2
    (problem,) = problems_of(frame)
    assert problem == "'Step ID' changes in row 15 within one step, by 'Step Count / 1'"


@pytest.mark.parametrize(
    "wrong",
    [
        {bdf.CURRENT: -1.0},
        {bdf.CURRENT: 1000.0},
        {bdf.CHARGED: 1000.0},
        {bdf.DISCHARGED: 1.1},
        {bdf.TEST_TIME: 1 / 60},
    ],
    ids=["sign", "mA", "mAh", "ten per cent", "minutes"],
)
def test_charge_that_does_not_belong_to_the_current_is_named(frame, wrong):
    for name, factor in wrong.items():
        frame[name] *= factor
    assert any("but the current adds up to" in problem for problem in problems_of(frame))


def test_in_and_out_are_not_to_be_mixed_up(frame):
    swapped = frame.rename(columns={bdf.CHARGED: bdf.DISCHARGED, bdf.DISCHARGED: bdf.CHARGED})
    assert len(problems_of(swapped)) == 2


def test_a_few_long_polls_are_no_reason_to_doubt_the_charge():
    """Each step is only three readings long: plain trapezoids would be a third off, in both directions."""
    rows = [row for row in readings(60) if row.number % 10 in (0, 5, 9)]
    assert problems_in(columns_of([rows])[1]) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 400), st.integers(2, 9))
def test_a_thinned_record_of_a_slow_test_is_still_one(count, every):
    """Charge is counted from all readings, and a reader may keep only some of each step."""
    frame = pd.DataFrame(dict(columns_of([readings(10 * count, period_s=1.0)])[1]))
    kept = frame[(frame.index % 10 % every == 0) | (frame.index % 10 == 9)]
    assert problems_of(kept.reset_index(drop=True)) == []
