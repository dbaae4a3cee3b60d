"""Numbers that the parts of the model must come to."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.cells.spme import landesfeind
from galvanaut.simulators.cells.spme.ageing import NO_AGEING
from galvanaut.simulators.cells.spme.cells import Cells, Sample
from galvanaut.simulators.cells.spme.hold import hold_current
from galvanaut.simulators.cells.spme.modes import (
    CELLS,
    SPHERE_DECAYS,
    SPHERE_GAINS,
    SPHERE_ROOTS,
    faded,
    liquid_modes,
)
from galvanaut.simulators.cells.spme.parameters import COIN, GRAPHITE, NMC811
from galvanaut.simulators.cells.spme.transport import molar_polynomial, of_family, root_scale
from galvanaut.simulators.cells.spme.voltage import Snapshot

CHECKS = {
    "EC:DMC": (1.182, 2.90e-10, 0.325, 2.20),
    "EC:EMC": (0.913, 2.89e-10, 0.221, 2.18),
    "EMC:FEC": (0.553, 3.07e-10, 0.129, 1.16),
}


@pytest.mark.parametrize("family", landesfeind.FAMILIES)
def test_transport_at_1_M_and_25_degC(family: landesfeind.Family) -> None:
    kappa, diffusivity, transference, factor = CHECKS[family]
    assert float(landesfeind.conductivity_S_m(family, np.array(1.0), 298.15)) == pytest.approx(kappa, rel=2e-3)
    assert landesfeind.diffusivity_m2_s(family, 1.0, 298.15) == pytest.approx(diffusivity, rel=2e-3)
    assert landesfeind.transference_number(family, 1.0, 298.15) == pytest.approx(transference, abs=6e-4)
    assert landesfeind.thermodynamic_factor(family, 1.0, 298.15) == pytest.approx(factor, abs=6e-3)


@pytest.mark.parametrize(("kelvin", "kappa"), [(273.15, 0.554), (298.15, 0.913), (323.15, 1.286)])
def test_conductivity_with_temperature(kelvin: float, kappa: float) -> None:
    assert float(landesfeind.conductivity_S_m("EC:EMC", np.array(1.0), kelvin)) == pytest.approx(kappa, abs=6e-4)


def test_the_rounded_coefficients_are_clipped_and_the_fit_is_not_left() -> None:
    assert landesfeind.transference_number("EMC:FEC", 2.0, 298.15) == landesfeind.TRANSFERENCE[0]
    with pytest.raises(UnsupportedError, match=r"salt concentration 3\.5 mol/l lies outside 0\.1 to 3 mol/l"):
        of_family("EC:EMC", 3.5)
    with pytest.raises(UnsupportedError, match="temperature 250 K lies outside"):
        of_family("EC:EMC", 1.0, 250.0)


@pytest.mark.parametrize("family", landesfeind.FAMILIES)
def test_the_polynomial_follows_the_conductivity(family: landesfeind.Family) -> None:
    molar = molar_polynomial(lambda c: landesfeind.conductivity_S_m(family, c, 298.15))
    salt_M = np.linspace(0.05, 3.5, 200)
    fitted = salt_M * np.polynomial.polynomial.polyval(root_scale(salt_M), molar)
    assert fitted == pytest.approx(landesfeind.conductivity_S_m(family, salt_M, 298.15), rel=3e-3)


def test_the_modes_of_a_sphere_are_those_of_diffusion() -> None:
    assert np.tan(SPHERE_ROOTS) == pytest.approx(SPHERE_ROOTS, rel=1e-9)
    assert SPHERE_GAINS.sum() == pytest.approx(1 / 5, abs=1e-15)
    assert (SPHERE_GAINS / SPHERE_DECAYS).sum() == pytest.approx(2 / 350, abs=1e-15)
    assert (SPHERE_GAINS > 0).all()
    assert SPHERE_DECAYS[-1] > SPHERE_DECAYS[-2]


def test_the_salt_is_only_moved_and_settles_where_the_flux_is() -> None:
    modes = liquid_modes(COIN)
    assert modes.volumes_m @ modes.shapes == pytest.approx(0, abs=1e-12 * np.abs(modes.shapes).max())
    settled = modes.shapes @ (modes.sources / modes.eigenvalues)
    pores = COIN.separator_porosity**COIN.bruggeman
    middle = settled[CELLS[0] : CELLS[0] + CELLS[1]]
    falls = -np.diff(middle) / (COIN.separator_m / CELLS[1])
    assert falls == pytest.approx(1 / pores, rel=1e-9)  # all of the flux goes through the separator


def test_a_mode_under_a_straight_line_of_current_is_its_differential_equation() -> None:
    rates, gains = np.array([0.3, 0.01]), np.array([[2.0, -1.0]])
    start, steps = np.array([[0.4, 0.1]]), 20000
    mode, step_s = start[0].copy(), 50.0 / steps
    for i in range(steps):
        mode += step_s * rates * (gains[0] * (0.5 - 0.02 * (i + 0.5) * step_s) - mode)
    closed = faded(start, rates, gains, np.array([0.5]), np.array([-0.02]), np.array([[50.0]]))
    assert closed[0, 0] == pytest.approx(mode, abs=1e-4)


def test_the_open_circuit_when_full_and_the_capacity() -> None:
    cells = Cells.of([Sample(partial(of_family, "EC:EMC", 1.0), NO_AGEING, contact_ohm=0.0)])
    full = cells.full()
    zero = np.zeros((1, 1))
    assert Snapshot(cells, full).voltage_V(
        Snapshot(cells, full).paths(np.zeros(1), np.zeros(1), zero)
    ) == pytest.approx(4.2, abs=1e-5)
    tenth = hold_current(cells, full, np.array([-0.42e-3]), 2e5, low_V=2.5)
    assert tenth.is_ended.all()
    assert -tenth.states.charge_C[0] / 3.6 == pytest.approx(4.23, abs=0.01)
    slow = hold_current(cells, full, np.array([-1e-6]), 2e7, low_V=2.8)
    assert -slow.states.charge_C[0] / 3.6 == pytest.approx(4.183, abs=0.002)


def test_one_potential_and_many_are_the_same() -> None:
    shares = np.linspace(0.01, 0.99, 30)
    for curve in (GRAPHITE, NMC811):
        assert [curve.potential_V(float(x)) for x in shares] == pytest.approx(curve.potentials_V(shares), abs=1e-12)
