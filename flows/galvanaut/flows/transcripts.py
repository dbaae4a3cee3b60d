"""Where `galvanaut bench record` and `galvanaut run --record` write the bytes that go over the wire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galvanaut.core.clock import Clock
from galvanaut.flows.folder import new_file
from galvanaut.instruments.bench import Bench
from galvanaut.instruments.transcript import Recording


@contextmanager
def recorded(bench: Bench, clock: Clock, output: Path) -> Iterator[Recording]:
    """A recording into a new file, open while inside. Nothing is written over: what was heard once is not heard again.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    with new_file(output) as sink:
        recording = Recording(sink, bench, clock.now)
        recording.note(f"recorded {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
        yield recording
