"""One process at a time: an operating-system lock on a file, which dies with the process that holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from galvanaut.core.errors import InputError


class InUseError(InputError):
    """Another process holds what only one may have.

    Args:
        what: it holds.
        advice: what to do about it.
        holder: the process, in words.
        task: what it holds it for, as it says itself; empty if it does not say.
    """

    def __init__(self, what: str, advice: str, holder: str, task: str) -> None:
        super().__init__(what, f"is in use by {holder}; {advice}")
        self.holder, self.task = holder, task


@contextmanager
def exclusive(path: Path, what: str, task: str = "") -> Iterator[None]:
    """Hold a lock file while inside. The file stays; only the lock on it matters.

    Args:
        path: of the lock file; its folder must exist.
        what: is being locked, for the message.
        task: what it is held for, for whoever is turned away; one line.

    Raises:
        InUseError: another process holds it; the message says which.
        InputError: it cannot be opened.
    """
    try:
        lock = path.open("a+b")
    except OSError as error:
        raise InputError(what, f"cannot be locked: {path} cannot be opened ({error.strerror})") from None
    with lock as file:
        if not _acquire(file):
            file.seek(0)
            holder, _, its_task = file.read().decode(errors="replace").partition("\n")
            advice = "wait for it to end, or stop it"
            raise InUseError(what, advice, f"process {holder.strip() or 'unknown'}", its_task.strip())
        file.truncate(0)
        file.write(f"{os.getpid()} ({command()})\n{task}".encode())
        file.flush()
        yield


def command() -> str:
    """What this process was started as, e.g. ``galvanaut run campaign.yaml``."""
    words = [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv[0] else ["python"]
    return " ".join(" ".join(words).split())[:200]


def _acquire(file: BinaryIO) -> bool:
    """Try to lock; the lock goes when the file is closed, by us or by the death of the process."""
    if sys.platform == "win32":  # never run: see the docs on platforms
        import msvcrt

        file.seek(1 << 20)  # a byte beyond the text, so that the holder stays readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
