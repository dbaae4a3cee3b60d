"""Tells one lab folder from every other one, wherever it lies: what a lab calls its own in a shared Prefect server."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from uuid import uuid4

FILE = "lab-id.json"


def identity(lab: Path) -> str:
    """The lab's own name, 32 hexadecimal digits; to be called by the owner of the lab's lock only.

    It stays when the folder is moved, and is a new one in a copy: the file knows its own inode, which a copy changes.
    Otherwise a copy would take the runs of the lab it was made from for its own dead ones.
    """
    path = lab / FILE
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["inode"] == path.stat().st_ino:
            return str(known["lab"])
    name = uuid4().hex
    with contextlib.suppress(OSError):  # on a full disk this run is known by a name that nobody will find again
        path.unlink(missing_ok=True)
        with path.open("x", encoding="utf-8") as file:
            json.dump({"lab": name, "inode": os.fstat(file.fileno()).st_ino}, file)
    return name
