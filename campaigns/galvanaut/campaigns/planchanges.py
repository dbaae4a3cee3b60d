"""What may differ between two runs of one campaign, and what may not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAY_CHANGE = re.compile(
    r"campaign\.(budget|title)|bench\.(armed|stocks\.[^.]+\.(lot|available|density|supplier|grade)|instruments\.[^.]+\.resource)"
)
"""What may differ between two runs of one campaign: how long it goes on, a bottle that was refilled, another port."""


def differences(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Paths at which two plans differ, in words."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        path = f"{where}{key}"
        before, after = old.get(key), new.get(key)
        if before == after or MAY_CHANGE.fullmatch(path):
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{path}.")
        else:
            found.append(f"{path} was {before!r}, now {after!r}")
    return found
