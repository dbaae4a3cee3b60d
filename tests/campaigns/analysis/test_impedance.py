import numpy as np
import pytest

from cellspectra import FREQUENCIES_HZ, impedance_ohm
from galvanaut.campaigns.analysis.impedance import Spectrum, high_frequency_resistance
from galvanaut.core.errors import InputError


def test_order_of_frequencies_does_not_matter():
    up = Spectrum.of(FREQUENCIES_HZ[::-1], impedance_ohm()[::-1])
    assert (up.frequency_Hz == FREQUENCIES_HZ).all()
    assert (up.impedance_ohm == impedance_ohm()).all()
    assert len(up) == 57


def test_a_swapped_sign_is_refused():
    with pytest.raises(
        InputError, match=r"cell-2: impedance: has a positive imaginary part.*hold -Im Z: turn the sign"
    ):
        Spectrum.of(FREQUENCIES_HZ, impedance_ohm().conj(), "cell-2")


def test_a_resistor_with_noise_about_zero_is_not_taken_for_a_swapped_sign():
    Spectrum.of([1e3, 1e4, 1e5], [100 + 0.3j, 100 - 0.1j, 100 + 0.2j])
    Spectrum.of(FREQUENCIES_HZ, impedance_ohm(inductance_H=1e-5))


@pytest.mark.parametrize(
    ("frequencies", "impedances", "message"),
    [
        ([1.0, 2.0], [1.0], "as many frequencies"),
        ([1.0], [1.0], "two or more"),
        ([1.0, 0.0], [1.0, 1.0], "not a positive number"),
        ([1.0, 1.0], [1.0, 1.0], "1 Hz is there twice"),
        ([1.0, 2.0], [1.0, np.nan], "not a number at 2 Hz"),
        ([1.0, 2.0], [-1.0 - 1j, -1.0 - 1j], "negative real part"),
    ],
)
def test_a_bad_spectrum_is_refused(frequencies, impedances, message):
    with pytest.raises(InputError, match=message):
        Spectrum.of(frequencies, impedances)


def test_high_frequency_resistance_is_where_the_imaginary_part_vanishes():
    # A coil and a capacitor in series with a resistor: zero at 1/(2 pi sqrt(LC)), real part R everywhere.
    w = 2 * np.pi * FREQUENCIES_HZ
    found = high_frequency_resistance(Spectrum.of(FREQUENCIES_HZ, 7.5 + 1j * (w * 1e-6 - 1 / (w * 1e-3))))
    assert found.is_crossing
    assert found.resistance_ohm == pytest.approx(7.5)
    assert found.frequency_Hz == pytest.approx(1 / (2 * np.pi * np.sqrt(1e-9)), rel=0.02)


def test_the_crossing_at_the_highest_frequency_counts():
    found = high_frequency_resistance(
        Spectrum.of([1e4, 1e3, 1e2, 1e1, 1e0, 1e-1], [6 + 1j, 5 - 1j, 8 + 0.1j, 9 - 3j, 10 - 3j, 12 - 4j])
    )
    assert found.resistance_ohm == pytest.approx(5.5)
    assert found.frequency_Hz == pytest.approx(10**3.5)


def test_without_a_crossing_the_smallest_phase_stands_in_and_says_so():
    found = high_frequency_resistance(Spectrum.of(FREQUENCIES_HZ, impedance_ohm(R1_ohm=1e-3)))
    assert not found.is_crossing
    assert found.phase_deg < 0
    assert found.resistance_ohm == pytest.approx(5.0, rel=0.01)
    assert found.to_json()["is_crossing"] is False


def test_an_end_of_arcs_at_low_frequencies_is_not_taken_for_the_electrolyte():
    found = high_frequency_resistance(Spectrum.of(FREQUENCIES_HZ, impedance_ohm()))
    assert (
        not found.is_crossing
    )  # phase: -5.4 deg at the highest frequency, -4.9 deg between the last arc and diffusion
    assert found.resistance_ohm < 8.0
