import numpy as np
import pytest

from cellspectra import CIRCUIT, FREQUENCIES_HZ, impedance_ohm, noisy
from galvanaut.campaigns.analysis.circuit import NAMES, fit_circuit
from galvanaut.campaigns.analysis.impedance import Spectrum
from galvanaut.core.errors import UnsupportedError


def fitted(impedance, seed=0):
    return fit_circuit(Spectrum.of(FREQUENCIES_HZ, impedance, "cell-1"), np.random.default_rng(seed))


def test_an_exact_spectrum_gives_its_circuit_back():
    found = fitted(impedance_ohm())
    assert {name: figure.value for name, figure in found.parameters.items()} == pytest.approx(CIRCUIT, rel=1e-6)
    assert found.rms < 1e-8
    assert found.points == len(FREQUENCIES_HZ)
    assert found.impedance_ohm(FREQUENCIES_HZ) == pytest.approx(impedance_ohm(), rel=1e-7)


def test_arcs_are_in_the_order_of_their_time_constants():
    swapped = {"R1_ohm": 40.0, "tau1_s": 0.05, "alpha1": 0.85, "R2_ohm": 20.0, "tau2_s": 1e-4, "alpha2": 0.9}
    assert fitted(impedance_ohm(**swapped)).parameters["R1_ohm"].value == pytest.approx(20.0)


def test_standard_errors_are_those_of_the_scatter():
    fits = [fitted(noisy(impedance_ohm(), 3e-3, seed), seed) for seed in range(12)]
    for name in NAMES:
        misses = [(fit.parameters[name].value - CIRCUIT[name]) / fit.parameters[name].sd for fit in fits]
        assert 0.5 < np.sqrt(np.mean(np.square(misses))) < 1.7, name
    assert np.mean([fit.rms for fit in fits]) == pytest.approx(3e-3 * np.sqrt(2), rel=0.15)


def test_the_same_generator_gives_the_same_fit():
    impedance = noisy(impedance_ohm(), 3e-3, 1)
    assert fitted(impedance, 5) == fitted(impedance, 5)


def test_inductive_points_are_left_out():
    coil = impedance_ohm(inductance_H=3e-5)
    found = fitted(coil)
    assert found.points == (coil.imag < 0).sum() < len(FREQUENCIES_HZ)


def test_what_a_spectrum_does_not_determine_has_no_error():
    found = fitted(noisy(impedance_ohm(W_ohm_s=0.0), 1e-3, 2))
    assert found.parameters["W_ohm_s"].value < 0.1
    assert found.parameters["R0_ohm"].sd < 0.1
    row = found.to_json()
    assert set(row["parameters"]) == set(NAMES)
    undetermined = [name for name in NAMES if row["parameters"][name]["sd"] is None]
    assert undetermined in ([], ["W_ohm_s"])


def test_a_parameter_at_its_bound_is_told_apart():
    # A pure resistor and capacitor: no arc, no diffusion; most parameters have nothing to hold on to.
    w = 2 * np.pi * FREQUENCIES_HZ
    found = fitted(5 + 1e3 / (1 + 1j * w * 0.3))
    assert np.isnan([figure.sd for figure in found.parameters.values()]).any()
    assert found.rms < 1e-3


def test_too_few_points_to_fit():
    with pytest.raises(UnsupportedError, match="cell-1: 7 capacitive points"):
        fit_circuit(Spectrum.of(FREQUENCIES_HZ[:7], impedance_ohm()[:7], "cell-1"), np.random.default_rng(0))
