import numpy as np
import pytest

from galvanaut.core.errors import UnsupportedError
from galvanaut.simulators.electrolyte import Liquids
from galvanaut.simulators.electrolyte.composition import whole
from galvanaut.simulators.electrolyte.densities import PURE_DENSITIES_G_ML, density_g_mL
from galvanaut.simulators.electrolyte.kcl import kcl_conductivity_mS_cm

STANDARD = {"H2O": 0.9926, "KCl": 0.0074}
ELECTROLYTE = whole(np.array([0.3, 0, 0.7, 0]), 1.0)


def kcl(molality):
    salt = molality * 0.074551
    return {"H2O": 1 / (1 + salt), "KCl": salt / (1 + salt)}


@pytest.mark.parametrize(
    ("temperature_degC", "expected"), [(0, 7.11685), (10, 9.29172), (20, 11.6159), (25, 12.8246), (50, 19.1809)]
)
def test_kcl_meets_the_table(temperature_degC, expected):
    assert kcl_conductivity_mS_cm(kcl(0.1), temperature_degC) == pytest.approx(expected, rel=1e-7)


def test_kcl_between_the_temperatures():
    """Left-out check of the interpolation: a parabola through 20, 25 and 30 degC knows nothing of the others."""
    parabola = np.polynomial.Polynomial.fit([20, 25, 30], [11.6159, 12.8246, 14.0592], 2)
    assert kcl_conductivity_mS_cm(kcl(0.1), 22.5) == pytest.approx(parabola(22.5), rel=1e-4)


def test_kcl_of_the_bench_file_is_the_standard():
    assert Liquids().conductivity_mS_cm(STANDARD, 25) == pytest.approx(12.8246, rel=1e-3)


def test_kcl_near_the_standard_follows_its_molality():
    ratio = kcl_conductivity_mS_cm(kcl(0.11), 25) / kcl_conductivity_mS_cm(kcl(0.1), 25)
    assert 1.08 < ratio < 1.10


@pytest.mark.parametrize(
    ("composition", "temperature_degC", "message"),
    [(kcl(0.5), 25, "0.5 mol/kg"), (kcl(0.1), -5, "-5 degC"), (kcl(0.1), 60, "60 degC")],
)
def test_kcl_is_refused_away_from_the_table(composition, temperature_degC, message):
    with pytest.raises(UnsupportedError, match=message):
        kcl_conductivity_mS_cm(composition, temperature_degC)


def test_contaminated_kcl_is_diluted_then_refused():
    liquids = Liquids()
    slightly = {"H2O": 0.9926 * 0.99, "KCl": 0.0074 * 0.99, "DMC": 0.01}
    assert liquids.is_standard(slightly)
    ratio = liquids.conductivity_mS_cm(slightly, 25) / liquids.conductivity_mS_cm(STANDARD, 25)
    assert ratio == pytest.approx(0.99)
    half = {"H2O": 0.4963, "KCl": 0.0037, "DMC": 0.5}
    assert not liquids.is_standard(half)
    with pytest.raises(UnsupportedError, match=r"H2O 0\.496"):
        liquids.conductivity_mS_cm(half, 25)
    with pytest.raises(UnsupportedError, match="contaminated"):
        kcl_conductivity_mS_cm(half, 25)


def test_traces_of_the_standard_do_not_stop_an_electrolyte():
    liquids = Liquids()
    traced = {**{key: share * 0.999 for key, share in ELECTROLYTE.items()}, "H2O": 0.001}
    clean = liquids.conductivity_mS_cm(ELECTROLYTE, 20)
    assert liquids.conductivity_mS_cm(traced, 20) == pytest.approx(clean)
    wet = {**{key: share * 0.99 for key, share in ELECTROLYTE.items()}, "H2O": 0.01}
    with pytest.raises(UnsupportedError, match=r"H2O 0\.01"):
        liquids.conductivity_mS_cm(wet, 20)


def test_electrolyte_is_no_standard_and_agrees_with_the_model():
    liquids = Liquids()
    assert not liquids.is_standard(ELECTROLYTE)
    assert liquids.conductivity_mS_cm(ELECTROLYTE, 0) == liquids.model.conductivity_mS_cm(ELECTROLYTE, 0)


def test_rinsing_solvent_alone_is_refused():
    with pytest.raises(UnsupportedError, match="EC"):
        Liquids().conductivity_mS_cm({"DMC": 1.0}, 25)


def test_factors_come_from_the_noise():
    random = np.random.default_rng(0)
    liquids = Liquids()
    factors = [liquids.batch_factor(random), liquids.run_factor(random), liquids.reading_factor(random)]
    assert len(set(factors)) == 3
    assert all(0.1 < factor < 2 for factor in factors)


@pytest.mark.parametrize(("name", "expected"), PURE_DENSITIES_G_ML.items())
def test_pure_densities(name, expected):
    assert density_g_mL({name: 1.0}) == pytest.approx(expected)


def test_volumes_add_and_salt_makes_dense():
    assert density_g_mL({"EC": 2 / 3, "DMC": 1 / 3}) == pytest.approx(1 / (2 / 3 / 1.3214 + 1 / 3 / 1.063))
    salted = density_g_mL(ELECTROLYTE)
    solvent = density_g_mL({"EC": 0.3, "DMC": 0.7})
    molarity = 1000 * salted * ELECTROLYTE["LiPF6"] / 151.904
    assert salted == pytest.approx(solvent + 0.09 * molarity)


def test_standard_weighs_1_002_g_mL():
    assert density_g_mL(STANDARD) == pytest.approx(1.002, abs=0.001)


@pytest.mark.parametrize(
    ("composition", "message"), [({"EC": 0.9, "GBL": 0.1}, "GBL"), ({"EC": 0.2, "LiPF6": 0.8}, "so much salt")]
)
def test_unknown_densities_are_refused(composition, message):
    with pytest.raises(UnsupportedError, match=message):
        density_g_mL(composition)


def test_a_little_vc_and_fec_conduct_like_so_much_ec():
    bare = {"EC": 0.30, "EMC": 0.58, "LiPF6": 0.12}
    made = {"EC": 0.25, "VC": 0.02, "FEC": 0.03, "EMC": 0.58, "LiPF6": 0.12}
    liquids = Liquids()
    assert liquids.conductivity_mS_cm(made, 25) == pytest.approx(liquids.conductivity_mS_cm(bare, 25), rel=1e-12)
    assert liquids.density_g_mL(made) > liquids.density_g_mL(bare)


@pytest.mark.parametrize(("additive", "share"), [("VC", 0.08), ("FEC", 0.2), ("PS", 0.02)])
def test_more_of_an_additive_than_is_assumed_is_refused(additive, share):
    made = {"EC": 0.30 - share, additive: share, "EMC": 0.58, "LiPF6": 0.12}
    with pytest.raises(UnsupportedError, match=additive):
        Liquids().conductivity_mS_cm(made, 25)
