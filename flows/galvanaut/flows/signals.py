"""Ctrl-C, `kill` and a closed terminal end a command alike: once, and where the code can bear it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that mean the same as Ctrl-C; Windows has no SIGHUP."""


@contextmanager
def interruptible() -> Iterator[None]:
    """While inside, each of these signals acts as one Ctrl-C: a `KeyboardInterrupt`, or in asyncio a cancelled task.

    SIGINT gets Python's own handler, also where a shell started us with Ctrl-C ignored: `asyncio.run` takes over only
    from that one, and then cancels the main task at an await instead of raising amid any code. After the first SIGTERM
    or SIGHUP further ones are ignored, because supervisors send both. ``nohup`` stays in force.
    """
    numbers = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *numbers)}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in numbers:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
