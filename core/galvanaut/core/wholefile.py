"""Files that are there whole, also after a power cut, or not at all."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_NO_SUCH_CALL = (errno.EINVAL, errno.ENOTSUP)
"""What file systems answer that cannot flush a folder, such as network drives."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to inside the block; it takes its name, in the place of what has it, when the block ends well.

    It is written under a name that begins with a dot and holds the numbers of this process and thread, so that two that
    write the same file do not mix. A killed one leaves such a draft behind, which is in nobody's way.

    Args:
        path: of the file; its folder must exist.

    Raises:
        OSError: the file system refuses. Nothing is left, unless only the last flush of the folder failed.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.draft")
    try:
        with draft.open("wb") as file:
            yield file
            flush(file)  # the name must not point to content that is not there yet
        draft.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in the place of what has its name; see `whole_file`.

    Raises:
        OSError: as of `whole_file`.
    """
    with whole_file(path) as file:
        file.write(content)


def flush(file: BinaryIO) -> None:
    """Have on disk what was written to a file.

    Raises:
        OSError: it cannot be, e.g. because the disk is full.
    """
    file.flush()
    os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder with its parents where missing; each is on disk in the folder above it when this returns.

    Raises:
        OSError: the file system refuses.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk, where the file system can do that.

    Raises:
        OSError: it tried and failed.
    """
    if sys.platform == "win32":  # has no such call
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise
    finally:
        os.close(handle)
