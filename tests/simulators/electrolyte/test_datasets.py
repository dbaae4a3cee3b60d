import numpy as np
import pytest

from galvanaut.simulators.electrolyte.composition import split, whole
from galvanaut.simulators.electrolyte.datasets import (
    DATA_FOLDER,
    ROBOT,
    SAME_GROUP,
    calisol,
    fitting_data,
    robot_means,
)
from galvanaut.simulators.electrolyte.densities import molality_from_molarity


def test_sizes():
    robot, papers = robot_means(), calisol()
    assert (len(robot), len(set(robot.series))) == (680, 68)
    assert len(papers) == 1418
    assert sum(path.stat().st_size for path in DATA_FOLDER.iterdir()) < 250_000


def test_licences_and_attributions_are_shipped():
    readme = (DATA_FOLDER / "README.md").read_text(encoding="utf-8")
    for words in ("MIT", "CC BY 4.0", "10.1038/s41597-024-03575-8", "10.1039/D2DD00027J", "to be confirmed"):
        assert words in readme
    assert "2022 BIG-MAP" in (DATA_FOLDER / "robot_LICENSE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("load", [robot_means, calisol])
def test_rows_are_physical(load):
    data = load()
    np.testing.assert_allclose(data.shares.sum(axis=1), 1)
    assert (data.shares >= 0).all()
    assert (data.conductivity_mS_cm > 0).all()
    assert np.isfinite(data.molality).all()


def test_the_robots_solvent_is_three_to_seven():
    data = robot_means()
    np.testing.assert_allclose(data.shares[:, :2].sum(axis=1), 0.3)
    np.testing.assert_allclose(data.shares[:, 3], 0.7)
    assert data.shares[:, 1].max() == pytest.approx(0.3)


def test_replicate_runs_are_averaged():
    """0.366, 1.053 mol/kg at 60 degC: the best mean of the robot is 15.39 mS/cm."""
    data = robot_means()
    hot = data.temperature_K > 333
    assert data.conductivity_mS_cm[hot].max() == pytest.approx(15.39, abs=0.005)


def test_volume_and_mole_ratios_become_mass_shares():
    data = calisol()
    by_volume = data.shares[data.laboratory == "10.1149/1.1872737"][0]  # EC:PC:DMC 27:10:63
    expected = np.array([0.27 * 1.3214, 0.10 * 1.205, 0.63 * 1.063, 0])
    np.testing.assert_allclose(by_volume, expected / expected.sum())
    by_mole = data.shares[data.laboratory == "10.1016/j.jpowsour.2011.07.071"][0]  # EC:DMC 1:1
    assert by_mole[0] / by_mole[2] == pytest.approx(88.062 / 90.078)


def test_one_molar_solution():
    """1 mol/L in EC:EMC 3:7 weighs 1.08 + 0.09 g/mL by the assumption, 152 g of it salt."""
    molality = molality_from_molarity(np.array([[0.3, 0, 0, 0.7]]), np.array([1.0]))[0]
    solvent_g_mL = 1 / (0.3 / 1.3214 + 0.7 / 1.006)
    assert molality == pytest.approx(1 / (solvent_g_mL + 0.09 - 0.151904))
    assert molality == pytest.approx(0.98, abs=0.01)


def test_papers_of_one_group_share_a_laboratory():
    data = calisol()
    assert set(SAME_GROUP.values()) < set(data.laboratory)
    assert not set(SAME_GROUP) & set(data.laboratory)


def test_fitting_window():
    data = fitting_data()
    assert data.temperature_K.min() >= 238
    assert data.temperature_K.max() <= 338
    assert data.molality.max() <= 2.6
    assert np.isin(ROBOT, data.laboratory)


def test_composition_views_are_inverse():
    shares, molality = split(whole(np.array([0.2, 0.1, 0.3, 0.4]), 1.3))
    np.testing.assert_allclose(shares, [0.2, 0.1, 0.3, 0.4])
    assert molality == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("composition", "message"),
    [
        ({"EC": 0.5, "DMC": 0.4}, "sum to 0.9"),
        ({"EC": 1.2, "DMC": -0.2}, "mass fraction of DMC"),
        ({"EC": float("nan"), "DMC": 0.5}, "mass fraction of EC"),
        ({"H2O": 1.0}, "none of the solvents"),
    ],
)
def test_what_is_no_electrolyte_is_refused(composition, message):
    with pytest.raises(ValueError, match=message):
        split(composition)
