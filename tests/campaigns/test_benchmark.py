from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from galvanaut.campaigns.benchmark import benchmark, run


@pytest.fixture
def hill(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of problems, found by this process and by those it starts."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.delitem(sys.modules, "hill", raising=False)
    return importlib.import_module("hill")


def test_trace_holds_the_best_so_far(hill: ModuleType) -> None:
    trace = run(hill.Hill(), "bayes", seed=1, budget=12, initial=6)
    assert (np.diff(trace.regret) <= 0).all()
    assert 0.0 <= trace.regret[-1] < 0.1
    assert set(trace.recommended) == {10, 12}
    assert (trace.cpu_s[6:] > 0).all()


def test_noise_belongs_to_seed_and_number_not_to_the_planner(hill: ModuleType) -> None:
    first, second = hill.Hill(), hill.Hill()
    run(first, "random", seed=3, budget=5)
    run(second, "sobol", seed=3, budget=5)
    assert first.asked == second.asked
    other = hill.Hill()
    run(other, "sobol", seed=4, budget=5)
    assert other.asked != first.asked


def test_minimising_counts_from_the_bottom(hill: ModuleType) -> None:
    trace = run(hill.Pit(maximise=False), "random", seed=1, budget=10)
    assert (trace.regret >= 0).all()
    assert trace.regret[-1] < 0.5


def test_table_compares_the_first_planner_with_the_others(hill: ModuleType) -> None:
    result = benchmark(hill.Hill(), ["bayes", "sobol", "random"], seeds=[1, 2], budget=14, initial=6)
    assert [row.planner for row in result.rows] == ["bayes", "sobol", "random"]
    assert [(pair.planner, pair.baseline) for pair in result.pairs] == [("bayes", "sobol"), ("bayes", "random")]
    assert all(row.runs == 2 for row in result.rows)
    assert result.rows[0].tested[14].median < result.rows[2].tested[14].median
    assert result.pairs[1].difference > 0
