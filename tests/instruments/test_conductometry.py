"""From impedance to conductivity, against the table of the CRC Handbook."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galvanaut.core.errors import UnsupportedError
from galvanaut.instruments.conductometry import (
    FREQUENCIES_HZ,
    cell_constant_per_cm,
    conductivity_mS_cm,
    kcl_conductivity_mS_cm,
    most_resistive_point,
    standard_molality,
)
from galvanaut.instruments.errors import BadReadingError


def cell(resistance_ohm, frequencies_Hz=FREQUENCIES_HZ):
    """Solution resistance in series with a double layer of 20 uF and leads of 1 uH, with 100 pF across all."""
    omega = 2 * np.pi * np.asarray(frequencies_Hz)
    series = resistance_ohm + 1 / (1j * omega * 20e-6) + 1j * omega * 1e-6
    return 1 / (1 / series + 1j * omega * 100e-12)


@pytest.mark.parametrize(
    ("molality", "temperature", "expected"),
    [
        (0.1, 25, 12.8246),
        (0.01, 25, 1.40823),
        (1.0, 25, 108.62),
        (0.1, 0, 7.11685),
        (0.1, 50, 19.1809),
        (1.0, 20, 99.17),
    ],
)
def test_the_table(molality, temperature, expected):
    assert kcl_conductivity_mS_cm(molality, temperature) == pytest.approx(expected, rel=1e-12)


@given(st.sampled_from([0.01, 0.1, 1.0]), st.floats(0, 49.5))
def test_between_the_table_conductivity_rises_smoothly(molality, temperature):
    low, high = kcl_conductivity_mS_cm(molality, temperature), kcl_conductivity_mS_cm(molality, temperature + 0.5)
    assert 0.006 < (high - low) / low < 0.016  # 1.2 to 3.2 % per kelvin


@pytest.mark.parametrize(("molality", "temperature"), [(0.1, -0.1), (0.1, 50.1), (0.1, float("nan")), (0.2, 25)])
def test_outside_the_table_there_is_no_number(molality, temperature):
    with pytest.raises(UnsupportedError, match=r"tabulated from 0 to 50|only 0\.01, 0\.1 and 1"):
        kcl_conductivity_mS_cm(molality, temperature)


def test_standards_by_name():
    assert standard_molality("KCl 0.1 mol/kg") == 0.1
    with pytest.raises(UnsupportedError, match=r"unknown conductivity standard '0\.1 demal'; known are KCl 0\.01"):
        standard_molality("0.1 demal")


def test_cell_constant_and_back():
    constant = cell_constant_per_cm(80.0, 25.0, "KCl 0.1 mol/kg")
    assert constant.per_cm == pytest.approx(80 * 12.8246e-3)
    assert conductivity_mS_cm(constant.per_cm, 80.0) == pytest.approx(12.8246)


def test_uncertainty_adds_in_squares_and_temperature_dominates():
    exact = cell_constant_per_cm(80, 25, "KCl 0.1 mol/kg", resistance_uncertainty=0, temperature_uncertainty_K=0)
    assert exact.relative_uncertainty == pytest.approx(4e-4)
    # the slope of the table between 20 and 30 degC is 1.905 % per kelvin of the value at 25 degC
    warm = cell_constant_per_cm(80, 25, "KCl 0.1 mol/kg", resistance_uncertainty=3e-4, temperature_uncertainty_K=0.1)
    assert warm.relative_uncertainty == pytest.approx(np.hypot(5e-4, 1.905e-3), rel=1e-3)


@pytest.mark.parametrize("resistance", [0.0, -1.0, float("nan")])
def test_no_conductivity_without_a_resistance(resistance):
    with pytest.raises(ValueError, match="has no conductivity"):
        conductivity_mS_cm(1.0, resistance)


@given(st.floats(20, 2000))
def test_the_most_resistive_point_gives_the_resistance(resistance):
    point = most_resistive_point(FREQUENCIES_HZ, cell(resistance))
    assert point.resistance_ohm == pytest.approx(resistance, rel=2e-3)
    assert 3e3 <= point.frequency_Hz <= 3e5


@pytest.mark.parametrize(
    "impedance",
    [
        lambda f: 1 / (2j * np.pi * np.asarray(f) * 5e-12),  # empty: a small capacitor
        lambda f: 1e5 + 1 / (2j * np.pi * np.asarray(f) * 1e-12),  # a film across a bubble
        lambda f: np.full(len(f), -100 + 0j),
        lambda f: np.full(len(f), complex(np.nan, np.nan)),
    ],
)
def test_a_cell_without_a_conductor_has_no_resistance(impedance):
    with pytest.raises(BadReadingError, match=r"lcr: the cell does not behave as a conductor.*bubble"):
        most_resistive_point(FREQUENCIES_HZ, impedance(FREQUENCIES_HZ), "lcr")


def test_a_sweep_of_another_length_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="7 frequencies for 2 impedances"):
        most_resistive_point(FREQUENCIES_HZ, np.array([1 + 0j, 2 + 0j]))
