from __future__ import annotations

import numpy as np

from galvanaut.campaigns.planners.candidates import Candidate
from galvanaut.campaigns.planners.engine import Decision
from galvanaut.campaigns.planners.explain import reason
from galvanaut.campaigns.space import Bounds, SearchSpace
from galvanaut.campaigns.variables import Choice

SPACE = SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0.5, 1)}, {"LiPF6": Bounds(0.5, 2)})
TESTED = np.array([[0.2, 0.8, 1.0], [0.4, 0.6, 1.0]])


def test_unsure_proposals_explore_and_say_where() -> None:
    decision = Decision(Candidate(np.array([0.22, 0.78, 1.8]), -2.0), 6.123, 0.5, 0.7, 7.0, 0.2)
    text = reason(SPACE, decision, TESTED)
    assert text == "explores more LiPF6 (1.8): expects 6.12 ± 0.5, best tested so far 7, expected improvement 0"


def test_direction_is_named() -> None:
    decision = Decision(Candidate(np.array([0.05, 0.95, 1.0]), -2.0), 6.1, 0.5, 0.7, 7.0, 0.2)
    assert reason(SPACE, decision, TESTED).startswith("explores less EC (0.05):")


def test_sure_proposals_refine() -> None:
    decision = Decision(Candidate(np.array([0.22, 0.78, 1.0]), -2.0), 7.1, 0.25, 0.4, 7.0, 0.2)
    text = reason(SPACE, decision, TESTED)
    assert text == "refines the best: expects 7.1 ± 0.25, best tested so far 7, expected improvement 0"


def test_another_option_is_named() -> None:
    space = SearchSpace({"EC": Bounds(0, 0.5), "DMC": Bounds(0.5, 1)}, settings=[Choice("lots.EC", ("A17", "B02"))])
    decision = Decision(Candidate(np.array([0.2, 0.8, 1.0]), -2.0), 6.123, 0.5, 0.7, 7.0, 0.2)
    tested = np.array([[0.2, 0.8, 0.0], [0.3, 0.7, 0.0]])
    assert reason(space, decision, tested).startswith("explores lots.EC B02: expects 6.12")
