"""Hands news of alarms to the hooks, each in a thread of its own: what fails or hangs there disturbs nobody."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from galvanaut.flows.notify.message import Message

if TYPE_CHECKING:
    from galvanaut.flows.notify.hooks import Hook
    from galvanaut.instruments.guard.alarmbook import AlarmBook

PAUSES_S = (0.0, 10.0, 60.0)
"""Before each attempt to deliver one message."""
LINE = 200
"""So many messages may wait for one hook; more are dropped, and that is logged."""
LEAVING_S = 10.0
"""So long all hooks together may take to deliver what still waits when the program ends."""

_log = logging.getLogger(__name__)


class Notifier:
    """Delivers messages, in their order for each hook.

    Args:
        hooks: that are ready.
        folder: of the lab.
        pauses_s: before each attempt, s; one more than there are retries.
    """

    def __init__(self, hooks: Sequence[Hook], folder: Path, pauses_s: Sequence[float] = PAUSES_S) -> None:
        secrets = [name for hook in hooks for name in hook.secret_names()]
        self._ending = Event()
        self._lines = [_Line(hook, folder, secrets, self._ending, pauses_s) for hook in hooks]

    def tell(self, message: Message) -> None:
        """Pass it on; returns at once."""
        for line in self._lines:
            line.put(message)

    def close(self, leaving_s: float = LEAVING_S) -> None:
        """Let what waits be tried once more, for so long; then leave it."""
        self._ending.set()
        deadline = time.monotonic() + leaving_s
        for line in self._lines:
            line.join(max(0.0, deadline - time.monotonic()))


class _Line:
    """The messages that wait for one hook, and the thread that delivers them."""

    def __init__(self, hook: Hook, folder: Path, secrets: list[str], ending: Event, pauses_s: Sequence[float]) -> None:
        self._hook = hook
        self._folder = folder
        self._secrets = secrets
        self._ending = ending
        self._pauses_s = pauses_s
        self._queue: Queue[Message] = Queue(LINE)
        self._is_failing = False
        self._is_full = False
        # A daemon, as the program ends whatever a hook does.
        self._thread = Thread(target=self._work, name=f"hook {hook}", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        if message.event == "cleared" and not self._hook.on_cleared:
            return
        try:
            self._queue.put_nowait(message)
        except Full:
            if not self._is_full:
                _log.error("%s hangs, and %d messages wait for it: more are dropped", self._hook, LINE)
            self._is_full = True

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)
        if self._thread.is_alive():
            _log.warning("%s was left alone with %d messages", self._hook, self._queue.qsize() + 1)

    def _work(self) -> None:
        while not (self._ending.is_set() and self._queue.empty()):
            try:
                message = self._queue.get(timeout=0.2)
            except Empty:
                continue
            self._deliver(message)

    def _deliver(self, message: Message) -> None:
        for pause_s in self._pauses_s:
            self._ending.wait(pause_s)
            try:
                self._hook.deliver(message, self._folder, self._secrets)
            except Exception as error:  # whatever it is, it is the hook's
                self._say(error)
                continue
            if self._is_failing:
                _log.warning("%s works again", self._hook)
            self._is_failing = self._is_full = False
            return

    def _say(self, error: Exception) -> None:
        """Once, until it works again."""
        if not self._is_failing:
            _log.warning("alarms do not get through: %s: %s", self._hook, plain(error, self._secrets))
        self._is_failing = True


def plain(error: Exception, secrets: Sequence[str]) -> str:
    """What went wrong, without the values of the environment variables in ``secrets``."""
    text = f"{type(error).__name__}: {error}"
    for name in secrets:
        if value := os.environ.get(name):
            text = text.replace(value, "***")
    return text


@contextmanager
def notifying(book: AlarmBook, hooks: Sequence[Hook], folder: Path, bench: str, *, simulated: bool) -> Iterator[None]:
    """While inside, hand each alarm that is raised or cleared to the hooks."""
    if not hooks:
        yield
        return
    notifier = Notifier(hooks, folder)
    try:
        with book.heard(lambda notice: notifier.tell(Message.of(notice, bench, simulated))):
            yield
    finally:
        notifier.close()
