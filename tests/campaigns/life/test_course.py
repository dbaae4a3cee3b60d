"""The fade of one cell so far."""

import numpy as np

from galvanaut.campaigns.life.course import Course


def test_what_was_not_known_yet_is_not_known_earlier():
    share = np.linspace(1.0, 0.7, 60)
    course = Course("a", np.arange(1.0, 61.0), share, 0.001, life=40.0, feature=-8.5, feature_at=30.0)
    assert course.until(29).feature is None
    assert course.until(30).feature == -8.5
    assert course.to_json()["feature_at"] == 30.0
    assert "feature_at" not in course.until(29).to_json()
