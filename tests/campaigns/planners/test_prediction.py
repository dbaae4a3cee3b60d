"""What a model of trials expects elsewhere, also where they never were."""

import numpy as np

from galvanaut.campaigns.planners import Measured, Observation, Task
from galvanaut.campaigns.planners.prediction import predictor
from galvanaut.campaigns.space import Bounds, SearchSpace

SPACE = SearchSpace({"EC": Bounds(0.1, 0.5), "DMC": Bounds(0.5, 0.9)}, {"LiPF6": Bounds(0.5, 2.0)})
POINTS = SPACE.sobol(10, 1)
SEEN = [
    Observation(number, tuple(point), 5.0 + point[0], 1e-4, quantities={"cost": Measured(20.0 * point[2])})
    for number, point in enumerate(POINTS, start=1)
]


def test_tested_recipes_are_expected_to_give_what_they_gave():
    means, sds = predictor(Task(SPACE), SEEN)(POINTS)
    np.testing.assert_allclose(means, 5.0 + POINTS[:, 0], atol=0.05)
    assert (sds >= 0.0).all()


def test_outside_of_the_space_the_answer_is_that_of_its_edge():
    predict = predictor(Task(SPACE), SEEN)
    edge, far = np.array([[0.5, 0.0, 2.0]]), np.array([[3.0, -2.0, 40.0]])
    assert predict(far)[0] == predict(edge)[0]
    assert np.isfinite(predict(far)).all()


def test_two_values_make_no_model():
    assert predictor(Task(SPACE), SEEN[:2]) is None
