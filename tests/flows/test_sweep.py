"""Simulations on processes of this computer, on Dask and on Ray: the same results in the same order."""

import json
import os
import sys
from unittest.mock import patch

import numpy as np
import pytest

from docrun import Page, words_of
from galvanaut.campaigns.benchmark import benchmark
from galvanaut.core.errors import InputError
from galvanaut.flows.sweep import sweep
from hill import Hill
from smalllab import ROOT, command_line, command_line_process

ARGUMENTS = (
    "benchmark",
    ROOT / "campaigns" / "conductivity.yaml",
    "--planners",
    "sobol",
    "--seeds",
    "2",
    "--budget",
    "3",
)


@pytest.fixture(autouse=True)
def own_environment():
    """A sweep leaves Prefect's settings in the environment, with a home folder that is gone after it."""
    with patch.dict(os.environ):
        yield


@pytest.mark.system
def test_processes_change_nothing():
    alone = benchmark(Hill(), ["sobol"], seeds=[1, 2], budget=4)
    spread = benchmark(Hill(), ["sobol"], seeds=[1, 2], budget=4, spread=sweep)
    for one, other in zip(alone.traces, spread.traces, strict=True):
        assert one.seed == other.seed
        assert np.array_equal(one.regret, other.regret)


@pytest.mark.parametrize(("place", "module"), [("dask", "prefect_dask"), ("ray", "prefect_ray")])
def test_an_extra_that_is_not_there_is_named(monkeypatch, place, module):
    monkeypatch.setitem(sys.modules, module, None)
    done = command_line(*ARGUMENTS, "--on", place)
    assert done.returncode == 2
    assert f"--on {place}: needs an extra: pip install" in done.stderr
    assert f"galvanaut[{place}]" in done.stderr


def test_an_address_has_to_be_of_something():
    with pytest.raises(InputError, match="--address: goes with --on dask or --on ray"):
        sweep(abs, [1], "processes", "tcp://192.0.2.1:8786")


@pytest.mark.parametrize(("place", "module"), [("dask", "prefect_dask"), ("ray", "prefect_ray")])
@pytest.mark.interop
@pytest.mark.prefect
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_changes_nothing(place, module):
    pytest.importorskip(module, reason=f"{module} is in the dependency group sweeps")
    """With the command of two-benches.md, on three experiments of one planner."""
    (words,) = words_of(Page("docs/how-to/two-benches.md").block("--on dask"), {"CAMPAIGN": ARGUMENTS[1]})
    alone, spread = (
        command_line_process(*words[:-1], each, *ARGUMENTS[2:], "--json", limit_s=280.0)
        for each in ("processes", place)
    )
    assert spread.returncode == 0, spread.stderr
    assert json.loads(spread.stdout)["runs"] == json.loads(alone.stdout)["runs"]
