"""Who may still send to instruments that are being left: only who makes them safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_has_last_word: ContextVar[bool] = ContextVar("has_last_word", default=False)


@contextmanager
def last_word() -> Iterator[None]:
    """Inside, messages go out even to an instrument that is being left (see `Link.leave`): to make it safe."""
    token = _has_last_word.set(True)
    try:
        yield
    finally:
        _has_last_word.reset(token)


def has_last_word() -> bool:
    """Whether this call is inside of `last_word`."""
    return _has_last_word.get()
