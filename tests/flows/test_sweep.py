"""Simulations on processes of this computer, on Dask and on Ray: the same results in the same order."""

import json
import sys

import numpy as np
import pytest

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
    alone, spread = (
        command_line_process(*ARGUMENTS, "--json", "--on", each, limit_s=280.0) for each in ("processes", place)
    )
    assert spread.returncode == 0, spread.stderr
    assert json.loads(spread.stdout)["runs"] == json.loads(alone.stdout)["runs"]
