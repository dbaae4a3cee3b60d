"""The fit is rerun here on the shipped data: constants, cross-validation and refusal to converge are all real."""

import dataclasses
import json

import numpy as np
import pytest

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.simulators.electrolyte import regression
from galvanaut.simulators.electrolyte.coefficients import (
    COEFFICIENTS_FILE,
    PAPERS_FILE,
    data_digests,
    read_fit,
    write_fit,
)
from galvanaut.simulators.electrolyte.crossvalidation import cross_validate, leave_out, practical
from galvanaut.simulators.electrolyte.datasets import CALISOL_FILE, ROBOT, fitting_data, papers_data
from galvanaut.simulators.electrolyte.fit import describe_fit, describe_scores, main
from galvanaut.simulators.electrolyte.form import PARAMETERS, jacobian, log_conductivity
from galvanaut.simulators.electrolyte.regression import fit


@pytest.fixture(scope="module")
def data():
    return fitting_data()


@pytest.fixture(scope="module")
def refitted(data):
    return fit(data)


@pytest.fixture(scope="module")
def scores(data, refitted):
    return {score.split: score for score in cross_validate(data, refitted)}


def test_shipped_constants_are_what_a_rerun_gives(refitted):
    shipped = read_fit()
    np.testing.assert_allclose(shipped.parameters, refitted.parameters, rtol=1e-4, atol=1e-4)
    assert shipped.offsets == pytest.approx(refitted.offsets, abs=1e-4)


def test_shipped_constants_belong_to_the_shipped_data():
    assert json.loads(COEFFICIENTS_FILE.read_text())["fitted_to_sha256"] == data_digests()


def test_the_law_of_the_papers_is_what_a_rerun_without_the_robot_gives():
    shipped, again = read_fit(PAPERS_FILE), fit(papers_data())
    np.testing.assert_allclose(shipped.parameters, again.parameters, rtol=1e-4, atol=1e-4)
    assert ROBOT not in shipped.offsets
    assert json.loads(PAPERS_FILE.read_text())["fitted_to_sha256"] == data_digests((CALISOL_FILE,))


def test_the_start_does_not_matter(data, refitted):
    away = dataclasses.replace(refitted, parameters=refitted.parameters * 1.03)
    np.testing.assert_allclose(fit(data, start=away).parameters, refitted.parameters, rtol=1e-4, atol=1e-4)


def test_robot_composition_left_out_is_predicted_within_5_percent(scores):
    score = scores["robot: composition"]
    assert score.groups == 68
    assert score.rows == 680
    assert score.median_percent <= 5


def test_paper_left_out_is_predicted_within_6_percent(scores):
    score = scores["papers: research group"]
    assert score.rows == 658
    assert score.median_percent <= 6


def test_extrapolation_in_ratio_molality_and_system_stays_useful(scores):
    assert scores["robot: band of PC/(PC+EC)"].median_percent <= 6
    assert scores["robot: band of molality"].median_percent <= 6
    assert scores["papers: solvent system"].median_percent <= 8


def test_papers_that_support_the_space_between_the_regions(scores):
    by_system = scores["papers: solvent system"].by_group
    assert by_system["EC+PC+DMC"][0] <= 3
    assert by_system["EC+PC+EMC"][0] <= 5


def test_pure_linear_carbonates_are_not_predictable_from_mixtures(scores):
    assert scores["papers: solvent system"].by_group["EMC"][0] > 20


def test_left_out_papers_get_no_offset(data, refitted):
    """A constant error of one paper must show up in full when that paper is left out."""
    paper = "10.1149/2.0571912jes"
    spoilt = dataclasses.replace(
        data, conductivity_mS_cm=np.where(data.laboratory == paper, 2.0, 1.0) * data.conductivity_mS_cm
    )
    scored = practical(data) & (data.laboratory == paper)
    honest = leave_out("", data, data.laboratory, scored, refitted)
    moved = leave_out("", spoilt, data.laboratory, scored, refitted)
    assert moved.by_group[paper][1] == pytest.approx(honest.by_group[paper][1] - np.log(2), abs=1e-6)


def test_jacobian_is_the_derivative(data, refitted):
    rows = data.where(np.arange(len(data)) % 97 == 0)
    where = (rows.shares, rows.molality, rows.temperature_K)
    exact = jacobian(refitted.parameters, *where)
    for index in range(len(PARAMETERS)):
        step = np.zeros(len(PARAMETERS))
        step[index] = 1e-5
        above = log_conductivity(refitted.parameters + step, *where)
        below = log_conductivity(refitted.parameters - step, *where)
        np.testing.assert_allclose(exact[:, index], (above - below) / 2e-5, rtol=1e-5, atol=1e-7)


def test_a_wild_point_hardly_moves_the_fit(data, refitted):
    wild = data.conductivity_mS_cm.copy()
    wild[np.flatnonzero(data.laboratory == ROBOT)[100]] *= 100
    moved = fit(dataclasses.replace(data, conductivity_mS_cm=wild), start=refitted)
    change = moved.log_conductivity(data, False) - refitted.log_conductivity(data, False)
    assert np.abs(change).max() < 0.01


def test_no_convergence_is_said(data, monkeypatch):
    monkeypatch.setattr(regression, "_STEPS_MAX", 2)
    with pytest.raises(GalvanautError, match="did not converge in 2 steps"):
        fit(data)


def test_coefficients_survive_a_file(tmp_path, refitted):
    path = tmp_path / "constants.json"
    write_fit(refitted, path)
    np.testing.assert_allclose(read_fit(path).parameters, refitted.parameters, atol=1e-8)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{}", "does not hold"), ("nonsense", "does not hold"), ('{"parameters": {"a_EC": "x"}}', "does not hold")],
)
def test_unusable_coefficients_are_refused(tmp_path, text, message):
    path = tmp_path / "constants.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_fit(path)


def test_missing_coefficients_say_how_to_write_them(tmp_path):
    with pytest.raises(InputError, match="fit --write"):
        read_fit(tmp_path / "absent.json")


def test_tables_name_every_laboratory_split_and_constant(data, refitted, scores):
    text = "\n".join([*describe_fit(refitted, data), *describe_scores(scores.values())])
    for word in (*PARAMETERS, *refitted.offsets, *scores):
        assert word in text


def test_command_prints_and_writes_only_when_asked(monkeypatch, capsys, tmp_path, refitted, scores):
    from galvanaut.simulators.electrolyte import fit as command

    written = []
    monkeypatch.setattr(command, "cross_validate", lambda data, result: list(scores.values()))
    monkeypatch.setattr(command, "write_fit", lambda result, *path: written.append(path))
    main([])
    assert "robot: composition" in capsys.readouterr().out
    assert written == []
    main(["--write"])
    assert written == [(), (PAPERS_FILE,)]
