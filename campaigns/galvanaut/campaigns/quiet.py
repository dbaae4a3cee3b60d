"""Keep a native library from printing into our output."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_output_dropped() -> Iterator[None]:
    """While inside, what C and C++ code writes to standard output is lost.

    HiGHS prints a line of its own debugging on some problems whatever its options say (scipy 1.17), in the midst of a
    table or of JSON. Does nothing where the process has no standard output or no C library to flush (Windows).
    """
    try:
        kept = os.dup(1)
        flush = ctypes.CDLL(None).fflush
    except (OSError, TypeError, AttributeError):
        yield
        return
    sys.stdout.flush()
    flush(None)
    try:
        with open(os.devnull, "wb") as sink:  # noqa: PTH123  # a device, not a file
            os.dup2(sink.fileno(), 1)
        yield
    finally:
        flush(None)
        os.dup2(kept, 1)
        os.close(kept)
