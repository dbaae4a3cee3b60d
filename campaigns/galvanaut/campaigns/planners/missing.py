"""Planners that need an extra."""

from __future__ import annotations

from galvanaut.core.errors import InputError


def missing(name: str) -> InputError:
    """What to say where the extra of a planner is not installed; planner and extra have one name."""
    return InputError(f"planner {name!r}", f'needs an extra: pip install "galvanaut[{name}]"')
