from __future__ import annotations

from galvanaut.campaigns.benchmark import benchmark
from galvanaut.campaigns.planners import planner
from hill import Hill


def test_table_compares_the_first_planner_with_the_others() -> None:
    result = benchmark(Hill(), ["bayes", "sobol", "random"], seeds=[1, 2], budget=14, initial=6)
    assert [row.planner for row in result.rows] == ["bayes", "sobol", "random"]
    assert [(pair.planner, pair.baseline) for pair in result.pairs] == [("bayes", "sobol"), ("bayes", "random")]
    assert all(row.runs == 2 for row in result.rows)
    assert result.rows[0].tested[14].median < result.rows[2].tested[14].median
    assert result.pairs[1].difference > 0


def test_planners_may_be_made_by_something_of_ones_own() -> None:
    swapped = benchmark(Hill(), ["sobol"], [1], 4, make=lambda name, task: planner({"sobol": "random"}[name], task))
    ours, theirs = (benchmark(Hill(), [name], [1], 4).traces[0] for name in ("sobol", "random"))
    assert swapped.traces[0].planner == "sobol"
    assert swapped.traces[0].regret.tolist() == theirs.regret.tolist() != ours.regret.tolist()
