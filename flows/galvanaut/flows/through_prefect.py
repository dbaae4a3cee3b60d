"""Telling Prefect's own trouble from ours, when our code runs inside Prefect's.

What our code raises passes through Prefect as it is if it is a `GalvanautError`, and wrapped if it is anything else (a
bug, most likely), so that whatever else comes out of Prefect is Prefect's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from galvanaut.core.errors import GalvanautError

T = TypeVar("T")
P = ParamSpec("P")


class PrefectFailedError(Exception):
    """Prefect itself failed; its text says how. What it was showing can go on without it."""


class _OwnError(Exception):
    """An error of ours on its way through Prefect."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(f"{type(error).__name__}: {error}")


async def inside(work: Awaitable[T]) -> T:
    """Await work of ours inside a flow or a task; what it raises will be known as ours by `through`."""
    try:
        return await work
    except (GalvanautError, PrefectFailedError, _OwnError):
        raise
    except Exception as error:
        raise _OwnError(error) from error


async def through(shown: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a flow or a task and await it.

    Raises:
        PrefectFailedError: Prefect failed, not what it ran.
    """
    try:
        return await shown(*args, **kwargs)
    except (GalvanautError, PrefectFailedError):
        raise
    except _OwnError as own:
        raise own.error from None
    except Exception as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # Prefect stumbled over the interruption; it is one all the same
            raise asyncio.CancelledError from error
        raise PrefectFailedError(f"{type(error).__name__}: {error}") from error
