"""Simulations that do not depend on each other, on all cores of this computer or, by Prefect's task runners, on others.

Work and results travel between these processes as Python objects (pickle, by whom they are spread): all of them are
the user's own and run the same program. Nothing of it is stored.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from galvanaut.core.errors import GalvanautError, InputError
from galvanaut.flows import prefect_settings

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

Job = TypeVar("Job")
Result = TypeVar("Result")
Place = Literal["processes", "dask", "ray"]


def sweep(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    place: Place = "processes",
    address: str | None = None,
    processes: int | None = None,
) -> list[Result]:
    """Do all jobs; the results in their order.

    Args:
        work: a function of a module, that others can import.
        jobs: what it is called with.
        place: where.
        address: of a Dask scheduler or a Ray cluster that runs already; by default one is started on this computer.
        processes: of this computer at a time; by default one for each core.

    Raises:
        InputError: the extra is not installed, or an address comes with processes of this computer.
        GalvanautError: Prefect or the cluster failed.
    """
    if place == "processes":
        if address is not None:
            raise InputError("--address", "goes with --on dask or --on ray")
        with ProcessPoolExecutor(processes or os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
            return list(pool.map(work, jobs))
    if address is not None and "PREFECT_API_URL" not in os.environ:
        advice = "needs PREFECT_API_URL, the address of a Prefect server that the other computers reach (galvanaut up)"
        raise InputError(f"--address {address}", advice)
    with tempfile.TemporaryDirectory(prefix="galvanaut-sweep-", ignore_cleanup_errors=True) as home:
        # Before Prefect is imported: nothing is kept, and nothing sent outside.
        prefect_settings.apply(prefect_settings.client_settings(Path(home)))
        runner = _dask(address) if place == "dask" else _ray(address)
        try:
            return _mapped(work, jobs, runner)
        except Exception as error:
            raise GalvanautError(f"the sweep on {place} failed: {type(error).__name__}: {error}") from error


def _dask(address: str | None) -> TaskRunner[Any]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise _missing("dask") from None
    here = {"cluster_kwargs": {"threads_per_worker": 1, "dashboard_address": None}}
    runner: TaskRunner[Any] = DaskTaskRunner(**(here if address is None else {"address": address}))
    return runner


def _ray(address: str | None) -> TaskRunner[Any]:
    try:
        from prefect_ray import RayTaskRunner
    except ImportError:
        raise _missing("ray") from None
    here = {"init_kwargs": {"include_dashboard": False}}
    runner: TaskRunner[Any] = RayTaskRunner(**(here if address is None else {"address": address}))
    return runner


def _missing(extra: str) -> InputError:
    return InputError(f"--on {extra}", f'needs an extra: pip install "galvanaut[{extra}]"')


def _mapped(work: Callable[[Job], Result], jobs: Sequence[Job], runner: TaskRunner[Any]) -> list[Result]:
    """A flow of one task for each job."""
    from galvanaut.flows.temporary_server import start_temporary_server

    if "PREFECT_API_URL" not in os.environ:
        os.environ["PREFECT_API_URL"] = start_temporary_server()  # for the processes of the cluster, too
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    one = task(name="simulation", cache_policy=NO_CACHE, persist_result=False, retries=0)(work)

    @flow(name="sweep", task_runner=runner, persist_result=False)
    def spread() -> list[Result]:
        return [future.result() for future in one.map(list(jobs))]

    return spread()
