import numpy as np
import pytest

from cellrecords import fading
from galvanaut.campaigns.analysis.cycles import per_cycle
from galvanaut.campaigns.analysis.fade import retention
from galvanaut.campaigns.analysis.record import Record
from galvanaut.campaigns.life import Course, LifeModel, even
from galvanaut.campaigns.life.fitting import Prior
from galvanaut.campaigns.life.law import KNOTS, loss, slopes
from lifecourses import made

LIVES = (90.0, 110.0, 130.0, 150.0, 170.0, 200.0)


@pytest.fixture(scope="module")
def model():
    return LifeModel.learned([made(f"cell {life:g}", life) for life in LIVES])


def test_a_course_comes_from_a_retention():
    retained = retention(per_cycle(Record.of(fading(4e-3 * (1 - 0.005 * np.arange(60)))), is_finished=True))
    course = Course.of(retained, 0.8, "a", "recipe 1", float("-inf"))
    assert course.life == pytest.approx(41.0)
    assert course.feature is None
    assert course.until(20).life is None
    assert course.until(20).cycles == 20
    assert Course.of(retained, 0.5).life is None


@pytest.mark.parametrize("wrong", [{"cycle": [1, 1, 2]}, {"share": [1, 0.9]}, {"noise": -1.0}, {"limit": 1.0}])
def test_a_course_that_cannot_be_is_refused(wrong):
    good = {"cell": "a", "cycle": [1, 2, 3], "share": [1, 0.9, 0.8], "noise": 0.1, "limit": 0.8}
    with pytest.raises(ValueError, match="a:"):
        Course(**(good | wrong))


def test_slopes_are_those_of_the_loss():
    theta = np.array([[4.6, -1.0, 0.1, 1.0], [5.0, 0.5, -0.2, 1.5]])
    log_cycle, whole = np.log(np.array([[3.0, 40.0, 90.0], [7.0, 60.0, 140.0]])), np.array([0.2, 0.19])
    bend = 0.02 * np.sin(np.linspace(0, 3, KNOTS))[None]
    found = slopes(theta, log_cycle, whole, bend)
    for column in range(4):
        step = np.zeros(4)
        step[column] = 1e-6
        change = loss(theta + step, log_cycle, whole, bend) - loss(theta - step, log_cycle, whole, bend)
        assert found[..., column] == pytest.approx(change / 2e-6, abs=1e-6)


def test_lives_are_found_and_more_is_known_later(model):
    cell = made("new", 140.0)
    sds = []
    for share in (0.2, 0.5, 0.8):
        belief = model.posterior(cell.until(share * 140))
        low, middle, high = belief.quantiles
        assert low < 140 < high
        sds.append(belief.log_sd)
    assert sds[-1] < sds[0]
    assert middle == pytest.approx(140, rel=0.05)
    assert belief.remaining[1] == pytest.approx(middle - belief.cycles)


def test_a_life_that_has_ended_is_known(model):
    belief = model.posterior(made("done", 120.0))
    assert belief.quantiles == (120.0, 120.0, 120.0)
    assert belief.is_over
    assert np.isnan(belief.fan(np.array([1.0]))).all()


def test_nothing_is_claimed_before_four_cells_have_ended():
    cells = [made(f"cell {life:g}", life) for life in LIVES]
    going = made("going", 900.0)
    assert [LifeModel.learned(cells[:n]).is_calibrated for n in range(5)] == [False, False, False, False, True]
    assert not LifeModel.learned([*cells[:3], going]).is_calibrated
    assert not LifeModel.learned([]).posterior(going).is_calibrated


def test_order_of_cells_changes_nothing(model):
    again = LifeModel.learned([made(f"cell {life:g}", life) for life in reversed(LIVES)])
    seen = made("new", 140.0).until(50)
    assert again.version == model.version
    assert again.posterior(seen).to_json() == model.posterior(seen).to_json()


def test_one_belief_does_not_depend_on_what_is_worked_out_beside_it(model):
    cells = [made("new", 140.0).until(50), made("other", 100.0).until(33), made("over", 95.0)]
    together = model.posteriors(cells)
    for cell, belief in zip(cells, together, strict=True):
        alone = model.posterior(cell)
        assert alone.log_mean == pytest.approx(belief.log_mean, abs=1e-4)
        assert alone.log_sd == pytest.approx(belief.log_sd, rel=1e-3, abs=1e-9)


def test_the_fan_opens_and_falls(model):
    cell = made("new", 140.0).until(60)
    fan = model.posterior(cell).fan(np.array([5.0, 20.0, 60.0]))
    assert (np.diff(fan, axis=0) >= 0).all()
    assert (np.diff(fan, axis=1) < 0).all()
    assert (np.diff(fan[-1] - fan[0]) > 0).all()
    assert fan[2, 1] == pytest.approx(1 - 0.2 * 79 / 139, abs=0.01)


def test_no_life_is_shorter_than_what_was_lived(model):
    belief = model.posterior(made("new", 140.0).until(120))
    lives = belief.at(np.linspace(0, 1, 1001))
    assert lives.min() >= 120
    assert (np.diff(lives) >= 0).all()
    assert lives[500] == belief.quantiles[1]


def test_the_feature_tells_cells_apart_that_have_hardly_begun():
    finished = [made(f"cell {life:g}", life, feature=-4 - 2 * np.log10(life)) for life in LIVES]
    model = LifeModel.learned(finished)
    short, long = (made("new", 140.0, feature=-4 - 2 * np.log10(life)).until(6) for life in (95.0, 190.0))
    assert model.line is not None
    assert model.posterior(short).quantiles[1] < model.posterior(long).quantiles[1]
    assert LifeModel.learned(finished[:3]).line is None


def test_even_points_are_normal_and_always_the_same():
    points = even.normal(4096, 3)
    assert np.array_equal(points, even.normal(4096, 3))
    assert np.abs(points.mean(axis=0)).max() < 0.01
    assert np.cov(points.T) == pytest.approx(np.eye(3), abs=0.06)


def test_a_prior_costs_nothing_at_its_mean():
    prior = Prior(np.zeros((1, 4)), np.eye(4)[None], np.zeros((1, KNOTS)))
    assert prior.cost(np.zeros((1, 4))) == pytest.approx([0.0])
    assert prior.cost(np.ones((1, 4))) == pytest.approx([2.0])
