"""What may differ between two runs of one campaign, and what may not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MAY_CHANGE = re.compile(
    r"campaign\.(budget|title)|bench\.(armed|stocks\.[^.]+\.(lot|available|density|supplier|grade)|instruments\.[^.]+\.resource)"
)
"""What may differ between two runs of one campaign: how long it goes on, a bottle that was refilled, another port."""


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Paths at which two plans differ though they may not, in words."""
    return [f"{path} was {before!r}, now {after!r}" for path, before, after in changes(old, new, kept_out=MAY_CHANGE)]


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], where: str = "", kept_out: re.Pattern[str] | None = None
) -> Iterator[tuple[str, Any, Any]]:
    """Where two plans differ: path, before, after; None where one has nothing.

    Args:
        old: a plan, or a part of one.
        new: the other one.
        where: path of the part, with a dot at its end.
        kept_out: paths that are not looked at.
    """
    for key in sorted({*old, *new}):
        path = f"{where}{key}"
        before, after = old.get(key), new.get(key)
        if before == after or (kept_out is not None and kept_out.fullmatch(path)):
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from changes(before, after, f"{path}.", kept_out)
        else:
            yield path, before, after
