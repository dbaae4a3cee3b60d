"""Whether numba compiles the kernels of single cells, and how.

The extra ``fast`` installs numba, and numba is then used; without it, or with numba's own ``NUMBA_DISABLE_JIT=1``,
every result comes from arrays. It takes a second to import, so that waits until a single cell is worked out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@cache
def is_compiling() -> bool:
    """Whether numba is here, works with this numpy, and was not switched off."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"} or find_spec("numba") is None:
        return False
    try:
        return not import_module("numba").config.DISABLE_JIT
    except ImportError:  # it is not made for the numpy or the Python here
        return False


def compiled(function: F) -> F:
    """The function in machine code if `is_compiling`, else as it is.

    Machine code is kept beside the source or, where that cannot be written, in the user's cache folder, or where
    ``NUMBA_CACHE_DIR`` says. Before numba uses a kept kernel it looks for changes in that kernel's file only: so all
    kernels stand in one file, and all constants come in as arguments.
    """
    if not is_compiling():
        return function
    njit = import_module("numba").njit
    try:
        made: F = njit(function, cache=True, error_model="numpy")
    except RuntimeError:  # no folder can be written to: compile anew in every process
        made = njit(function, error_model="numpy")
    return made
