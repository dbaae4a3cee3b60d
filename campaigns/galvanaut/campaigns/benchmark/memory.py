"""The most memory that this process has, where the system tells it (Linux).

The peak that the kernel keeps is set back to what is in use now, so that each of several runs in one process has its
own. It holds everything in the process, interpreter and imports, too: what a run added is the difference.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_PEAK = "5"
"""Sets back the peak, and nothing else: proc_pid_clear_refs(5)."""


def forget_peak(process: Path = Path("/proc/self")) -> None:
    """Begin anew; where that cannot be, the peak is that of the whole life of the process.

    Args:
        process: its folder in the file system of the kernel.
    """
    with suppress(OSError):
        (process / "clear_refs").write_text(_PEAK, encoding="ascii")


def peak_MB(process: Path = Path("/proc/self")) -> float | None:
    """The most memory since then; None where the system does not tell it."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB$", (process / "status").read_text(encoding="utf-8"), re.MULTILINE)
        return None if found is None else int(found[1]) / 1024.0
    return None
