import numpy as np
import pytest

from galvanaut.campaigns.planners import posterior
from galvanaut.campaigns.planners.kernel import Sample
from galvanaut.campaigns.planners.posterior import Places, Posterior


def made(n, belief=""):
    draw = np.random.default_rng(3)
    beliefs = draw.normal(size=n) if belief else None
    sample = Sample(draw.random((n, 3)), draw.normal(size=n), np.zeros(n), np.full(n, -1), beliefs)
    return Posterior(sample, np.array([-1.0, -0.5, 0.0, -4.0, 0.0]), belief)


def places(n, belief=""):
    draw = np.random.default_rng(4)
    return Places(draw.random((n, 3)), {belief: draw.normal(size=n)} if belief else {})


@pytest.mark.parametrize("belief", ["", "law"])
def test_many_places_asked_in_parts_get_the_same_answer(monkeypatch, belief):
    model, there, here = made(40, belief), places(5, belief), places(103, belief)
    whole = model.beside(there)(here)
    monkeypatch.setattr(posterior, "_AT_ONCE", 40 * 10)  # ten at a time, and three at the end
    parts = model.beside(there)(here)
    assert [each.shape for each in parts] == [(103,), (103,), (103, 5)]
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_a_posterior_keeps_nothing_of_the_fit_in_its_sample():
    model = made(40)
    model.predict(places(3))
    assert "fixed" not in vars(model.sample)
