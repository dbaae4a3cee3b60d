import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte.model import ConductivityModel
from galvanaut.simulators.electrolyte.optimum import find_optimum
from galvanaut.simulators.electrolyte.support import supported

MODEL = ConductivityModel(margin=1e-6)
LOW, HIGH = [0, 0, 0, 0, 0.5], [1, 1, 1, 1, 2.0]


@pytest.fixture(scope="module")
def at_0_degC():
    return find_optimum(MODEL, 0, LOW, HIGH)


def test_beats_a_dense_sample(at_0_degC):
    random = np.random.default_rng(5)
    corners = np.array([[0.5, 0, 0.5, 0], [0.1, 0, 0.9, 0], [0.5, 0, 0, 0.5], [0.1, 0, 0, 0.9], [0, 0.3, 0, 0.7]])
    shares = random.dirichlet(np.full(5, 0.4), 50_000) @ corners
    k = MODEL.conductivity_many_mS_cm(shares, random.uniform(0.5, 2, 50_000), 0)
    assert 0.99 * at_0_degC.conductivity_mS_cm < k.max() <= at_0_degC.conductivity_mS_cm


def test_lies_where_papers_found_the_best(at_0_degC):
    """7.32 mS/cm in EC:DMC 20:80 is the best that any paper reports at 0 degC."""
    ec, pc, _, emc = at_0_degC.solvent_shares
    assert pc == 0
    assert emc == 0
    assert 0.2 < ec < 0.4
    assert at_0_degC.conductivity_mS_cm == pytest.approx(7.32, rel=0.05)
    assert 0.8 < at_0_degC.molality < 1.1


def test_is_a_recipe_of_the_search_space(at_0_degC):
    assert supported(at_0_degC.solvent_shares[None, :], np.array([at_0_degC.molality]), 0, margin=1e-6)[0]
    value = MODEL.conductivity_mS_cm(at_0_degC.composition, 0)
    assert value == pytest.approx(at_0_degC.conductivity_mS_cm)


def test_is_the_same_twice(at_0_degC):
    again = find_optimum(MODEL, 0, LOW, HIGH)
    assert again.conductivity_mS_cm == at_0_degC.conductivity_mS_cm
    np.testing.assert_array_equal(again.solvent_shares, at_0_degC.solvent_shares)


def test_a_constraint_costs_conductivity_and_is_kept(at_0_degC):
    rows, limits = np.array([[0, 0, 1.0, -1.0, 0]]), np.array([0.0])  # no more DMC than EMC
    bound = find_optimum(MODEL, 0, LOW, HIGH, rows, limits)
    assert bound.solvent_shares[2] <= bound.solvent_shares[3] + 1e-6
    assert bound.conductivity_mS_cm < 0.97 * at_0_degC.conductivity_mS_cm


def test_spaces_without_volume_are_searched():
    no_dmc = find_optimum(MODEL, 0, LOW, [1, 0, 0, 1, 2.0])
    assert no_dmc.solvent_shares[2] == 0
    line = np.linspace(0.1, 0.5, 201)
    grid = [
        MODEL.conductivity_many_mS_cm(
            np.column_stack([line, 0 * line, 0 * line, 1 - line]), np.full(201, molality), 0
        ).max()
        for molality in np.linspace(0.5, 2, 151)
    ]
    assert no_dmc.conductivity_mS_cm == pytest.approx(max(grid), rel=1e-4)


def test_cold_spaces_are_the_robots():
    cold = find_optimum(MODEL, -20, [0, 0, 0, 0, 0.2], HIGH)
    assert cold.solvent_shares[3] == pytest.approx(0.7)
    assert cold.solvent_shares[:2].sum() == pytest.approx(0.3)


def test_unsupported_space_is_refused():
    with pytest.raises(UnsupportedError, match="no recipe within"):
        find_optimum(MODEL, 0, [0.6, 0, 0, 0, 0.5], HIGH)
