"""Hard limits: what lies inside, what does not, and what is no envelope."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from galvanaut.instruments.envelope import Envelope

COIN_CELL = {
    "minimum_voltage": "3 V",
    "maximum_voltage": "4.2 V",
    "maximum_charge_current": "3 mA",
    "maximum_discharge_current": "6 mA",
    "minimum_temperature": "0 degC",
    "maximum_temperature": "45 degC",
    "maximum_capacity": "3 mAh",
    "maximum_time": "30 h",
}


@pytest.fixture
def envelope():
    return Envelope.model_validate(COIN_CELL)


def test_units_are_converted_once(envelope):
    assert (envelope.voltage_min_V, envelope.voltage_max_V) == (3, 4.2)
    assert (envelope.charge_max_A, envelope.discharge_max_A) == (0.003, 0.006)
    assert (envelope.temperature_min_degC, envelope.temperature_max_degC) == (0, 45)
    assert (envelope.capacity_max_Ah, envelope.time_max_s) == (0.003, 108000)


def test_it_cannot_be_changed(envelope):
    with pytest.raises(ValidationError, match="frozen"):
        envelope.voltage_max_V = 4.3


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"voltage_V": 4.3}, "4.3 V is outside the envelope of 3 to 4.2 V"),
        ({"voltage_V": 2.999}, "2.999 V is outside"),
        ({"current_A": 0.0031}, "0.0031 A is outside the envelope of -0.006 to 0.003 A"),
        ({"current_A": -0.0061}, "-0.0061 A is outside"),
        ({"temperature_degC": 46}, "46 degC is outside the envelope of 0 to 45 degC"),
        ({"capacity_Ah": -0.0031}, "-0.0031 Ah is outside"),
        ({"time_s": 108001}, "s is outside the envelope of 0 to 108000 s"),
    ],
)
def test_what_lies_outside_is_told(envelope, value, words):
    assert [words in text for text in envelope.violations(**value)] == [True]


def test_everything_outside_is_told_at_once(envelope):
    assert len(envelope.violations(voltage_V=5, current_A=1, temperature_degC=60, capacity_Ah=1, time_s=1e6)) == 5


def test_the_limits_lie_inside(envelope):
    assert envelope.violations(voltage_V=4.2, current_A=-0.006, temperature_degC=0, capacity_Ah=0.003, time_s=0) == []
    assert envelope.violations() == []


@pytest.mark.parametrize("name", ["voltage_V", "current_A", "temperature_degC", "capacity_Ah", "time_s"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_lies_outside(envelope, name, value):
    assert len(envelope.violations(**{name: value})) == 1


@given(st.floats())
def test_no_voltage_slips_through(voltage_V):
    inside = not Envelope.model_validate(COIN_CELL).violations(voltage_V=voltage_V)
    assert inside == (3 <= voltage_V <= 4.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"maximum_voltage": "3 V"}, "minimum_voltage is not below maximum_voltage"),
        ({"maximum_temperature": "-5 degC"}, "minimum_temperature is not below maximum_temperature"),
        ({"maximum_voltage": 4.2}, "has no unit"),
        ({"maximum_voltage": "4.2 A"}, "has dimension"),
        ({"maximum_charge_current": "0 A"}, "greater than 0"),
        ({"maximum_capacity": "1 C"}, "C-rate"),
        ({"maximum_power": "1 W"}, "Extra inputs"),
    ],
)
def test_what_is_no_envelope(change, words):
    with pytest.raises(ValidationError, match=words):
        Envelope.model_validate(COIN_CELL | change)


def test_nothing_may_be_left_out():
    for name in COIN_CELL:
        with pytest.raises(ValidationError, match=name):
            Envelope.model_validate({key: value for key, value in COIN_CELL.items() if key != name})


LIMITS = st.fixed_dictionaries(
    {
        "voltage_min_V": st.floats(0, 3),
        "voltage_max_V": st.floats(2, 5),
        "charge_max_A": st.floats(1e-4, 1),
        "discharge_max_A": st.floats(1e-4, 1),
        "temperature_min_degC": st.floats(-20, 30),
        "temperature_max_degC": st.floats(20, 80),
        "capacity_max_Ah": st.floats(1e-4, 1),
        "time_max_s": st.floats(1, 1e6),
    }
)


@given(one=LIMITS, other=LIMITS, voltage_V=st.floats(0, 5), current_A=st.floats(-1, 1), degC=st.floats(-20, 80))
def test_what_is_inside_both_is_inside_the_narrower(one, other, voltage_V, current_A, degC):
    base = Envelope.model_validate(COIN_CELL)
    a, b = base.model_copy(update=one), base.model_copy(update=other)
    try:
        both = a.narrowed(b)
    except ValueError:
        return
    values = {"voltage_V": voltage_V, "current_A": current_A, "temperature_degC": degC}
    is_inside_both = not a.violations(**values) and not b.violations(**values)
    assert is_inside_both == (not both.violations(**values))
    assert both.wider_than(a) == both.wider_than(b) == {}


def test_nothing_left_in_common_is_said(envelope):
    with pytest.raises(ValueError, match=r"no voltage is left between 4\.5 and 4\.2 V"):
        envelope.narrowed(envelope.model_copy(update={"voltage_min_V": 4.5, "voltage_max_V": 5}))
    with pytest.raises(ValueError, match="no temperature is left"):
        envelope.narrowed(envelope.model_copy(update={"temperature_min_degC": 50, "temperature_max_degC": 60}))


def test_what_is_wider_is_named_as_in_the_file(envelope):
    wider = envelope.model_copy(update={"voltage_min_V": 2.5, "charge_max_A": 0.004, "time_max_s": 1.0})
    assert wider.wider_than(envelope) == {
        "minimum_voltage": "2.5 V is wider than the 3 V that the holder allows",
        "maximum_charge_current": "0.004 A is wider than the 0.003 A that the holder allows",
    }
