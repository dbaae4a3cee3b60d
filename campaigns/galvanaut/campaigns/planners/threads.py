"""One thread for linear algebra: small matrices gain nothing from more, and sums in one order give one result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  (loads the libraries that the controller then finds)

    return ThreadpoolController()


@contextmanager
def single_thread() -> Iterator[None]:
    """While inside, BLAS and OpenMP use one thread in this process."""
    with _controller().limit(limits=1):
        yield


def architectures() -> list[str]:
    """The kinds of processor for which the libraries of linear algebra have chosen their routines."""
    return list(dict.fromkeys(str(each.get("architecture", "")) for each in _controller().info()))
