"""Planners that need an extra: one of the planner's own name, which installs a package of that name, too."""

from __future__ import annotations

from importlib import import_module

from galvanaut.core.errors import InputError


def need(name: str) -> None:
    """Refuse to go on without the package.

    Raises:
        InputError: it is not installed; names the extra.
    """
    try:
        import_module(name)
    except ImportError:
        raise InputError(f"planner {name!r}", f'needs an extra: pip install "galvanaut[{name}]"') from None
