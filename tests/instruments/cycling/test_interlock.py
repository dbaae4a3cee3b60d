"""The interlock: each cause trips, what is well does not, and not to know is not to be safe."""

import json
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.instruments.bounds import Operation
from galvanaut.instruments.cycling.interlock import FROZEN_READINGS, Interlock, Sample
from galvanaut.instruments.envelope import Envelope

ENVELOPE = Envelope.model_validate(
    {
        "minimum_voltage": "2.5 V",
        "maximum_voltage": "4.2 V",
        "maximum_charge_current": "5 mA",
        "maximum_discharge_current": "10 mA",
        "minimum_temperature": "0 degC",
        "maximum_temperature": "45 degC",
        "maximum_capacity": "5 mAh",
        "maximum_time": "10 h",
    }
)
CHARGE = Operation(4.2, 0.002)


def interlock(operation=CHARGE, sees_voltage=True, **more):
    one = Interlock(ENVELOPE, 10.0, at_s=0.0, **more)
    one.begin(0.0, operation, sees_voltage)
    return one


def charging(number, **more):
    sample = Sample(10.0 * number, 3.7 + 1e-4 * number, 0.002, 10.0 * number + 0.1, 25.0)
    return sample._replace(**more)


def judged(one, samples):
    trips = [one.judge(sample) for sample in samples]
    return next((trip for trip in trips if trip), None)


def test_a_cell_that_is_well_goes_on():
    assert judged(interlock(), [charging(n) for n in range(1, 500)]) is None


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        ({"voltage_V": 4.21}, "voltage", "4.21 V is outside the envelope"),
        ({"voltage_V": 2.4}, "voltage", "2.4 V is outside the envelope"),
        ({"current_A": 0.0052}, "current", "0.0052 A is outside the envelope"),
        ({"current_A": -0.0102}, "current", "-0.0102 A is outside the envelope"),
        ({"temperature_degC": 46.0}, "temperature", "46 degC is outside"),
        ({"temperature_degC": -1.0}, "temperature", "-1 degC is outside"),
        ({"voltage_V": nan}, "not a number", "nan V"),
        ({"current_A": nan}, "not a number", "nan A"),
        ({"current_A": inf}, "not a number", "inf A"),
        ({"current_A": 0.0}, "not driven", "was set to 4.2 V with 0.002 A, but reads"),
    ],
)
def test_two_readings_in_a_row_trip_and_one_does_not(change, cause, words):
    start = [charging(n) for n in range(1, 4)]
    if cause == "not driven":
        start = [each._replace(voltage_V=3.7) for each in start]
        change = change | {"voltage_V": 3.72}
    bad = [charging(n, **change) for n in (4, 5)]
    assert judged(interlock(), [*start, bad[0], charging(5), charging(6)]) is None
    trip = judged(interlock(), [*start, *bad])
    assert (trip.cause, trip.at) == (cause, 50.0)
    assert words in trip.text


@pytest.mark.parametrize(
    "change", [{"voltage_V": 4.2049}, {"current_A": 0.00505}, {"temperature_degC": 45.4}, {"voltage_V": 2.4951}]
)
def test_errors_of_a_meter_do_not_trip(change):
    start = [charging(n, **change) for n in range(1, 4)]
    moving = [each._replace(voltage_V=each.voltage_V - 1e-6 * n) for n, each in enumerate(start)]
    assert judged(interlock(), moving) is None


def test_a_temperature_may_be_missing_for_a_minute():
    unknown = [charging(n, temperature_degC=nan) for n in range(2, 9)]
    assert judged(interlock(), [charging(1), *unknown[:6]]) is None
    trip = judged(interlock(), [charging(1), *unknown, charging(9, temperature_degC=nan)])
    assert (trip.cause, trip.at) == ("temperature", 90.0)


def test_no_thermometer_is_no_fault():
    assert judged(interlock(), [charging(n, temperature_degC=None) for n in range(1, 50)]) is None


def test_silence_for_two_periods_trips():
    one = interlock()
    assert one.judge(charging(1)) is None
    assert one.missed(20.0, "no reply") is None
    trip = one.missed(30.0, "no reply")
    assert (trip.cause, trip.text) == ("stale", "no good reading for 20 s: no reply")


def test_a_clock_that_stands_still_is_silence():
    one = interlock()
    assert judged(one, [charging(1), charging(2, instrument_s=10.1)]) is None
    assert judged(one, [charging(3, instrument_s=10.1)]).cause == "stale"


def test_a_reading_that_never_changes_trips_only_while_a_current_flows():
    same = [charging(n, voltage_V=3.7, instrument_s=None) for n in range(1, FROZEN_READINGS + 1)]
    assert judged(interlock(), same[:-1]) is None
    assert judged(interlock(), same).cause == "frozen"
    resting = [each._replace(current_A=0.0) for each in same]
    assert judged(interlock(None), resting) is None


def test_too_much_charge_trips_at_once():
    trip = judged(interlock(), [charging(n) for n in range(1, 1000)])
    assert trip.cause == "capacity"
    assert trip.at == pytest.approx(5e-3 / 2e-3 * 3600, abs=20)


def test_charge_over_a_gap_is_rather_too_much_than_too_little():
    one = interlock()
    one.judge(charging(1))
    trip = one.judge(charging(1000, current_A=1e-4, voltage_V=4.2))
    assert trip.cause == "capacity"


def resumed(one, off_s, began_s):
    counted = json.loads(json.dumps(one.to_json()))
    one.begin(off_s, CHARGE)
    one.go_on(counted, began_s, off_s)
    return one


def test_no_charge_is_counted_while_the_cell_was_switched_off():
    one = interlock()
    assert judged(one, [charging(n) for n in range(1, 11)]) is None
    off_s = 30 * 24 * 3600.0
    resumed(one, off_s, off_s - 100.0)
    left_C = one.left_C
    assert one.judge(Sample(off_s + 10.0, 3.7, 0.002)) is None
    assert one.left_C == pytest.approx(left_C - 0.02)


def test_charge_and_time_before_an_interruption_count_on():
    one = interlock()
    assert judged(one, [charging(n) for n in range(1, 11)]) is None
    left_C = one.left_C
    assert resumed(one, 7200.0, 7100.0).left_C == left_C
    assert one.judge(Sample(7100.0 + 10 * 3600.0 + 5.0, 3.7, 0.0019)).cause in ("capacity", "time")
    late = resumed(interlock(), 7200.0, 7100.0)
    assert late.judge(Sample(7100.0 + 10 * 3600.0 + 15.0, 3.7, 0.002)).cause == "time"


def test_what_was_wrong_before_an_interruption_is_no_half_of_a_trip_after_it():
    one = interlock()
    one.judge(charging(1))
    one.judge(charging(2, voltage_V=nan))
    resumed(one, 7200.0, 7180.0)
    assert one.judge(Sample(7210.0, nan, 0.002)) is None
    assert one.judge(Sample(7220.0, nan, 0.002)).cause == "not a number"


def test_another_step_counts_anew():
    one = interlock()
    assert judged(one, [charging(n) for n in range(1, 600)]) is None
    one.begin(6000.0, CHARGE)
    assert judged(one, [charging(n) for n in range(601, 1200)]) is None


def test_a_step_that_lasts_too_long_trips():
    one = interlock(None)
    resting = [Sample(at, 3.7 + 1e-9 * at, 0.0, at) for at in (35_000.0, 36_010.0, 36_011.0)]
    assert [trip and trip.cause for trip in map(one.judge, resting)] == [None, None, "time"]


def test_a_slope_trips_if_one_is_given():
    steep = [charging(1), charging(2, voltage_V=3.8), charging(3, voltage_V=3.9)]
    assert judged(interlock(), steep) is None
    assert judged(interlock(slope_max_V_s=1e-3), steep).cause == "slope"


@pytest.mark.parametrize("spike", [{"voltage_V": nan}, {"current_A": nan}, {"voltage_V": nan, "current_A": nan}])
def test_after_a_reading_that_is_none_the_next_is_compared_with_the_one_before(spike):
    one = interlock(slope_max_V_s=1e-3)
    assert judged(one, [charging(1), charging(2), charging(3, **spike), charging(4), charging(5)]) is None
    assert one.left_C == pytest.approx(18 - 4 * 0.02)
    assert judged(one, [charging(6, **spike), charging(7, voltage_V=3.9), charging(8, voltage_V=4.1)]).cause == "slope"


def test_the_jump_at_the_beginning_of_a_step_is_no_slope():
    one = interlock(slope_max_V_s=1e-3)
    assert judged(one, [charging(1), charging(2)]) is None
    one.begin(20.0, Operation(3.0, 0.002))
    assert judged(one, [charging(3, voltage_V=3.5, current_A=-0.002)]) is None


def test_a_current_although_the_output_is_off_trips():
    one = interlock(None)
    trip = judged(one, [charging(1), charging(2)])
    assert (trip.cause, trip.text) == (
        "current at rest",
        "0.002 A flow although the cell is at rest, 2 readings in a row",
    )


def test_a_lead_that_comes_off_trips_before_the_step_can_look_complete():
    one = interlock()
    assert judged(one, [charging(1), charging(2)]) is None
    assert one.judge(charging(3, voltage_V=4.2, current_A=1e-8)).cause == "contact"


def test_where_the_voltage_at_rest_cannot_be_seen_the_current_still_counts():
    one = interlock(None, sees_voltage=False)
    blind = [charging(n, voltage_V=nan, current_A=0.0) for n in range(1, 20)]
    assert judged(one, blind) is None
    assert judged(one, [charging(n, voltage_V=nan) for n in (20, 21)]).cause == "current at rest"


READINGS = st.builds(
    Sample,
    st.just(0.0),
    st.floats(),
    st.floats(),
    st.none() | st.floats(0, 1e6),
    st.none() | st.floats(),
)


@given(readings=st.lists(READINGS, max_size=30), driven=st.booleans())
def test_whatever_is_read_nothing_goes_on_for_long_outside_the_envelope(readings, driven):
    """After every two readings in a row that are no good, a trip has come."""
    one = interlock(CHARGE if driven else None)
    bad = 0
    for number, reading in enumerate(readings, start=1):
        sample = reading._replace(time_s=10.0 * number, instrument_s=None)
        trip = one.judge(sample)
        is_bad = not (2.49 <= sample.voltage_V <= 4.21 and -0.011 <= sample.current_A <= 0.0055)
        bad = bad + 1 if is_bad else 0
        if trip is not None:
            return
        assert bad < 2


@given(st.lists(st.floats(-0.01, 0.005), min_size=1, max_size=30), st.integers(0, 29))
def test_a_later_process_counts_on(currents, at):
    samples = [Sample(10.0 * n, 3.7, current, None, None) for n, current in enumerate(currents, start=1)]
    one, other = interlock(None), interlock(None)
    for sample in samples[:at]:
        one.judge(sample)
    other.begin(0.0, None)
    other.restore(json.loads(json.dumps(one.to_json())))
    for sample in samples[at:]:
        one.judge(sample)
        other.judge(sample)
    assert one.to_json() == other.to_json()


def test_a_temperature_is_judged_look_by_look_where_readings_come_in_blocks():
    one = interlock()
    assert one.judge_temperature(300.0, 46.0) is None
    assert one.is_wary
    assert judged(one, [charging(n, temperature_degC=None) for n in range(31, 40)]) is None
    trip = one.judge_temperature(310.0, 46.0)
    assert (trip.cause, trip.text) == (
        "temperature",
        "46 degC is outside the envelope of 0 to 45 degC, at 2 looks in a row",
    )


@pytest.mark.parametrize("degC", [25.0, None])
def test_a_good_temperature_or_none_at_all_forgives(degC):
    one = interlock()
    one.judge_temperature(300.0, 46.0)
    assert one.judge_temperature(310.0, degC) is None
    assert one.judge_temperature(320.0, 46.0) is None
