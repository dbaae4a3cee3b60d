"""What `galvanaut benchmark` writes where the runs give no number."""

import json

import numpy as np
import pytest

from galvanaut.campaigns.benchmark.acceleration import Space, acceleration
from galvanaut.campaigns.benchmark.compare import Benchmark
from galvanaut.campaigns.benchmark.statistics import paired_rows, planner_rows
from galvanaut.campaigns.benchmark.traces import Trace
from galvanaut.flows import planner_benchmark
from galvanaut.flows.planner_benchmark import to_json


@pytest.fixture
def runs():
    """Two planners; the first succeeds at its second experiment, the other never comes near the optimum."""
    courses = {"bayes": [np.inf, 0.3, 0.02, 0.01], "random": [0.5, 0.4, 0.4, 0.4]}
    return {name: [Trace(name, s, np.array(c), {}, np.zeros(4)) for s in range(3)] for name, c in courses.items()}


def test_a_factor_that_is_infinite_is_null_and_a_dash(runs):
    """No random recipe of 50,000 was within 5 % of the optimum."""
    traces = [trace for each in runs.values() for trace in each]
    found = Benchmark("hill", 10.0, tuple(traces), tuple(planner_rows(traces, 1)), tuple(paired_rows(traces)))
    faster = [acceleration(runs["bayes"], runs["random"], Space(0.5, 0.0))]
    written = json.loads(json.dumps(to_json(found, range(3), faster), allow_nan=False))
    (row,) = written["accelerations"]
    assert row["at_95"] == {"value": None, "low": None, "high": None}
    assert row["at_random"]["value"] == 1.0
    assert written["runs"][0]["regret"] == [None, 0.3, 0.02, 0.01]
    table = planner_benchmark._faster(faster)
    assert [list(column.cells) for column in table.columns] == [["bayes"], ["1 [1–1]"], ["-"]]
