import numpy as np
import pytest

from cellspectra import FREQUENCIES_HZ, impedance_ohm, noisy
from galvanaut.campaigns.analysis.impedance import Spectrum
from galvanaut.campaigns.analysis.kramerskronig import kramers_kronig
from galvanaut.core.errors import UnsupportedError

ANGULAR = 2 * np.pi * FREQUENCIES_HZ


def examined(impedance, **options):
    return kramers_kronig(Spectrum.of(FREQUENCIES_HZ, impedance), **options)


@pytest.mark.parametrize(
    "impedance",
    [
        impedance_ohm(),
        impedance_ohm(inductance_H=2e-6),
        5 + 1 / (1j * ANGULAR * 1e-3),
        np.full(len(FREQUENCIES_HZ), 100 - 0.01j),
    ],
    ids=["cell", "cell with a coil", "blocking electrodes", "resistor"],
)
def test_what_obeys_the_relations_passes(impedance):
    found = examined(noisy(impedance, 1e-3, 4))
    assert found.is_valid
    assert 0.5e-3 < found.rms < 2e-3
    assert found.mu <= 0.85
    assert found.elements < len(FREQUENCIES_HZ)


@pytest.mark.parametrize("seed", range(6))
def test_a_cell_that_drifts_by_a_third_during_the_sweep_fails(seed):
    seconds = np.cumsum(3 / FREQUENCIES_HZ)  # three periods at each frequency
    drift = 1 + 0.33 * seconds / seconds[-1]
    found = examined(noisy(impedance_ohm(R2_ohm=40 * drift, R1_ohm=20 * drift), 1e-3, seed))
    assert not found.is_valid
    assert found.rms > 2 * examined(noisy(impedance_ohm(), 1e-3, seed)).rms


def test_a_jump_in_the_middle_fails_where_it_is():
    jumped = impedance_ohm(R0_ohm=np.where(FREQUENCIES_HZ < 10.0, 7.0, 5.0))
    found = examined(noisy(jumped, 1e-4, 1))
    assert not found.is_valid
    row = found.to_json()
    assert 1.0 < row["largest_at_Hz"] < 100.0
    assert row["valid"] is False
    assert row["largest"] == np.abs(found.residual).max()


def test_a_negative_time_constant_fails():
    # An arc that grows into the right half plane: not the answer of a stable cell.
    found = examined(5 + 20 / (1 - 1j * ANGULAR * 1e-2) + 100 / (1 + 1j * ANGULAR * 1.0))
    assert found.rms > 0.02


def test_tolerance_is_set_by_the_noise_of_the_meter():
    impedance = noisy(impedance_ohm(), 1e-2, 5)
    assert not examined(impedance).is_valid
    assert examined(impedance, tolerance=0.02).is_valid


def test_residuals_are_relative_to_the_modulus():
    impedance = noisy(impedance_ohm(), 1e-3, 7)
    assert examined(1e3 * impedance).residual == pytest.approx(examined(impedance).residual, abs=1e-6)


def test_too_few_points():
    with pytest.raises(UnsupportedError, match="cell-1: 7 points, the test needs 8"):
        kramers_kronig(Spectrum.of(FREQUENCIES_HZ[:7], impedance_ohm()[:7], "cell-1"))
